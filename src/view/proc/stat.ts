import type { CpuId, Ns } from '../../lib/brand.js';
import type { IrqCore } from '../../irq/core.js';
import { kstatIrqs } from '../../irq/data/kstat.js';
import type { Machine } from '../../machine/machine.js';
import { softirqNames, type SoftirqName } from '../../machine/softirq.js';
import type { ArchInterrupts } from '../interrupts/arch.js';

/** How often a softirq ran on a CPU. */
export type SoftirqCount = (name: SoftirqName, cpu: CpuId) => number;

/** What /proc/stat says beside interrupts, at a moment. */
export interface SystemStat {
  /** Boot time in seconds since 1970. */
  readonly bootTimeS: number;
  readonly contextSwitches: number;
  readonly forks: number;
}

/** Of nanoseconds, the ticks that /proc/stat counts in (USER_HZ=100). */
const NS_PER_TICK = 10_000_000;

/** The times of a CPU or of all. All that the model's CPUs do takes no time, so while they are online they idle. */
function cpuLine(name: string, idleNs: Ns): string {
  return `${name} 0 0 0 ${Math.floor(idleNs / NS_PER_TICK)} 0 0 0 0 0 0\n`;
}

/** The intr line: the total, then a number for every IRQ up to nr_irqs (fs/proc/stat.c show_all_irqs). */
export function intrLine(core: IrqCore, arch: ArchInterrupts): string {
  const perIrq = new Array<number>(core.nrIrqs).fill(0);
  let total = core.irqsSum.reduce((sum, count) => sum + count, 0);
  for (const desc of core.descs()) perIrq[desc.irq] = kstatIrqs(desc);
  for (const { counts, inStat = true } of arch.sources()) {
    if (inStat) for (let cpu = 0; cpu < counts.length; cpu++) total += counts[cpu];
  }
  return `intr ${total} ${perIrq.join(' ')}\n`;
}

/** /proc/stat (fs/proc/stat.c show_stat). */
export function procStat(
  core: IrqCore,
  arch: ArchInterrupts,
  softirqs: SoftirqCount,
  stat: SystemStat,
): string {
  const { machine } = core;
  let idleNs = 0;
  for (const { onlineNs } of machine.cpus) idleNs += onlineNs;
  let text = cpuLine('cpu ', idleNs);
  for (const cpu of machine.online) text += cpuLine(`cpu${cpu}`, machine.cpus[cpu].onlineNs);
  text += intrLine(core, arch);
  text += `ctxt ${stat.contextSwitches}\nbtime ${stat.bootTimeS}\nprocesses ${stat.forks}\n`;
  text += 'procs_running 1\nprocs_blocked 0\n';
  const sums = softirqNames.map((name) => {
    let sum = 0;
    for (const cpu of machine.possible) sum += softirqs(name, cpu);
    return sum;
  });
  return `${text}softirq ${sums.reduce((a, b) => a + b, 0)} ${sums.join(' ')}\n`;
}

/** /proc/softirqs (fs/proc/softirqs.c): a column for every possible CPU. */
export function procSoftirqs(machine: Machine, count: SoftirqCount): string {
  const cpus = [...machine.possible];
  const header = ' '.repeat(20) + cpus.map((cpu) => `CPU${String(cpu).padEnd(8)}`).join('');
  const rows = softirqNames.map((name) => {
    const counts = cpus.map((cpu) => ' ' + String(count(name, cpu)).padStart(10));
    return `${name.padStart(12)}:${counts.join('')}`;
  });
  return [header, ...rows].join('\n') + '\n';
}
