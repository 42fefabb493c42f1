import type { IrqData } from '../../irq/data/irqdata.js';
import { ApicChipData } from './apic-chip-data.js';

/** What debugfs says of a line's vectors (arch/x86/kernel/apic/vector.c x86_vector_debug_show). */
export function vectorText({ chipData }: IrqData, indent: number): string {
  if (!(chipData instanceof ApicChipData)) return `${' '.repeat(indent)}Vector: Not assigned\n`;
  const { vector, cpu, prevVector, prevCpu } = chipData;
  const lines = [`Vector: ${wide(vector)}`, `Target: ${wide(cpu)}`];
  if (prevVector !== 0)
    lines.push(`Previous vector: ${wide(prevVector)}`, `Previous target: ${wide(prevCpu)}`);
  lines.push(
    `move_in_progress: ${bit(chipData.moveInProgress)}`,
    `is_managed:       ${bit(chipData.isManaged)}`,
    `can_reserve:      ${bit(chipData.canReserve)}`,
    `has_reserved:     ${bit(chipData.hasReserved)}`,
    `cleanup_pending:  ${bit(chipData.cleanupPending)}`,
  );
  return lines.map((line) => `${' '.repeat(indent)}${line}\n`).join('');
}

function wide(value: number): string {
  return String(value).padStart(5);
}

function bit(value: boolean): string {
  return value ? '1' : '0';
}
