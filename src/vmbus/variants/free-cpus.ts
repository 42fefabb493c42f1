import type { CpuMask } from '../../machine/cpumask.js';

/** Which CPUs of a node count as free for a new channel (drivers/hv/channel_mgmt.c init_vp_index). */
export interface FreeCpus {
  /**
   * @param node the CPUs of the node that are online.
   * @param allocated those of its CPUs that count as used, offline ones among them.
   */
  of(node: CpuMask, allocated: CpuMask): CpuMask;
}

/** Those that are online and not used. */
export class OnlineFree implements FreeCpus {
  of(node: CpuMask, allocated: CpuMask): CpuMask {
    return node.andNot(allocated);
  }
}

/**
 * The exclusive or of both sets, as in Linux (compared with 6.1, 6.12 and 7.2): a used CPU that has gone offline counts as
 * free, and the new channel's events are lost there.
 */
export class ExclusiveOrFree implements FreeCpus {
  of(node: CpuMask, allocated: CpuMask): CpuMask {
    return node.andNot(allocated).or(allocated.andNot(node));
  }
}
