import { CpuMask } from '../../machine/cpumask.js';
import { cpuPlaces, type CpuPlaces, groupCpusEvenly } from '../../machine/group-cpus.js';
import type { IrqCore } from '../data/core.js';
import type { IrqAffinityDesc } from '../data/irqdesc.js';
import { warnOnce } from '../messages/warn.js';

/** More sets of vectors than this a driver cannot have. */
export const IRQ_AFFINITY_MAX_SETS = 4;

/** How a device's vectors are to be spread over CPUs (struct irq_affinity). */
export interface IrqAffinity {
  /** Vectors at the beginning that go where unmanaged interrupts go. */
  readonly preVectors: number;
  /** The same at the end. */
  readonly postVectors: number;
  /**
   * Sizes of the sets that are spread each by itself over all CPUs, of `vectors` in all (calc_sets). Without it all
   * vectors in between are one set.
   */
  readonly calcSets?: (vectors: number) => readonly number[];
}

/**
 * Masks for a device's `vectors` interrupts: the CPUs of each, and whether it is managed (kernel/irq/affinity.c
 * irq_create_affinity_masks). Before `spreadLeavesNoneEmpty` vectors of a set beyond the number of CPUs get an empty
 * mask, with a warning; their descriptors cannot be allocated then.
 *
 * @returns null if there is nothing to spread, or a set is empty (where 6.1 has no check, and writes where it may not).
 * @throws RangeError if the sets have more vectors than there are for them.
 */
export function irqCreateAffinityMasks(
  core: IrqCore,
  vectors: number,
  affinity: IrqAffinity,
  places: CpuPlaces = cpuPlaces(core.machine),
): IrqAffinityDesc[] | null {
  const { preVectors, postVectors, calcSets } = affinity;
  const spread = Math.max(0, vectors - preVectors - postVectors);
  const sets = calcSets?.(spread) ?? [spread];
  if (sets.length > IRQ_AFFINITY_MAX_SETS) {
    warnOnce(core, 'affinity', 'irq_create_affinity_masks');
    return null;
  }
  if (spread === 0) return null;
  if (sets.reduce((sum, size) => sum + size, 0) > spread) {
    throw new RangeError(`calcSets gives sets of ${sets.join(' + ')} vectors, of ${spread} that there are`);
  }
  const masks = Array.from({ length: preVectors }, () => core.defaultAffinity.clone());
  for (const size of sets) {
    const groups = groupsOfSet(core, size, places);
    if (groups === null) return null;
    masks.push(...groups);
  }
  while (masks.length < vectors) masks.push(core.defaultAffinity.clone());
  const endOfManaged = vectors - postVectors;
  return masks.map((mask, i) => ({ mask, managed: i >= preVectors && i < endOfManaged }));
}

/**
 * The number of vectors to ask for, between `minvec` and `maxvec`: one for each possible CPU, unless the driver makes
 * sets of its own, and those that are not spread (kernel/irq/affinity.c irq_calc_affinity_vectors).
 *
 * @returns 0 if those alone are more than `minvec`.
 */
export function irqCalcAffinityVectors(
  core: IrqCore,
  minvec: number,
  maxvec: number,
  { preVectors, postVectors, calcSets }: IrqAffinity,
): number {
  const reserved = preVectors + postVectors;
  if (reserved > minvec) return 0;
  const forSets = maxvec - reserved;
  return reserved + (calcSets ? forSets : Math.min(core.machine.possible.weight, forSets));
}

/** group_cpus_evenly, and what becomes of vectors beyond the number of CPUs. */
function groupsOfSet(core: IrqCore, size: number, places: CpuPlaces): CpuMask[] | null {
  if (size === 0) return null;
  const { groupsByCluster, sortPopsTwo, spreadLeavesNoneEmpty } = core.behaviour;
  const groups = groupCpusEvenly(size, places, { clusters: groupsByCluster, sortPopsTwo });
  if (spreadLeavesNoneEmpty || groups.length === size) return groups;
  core.machine.log.warn('lib/group_cpus.c', 'group_cpus_evenly');
  while (groups.length < size) groups.push(new CpuMask(core.machine.nrCpuIds));
  return groups;
}
