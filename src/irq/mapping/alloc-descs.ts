import type { Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { IrqCore } from '../data/core.js';
import { irqd } from '../data/irqdata.js';
import { type IrqAffinityDesc, IrqDesc } from '../data/irqdesc.js';
import { kstatIrqsInStat } from '../data/kstat.js';
import { handleBadIrq } from '../line/badirq.js';

/**
 * Allocates `cnt` descriptors in a row (kernel/irq/irqdesc.c __irq_alloc_descs).
 *
 * @param at the first number, or -1 for any free ones from `from` on.
 * @param affinity one entry per descriptor, or null.
 * @returns the first number, or a negative errno.
 */
export function allocDescs(
  core: IrqCore,
  at: number,
  from: number,
  cnt: number,
  affinity: readonly IrqAffinityDesc[] | null = null,
  node = -1,
): number {
  if (cnt === 0) return errnoValue('EINVAL');
  let first = from;
  if (at >= 0) {
    if (from > at) return errnoValue('EINVAL');
    first = at;
  } else {
    first = core.dynirqLowerBound ?? from;
  }
  const start = core.sparseIrqs.findFreeArea(first, cnt);
  if (at >= 0 && start !== at) return errnoValue('EEXIST');
  if (start + cnt > core.nrIrqs) {
    const { maxIrqs, beyondMaxIrqs } = core.behaviour;
    if (start + cnt > maxIrqs) return errnoValue(at >= 0 ? beyondMaxIrqs : 'ENOMEM');
    core.nrIrqs = start + cnt;
  }
  if (affinity?.some((desc) => desc.mask.isEmpty)) return errnoValue('EINVAL');
  const { topology } = core.machine;
  for (let i = 0; i < cnt; i++) {
    const wanted = affinity?.[i] ?? null;
    const home = wanted ? topology.node[wanted.mask.first()] : node;
    core.sparseIrqs.insert(unusedDesc(core, start + i, home, wanted));
  }
  return start;
}

/** A descriptor that nobody has set up yet (kernel/irq/irqdesc.c desc_set_defaults). */
function unusedDesc(core: IrqCore, irq: Irq, node: number, affinity: IrqAffinityDesc | null): IrqDesc {
  const { kstatPool, defaultAffinity } = core;
  const managed = affinity?.managed ? irqd.AFFINITY_MANAGED | irqd.MANAGED_SHUTDOWN : 0;
  const state = irqd.IRQ_DISABLED | irqd.IRQ_MASKED | (affinity ? irqd.AFFINITY_SET : 0) | managed;
  const mask = (affinity?.mask ?? defaultAffinity).clone();
  const chunk = kstatPool.chunkOf(irq);
  const desc = new IrqDesc(irq, state, handleBadIrq, core, chunk, kstatPool.baseOf(irq), mask, node);
  desc.cold.kstat.fill(0);
  return desc;
}

/** Gives descriptors back, with whatever is still in them (kernel/irq/irqdesc.c irq_free_descs). */
export function freeDescs(core: IrqCore, irq: Irq, cnt: number): void {
  for (let i = irq; i < irq + cnt; i++) {
    const desc = core.desc(i);
    if (desc === undefined) continue;
    core.proc.unregisterIrq(desc);
    core.goneInStat += kstatIrqsInStat(desc);
    core.sparseIrqs.delete(desc);
  }
}
