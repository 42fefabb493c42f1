import type { Relid } from '../../lib/brand.js';
import { inFrame, type Procedure } from '../../machine/step.js';
import { VmbusChannel } from './channel.js';
import type { ChannelOperations } from './open.js';
import { deviceClassOf, isUnsupportedDevice, unknownDeviceClass } from '../protocol/class-ids.js';
import type { VmbusConnection } from '../connection/connection.js';
import type { VmbusBus } from '../bus.js';
import { LOOK_NS } from '../connection/offers-in-progress.js';
import { resetChannelCb, vmbusOnEvent, vmbusOnEventSteps } from './handler.js';
import {
  CHANNEL_FLAG,
  CHANNELMSG,
  type OfferChannel,
  type RescindChannelOffer,
  VERSION_WIN10_V6_0,
} from '../protocol/channel-messages.js';
import type { HypervBehaviour } from '../kernel.js';
import { INVALID_RELID, MAX_CHANNEL_RELIDS } from '../relid-map.js';
import { traceOnMessage, traceOnoffer, traceOnofferRescind } from '../trace.js';
import type { RescindWork } from '../variants/lifetime.js';

/** Channels that the host offers and takes back (drivers/hv/channel_mgmt.c). */
export class ChannelManagement {
  private readonly rescindWork: RescindWork;

  constructor(
    private readonly connection: VmbusConnection,
    private readonly operations: ChannelOperations,
    private readonly bus: VmbusBus,
  ) {
    this.rescindWork = {
      awaitOffers: () => connection.offers.wait(connection.machine.clock),
      find: (relid) => connection.find(relid),
      stop: (channel) => this.stop(channel),
      awaitProbe: ({ probeDone }) => probeDone.poll(LOOK_NS, connection.machine.clock),
      remove: (channel) => this.remove(channel),
      refuse: (reason) => connection.refuse(reason),
    };
  }

  /** Handles an offer (vmbus_onoffer), which is one of the offers in progress. */
  onOffer(offer: OfferChannel): Procedure<void> {
    return onMessageWork('vmbus_onoffer', this.handleOffer(offer));
  }

  /** The host has named all its devices (vmbus_onoffers_delivered). */
  onOffersDelivered(): Procedure<void> {
    return onMessageWork('vmbus_onoffers_delivered', this.handleOffersDelivered());
  }

  private *handleOffersDelivered(): Procedure<void> {
    traceOnMessage(this.connection.machine, CHANNELMSG.ALLOFFERS_DELIVERED);
    this.connection.offersDelivered();
  }

  private *handleOffer(offer: OfferChannel): Procedure<void> {
    traceOnoffer(this.connection.machine, offer);
    if (!this.isAcceptable(offer)) {
      yield* this.connection.offers.doneSteps();
      return;
    }
    if (!(yield* this.hasRightEncryption(offer))) return;
    const known = this.primaryOfInstance(offer);
    if (known !== undefined && known.relid !== INVALID_RELID) {
      // WARN_ON: Linux goes by the new relid; here the living channel keeps its own.
      this.warn('vmbus_onoffer');
      this.connection.refuse('offer-of-existing-device');
      yield* this.connection.offers.doneSteps();
      return;
    }
    if (known !== undefined) {
      yield* this.offeredAgain(known, offer);
      return;
    }
    const { machine } = this.connection;
    const channel = new VmbusChannel(machine, offer, vmbusOnEvent, vmbusOnEventSteps);
    const isKnown = channel.deviceClass !== unknownDeviceClass || isUnsupportedDevice(offer.classId);
    if (!isKnown && !channel.isHvSock) {
      machine.log.printk(`hv_vmbus: Unknown GUID: ${offer.classId}`);
    }
    yield* this.processOffer(channel);
  }

  /** WARN_ON in the work of an offer. */
  private warn(func: string): void {
    const work = 'Workqueue: hv_vmbus_con vmbus_onmessage_work [hv_vmbus]';
    this.connection.machine.log.warn('drivers/hv/channel_mgmt.c', func, undefined, false, work);
  }

  /** The primary channel whose instance a primary offer has, of whatever class (find_primary_channel_by_offer). */
  private primaryOfInstance({ instanceId, subChannelIndex }: OfferChannel): VmbusChannel | undefined {
    if (subChannelIndex !== 0) return undefined;
    return this.connection.primaries.find(({ offer }) => offer.instanceId === instanceId);
  }

  /** The primary channel of an offer's device (vmbus_process_offer). */
  private primaryOf({ classId, instanceId }: OfferChannel): VmbusChannel | undefined {
    return this.connection.primaries.find(
      ({ offer }) => offer.classId === classId && offer.instanceId === instanceId,
    );
  }

  /** The rest of the offer's handling: channel, device and driver stay, the relid is new. */
  private *offeredAgain(channel: VmbusChannel, offer: OfferChannel): Procedure<void> {
    const { connection } = this;
    yield* connection.channelMutex.lock();
    channel.offer = offer;
    yield* connection.offers.doneSteps();
    if (!(yield* connection.mapRelid(channel))) channel.offer = { ...offer, childRelid: INVALID_RELID };
    yield* connection.channelMutex.unlock();
    connection.offeredAgain();
  }

