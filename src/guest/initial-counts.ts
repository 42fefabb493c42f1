import { kstatIrqsSum, kstatSet } from '../irq/data/kstat.js';
import type { Irq } from '../lib/brand.js';
import { countsPerCpu, type CpuCounts } from '../scenario/options/counts.js';
import type { GuestOptions } from '../scenario/options/guest.js';
import { setRowCounts } from './arch-rows.js';
import type { AssembledGuest } from './container/assemble.js';

/**
 * Gives a guest that has booted the counts that its options say, for what the model does not produce by itself.
 *
 * @throws RangeError for an interrupt, a channel or a row that there is not.
 */
export function setInitialCounts(
  { irqCore, platform, vmbus, machine: { nrCpuIds } }: AssembledGuest,
  { interrupts = [], channels = [], architectureRows = {} }: GuestOptions,
): void {
  const set = (irq: Irq, counts: CpuCounts | undefined): void => {
    const desc = irqCore.desc(irq);
    if (desc === undefined) throw new RangeError(`there is no IRQ ${irq}`);
    if (counts === undefined && kstatIrqsSum(desc) === 0) return;
    kstatSet(desc, countsPerCpu(counts, nrCpuIds));
  };
  for (const { irq, counts } of interrupts) set(irq, counts);
  for (const { relid, counts } of channels) {
    if (counts === undefined) continue;
    const channel = vmbus.connection.relids.relid2channel(relid);
    if (channel === undefined) throw new RangeError(`the guest has no channel ${relid}`);
    const { irq } = channel;
    if (irq === 0) throw new RangeError(`channel ${relid} has no IRQ whose counts could be set`);
    set(irq, counts);
  }
  setRowCounts(platform, architectureRows, nrCpuIds);
}
