import type { CpuId } from '../../lib/brand.js';
import type { IrqDesc } from './irqdesc.js';
import { irqs } from './istate.js';
import { irqStatus } from './settings.js';

/** Counts an interrupt on this CPU and for the line (kernel/irq/internals.h kstat_incr_irqs_this_cpu). */
export function kstatIncrIrqsThisCpu(desc: IrqDesc): void {
  const { core } = desc;
  const { thisCpu } = core.machine;
  desc.kstatChunk[desc.kstatBase + thisCpu]++;
  core.irqsSum[thisCpu]++;
  desc.totCount = (desc.totCount + 1) >>> 0;
}

/** Counts an interrupt on this CPU only (kernel/irq/internals.h __kstat_incr_irqs_this_cpu). */
export function kstatIncrThisCpuOnly(desc: IrqDesc): void {
  const { core } = desc;
  kstatIncrOutsideStat(desc);
  core.irqsSum[core.machine.thisCpu]++;
}

/** Counts an interrupt on this CPU, for /proc/interrupts but not for /proc/stat's total. */
export function kstatIncrOutsideStat(desc: IrqDesc): void {
  desc.kstatChunk[desc.kstatBase + desc.core.machine.thisCpu]++;
  desc.cold.countsOutsideTotal++;
}

/** Gives a line counts that it had before, which go into the total as well; one for each possible CPU. */
export function kstatSet(desc: IrqDesc, counts: readonly number[]): void {
  const { cold, core } = desc;
  const { kstat } = cold;
  for (let cpu = 0; cpu < counts.length; cpu++) {
    const change = counts[cpu] - kstat[cpu];
    if (change === 0) continue;
    kstat[cpu] = counts[cpu];
    core.irqsSum[cpu] += change;
  }
  cold.countsOutsideTotal++;
  desc.totCount = kstatIrqsSum(desc);
}

/** Gives one counter a value, and no total. */
export function kstatSetCpu({ cold }: IrqDesc, cpu: CpuId, count: number): void {
  cold.kstat[cpu] = count;
  cold.countsOutsideTotal++;
}

/** Interrupts of the line on `cpu` (kernel/irq/irqdesc.c kstat_irqs_cpu). */
export function kstatIrqsCpu(desc: IrqDesc, cpu: CpuId): number {
  return desc.cold.kstat[cpu] ?? 0;
}

/** Sum over all possible CPUs, 32 bit. */
export function kstatIrqsSum(desc: IrqDesc): number {
  return sum(desc.cold.kstat);
}

function sum(counts: Uint32Array): number {
  let total = 0;
  for (const count of counts) total = (total + count) >>> 0;
  return total;
}

/**
 * Interrupts of the line as /proc/stat and /proc/irq/N/spurious' neighbours count them (kernel/irq/irqdesc.c
 * kstat_irqs): the line's total, or for per-CPU lines and NMIs the sum over the CPUs.
 */
export function kstatIrqs(desc: IrqDesc): number {
  const perCpu = irqStatus.PER_CPU_DEVID | irqStatus.PER_CPU;
  if ((desc.status & perCpu) === 0 && (desc.istate & irqs.NMI) === 0) return desc.totCount;
  return kstatIrqsSum(desc);
}
