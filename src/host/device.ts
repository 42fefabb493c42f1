// What the model of a device has before it: devices, their channels, and the port to the host. They know each other, and
// stand together.
import type { CpuId, Ns, Relid } from '../lib/brand.js';
import { type Token, token } from '../lib/token.js';
import type { RetargetInterrupt } from '../vmbus/host-port.js';
import type { OfferChannel } from '../vmbus/protocol/channel-messages.js';
import type { Guid } from '../vmbus/protocol/guid.js';
import { HV_HYP_PAGE_SIZE, type MemoryBlock } from '../vmbus/guest-memory.js';
import {
  FEATURE_PENDING_SEND_SZ,
  RING_WORD,
  RingBuffer,
  RingReader,
  RingWriter,
  VM_PKT,
} from '../vmbus/ring/index.js';
import { type OutgoingPacket, OutgoingPackets } from './outgoing.js';
import { Outstanding } from './outstanding.js';

/** What the host offers: a device by class and instance, and the relids of its channels. */
export interface HostDeviceOptions {
  readonly classId: Guid;
  readonly instanceId: Guid;
  /** Relid of the primary channel, 1 to 2047. */
  readonly relid: Relid;
  /** Relids for sub-channels, in this order; as many as the device can have. Default: none. */
  readonly subChannelRelids?: readonly Relid[];
  /** CHANNEL_FLAG bits of the offers. */
  readonly flags?: number;
  /** User-defined bytes of the offers, at most 120. */
  readonly userDefined?: Uint8Array;
}

/** A device that the host offers: its channels, the primary one first. */
export class HostDevice {
  readonly channels: HostChannel[] = [];
  /** Relids of sub-channels that the guest asked for and that are not offered yet. */
  readonly subChannelsToOffer: Relid[] = [];
  /** Relid of the primary channel and those kept for sub-channels; others after the guest was asleep. */
  relid: Relid;
  subChannelRelids: readonly Relid[];
  /** The guest moves data over the device, which may go on for ever. */
  carriesTraffic = false;

  constructor(
    readonly options: HostDeviceOptions,
    readonly backend: HostBackend | undefined,
  ) {
    this.relid = options.relid;
    this.subChannelRelids = options.subChannelRelids ?? [];
  }

  /** Starts over without channels. */
  forgetGuest(): void {
    this.channels.length = 0;
    this.subChannelsToOffer.length = 0;
    this.carriesTraffic = false;
  }
}

/** What the host does with a channel at a moment. */
export type HostChannelState =
  /** Offered, not opened or closed again by the guest. */
  | { readonly kind: 'offered' }
  /** The guest's rings are mapped. */
  | OpenState
  /** Rescinded; the relid waits for the guest to release it. */
  | { readonly kind: 'rescinded'; readonly wasOpen: boolean };

/** One time that a channel is open: whoever kept this object sees by it that the channel was closed meanwhile. */
export interface OpenState {
  readonly kind: 'open';
  readonly fromGuest: RingReader;
  readonly toGuest: RingWriter;
  readonly outgoing: OutgoingPackets;
  readonly outstanding: Outstanding;
}

/** A channel as its host knows it. */
export class HostChannel {
  state: HostChannelState = { kind: 'offered' };
  /** VP that is interrupted: follows MODIFYCHANNEL after the host's latency. */
  targetVp: CpuId = 0;
  /** The host takes out of the ring what the guest has sent. */
  isDrained = true;
  /** The guest's signals reach the host from this time on: its event port may be made later than the channel is open. */
  hearsFromNs: Ns = 0;
  /** Events signalled so far. */
  signalled = 0;
  /** Those that found the event flag still set: the guest handles them with the earlier event. */
  coalesced = 0;
  /** Those raised on a VP whose synic is off. */
  lost = 0;

  constructor(
    readonly offer: OfferChannel,
    readonly device: HostDevice,
  ) {}

  get relid(): Relid {
    return this.offer.childRelid;
  }

  get isPrimary(): boolean {
    return this.offer.subChannelIndex === 0;
  }

  /** True if there is something in the rings that the host has to do now. */
  get hasWork(): boolean {
    const { state } = this;
    return state.kind === 'open' && (state.fromGuest.ring.bytesToRead() > 0 || state.outgoing.canGoOn);
  }

