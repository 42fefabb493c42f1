import type { Relid } from '../../lib/brand.js';
import { Lock } from '../../machine/lock.js';
import { Srcu } from '../../machine/rcu.js';
import type { Procedure } from '../../machine/step.js';
import type { VmbusChannel } from '../channel/channel.js';
import type { ChannelLifetime, ExitWork, RescindWork } from './lifetime.js';

/**
 * Today's Linux (drivers/hv/channel_mgmt.c vmbus_onoffer_rescind, free_channel): a rescind waits for offers and for the
 * probe; rescind_ref, under channel_mutex, lets the first one only go on; whoever finds the channel on its list under
 * channel_mutex takes it away; the memory goes after a grace period, which events are read-side sections of. Linux does
 * not wait for that period but leaves the freeing to it.
 */
export class RescindRefLifetime implements ChannelLifetime {
  readonly toleratesDoubleRemoval = false;
  private readonly events = new Srcu('rcu');

  constructor(private readonly channelMutex: Lock) {}

  enterEvent(): Procedure<number> {
    return this.events.readLock();
  }

  leaveEvent(section: number): Procedure<void> {
    return this.events.readUnlock(section);
  }

  *getForEvent(channel: VmbusChannel | undefined): Procedure<VmbusChannel | undefined> {
    return channel;
  }

  *putForEvent(): Procedure<void> {}

  *rescind(relid: Relid, work: RescindWork): Procedure<void> {
    yield* work.awaitOffers();
    yield* this.channelMutex.lock();
    const channel = yield* work.find(relid);
    const first = channel !== undefined && !channel.rescindRef;
    if (channel !== undefined) channel.rescindRef = true;
    yield* this.channelMutex.unlock();
    if (channel === undefined || !first) {
      work.refuse(channel === undefined ? 'rescind-of-unknown-relid' : 'rescind-twice');
      return;
    }
    yield* work.stop(channel);
    yield* work.awaitProbe(channel);
    yield* work.remove(channel);
  }

  *offerProcessed(): Procedure<void> {}

  *giveUp(channel: VmbusChannel): Procedure<void> {
    yield* this.events.synchronize();
    yield channel.lifeWord.write;
    channel.free('free_channel');
  }

  *exit(work: ExitWork): Procedure<void> {
    yield* work.drainWork();
    for (const channel of work.primaries()) {
      yield channel.rescindWord.write;
      channel.assertLive('vmbus_free_channels');
      channel.rescind = true;
      yield* work.removeDevice(channel);
      yield* work.removeChannel(channel);
    }
  }
}

/**
 * Before February 2015 (seed of "implement get/put usage workflow"): free_channel frees, whoever still holds the
 * channel. A rescind that comes before the offer has been processed is left to the end of vmbus_process_offer.
 */
export class FreeUnconditionally implements ChannelLifetime {
  readonly toleratesDoubleRemoval: boolean = true;

  constructor(protected readonly channelMutex: Lock) {}

  *enterEvent(): Procedure<number> {
    return 0;
  }

  *leaveEvent(): Procedure<void> {}

  *getForEvent(channel: VmbusChannel | undefined): Procedure<VmbusChannel | undefined> {
    return channel;
  }

  *putForEvent(_channel: VmbusChannel): Procedure<void> {}

  *rescind(relid: Relid, work: RescindWork): Procedure<void> {
    const channel = yield* this.find(relid, work);
    if (channel === undefined) {
      work.refuse('rescind-of-unknown-relid');
      return;
    }
    yield* work.stop(channel);
    yield* this.handOver(channel, work);
  }

  *offerProcessed(channel: VmbusChannel, work: RescindWork): Procedure<void> {
    yield channel.rescindWord.read;
    channel.assertLive('vmbus_process_offer');
    if (channel.rescind) yield* work.remove(channel);
  }

  *giveUp(channel: VmbusChannel): Procedure<void> {
    yield channel.lifeWord.write;
    channel.free('free_channel');
  }

  /** relid2channel: the list is safe while it is looked through, under channel_lock; here channel_mutex stands for it. */
  protected *find(relid: Relid, work: RescindWork): Procedure<VmbusChannel | undefined> {
    yield* this.channelMutex.lock();
    const channel = yield* work.find(relid);
    yield* this.channelMutex.unlock();
    return channel;
  }

