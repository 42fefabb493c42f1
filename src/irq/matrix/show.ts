import { nextBit, testBit, weight } from '../../lib/bitmap.js';
import type { IrqMatrix } from './matrix.js';
import type { CpuMask } from '../../machine/cpumask.js';
import { formatCpuList } from '../../machine/cpumask-text.js';

/**
 * What the file of an irqdomain that gives out bits of `matrix` says of it, such as domains/VECTOR
 * (kernel/irq/matrix.c irq_matrix_debug_show): sums, and a line for each CPU of `online`.
 *
 * @param indent columns that the table is indented by, at least one.
 */
export function irqMatrixText(matrix: IrqMatrix, online: CpuMask, indent: number): string {
  const { onlineMaps, globalAvailable, globalReserved, totalAllocated, systemMap } = matrix;
  const space = ' '.repeat(Math.max(1, indent));
  const lines = [
    `Online bitmaps:   ${count(onlineMaps, 6)}`,
    `Global available: ${count(globalAvailable, 6)}`,
    `Global reserved:  ${count(globalReserved, 6)}`,
    `Total allocated:  ${count(totalAllocated, 6)}`,
    `System: ${weight(systemMap)}: ${bitList(systemMap)}`,
    `${space}| CPU | avl | man | mac | act | vectors`,
  ];
  for (const cpu of online) {
    const { available, managed, managedAllocated, allocated, allocMap } = matrix.map(cpu);
    const counts = [count(available, 4), count(managed, 4), count(managedAllocated, 4)].join('  ');
    lines.push(`${space} ${count(cpu, 4)}  ${counts} ${count(allocated, 4)}  ${bitList(allocMap)}`);
  }
  return lines.map((line) => line + '\n').join('');
}

function count(value: number, width: number): string {
  return String(value).padStart(width);
}

function bitList(words: Uint32Array): string {
  return formatCpuList({
    first: () => nextBit(words, 0),
    next: (bit) => nextBit(words, bit + 1),
    has: (bit) => bit < words.length * 32 && testBit(words, bit),
  });
}
