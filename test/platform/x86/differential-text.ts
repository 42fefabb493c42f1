import type { Guest } from '../../../src/guest/guest.js';
import { type StraightLine, vectorText } from './straight-model.js';

// What both models say of a line, in the same form.

export const IRQS = '/sys/kernel/debug/irq/irqs';

export function debugfsOf(guest: Guest, irq: number): string {
  if (!guest.fs.exists(`${IRQS}/${irq}`)) return 'none';
  const text = guest.fs.readFile(`${IRQS}/${irq}`);
  const masks = ['affinity', 'effectiv', 'pending'].map(
    (key) => `${key}: ${new RegExp(`^${key}: *(.*)$`, 'm').exec(text)?.[1].trim()}`,
  );
  const lines = text.split('\n').map((line) => line.trim());
  const block = lines
    .slice(lines.findIndex((line) => line.startsWith('Vector:')))
    .filter((line) => line !== '');
  const node = `node: ${/^node: *(.*)$/m.exec(text)?.[1]}`;
  return [node, ...masks, ...block].join('\n');
}

export function listOf(mask: number, cpus: number): string {
  const runs: string[] = [];
  for (let cpu = 0; cpu < cpus; cpu++) {
    if ((mask & (1 << cpu)) === 0) continue;
    const start = cpu;
    while (cpu + 1 < cpus && (mask & (1 << (cpu + 1))) !== 0) cpu++;
    runs.push(start === cpu ? `${cpu}` : `${start}-${cpu}`);
  }
  return runs.join(',');
}

export function lineText(line: StraightLine, cpus: number): string {
  return [
    `node: ${line.node}`,
    `affinity: ${listOf(line.affinity, cpus)}`,
    `effectiv: ${listOf(line.effective, cpus)}`,
    `pending: ${listOf(line.pendingMask, cpus)}`,
    ...vectorText(line),
  ].join('\n');
}

export function filesOf(guest: Guest, irq: number): string {
  const path = `/proc/irq/${irq}`;
  if (!guest.fs.exists(path)) return 'none';
  const read = (name: string): string => guest.fs.readFile(`${path}/${name}`).trim();
  return `${read('smp_affinity')} ${read('effective_affinity')}`;
}

export function fileText(
  { hasFiles, affinity, pending, pendingMask, effective }: StraightLine,
  cpus: number,
): string {
  const hex = (mask: number): string => mask.toString(16).padStart(Math.ceil(cpus / 4), '0');
  return hasFiles ? `${hex(pending ? pendingMask : affinity)} ${hex(effective)}` : 'none';
}
