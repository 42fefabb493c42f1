import type { CpuId } from '../../lib/brand.js';
import type { Machine } from '../../machine/machine.js';
import { CpuMask } from '../../machine/cpumask.js';
import { SpinWait } from '../../machine/spin-wait.js';
import type { Procedure } from '../../machine/step.js';
import { cpusOfNode, nodesOf } from '../../machine/topology.js';
import type { FreeCpus } from '../variants/free-cpus.js';
import type { VmbusChannel } from './channel.js';

/** The CPU that gets all control messages and the interrupts of all but performance channels (VMBUS_CONNECT_CPU). */
export const VMBUS_CONNECT_CPU: CpuId = 0;

/** By NUMA node. */
interface NodeMasks {
  readonly allocated: readonly CpuMask[];
  readonly nodes: readonly CpuMask[];
}

function masksOf({ nrCpuIds, topology }: Machine): NodeMasks {
  const allocated: CpuMask[] = [];
  const nodes: CpuMask[] = [];
  for (const node of nodesOf(topology)) {
    allocated[node] = new CpuMask(nrCpuIds);
    nodes[node] = CpuMask.of(nrCpuIds, cpusOfNode(topology, node));
  }
  return { allocated, nodes };
}

/** Chooses the CPU that a new channel interrupts, and remembers which CPUs performance channels use. */
export class ChannelPlacement {
  // Made on first use, for an explorer's guests have no performance channels.
  private masks: NodeMasks | undefined;
  private nextNumaNodeId = 0;

  constructor(
    private readonly machine: Machine,
    /** All performance channels that exist. */
    private readonly perfChannels: () => Iterable<VmbusChannel>,
    private readonly freeCpus: FreeCpus,
  ) {}

  /** CPUs used by performance channels, by NUMA node (hv_context.hv_numa_map). */
  private get allocated(): readonly CpuMask[] {
    this.masks ??= masksOf(this.machine);
    return this.masks.allocated;
  }

  /** CPUs of each node (cpumask_of_node, of all that are possible). */
  private get nodes(): readonly CpuMask[] {
    this.masks ??= masksOf(this.machine);
    return this.masks.nodes;
  }

  /**
   * Sets the target CPU of a new channel whose primary is known (drivers/hv/channel_mgmt.c init_vp_index).
   *
   * @param spins as HypervBehaviour.placementSpins; default false: nodes without a usable CPU are passed over.
   */
  *initVpIndex(channel: VmbusChannel, spins = false): Procedure<void> {
    if (!channel.isPerf) {
      channel.target.set(VMBUS_CONNECT_CPU);
      return;
    }
    const { machine } = this;
    yield machine.online.shared.read;
    const usable = machine.online.andNot(machine.isolated);
    // Kernels that spin look whether any CPU keeps house, not whether one does that is online.
    if (usable.isEmpty && !spins) {
      channel.target.set(VMBUS_CONNECT_CPU);
      this.allocatedOf(VMBUS_CONNECT_CPU).set(VMBUS_CONNECT_CPU);
      return;
    }
    const nrOnline = machine.online.weight;
    for (let tries = 1; ; tries++) {
      if (spins) yield* this.spinInIsolatedNode(usable);
      const cpu = this.nextFreeCpu(usable);
      channel.target.set(cpu);
      if (channel.offer.subChannelIndex >= nrOnline || tries > nrOnline) return;
      if (!usedByDevice(channel, cpu)) return;
    }
  }

  /** A performance channel moved (hv_update_allocated_cpus). */
  update(oldCpu: CpuId, newCpu: CpuId): void {
    this.allocatedOf(newCpu).set(newCpu);
    this.release(oldCpu);
  }

  /** A performance channel left `cpu`: free it for others unless another one is there (hv_clear_allocated_cpu). */
  release(cpu: CpuId): void {
    for (const channel of this.perfChannels()) if (channel.targetCpu === cpu) return;
    this.allocatedOf(cpu).clear(cpu);
  }

  /** CPUs of a node that count as used by performance channels. */
  allocatedIn(node: number): CpuMask | undefined {
    return this.allocated[node];
  }

  /**
   * Kernels before a fix look for a free CPU in the next node that has CPUs online, whether or not one of them keeps
   * house, and clear the set of used ones to look again: where none does, for ever.
   */
  private *spinInIsolatedNode(usable: CpuMask): Procedure<void> {
    const { online } = this.machine;
    const nodes = this.allocated.length;
    for (let i = 0; i < nodes; i++) {
      const node = (this.nextNumaNodeId + i) % nodes;
      const inNode = this.nodes[node];
      if (inNode === undefined || !inNode.intersects(online)) continue;
      if (inNode.intersects(usable)) return;
      yield* new SpinWait(`a CPU of node ${node} that keeps house`, () => false).spin();
    }
  }

  private nextFreeCpu(usable: CpuMask): CpuId {
    for (;;) {
      const node = this.nextNumaNodeId;
      this.nextNumaNodeId = (node + 1) % this.allocated.length;
      const allocated = this.allocated[node];
      const inNode = this.nodes[node]?.and(usable);
      if (allocated === undefined || inNode === undefined || inNode.isEmpty) continue;
      let cpu = this.freeCpus.of(inNode, allocated).andNot(this.machine.isolated).first();
      if (cpu < 0) {
        allocated.clearAll();
        cpu = inNode.first();
      }
      allocated.set(cpu);
      return cpu;
    }
  }

  private allocatedOf(cpu: CpuId): CpuMask {
    return this.allocated[this.machine.topology.node[cpu]];
  }
}

/** True if another channel of the same device interrupts `cpu` (hv_cpuself_used). */
function usedByDevice(channel: VmbusChannel, cpu: CpuId): boolean {
  const { primary } = channel;
  if (primary === undefined) return false;
  if (primary.targetCpu === cpu) return true;
  return primary.subChannels.some((other) => other !== channel && other.targetCpu === cpu);
}
