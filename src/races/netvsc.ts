import type { CpuId, Relid } from '../lib/brand.js';
import { ErrnoError } from '../lib/errno.js';
import { inFunction, type Procedure, runAtomic, SharedWord } from '../machine/step.js';
import { NetvscDevice } from '../drivers/netvsc/device.js';
import { NetvscDriver } from '../drivers/netvsc/driver.js';
import type { NetvscOptions } from '../drivers/netvsc/options.js';
import type { HostPacket } from '../drivers/conversation/packets.js';
import { defaultDeviceParameters } from '../drivers/device-parameters.js';
import type { World } from '../explore/model.js';
import {
  NVSP,
  NVSP_STAT_SUCCESS,
  nvspMessage,
  nvspType,
  nvspWord,
  OID,
  RNDIS,
  RNDIS_COMPLETION,
  rndisOf,
  rndisPacket,
} from '../host/protocols/network.js';
import { payloadWord } from '../host/protocols/words.js';
import { VmbusChannel } from '../vmbus/channel/channel.js';
import type { ChannelWork } from '../vmbus/connection/connection.js';
import { deviceOf } from '../vmbus/driver.js';
import { deviceClassId } from '../vmbus/protocol/class-ids.js';
import { CHANNELMSG, type OfferChannel } from '../vmbus/protocol/channel-messages.js';
import { RingReader, VM_PKT } from '../vmbus/ring/index.js';
import { answersAtOnce, queueOffer, queueRescind } from '../lab/answers.js';
import { offerOf } from '../lab/offers.js';
import { RaceGuest } from '../lab/race-guest.js';

const nic = deviceClassId('nic');
/** Channels that the host has for an adapter. */
const HOST_CHANNELS = 2;
const FIRST_SUB_RELID: Relid = 40;

export interface NetvscGuestOptions extends NetvscOptions {
  readonly channelWork?: ChannelWork;
  /** Channels that an adapter begins with; the host has 2 for each. */
  readonly channels: number;
}

/** The primary channel of the adapter with this relid. */
function nicOffer(relid: Relid): OfferChannel {
  return { ...offerOf(relid), classId: nic };
}

/**
 * A guest with network adapters, by the driver itself. The host answers within the step that asks; what it offers and
 * takes back comes by the works of VMBus.
 */
export class NetvscGuest {
  readonly guest: RaceGuest;
  readonly driver: NetvscDriver;
  /** Channels that the host has taken back: it answers nothing about them any more. */
  private readonly gone = new Set<Relid>();
  /** The word of `gone` and `subChannels`. */
  private readonly hostWord = new SharedWord("the host's channels");
  /** Sub-channels that the host has offered, by their primary channel. */
  private readonly subChannels = new Map<Relid, Relid[]>();
  private readonly readers = new WeakMap<object, RingReader>();
  private nextSub = FIRST_SUB_RELID;

  constructor(world: World, options: NetvscGuestOptions) {
    const { channelWork } = options;
    this.guest = new RaceGuest(world, {
      withChannel: false,
      design: { relidMap: 'array' },
      channelWork,
    });
    const { host, operations, vmbus } = this.guest;
    this.driver = new NetvscDriver(
      operations,
      {
        ...defaultDeviceParameters,
        netvscChannels: () => options.channels,
        bringsInterfaceUp: () => false,
      },
      { pages: { ring: 2, receiveBuffer: 1, sendBuffer: 1 }, ...options },
    );
    host.onPost = (message) => {
      const relid = 'childRelid' in message ? message.childRelid : 0;
      if (message.type !== CHANNELMSG.GPADL_TEARDOWN && this.isGone(relid)) return;
      answersAtOnce(this.guest, message);
      if (message.type === CHANNELMSG.CLOSECHANNEL) this.rescindSubChannels(relid);
    };
    host.onSignal = (connectionId) => this.signalled(connectionId);
    runAtomic(vmbus.bus.registerDriver(this.driver));
  }

  /** The first relid of a sub-channel. */
  readonly firstSub = FIRST_SUB_RELID;

  /** The sub-channels that the host has offered for an adapter. */
  subChannelsOf(primary: Relid): readonly Relid[] {
    return this.subChannels.get(primary) ?? [];
  }

  /** How many sub-channels the host has offered. */
  get offeredSubChannels(): number {
    return this.nextSub - FIRST_SUB_RELID;
  }

  /** An adapter is there and has been probed; the work of its sub-channels is queued, if it wants some. */
  addAdapter(relid: Relid, cpu: CpuId): VmbusChannel {
    const { connection, machine, vmbus } = this.guest;
    const channel = new VmbusChannel(machine, nicOffer(relid), () => {});
    channel.target.set(cpu);
    runAtomic(connection.relids.map(channel));
    runAtomic(connection.list(channel));
    channel.stateVar.set({ kind: 'open' });
    runAtomic(vmbus.bus.register(channel));
    channel.probeDone.completeAll();
    return channel;
  }

