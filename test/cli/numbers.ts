import { expect } from '@jest/globals';
import type { Guest } from '../../src/guest/guest.js';

// What two files say of one thing, whatever else they say; the definitions are those of the kernel's own files.

const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0);
const numbers = (text: string): number[] => text.trim().split(/\s+/).map(Number);

/** The rows of a table whose first line names CPUs: the counts of each by its name. */
function rowsOf(text: string): Map<string, number[]> {
  const [head, ...lines] = text.trimEnd().split('\n');
  const columns = head.trim().split(/\s+/).length;
  return new Map(
    lines.map((line): [string, number[]] => {
      const [name, ...words] = line.trim().split(/\s+/);
      return [
        name.slice(0, -1),
        words
          .slice(0, columns)
          .filter((word) => /^\d+$/.test(word))
          .map(Number),
      ];
    }),
  );
}

/** The first line of /proc/stat with this name: its total, and its parts. */
function statLine(guest: Guest, name: string): { total: number; parts: number[] } {
  const line = guest
    .readFile('/proc/stat')
    .split('\n')
    .find((one) => one.startsWith(`${name} `));
  const [total, ...parts] = numbers(line?.slice(name.length) ?? '');
  return { total, parts };
}

/** Of an IRQ: /proc/interrupts, /proc/stat (kstat_irqs), sysfs per_cpu_count and the library. */
export function expectOneCountOfIrqs(guest: Guest): void {
  const { parts } = statLine(guest, 'intr');
  for (const [row, counts] of rowsOf(guest.readFile('/proc/interrupts'))) {
    if (!/^\d+$/.test(row)) continue;
    const irq = Number(row);
    const perCpu = guest.readFile(`/sys/kernel/irq/${irq}/per_cpu_count`).trim().split(',').map(Number);
    // The table has the CPUs that are online, the others those that are possible.
    expect([irq, counts]).toEqual([irq, perCpu.filter((_, cpu) => guest.machine.online.has(cpu))]);
    expect([irq, parts[irq], guest.irqCount(irq)]).toEqual([irq, sum(perCpu), sum(perCpu)]);
  }
}

/** Of softirqs: /proc/softirqs (of all CPUs), and the line of /proc/stat. */
export function expectOneCountOfSoftirqs(guest: Guest): void {
  const { total, parts } = statLine(guest, 'softirq');
  const rows = [...rowsOf(guest.readFile('/proc/softirqs')).values()].map(sum);
  expect(parts).toEqual(rows);
  expect(total).toBe(sum(rows));
}

/** Of a channel: its files, its CPU and the count of its IRQ. */
export function expectOneCountOfChannels(guest: Guest): void {
  for (const channel of guest.vmbus.connection.channels()) {
    const { firstRelid, irq, relid } = channel;
    if (channel.state.kind !== 'opened') continue;
    const { instanceId } = (channel.primary ?? channel).offer;
    const channels = `/sys/bus/vmbus/devices/${instanceId}/channels`;
    const [cpu, counted] = ['cpu', 'interrupts'].map((file) =>
      Number(guest.readFile(`${channels}/${firstRelid}/${file}`)),
    );
    expect([relid, cpu]).toEqual([relid, channel.targetCpu]);
    // What has slept has another relid, and with it a new IRQ.
    if (firstRelid === relid) expect([relid, counted]).toEqual([relid, guest.irqCount(irq) ?? counted]);
  }
}
