import type { CpuId, Relid } from '../../lib/brand.js';
import type { Procedure } from '../../machine/step.js';
import type { VmbusChannel } from '../channel/channel.js';
import type { ChannelMover } from '../channel/mover.js';
import { type ChannelList, RcuChannelList } from './channel-lists.js';
import type { ChannelLifetime } from './lifetime.js';
import { PlainRelidMap } from './plain-map.js';

/** Runs `change` on `cpu`, between that CPU's interrupts, and waits for its end (smp_call_function_single). */
export type SmpCall = (cpu: CpuId, change: () => Procedure<void>) => Procedure<void>;

export interface PercpuListOptions {
  /** Default: an RcuChannelList for each CPU. */
  readonly makeList?: (name: string, cpu: CpuId) => ChannelList;
  /** Default: the caller runs it, as good as the call where nobody comes in between. */
  readonly smpCall?: SmpCall;
}

/**
 * Relid → channel by a list of each CPU's channels (until Linux 5.7, drivers/hv/channel_mgmt.c percpu_channel_enq and
 * percpu_channel_deq). A channel goes from list to list when its target changes; the host follows at some other time.
 *
 * ```
 * vmbus_send_modifychannel a → b           host
 *                                          event on a                 found on a
 * off the list of a
 *                                          event on a (not moved yet)  not found: dropped
 *                                          event on b (moved already)  not found: dropped
 * on the list of b
 *                                          event on b                 found on b
 * ```
 */
export class PercpuListRelidMap extends PlainRelidMap {
  private readonly lists: readonly ChannelList[];
  private readonly cpuOf = new Map<VmbusChannel, CpuId>();
  private readonly byRelid = new Map<Relid, VmbusChannel>();
  private readonly smpCall: SmpCall;

  constructor(
    nrCpuIds: number,
    lifetime: ChannelLifetime,
    mover: ChannelMover,
    {
      makeList = (name) => new RcuChannelList(name),
      smpCall = (_cpu, change) => change(),
    }: PercpuListOptions = {},
  ) {
    super(lifetime, mover);
    this.lists = Array.from({ length: nrCpuIds }, (_, cpu) => makeList(`chan_list of CPU ${cpu}`, cpu));
    this.smpCall = smpCall;
  }

  *map(channel: VmbusChannel): Procedure<boolean> {
    this.byRelid.set(channel.relid, channel);
    yield* this.enqueue(channel, channel.targetCpu);
    return true;
  }

  *unmap(channel: VmbusChannel): Procedure<void> {
    yield* this.dequeue(channel);
    this.byRelid.delete(channel.relid);
  }

  relid2channel(relid: Relid): VmbusChannel | undefined {
    return this.byRelid.get(relid);
  }

  *moved(channel: VmbusChannel, _oldCpu: CpuId, newCpu: CpuId): Procedure<void> {
    yield* this.dequeue(channel);
    yield* this.enqueue(channel, newCpu);
  }

  remove(): void {}

  protected find(relid: Relid, cpu: CpuId): VmbusChannel | undefined {
    return this.lists[cpu].find(relid);
  }

  protected findSteps(relid: Relid, cpu: CpuId): Procedure<VmbusChannel | undefined> {
    return this.lists[cpu].findSteps(relid);
  }

  private *enqueue(channel: VmbusChannel, cpu: CpuId): Procedure<void> {
    this.cpuOf.set(channel, cpu);
    yield* this.smpCall(cpu, () => this.lists[cpu].add(channel));
  }

  private *dequeue(channel: VmbusChannel): Procedure<void> {
    const cpu = this.cpuOf.get(channel);
    if (cpu !== undefined) yield* this.smpCall(cpu, () => this.lists[cpu].delete(channel));
  }
}