  /** The end of vmbus_onoffer_rescind: the work that removes the channel, if its offer has been processed. */
  protected *handOver(channel: VmbusChannel, work: RescindWork): Procedure<void> {
    channel.assertLive('vmbus_onoffer_rescind');
    if (channel.probeDone.isDone) yield* work.remove(channel);
  }

  /** Frees each channel of the list, without taking it off. */
  *exit(work: ExitWork): Procedure<void> {
    for (const channel of work.primaries()) {
      yield* work.removeDevice(channel);
      yield* this.giveUp(channel);
    }
  }
}

/**
 * "implement get/put usage workflow for vmbus channels", patch 1/4 of February 2015, as posted: those who look a channel
 * up take a reference; under channel->lock the last one to put it marks it as dying. The rescind work uses the channel
 * on the reference that vmbus_free_channels puts, too:
 *
 * ```
 * rescind work                           exit (vmbus_free_channels)
 * unregister the device                  unregister the device
 *                                        put: 0 left → free
 * off the list, put
 * ```
 */
export class GetPutLifetime extends FreeUnconditionally {
  private readonly locks = new WeakMap<VmbusChannel, Lock>();

  override *getForEvent(channel: VmbusChannel | undefined): Procedure<VmbusChannel | undefined> {
    return this.take(channel);
  }

  override putForEvent(channel: VmbusChannel): Procedure<void> {
    return this.put(channel);
  }

  override giveUp(channel: VmbusChannel): Procedure<void> {
    return this.put(channel);
  }

  protected override *find(relid: Relid, work: RescindWork): Procedure<VmbusChannel | undefined> {
    yield* this.channelMutex.lock();
    const channel = this.take(yield* work.find(relid));
    yield* this.channelMutex.unlock();
    return channel;
  }

  /** The work is queued, the reference of the look-up put. */
  protected override *handOver(channel: VmbusChannel, work: RescindWork): Procedure<void> {
    const ready = channel.probeDone.isDone;
    yield* this.put(channel);
    if (ready) yield* work.remove(channel);
  }

  /**
   * vmbus_get_channel; undefined if the channel is dying. One step with the look-up that found the channel: for events
   * the patch has a gap between the two, which neither it nor its review speaks of.
   */
  protected take(channel: VmbusChannel | undefined): VmbusChannel | undefined {
    if (channel === undefined) return undefined;
    channel.assertLive('vmbus_get_channel');
    if (channel.references === 0) return undefined;
    channel.references += 1;
    return channel;
  }

  /** vmbus_put_channel: the last one leaves the freeing to a workqueue. */
  protected *put(channel: VmbusChannel): Procedure<void> {
    const lock = this.lockOf(channel);
    const cpu = channel.machine.cpus[channel.machine.thisCpu];
    channel.assertLive('vmbus_put_channel');
    yield* lock.lockIrqsave(cpu);
    channel.assertLive('vmbus_put_channel');
    channel.lifeWord.announce();
    channel.references -= 1;
    const last = channel.references === 0;
    yield* lock.unlockIrqrestore(cpu);
    if (!last) return;
    yield channel.lifeWord.write;
    channel.free('release_channel');
  }

  private lockOf(channel: VmbusChannel): Lock {
    let lock = this.locks.get(channel);
    if (lock === undefined) {
      lock = new Lock(`lock of channel ${channel.relid}`);
      this.locks.set(channel, lock);
    }
    return lock;
  }
}

/**
 * The same as its review wanted it: exit unregisters all devices first and then takes off the lists what is left there,
 * the rescind work holds the reference of its look-up to its end, and the reference of the list is put by whoever took
 * the channel off.
 */
export class GetPutCompletedLifetime extends GetPutLifetime {
  override readonly toleratesDoubleRemoval = false;

  protected override *handOver(channel: VmbusChannel, work: RescindWork): Procedure<void> {
    if (channel.probeDone.isDone) yield* work.remove(channel);
    yield* this.put(channel);
  }

  override *exit(work: ExitWork): Procedure<void> {
    const channels = work.primaries();
    for (const channel of channels) yield* work.removeDevice(channel);
    for (const channel of channels) yield* work.removeChannel(channel);
  }
}
