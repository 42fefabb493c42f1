import { sleep } from '../machine/completion.js';
import type { Proc } from '../machine/step.js';
import { VmbusChannel } from './channel.js';
import { type ChannelOperations, resetChannelCb } from './channel-open.js';
import { isUnsupportedDevice } from './class-ids.js';
import type { VmbusConnection } from './connection.js';
import type { VmbusBus } from './bus.js';
import { vmbusOnEvent } from './isr.js';
import type { OfferChannel, RescindChannelOffer } from './protocol.js';
import { MAX_CHANNEL_RELIDS } from './relid-map.js';

const RESCIND_POLL_NS = 1_000_000;

/** Channels that the host offers and takes back (drivers/hv/channel_mgmt.c). */
export class ChannelManagement {
  constructor(
    private readonly connection: VmbusConnection,
    private readonly operations: ChannelOperations,
    private readonly bus: VmbusBus,
  ) {}

  /** Handles an offer (vmbus_onoffer). `offersInProgress` has been raised for it. */
  *onOffer(offer: OfferChannel): Proc<void> {
    if (!this.isAcceptable(offer)) {
      this.connection.offersInProgress -= 1;
      return;
    }
    yield* this.processOffer(new VmbusChannel(this.connection.machine, offer, vmbusOnEvent));
  }

  /**
   * Handles a rescind (vmbus_onoffer_rescind): the channel's users are stopped and woken, then its device or the
   * sub-channel goes.
   */
  *onRescind(message: RescindChannelOffer): Proc<void> {
    const { connection } = this;
    while (connection.offersInProgress !== 0) yield* sleep(RESCIND_POLL_NS);
    yield* connection.channelMutex.lock();
    const channel = connection.relids.relid2channel(message.childRelid);
    const first = channel !== undefined && !channel.rescindRef;
    if (channel !== undefined) channel.rescindRef = true;
    yield* connection.channelMutex.unlock();
    if (channel === undefined || !first) {
      connection.refuse(channel === undefined ? 'rescind-of-unknown-relid' : 'rescind-twice');
      return;
    }
    yield* resetChannelCb(channel);
    channel.rescind = true;
    connection.requests.abandon(channel);
    for (const wait of channel.rescindWaits) wait.wakeUp();
    while (!channel.probeDone.isDone) yield* sleep(RESCIND_POLL_NS);
    if (channel.primary !== undefined) yield* this.rescindSubChannel(channel);
    else yield* this.bus.unregister(channel);
  }

  private isAcceptable(offer: OfferChannel): boolean {
    const { connection } = this;
    if (isUnsupportedDevice(offer.classId)) return false;
    const relid = offer.childRelid;
    if (relid === 0 || relid >= MAX_CHANNEL_RELIDS) {
      connection.refuse('offer-relid-out-of-range');
      return false;
    }
    if (connection.relids.isMapped(relid)) {
      connection.refuse('offer-relid-in-use');
      return false;
    }
    return true;
  }

  /** vmbus_process_offer: from here on events for the relid find the channel. */
  private *processOffer(channel: VmbusChannel): Proc<void> {
    const { connection } = this;
    const { hotplug } = connection.machine;
    yield* hotplug.cpusReadLock();
    yield* connection.channelMutex.lock();
    const { classId, instanceId, subChannelIndex } = channel.offer;
    const primary = connection.primaries.find(
      ({ offer }) => offer.classId === classId && offer.instanceId === instanceId,
    );
    channel.primary = primary;
    connection.placement.initVpIndex(channel);
    connection.offersInProgress -= 1;
    const accepted = this.isNewOrSub(primary, subChannelIndex) && connection.relids.map(channel);
    if (accepted) (primary?.subChannels ?? connection.primaries).push(channel);
    yield* connection.channelMutex.unlock();
    yield* hotplug.cpusReadUnlock();
    if (!accepted) return;
    const queue = primary === undefined ? connection.primaryChannelQueue : connection.subChannelQueue;
    queue.queue(() => this.addChannel(channel));
  }

  private isNewOrSub(primary: VmbusChannel | undefined, subChannelIndex: number): boolean {
    if (primary === undefined || subChannelIndex !== 0) return true;
    this.connection.refuse('offer-of-existing-device');
    return false;
  }

  /** vmbus_add_channel_work: shows the channel to drivers. */
  private *addChannel(channel: VmbusChannel): Proc<void> {
    channel.state = { kind: 'open' };
    if (channel.primary === undefined) yield* this.bus.register(channel);
    else yield* this.bus.addSubChannel(channel.primary, channel);
    channel.probeDone.completeAll();
  }

  private *rescindSubChannel(channel: VmbusChannel): Proc<void> {
    const { channelMutex } = this.connection;
    yield* channelMutex.lock();
    if (channel.state.kind === 'open') yield* this.operations.processChannelRemoval(channel);
    // Also for a channel that has just gone: whoever closes the device may have begun to wait before.
    channel.rescindEvent.completeAll();
    yield* channelMutex.unlock();
  }
}
