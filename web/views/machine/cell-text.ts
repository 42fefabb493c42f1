import { formatCpuList } from '../../lib/cpu-list.js';
import { shortCount } from '../../lib/number-text.js';
import { channelNow, frame, seen } from './model.js';
import type { Rates } from './rates.js';

/** A cell in words, for the line below the map and for screen readers. @param rates if the colours say rates. */
export function describeCell(row: number, cpu: number, rates: Rates | undefined): string {
  const described = frame.value.rows[row];
  const there = frame.value.cpus[cpu];
  if (described === undefined || there === undefined) return '';
  const { label, name, irq, affinity, effective } = described;
  const what = irq === undefined ? `${label} ${name}` : `IRQ ${label} ${name}`;
  const parts = [
    `${what.trim()}, CPU ${cpu}${there.isOnline ? '' : there.isPresent ? ' (offline)' : ' (no CPU)'}`,
  ];
  const at = indexOf(row, cpu);
  if (at !== undefined && !described.isTotal) {
    const count = seen.value?.counts[at] ?? 0;
    const rate = rates === undefined ? '' : `, ${shortCount(rates.cell(at))} a second`;
    parts.push(`${count} interrupts${rate}`);
  }
  if (effective !== undefined)
    parts.push(`affinity ${affinity}, goes to ${effective === '' ? 'no CPU' : effective}`);
  const now = channelNow(row);
  if (now !== undefined) {
    if (now.hostCpu !== now.cpu)
      parts.push(`MODIFYCHANNEL in flight: the host still interrupts CPU ${now.hostCpu}`);
    else if (irq === undefined) parts.push(`the host interrupts CPU ${formatCpuList([now.cpu])}`);
  }
  return parts.join(' · ');
}

function indexOf(row: number, cpu: number): number | undefined {
  const { value } = seen;
  if (value === undefined) return undefined;
  const { firstRow, firstCpu, rows, cpus } = value.window;
  const y = row - firstRow;
  const x = cpu - firstCpu;
  return y < 0 || y >= rows || x < 0 || x >= cpus ? undefined : y * cpus + x;
}