  /**
   * The guest has opened the channel, and is to be interrupted on `targetVp`.
   *
   * @param memory of both rings. The one to the guest begins at page `downstreamPageOffset`.
   * @param pendingSendSz the host has its feature bit.
   */
  open(memory: MemoryBlock, downstreamPageOffset: number, targetVp: CpuId, pendingSendSz = true): void {
    const split = downstreamPageOffset * HV_HYP_PAGE_SIZE;
    const inRing = new RingBuffer(memory, 0, split);
    const outRing = new RingBuffer(memory, split, memory.sizeBytes - split);
    outRing.store(RING_WORD.FEATURE_BITS, pendingSendSz ? FEATURE_PENDING_SEND_SZ : 0);
    const fromGuest = new RingReader(inRing, inRing, undefined, undefined, undefined, pendingSendSz);
    const toGuest = new RingWriter(outRing);
    const outgoing = new OutgoingPackets(toGuest, inRing);
    this.state = { kind: 'open', fromGuest, toGuest, outgoing, outstanding: new Outstanding() };
    this.targetVp = targetVp;
  }

  /** The host takes the channel back, open or not. */
  takeBack(): void {
    this.state = { kind: 'rescinded', wasOpen: this.state.kind === 'open' };
  }

  /**
   * Writes a packet into the ring to the guest; without room it waits until the guest has read.
   *
   * @returns true if the guest must be signalled.
   */
  write(payload: Uint8Array, transactionId: number, type: number = VM_PKT.DATA_INBAND): boolean {
    return this.put({ type, transactionId, payload });
  }

  /** The same with a packet as it is. */
  put(packet: OutgoingPacket): boolean {
    return this.state.kind === 'open' && this.state.outgoing.write(packet);
  }
}

/** A packet that the guest sent, as its device sees it. */
export interface GuestPacket {
  readonly transactionId: number;
  readonly payload: Uint8Array;
}

/** The same as it lies in the ring, to be looked at now. */
export type PacketInRing = Pick<RingReader, 'transactionId' | 'payloadWord'>;

/** What a device's model can do (the host's "VSP" side). */
export interface HostDeviceServices {
  /** Sends a packet to the guest after `ns`, and signals if need be. */
  send(channel: HostChannel, payload: Uint8Array, transactionId: number, ns: Ns, type?: number): void;
  /** Puts packets into the ring to the guest now and signals at most once. */
  put(channel: HostChannel, packets: readonly OutgoingPacket[]): void;
  /**
   * Does `action` after `ns` unless the channel was closed meanwhile. For traffic: nobody who waits for the host to come
   * to rest waits for this.
   */
  later(channel: HostChannel, ns: Ns, action: () => void): void;
  /**
   * Offers `count` sub-channels of the channel's device, after `ns`; fewer if the host has no more. Relids of
   * earlier sub-channels that the guest has yet to release are waited for.
   */
  offerSubChannels(channel: HostChannel, count: number, ns: Ns): void;
  /** The most sub-channels that the device can have. */
  maxSubChannels(channel: HostChannel): number;
}

/** The model behind all devices of one class: what the host does when the guest opens or uses a channel. */
export interface HostBackend {
  readonly classId: Guid;
  /** The guest opened a channel. It may not know yet. */
  opened?(channel: HostChannel, services: HostDeviceServices): void;
  /** A message of the device goes elsewhere from now on. @returns false if there is none. */
  retargetInterrupt?(device: HostDevice, request: RetargetInterrupt): boolean;
  /** A packet of the guest was read from the ring. */
  packet?(channel: HostChannel, packet: GuestPacket, services: HostDeviceServices): void;
  /**
   * Is asked before, while the packet still lies in the ring: a model may deal at once with what comes most often, and spare
   * it the copy. @returns false if `packet` is to have it.
   */
  packetInRing?(channel: HostChannel, packet: PacketInRing, services: HostDeviceServices): boolean;
}

/** Plug-in point: models of devices, one for a class. Bind any number; of several for one class the last counts. */
export const HOST_BACKEND: Token<HostBackend> = token('HostBackend');
