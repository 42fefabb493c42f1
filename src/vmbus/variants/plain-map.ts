import type { CpuId, Relid } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import { CpuMask } from '../../machine/cpumask.js';
import type { Procedure } from '../../machine/step.js';
import type { VmbusChannel } from '../channel/channel.js';
import { vmbusChanHandler, vmbusChanHandlerSteps } from '../channel/handler.js';
import type { RelidMap } from '../relid-map.js';
import type { ChannelMover } from '../channel/mover.js';
import type { ChannelLifetime } from './lifetime.js';

/**
 * What the maps of before the RFC have in common: the top-level handler calls a channel's callback itself
 * (vmbus_chan_sched), channels have no Linux IRQs, and only their `cpu` files move them.
 */
export abstract class PlainRelidMap implements RelidMap {
  readonly countsChannels = false;
  readonly domain = undefined;
  droppedEvents = 0;

  constructor(
    private readonly lifetime: ChannelLifetime,
    private readonly mover: ChannelMover,
  ) {}

  abstract map(channel: VmbusChannel): Procedure<boolean>;
  abstract unmap(channel: VmbusChannel): Procedure<void>;
  abstract relid2channel(relid: Relid): VmbusChannel | undefined;
  abstract moved(channel: VmbusChannel, oldCpu: CpuId, newCpu: CpuId): Procedure<void>;
  abstract remove(): void;
  /** What an event on `cpu` finds for the relid. */
  protected abstract find(relid: Relid, cpu: CpuId): VmbusChannel | undefined;
  protected abstract findSteps(relid: Relid, cpu: CpuId): Procedure<VmbusChannel | undefined>;

  *requestIrq(): Procedure<void> {}

  *freeIrq(): Procedure<void> {}

  isMapped(relid: Relid): boolean {
    return this.relid2channel(relid) !== undefined;
  }

  dispatch(relid: Relid, cpu: CpuId): void {
    const channel = this.find(relid, cpu);
    if (channel === undefined || channel.rescind) this.droppedEvents += 1;
    else vmbusChanHandler(0, channel);
  }

  *dispatchSteps(relid: Relid, cpu: CpuId): Procedure<void> {
    const { lifetime } = this;
    const section = yield* lifetime.enterEvent();
    const channel = yield* lifetime.getForEvent(yield* this.findSteps(relid, cpu));
    if (channel === undefined) this.droppedEvents += 1;
    else {
      yield channel.rescindWord.read;
      channel.assertLive('vmbus_chan_sched');
      if (channel.rescind) this.droppedEvents += 1;
      else yield* vmbusChanHandlerSteps(channel);
      yield* lifetime.putForEvent(channel);
    }
    yield* lifetime.leaveEvent(section);
  }

  setTargetCpu(channel: VmbusChannel, cpu: CpuId): number {
    const { online, nrCpuIds } = channel.machine;
    return online.has(cpu) ? this.mover.move(channel, CpuMask.of(nrCpuIds, [cpu])) : errnoValue('EINVAL');
  }
}