  /**
   * Handles a rescind (vmbus_onoffer_rescind): the channel's users are stopped and woken, then its device or the
   * sub-channel goes.
   */
  onRescind(message: RescindChannelOffer): Procedure<void> {
    return onMessageWork('vmbus_onoffer_rescind', this.handleRescind(message.childRelid));
  }

  private *handleRescind(relid: Relid): Procedure<void> {
    const { lifetime, machine } = this.connection;
    traceOnofferRescind(machine, relid);
    yield* lifetime.rescind(relid, this.rescindWork);
  }

  /** All channels go: the module is unloaded (vmbus_free_channels). */
  exit(): Procedure<void> {
    return this.connection.lifetime.exit({
      drainWork: () => this.connection.drainWork(),
      primaries: () => [...this.connection.primaries],
      removeDevice: (channel) => this.bus.removeDevice(channel),
      removeChannel: (channel) => this.bus.removeChannel(channel),
    });
  }

  private isAcceptable(offer: OfferChannel): boolean {
    const { connection } = this;
    if (!connection.design.offerFilter.takes(offer.classId)) return false;
    const relid = offer.childRelid;
    if (connection.isolation && !isAllowedInIsolated(offer, connection.behaviour)) {
      if (connection.irq.ratelimits.allows('vmbus_onoffer')) {
        connection.machine.log.prErr(`hv_vmbus: Invalid offer ${relid} from the host supporting isolation`);
      }
      connection.refuse('offer-not-allowed-in-isolated');
      return false;
    }
    if (relid === 0 || relid >= MAX_CHANNEL_RELIDS) {
      // Linux goes on with a channel whose events it does not find.
      if (relid !== 0) this.warn('vmbus_channel_map_relid');
      connection.refuse('offer-relid-out-of-range');
      return false;
    }
    if (connection.relids.isMapped(relid)) {
      connection.refuse('offer-relid-in-use');
      return false;
    }
    return true;
  }

  /**
   * What vmbus_onoffer asks of encrypted rings and memory, in kernels that know of them. For memory without rings such a
   * kernel does not count the offer as done: rescinds wait for it from then on.
   */
  private *hasRightEncryption({ childRelid, flags }: OfferChannel): Procedure<boolean> {
    const { connection } = this;
    if (!connection.behaviour.confidentialVmbus) return true;
    const ring = (flags & CHANNEL_FLAG.CONFIDENTIAL_RING_BUFFER) !== 0;
    const memory = (flags & CHANNEL_FLAG.CONFIDENTIAL_EXTERNAL_MEMORY) !== 0;
    const complain = (reason: string): void =>
      connection.machine.log.printk(`hv_vmbus: Invalid offer relid=${childRelid}: ${reason}`);
    if (memory && !ring) {
      complain("the ring buffer isn't encrypted");
      connection.refuse('offer-without-encrypted-ring');
      return false;
    }
    if (!ring || (connection.version >= VERSION_WIN10_V6_0 && connection.confidential)) return true;
    complain('no support for confidential VMBus');
    connection.refuse('offer-not-confidential');
    yield* connection.offers.doneSteps();
    return false;
  }

  /**
   * vmbus_process_offer: from here on events for the relid find the channel.
   *
   * ```
   * offer                                    CPU that goes offline
   * cpus_read_lock                           cpus_write_lock
   * target = an online CPU                   any channel on this CPU?  → refuse
   * channel onto its list                    clear the CPU in cpu_online_mask
   * cpus_read_unlock                         cpus_write_unlock
   * ```
   * Forbidden: the channel's CPU is offline (races/open-vs-offline).
   */
  private *processOffer(channel: VmbusChannel): Procedure<void> {
    const { connection } = this;
    const { hotplug } = connection.machine;
    const lock = connection.offerCpusLock;
    if (lock === 'until-listed') yield* hotplug.cpusReadLock();
    else yield* this.chooseCpu(channel, lock === 'during-choice');
    yield* connection.channelMutex.lock();
    const primary = this.primaryOf(channel.offer);
    channel.primary = primary;
    if (lock === 'until-listed') yield* this.initVpIndex(channel);
    yield* connection.offers.doneSteps();
    const isPlaced = this.hasPlace(primary, channel);
    const accepted = isPlaced && (yield* connection.mapRelid(channel));
    if (accepted) yield* connection.list(channel);
    yield* connection.channelMutex.unlock();
    if (lock === 'until-listed') yield* hotplug.cpusReadUnlock();
    if (accepted) yield* this.beginChannel(channel);
    // There is no number for its interrupt (RFC patch 8).
    else if (isPlaced) yield* this.giveUp(channel);
  }

  private initVpIndex(channel: VmbusChannel): Procedure<void> {
    const { placement, behaviour } = this.connection;
    return inFrame('init_vp_index', placement.initVpIndex(channel, behaviour.placementSpins));
  }

