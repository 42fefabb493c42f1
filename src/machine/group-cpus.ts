import type { CpuId } from '../lib/brand.js';
import { assert } from '../lib/assert.js';
import { kernelSort } from '../lib/sort.js';
import { CpuMask } from './cpumask.js';
import type { Machine } from './machine.js';

/** Where the CPUs are, as far as grouping looks. */
export interface CpuPlaces {
  readonly possible: CpuMask;
  readonly present: CpuMask;
  /** NUMA node of each possible CPU. */
  readonly node: readonly number[];
  /** Hardware threads of the CPU's core (topology_sibling_cpumask); those that are offline may be missing. */
  siblings(cpu: CpuId): CpuMask;
  /** CPUs of its cluster (topology_cluster_cpumask); empty: not known. */
  cluster(cpu: CpuId): CpuMask;
}

/** How one kernel groups. */
export interface GroupingRules {
  /** CPUs of a cluster stay together where there are as many groups as clusters. */
  readonly clusters: boolean;
  /** Which sort orders nodes and clusters of the same size, see kernelSort. */
  readonly sortPopsTwo: boolean;
}

/** CPUs of one node or cluster, and how many groups they get. */
interface Share {
  readonly cpus: CpuMask;
  /** 0xffffffff: a node without any of the CPUs in question. */
  readonly count: number;
  groups: number;
}

const NO_CPUS = 0xffffffff;

/**
 * Where a machine's CPUs are, as x86 knows it: CPUs that share an L2 cache are a cluster, the caches are one for each
 * core, and who is offline has neither siblings nor cluster (arch/x86/kernel/smpboot.c set_cpu_sibling_map,
 * remove_siblinginfo).
 */
export function cpuPlaces(machine: Machine): CpuPlaces {
  const { possible, present, online, nrCpuIds } = machine;
  const { node, package: pkg, core } = machine.topology;
  const ofCore = (cpu: CpuId): CpuMask => {
    const mask = new CpuMask(nrCpuIds);
    if (!online.has(cpu)) return mask;
    for (const other of online) if (pkg[other] === pkg[cpu] && core[other] === core[cpu]) mask.set(other);
    return mask;
  };
  return { possible, present, node, siblings: ofCore, cluster: ofCore };
}

/**
 * Puts all possible CPUs into up to `groups` groups, close ones together: those that are present first, then the others
 * (lib/group_cpus.c group_cpus_evenly; before 6.3 kernel/irq/affinity.c irq_build_affinity_masks).
 *
 * @returns the groups that have CPUs; fewer than asked for where there are fewer CPUs. `groups` 0: none.
 */
export function groupCpusEvenly(groups: number, places: CpuPlaces, rules: GroupingRules): CpuMask[] {
  if (groups === 0) return [];
  const grouping = new Grouping(groups, places, rules);
  const ofPresent = grouping.spread(places.present, 0);
  const others = places.possible.andNot(places.present);
  const ofOthers = grouping.spread(others, ofPresent >= groups ? 0 : ofPresent);
  return grouping.masks.slice(0, Math.min(ofPresent + ofOthers, groups));
}

class Grouping {
  readonly masks: CpuMask[];
  private readonly nodes: readonly CpuMask[];
  private current = 0;

  constructor(
    private readonly groups: number,
    private readonly places: CpuPlaces,
    private readonly rules: GroupingRules,
  ) {
    const { possible, node } = places;
    const { nrCpuIds } = possible;
    this.masks = Array.from({ length: groups }, () => new CpuMask(nrCpuIds));
    this.nodes = Array.from({ length: Math.max(...node) + 1 }, () => new CpuMask(nrCpuIds));
    for (const cpu of possible) this.nodes[node[cpu]].set(cpu);
  }

  /**
   * Spreads `cpus` from group `first` on, and begins again with group 0 behind the last (__group_cpus_evenly).
   *
   * @returns how many groups got any of them.
   */
  spread(cpus: CpuMask, first: number): number {
    if (cpus.isEmpty) return 0;
    this.current = first;
    const inNodes = this.nodes.map((node) => node.and(cpus));
    const used = inNodes.filter((node) => !node.isEmpty);
    if (this.groups <= used.length) {
      for (const node of used) this.add(node);
      return this.groups;
    }
    const shares = inNodes.map(shareOf);
    distribute(Math.min(cpus.weight, this.groups), shares, this.rules);
    let done = 0;
    for (const share of shares) {
      if (share.count === NO_CPUS) continue;
      for (const part of this.clustersOf(share) ?? [share]) this.assign(part);
      done += share.groups;
    }
    return done;
  }

  /** All of `cpus` to the current group, of more than one node if need be. */
  private add(cpus: CpuMask): void {
    for (const cpu of cpus) this.masks[this.current].set(cpu);
    this.current = (this.current + 1) % this.groups;
  }

  /** The clusters of a node with the groups of each, or undefined where they do not matter (alloc_cluster_groups). */
  private clustersOf(share: Share): Share[] | undefined {
    if (!this.rules.clusters) return undefined;
    const clusters: Share[] = [];
    let rest = share.cpus;
    while (!rest.isEmpty) {
      const cluster = this.places.cluster(rest.first());
      if (cluster.isEmpty) return undefined;
      clusters.push(shareOf(cluster.and(share.cpus)));
      rest = rest.andNot(cluster);
    }
    if (clusters.length > share.groups) return undefined;
    distribute(share.groups, clusters, this.rules);
    return clusters;
  }

  /** A node's or cluster's CPUs to its groups, the first ones of which get what is left over (assign_cpus_to_groups). */
  private assign({ cpus, count, groups }: Share): void {
    const rest = cpus.clone();
    const each = Math.floor(count / groups);
    let extra = count - groups * each;
    for (let i = 0; i < groups; i++) {
      if (this.current >= this.groups) this.current = 0;
      this.take(rest, this.masks[this.current], extra > 0 ? each + 1 : each);
      if (extra > 0) extra--;
      this.current++;
    }
  }

  /** Moves `count` CPUs from `rest` to `group`, siblings of one that is moved before others (grp_spread_init_one). */
  private take(rest: CpuMask, group: CpuMask, count: number): void {
    while (count > 0) {
      const cpu = rest.first();
      assert(cpu >= 0, 'a group wants more CPUs than its node has', { count });
      rest.clear(cpu);
      group.set(cpu);
      count--;
      for (const sibling of this.places.siblings(cpu)) {
        if (count === 0) break;
        if (!rest.has(sibling)) continue;
        rest.clear(sibling);
        group.set(sibling);
        count--;
      }
    }
  }
}

function shareOf(cpus: CpuMask): Share {
  return { cpus, count: cpus.isEmpty ? NO_CPUS : cpus.weight, groups: 0 };
}

/**
 * Shares `groups` out by number of CPUs, the smallest node first and at least one to each, and leaves `shares` in that
 * order (alloc_groups_to_nodes). The counts are compared as the kernel does, by a difference of 32 bits, so that those
 * without CPUs come first.
 */
function distribute(groups: number, shares: Share[], { sortPopsTwo }: GroupingRules): void {
  kernelSort(shares, (a, b) => (a.count - b.count) | 0, sortPopsTwo);
  let cpusLeft = 0;
  for (const { count } of shares) if (count !== NO_CPUS) cpusLeft += count;
  let left = groups;
  for (const share of shares) {
    if (share.count === NO_CPUS) continue;
    share.groups = Math.max(1, Math.floor((left * share.count) / cpusLeft));
    cpusLeft -= share.count;
    left -= share.groups;
  }
}