  /** The host offers a channel. */
  *offer(offer: OfferChannel): Procedure<void> {
    const { connection, vmbus } = this.guest;
    yield { ...vmbus.contexts[0].messageWord.update, label: `offers relid ${offer.childRelid}` };
    yield* connection.offers.arrivedSteps();
    queueOffer(this.guest, offer);
  }

  offerAdapter(relid: Relid): Procedure<void> {
    return this.offer(nicOffer(relid));
  }

  /** The host takes an adapter back, and its sub-channels with it. */
  *rescind(relid: Relid): Procedure<void> {
    const { contexts } = this.guest.vmbus;
    yield { ...contexts[0].messageWord.update, label: `rescinds relid ${relid}` };
    this.rescindSubChannels(relid);
    this.takeBack(relid);
  }

  /** With its primary channel a device's sub-channels end; the next ones are offered when they are asked for. */
  private rescindSubChannels(primary: Relid): void {
    this.hostWord.announce();
    for (const sub of this.subChannels.get(primary) ?? []) this.takeBack(sub);
    this.subChannels.delete(primary);
  }

  private isGone(relid: Relid): boolean {
    this.hostWord.announceRead();
    return this.gone.has(relid);
  }

  private takeBack(childRelid: Relid): void {
    this.hostWord.announce();
    this.gone.add(childRelid);
    queueRescind(this.guest, childRelid);
  }

  /** ethtool -L */
  *setChannels(channel: VmbusChannel, count: number): Procedure<void> {
    const device = deviceOf(channel);
    if (device === undefined) return;
    try {
      yield* inFunction('netvsc_set_channels', this.driver.setChannels(device, count));
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
    }
  }

  /** The host reads what a channel's outgoing ring has, and answers unless it has taken the channel back. */
  private signalled(connectionId: number): void {
    for (const channel of this.guest.connection.channels()) {
      if (channel.offer.connectionId === connectionId) this.readRing(channel);
    }
  }

  private readRing(channel: VmbusChannel): void {
    const ring = channel.rings?.outbound.ring;
    const adapter = deviceOf(channel)?.driverData;
    if (ring === undefined || !(adapter instanceof NetvscDevice)) return;
    const isGone = this.isGone(channel.relid);
    const reader = this.readers.get(ring) ?? new RingReader(ring);
    this.readers.set(ring, reader);
    while (reader.next()) {
      const payload = reader.payload();
      if (!isGone) this.answer(adapter, payload);
    }
    reader.pktIterClose();
  }

  private answer(adapter: NetvscDevice, payload: Uint8Array): void {
    switch (nvspType(payload)) {
      case NVSP.INIT:
        complete(adapter, nvspMessage(NVSP.INIT_COMPLETE, 0, 0, NVSP_STAT_SUCCESS));
        return;
      case NVSP.SEND_RECV_BUF:
        complete(adapter, nvspMessage(NVSP.SEND_RECV_BUF_COMPLETE, NVSP_STAT_SUCCESS));
        return;
      case NVSP.SEND_SEND_BUF:
        complete(adapter, nvspMessage(NVSP.SEND_SEND_BUF_COMPLETE, NVSP_STAT_SUCCESS));
        return;
      case NVSP.SUBCHANNEL:
        this.offerSubChannels(adapter, nvspWord(payload, 1));
        return;
      case NVSP.SEND_RNDIS_PKT:
        complete(adapter, nvspMessage(NVSP.SEND_RNDIS_PKT_COMPLETE, NVSP_STAT_SUCCESS));
        this.answerRndis(adapter, payload);
        return;
      default:
    }
  }

  private answerRndis(adapter: NetvscDevice, payload: Uint8Array): void {
    const { type, requestId, oid } = rndisOf(payload);
    if (type === RNDIS.HALT) return;
    const value = oid === OID.GEN_RECEIVE_SCALE_CAPABILITIES ? HOST_CHANNELS : 0;
    // On a real host it comes in the receive buffer; netvsc hands both to who waits.
    complete(adapter, rndisPacket({ type: (type | RNDIS_COMPLETION) >>> 0, requestId, oid, value }));
  }

  private offerSubChannels(adapter: NetvscDevice, count: number): void {
    const { offer } = adapter.device.channel;
    complete(adapter, nvspMessage(NVSP.SUBCHANNEL, NVSP_STAT_SUCCESS, count));
    const subs: Relid[] = [];
    this.hostWord.announce();
    this.subChannels.set(offer.childRelid, subs);
    for (let index = 1; index <= count; index++) {
      const sub = this.nextSub++;
      subs.push(sub);
      this.guest.connection.offers.arrived();
      queueOffer(this.guest, { ...offer, childRelid: sub, connectionId: sub, subChannelIndex: index });
    }
  }
}

/** The host completes a message of the guest. */
function complete(adapter: NetvscDevice, payload: Uint8Array): void {
  const { primaryChannel } = adapter;
  if (primaryChannel !== undefined) adapter.receive(completion(payload), primaryChannel);
}

function completion(payload: Uint8Array): HostPacket {
  return {
    type: VM_PKT.COMP,
    transactionId: 0,
    payload: () => payload,
    payloadWord: (index) => payloadWord(payload, index),
  };
}