  /** Before 5.8: the channel's CPU is chosen before the channel is put on its list. */
  private *chooseCpu(channel: VmbusChannel, cpusLocked: boolean): Procedure<void> {
    const { machine } = this.connection;
    if (cpusLocked) yield* machine.hotplug.cpusReadLock();
    yield* this.initVpIndex(channel);
    if (cpusLocked) yield* machine.hotplug.cpusReadUnlock();
  }

  /**
   * Has the channel shown to drivers, which may wait for what later offers bring: so not before those can be handled.
   *
   * ```
   * work of NIC 1's sub-channels               work of NIC 2's primary channel, before those of NIC 1
   * rtnl_lock                                  netvsc_probe: rtnl_lock
   * wait for the sub-channels
   * ```
   * Forbidden: both wait for ever, since NIC 1's sub-channels come behind NIC 2 in the same queue (races/netvsc-probe).
   */
  private *beginChannel(channel: VmbusChannel): Procedure<void> {
    const { connection } = this;
    if (connection.channelWork === 'offer-work') {
      yield* this.addChannel(channel);
      return;
    }
    const queue = channel.primary === undefined ? connection.primaryChannelQueue : connection.subChannelQueue;
    const func = 'vmbus_add_channel_work';
    queue.queue(() => inFrame(func, this.addChannel(channel)), undefined, { func });
  }

  /**
   * False for a sub-channel whose index another one has, which Linux takes. What finds no primary channel becomes one,
   * with a device, whatever its index.
   */
  private hasPlace(primary: VmbusChannel | undefined, { offer }: VmbusChannel): boolean {
    const { subChannels = [] } = primary ?? {};
    const isTaken = subChannels.some(
      (sub) => sub.offer.subChannelIndex === offer.subChannelIndex && !sub.rescind,
    );
    if (isTaken) this.connection.refuse('offer-sub-channel-index-in-use');
    return !isTaken;
  }

  /** Shows the channel to drivers (vmbus_add_channel_work). */
  private *addChannel(channel: VmbusChannel): Procedure<void> {
    yield* channel.stateVar.setSteps({ kind: 'open' });
    if (channel.primary !== undefined) yield* this.bus.addSubChannel(channel.primary, channel);
    else if ((yield* this.bus.register(channel)) !== 0) {
      const { log } = this.connection.machine;
      log.prErr(`hv_vmbus: unable to add child device object (relid ${channel.relid})`);
      yield* this.dequeue(channel);
      return;
    }
    channel.probeDone.completeAll();
    yield* this.connection.lifetime.offerProcessed(channel, this.rescindWork);
  }

  /** A channel that no device could be made of goes (vmbus_add_channel_work, err_deq_chan). */
  private *dequeue(channel: VmbusChannel): Procedure<void> {
    const { connection } = this;
    yield* connection.channelMutex.lock();
    channel.probeDone.completeAll();
    yield* connection.unlist(channel, 'vmbus_add_channel_work');
    yield* connection.relids.unmap(channel);
    yield* connection.channelMutex.unlock();
    yield* this.giveUp(channel);
  }

  /** The host has the relid again. A rescind that waits for the channel finds it off its list, and ends. */
  private *giveUp(channel: VmbusChannel): Procedure<void> {
    const { connection } = this;
    yield* connection.releaseRelid(channel.relid);
    if (!channel.rescindRef) yield* connection.lifetime.giveUp(channel);
  }

  private *stop(channel: VmbusChannel): Procedure<void> {
    yield* resetChannelCb(channel);
    yield* channel.markRescindedSteps('vmbus_onoffer_rescind');
    this.connection.requests.abandon(channel);
    channel.rescindWaits.wakeUp();
  }

  private *remove(channel: VmbusChannel): Procedure<void> {
    channel.assertLive('vmbus_process_rescind_offer');
    if (channel.primary !== undefined) {
      yield* this.rescindSubChannel(channel);
      return;
    }
    yield* this.bus.removeDevice(channel);
    yield* this.bus.removeChannel(channel);
  }

  private *rescindSubChannel(channel: VmbusChannel): Procedure<void> {
    const { channelMutex } = this.connection;
    yield* channelMutex.lock();
    const { removesOpenSubChannels } = this.connection.lifetime;
    if (channel.state.kind === 'open' || removesOpenSubChannels)
      yield* this.operations.processChannelRemoval(channel);
    // Also for a channel that has just gone: whoever closes the device may have begun to wait before.
    channel.rescindEvent.completeAll();
    yield* channelMutex.unlock();
  }
}

/** The work that handles a message of the host by one of its functions. */
function onMessageWork(name: string, proc: Procedure<void>): Procedure<void> {
  return inFrame('vmbus_onmessage_work', inFrame(name, proc));
}

/** vmbus_is_valid_offer, for a confidential VM: hv_sock, and devices whose drivers are hardened. */
function isAllowedInIsolated({ classId, flags }: OfferChannel, { vpciInIsolated }: HypervBehaviour): boolean {
  if ((flags & CHANNEL_FLAG.TLNPI_PROVIDER_OFFER) !== 0) return true;
  const { type, allowedInIsolated } = deviceClassOf(classId);
  return type === 'HV_PCIE' ? vpciInIsolated : allowedInIsolated;
}
