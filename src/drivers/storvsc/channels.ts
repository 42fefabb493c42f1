import type { CpuId } from '../../lib/brand.js';
import { CpuMask } from '../../machine/cpumask.js';
import type { Machine } from '../../machine/machine.js';
import type { VmbusChannel } from '../../vmbus/channel/channel.js';

/**
 * Which of a storage controller's channels an I/O takes (drivers/scsi/storvsc_drv.c storvsc_do_io, get_og_chn,
 * storvsc_change_target_cpu).
 *
 * Access rules: in Linux `stor_chns` is read without a lock and changed under the controller's; here all of it runs
 * without a step in between.
 */
export class StorvscChannels {
  /** Sub-channels that the host was asked for (num_sc). */
  subChannels = 0;
  /** The channel for each submitting CPU, as far as one has been chosen (stor_chns). */
  private readonly byCpu: (VmbusChannel | undefined)[] = [];
  /** CPUs that open channels of the controller interrupt (alloced_cpus). */
  private readonly alloced: CpuMask;
  private readonly machine: Machine;

  /**
   * @param prefersOwnCpu HypervBehaviour.storvscPrefersOwnCpu.
   * @param lowaterPercent free part of its outgoing ring down to which a channel counts as busy.
   */
  constructor(
    private readonly primary: VmbusChannel,
    private readonly prefersOwnCpu: boolean,
    private readonly lowaterPercent: number,
  ) {
    this.machine = primary.machine;
    this.alloced = new CpuMask(this.machine.nrCpuIds);
  }

  /** A channel is open. */
  add(channel: VmbusChannel): void {
    this.byCpu[channel.targetCpu] = channel;
    this.alloced.set(channel.targetCpu);
  }

  /** All channels have been closed. */
  clear(): void {
    this.byCpu.length = 0;
    this.alloced.clearAll();
    this.subChannels = 0;
  }

  /** A channel interrupts another CPU from now on: choices made for CPUs without a channel are forgotten. */
  targetCpuChanged(channel: VmbusChannel, oldCpu: CpuId, newCpu: CpuId): void {
    const { byCpu, alloced, primary } = this;
    const stays = [primary, ...primary.subChannels].find(
      (other) => other !== channel && other.targetCpu === oldCpu,
    );
    if (stays !== undefined) byCpu[oldCpu] = stays;
    else alloced.clear(oldCpu);
    for (const cpu of this.machine.possible) if (!alloced.has(cpu)) byCpu[cpu] = undefined;
    byCpu[newCpu] = channel;
    alloced.set(newCpu);
  }

  /** The channel for an I/O out of the hardware queue of `cpu`. */
  outgoing(cpu: CpuId): VmbusChannel {
    const chosen = this.byCpu[cpu];
    if (chosen === undefined) return this.choose(cpu);
    return this.prefersOwnCpu ? this.ownFirst(cpu, chosen) : this.othersFirst(cpu, chosen);
  }

  /** get_og_chn: a channel of the CPU's node, evenly; without one the primary channel. */
  private choose(cpu: CpuId): VmbusChannel {
    const { byCpu, alloced, primary } = this;
    const near = this.subChannels === 0 ? [] : [...alloced].filter((other) => this.isNear(cpu, other));
    const channel = near.length === 0 ? primary : (byCpu[near[cpu % near.length]] ?? primary);
    byCpu[cpu] = channel;
    return channel;
  }

  private ownFirst(cpu: CpuId, chosen: VmbusChannel): VmbusChannel {
    if (this.hasRoom(chosen)) return chosen;
    return this.nextWithRoom(cpu, true) ?? this.nextWithRoom(cpu, false) ?? chosen;
  }

  /** Before Linux 6.18: the channel that interrupts the submitting CPU is the last of its node's. */
  private othersFirst(cpu: CpuId, chosen: VmbusChannel): VmbusChannel {
    if (chosen.targetCpu !== cpu) return chosen;
    const near = this.nextWithRoom(cpu, true);
    if (near !== undefined) return near;
    return this.hasRoom(chosen) ? chosen : (this.firstFarWithRoom(cpu) ?? chosen);
  }

  /** The next channel with room after `cpu`'s, of its node or of all. */
  private nextWithRoom(cpu: CpuId, sameNode: boolean): VmbusChannel | undefined {
    const { nrCpuIds } = this.machine;
    for (let i = 1; i < nrCpuIds; i++) {
      const other = (cpu + i) % nrCpuIds;
      if (sameNode && !this.isNear(cpu, other)) continue;
      const channel = this.withRoom(other);
      if (channel !== undefined) return channel;
    }
    return undefined;
  }

  /** The channel with room on the lowest CPU of another node. */
  private firstFarWithRoom(cpu: CpuId): VmbusChannel | undefined {
    for (const other of this.alloced) {
      const channel = this.isNear(cpu, other) ? undefined : this.withRoom(other);
      if (channel !== undefined) return channel;
    }
    return undefined;
  }

  private withRoom(cpu: CpuId): VmbusChannel | undefined {
    const channel = this.alloced.has(cpu) ? this.byCpu[cpu] : undefined;
    return channel !== undefined && this.hasRoom(channel) ? channel : undefined;
  }

  private isNear(cpu: CpuId, other: CpuId): boolean {
    const { node } = this.machine.topology;
    return node[cpu] === node[other];
  }

  private hasRoom({ rings }: VmbusChannel): boolean {
    return rings !== undefined && rings.outbound.ring.availToWritePercent() > this.lowaterPercent;
  }
}
