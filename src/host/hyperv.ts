import type { CpuId, Ns, Relid } from '../lib/brand.js';
import type { Clock } from '../machine/clock.js';
import type { Guid } from '../vmbus/protocol/guid.js';
import { HV_HYP_PAGE_SIZE } from '../vmbus/guest-memory.js';
import type { GuestPort, HostPort } from '../vmbus/host-port.js';
import {
  CHANNEL_FLAG,
  CHANNELMSG,
  type ChannelMessage,
  decodeMessage,
  encodeMessage,
  type GpadlCreated,
  type InitiateContact,
  MAX_MESSAGE_BYTES,
  type ModifyChannel,
  type OpenChannel,
  type TlConnectRequest,
  VERSION_WIN10_V5_3,
} from '../vmbus/protocol/channel-messages.js';
import { RingBuffer } from '../vmbus/ring/index.js';
import { RingReader } from '../vmbus/ring/reader.js';
import { RingWriter } from '../vmbus/ring/writer.js';
import type { SynicPages } from '../vmbus/synic.js';
import { HostSchedule, Lane } from './schedule.js';
import { ChannelTable } from './channel-table.js';
import {
  type HostBackend,
  type HostChannel,
  HostDevice,
  type HostDeviceOptions,
  type HostDeviceServices,
} from './device.js';
import { HostGpadls, STATUS_UNSUCCESSFUL } from './host-gpadls.js';
import { Misbehaviour } from './misbehave/misbehaviour.js';
import { type OutgoingPacket, OutgoingPackets } from './outgoing.js';
import { isSocket, moveRelids, relidsBehind, unusedRelid } from './relids.js';
import { SynicSender } from './synic-sender.js';
import type { HostTotals } from './totals.js';

const US = 1000;

export interface HyperVOptions {
  /** Newest protocol version that the host accepts, as on the wire. Default 5.3. */
  readonly version?: number;
  /** From any message to its answer. Default 10 µs. */
  readonly messageNs?: Ns;
  /** OPENCHANNEL to its result. Default 50 µs. */
  readonly openNs?: Ns;
  /** GPADL_HEADER to GPADL_CREATED. Default 20 µs. */
  readonly gpadlNs?: Ns;
  /** MODIFYCHANNEL until the other VP is interrupted. Default 300 µs, "a few hundred" as the RFC measured. */
  readonly modifyChannelNs?: Ns;
  /** Models of device classes; a device without one only takes part in the control protocol. */
  readonly backends?: readonly HostBackend[];
  /** Of what a misbehaving host does at random; default 1. */
  readonly seed?: number;
}

export type HostLatency = Pick<HyperVOptions, 'messageNs' | 'openNs' | 'gpadlNs' | 'modifyChannelNs'>;

/** A Hyper-V host, as far as one guest's VMBus meets it. All it does takes its time and keeps its order. */
export class HyperV implements HostPort, HostDeviceServices {
  /** What the host sends, and what it spoils of that. */
  readonly faults: Misbehaviour;
  private readonly synic: SynicSender;
  private readonly schedule: HostSchedule;
  private readonly control: Lane;
  private readonly modify: Lane;
  private readonly channels = new ChannelTable();
  private readonly gpadls = new HostGpadls();
  private readonly version: number;
  private messageNs: Ns;
  private openNs: Ns;
  private gpadlNs: Ns;
  private modifyChannelNs: Ns;
  private readonly backends: ReadonlyMap<Guid, HostBackend>;
  private offersRequested = false;
  /** Services of the host that a guest's socket can connect to. */
  readonly services = new Set<Guid>();

  constructor(
    clock: Clock,
    private readonly guest: GuestPort,
    options: HyperVOptions = {},
  ) {
    this.synic = new SynicSender(guest);
    this.schedule = new HostSchedule(clock);
    this.faults = new Misbehaviour(this.synic, this.schedule, options.seed ?? 1);
    this.control = new Lane(this.schedule);
    this.modify = new Lane(this.schedule);
    this.version = options.version ?? VERSION_WIN10_V5_3;
    this.messageNs = options.messageNs ?? 10 * US;
    this.openNs = options.openNs ?? 50 * US;
    this.gpadlNs = options.gpadlNs ?? 20 * US;
    this.modifyChannelNs = options.modifyChannelNs ?? 300 * US;
    this.backends = new Map((options.backends ?? []).map((backend) => [backend.classId, backend]));
  }

  /** How long the host takes from now on, for what is given. */
  setLatency({ messageNs, openNs, gpadlNs, modifyChannelNs }: HostLatency): void {
    this.messageNs = messageNs ?? this.messageNs;
    this.openNs = openNs ?? this.openNs;
    this.gpadlNs = gpadlNs ?? this.gpadlNs;
    this.modifyChannelNs = modifyChannelNs ?? this.modifyChannelNs;
  }

  /** The devices, in the order of their offers. */
  get devices(): HostDevice[] {
    return this.channels.devices;
  }

  /** True while the host still answers messages or packets that it got, or has messages to deliver. */
  get isBusy(): boolean {
    return this.schedule.pending > 0 || this.synic.undelivered > 0;
  }

  /** What has gone between host and guest so far. */
  get totals(): HostTotals {
    return this.synic.totals;
  }

  /** The channel with this relid, if the host has one. */
  channel(relid: Relid): HostChannel | undefined {
    return this.channels.get(relid);
  }

  /** All channels, by relid. */
  *allChannels(): Generator<HostChannel, void, void> {
    yield* this.channels;
  }

  /**
   * Adds a device; it is offered when the guest asks for offers, or at once if it has asked already.
   *
   * @throws RangeError if a relid of its channels is out of range, in use or kept for another device's sub-channels.
   */
  offer(options: HostDeviceOptions): HostDevice {
    for (const relid of options.subChannelRelids ?? []) this.channels.refuseRelid(relid);
    const device = new HostDevice(options, this.backends.get(options.classId));
    const channel = this.channels.addPrimary(device);
    this.devices.push(device);
    if (this.offersRequested) this.sendOffer(channel);
    return device;
  }

  /**
   * Takes a channel back; a primary one with its sub-channels.
   *
   * @throws RangeError if the host has no such channel.
   */
  rescind(relid: Relid): void {
    const channel = this.channels.get(relid);
    if (channel === undefined || channel.state.kind === 'rescinded') {
      throw new RangeError(`the host has no channel ${relid} to rescind`);
    }
    const { device } = channel;
    if (channel.isPrimary) {
      this.takeBackSubChannels(device);
      this.devices.splice(this.devices.indexOf(device), 1);
    }
    this.takeBack(channel);
  }

  /**
   * Gives all devices other relids, as a host does that the guest finds when it wakes up.
   *
   * @param relids new number of each relid that changes; default: all are counted on behind those in use.
   * @throws RangeError while the guest is connected; if two channels would have the same relid, or one a wrong relid.
   */
  moveRelids(relids: ReadonlyMap<Relid, Relid> = relidsBehind(this.devices)): void {
    if (this.offersRequested) throw new RangeError('relids do not change while the guest is connected');
    moveRelids(this.devices, relids);
    this.forgetGuest();
  }

  /** Signals an open channel `times` times. @returns how many signals were sent: none unless it is open. */
  signal(relid: Relid, times = 1): number {
    const channel = this.channels.get(relid);
    if (channel?.state.kind !== 'open') return 0;
    for (let i = 0; i < times; i++) this.faults.signal(channel);
    return times;
  }

  /**
   * Sends a control message as it is, whether it makes sense or not: what a hostile host may do.
   *
   * @throws RangeError for more bytes than a message slot holds.
   */
  postRaw(message: Uint8Array): void {
    if (message.length > MAX_MESSAGE_BYTES) {
      throw new RangeError(`a message of ${message.length} bytes, at most ${MAX_MESSAGE_BYTES} fit`);
    }
    this.synic.post(message);
  }

  // What the guest calls.

  enableSynic(cpu: CpuId, pages: SynicPages): void {
    this.synic.enable(cpu, pages);
  }

  disableSynic(cpu: CpuId): void {
    this.synic.disable(cpu);
  }

  endOfMessage(cpu: CpuId): void {
    this.synic.endOfMessage(cpu);
  }

  postMessage(bytes: Uint8Array): void {
    const message = decodeMessage(bytes);
    switch (message.type) {
      case CHANNELMSG.MODIFYCHANNEL:
        this.modify.after(this.modifyChannelNs, () => this.onModifyChannel(message));
        return;
      case CHANNELMSG.OPENCHANNEL:
        this.control.after(this.openNs, () => this.onOpen(message));
        return;
      case CHANNELMSG.GPADL_HEADER:
      case CHANNELMSG.GPADL_BODY: {
        const created = this.gpadls.take(message);
        if (created !== undefined) this.control.after(this.gpadlNs, () => this.onGpadl(created));
        return;
      }
      default:
        this.control.after(this.messageNs, () => this.onMessage(message));
    }
  }

  signalEvent(connectionId: number): void {
    const channel = this.channels.ofConnection(connectionId);
    if (channel === undefined) return;
    this.totals.guestSignals += 1;
    if (!channel.hasWork) this.totals.needlessSignals += 1;
    this.readSoon(channel);
  }

  private readSoon(channel: HostChannel): void {
    const read = () => this.readPackets(channel);
    if (channel.device.carriesTraffic) this.schedule.inBackground(this.messageNs, read);
    else this.schedule.after(this.messageNs, read);
  }

  // What device models call.

  send(channel: HostChannel, payload: Uint8Array, transactionId: number, ns: Ns, type?: number): void {
    const { state } = channel;
    this.schedule.after(ns, () => {
      // What was on its way when the guest closed the channel is not for whoever opens it next.
      if (channel.state === state) this.faults.packet(channel, payload, transactionId, type);
    });
  }

  put(channel: HostChannel, packets: readonly OutgoingPacket[]): void {
    this.faults.put(channel, packets);
  }

  later(channel: HostChannel, ns: Ns, action: () => void): void {
    const { state, device } = channel;
    device.carriesTraffic = true;
    this.schedule.inBackground(ns, () => {
      if (channel.state === state) action();
    });
  }

  offerSubChannels(primary: HostChannel, count: number, ns: Ns): void {
    const { state, device } = primary;
    this.schedule.after(ns, () => {
      if (primary.state !== state) return;
      const usable = device.subChannelRelids.filter((relid) => this.channels.canBecomeFree(relid));
      device.subChannelsToOffer.push(...usable.slice(0, count));
      this.offerFreeSubChannels(device);
    });
  }

  maxSubChannels(channel: HostChannel): number {
    return channel.device.subChannelRelids.length;
  }

  private onMessage(message: ChannelMessage): void {
    switch (message.type) {
      case CHANNELMSG.INITIATE_CONTACT:
        this.onInitiateContact(message);
        return;
      case CHANNELMSG.REQUESTOFFERS:
        this.offersRequested = true;
        for (const { channels } of this.devices) this.sendOffer(channels[0]);
        this.reply({ type: CHANNELMSG.ALLOFFERS_DELIVERED });
        return;
      case CHANNELMSG.CLOSECHANNEL:
        this.onClose(message.childRelid);
        return;
      case CHANNELMSG.GPADL_TEARDOWN:
        this.gpadls.remove(message.gpadl);
        this.reply({ type: CHANNELMSG.GPADL_TORNDOWN, gpadl: message.gpadl });
        return;
      case CHANNELMSG.RELID_RELEASED:
        this.onRelidReleased(message.childRelid);
        return;
      case CHANNELMSG.UNLOAD:
        this.forgetGuest();
        this.reply({ type: CHANNELMSG.UNLOAD_RESPONSE });
        return;
      case CHANNELMSG.TL_CONNECT_REQUEST:
        this.onTlConnect(message);
        return;
      default:
    }
  }

  private onInitiateContact(message: InitiateContact): void {
    const versionSupported = message.version <= this.version;
    if (versionSupported) this.synic.messageVp = message.targetVcpu;
    this.reply({ type: CHANNELMSG.VERSION_RESPONSE, versionSupported, connectionState: 0, msgConnId: 0 });
  }

  /** A buffer for a channel that does not exist is not taken. */
  private onGpadl(created: GpadlCreated): void {
    const exists = this.channels.get(created.childRelid) !== undefined;
    this.reply(exists ? created : { ...created, creationStatus: STATUS_UNSUCCESSFUL });
  }

  /** All channels are as if no guest had been there; what is on its way for them is for nobody. */
  private forgetGuest(): void {
    this.channels.clear();
    this.gpadls.clear();
    this.offersRequested = false;
    const lasting = this.devices.filter(({ options }) => !isSocket(options));
    this.devices.splice(0, this.devices.length, ...lasting);
    for (const device of lasting) {
      device.forgetGuest();
      this.channels.addPrimary(device);
    }
  }

  /** A connect of the guest: the offer of a channel is the host's consent. */
  private onTlConnect({ guestEndpointId, hostServiceId }: TlConnectRequest): void {
    if (!this.services.has(hostServiceId)) {
      const status = STATUS_UNSUCCESSFUL;
      this.reply({ type: CHANNELMSG.TL_CONNECT_RESULT, guestEndpointId, hostServiceId, status });
      return;
    }
    const relid = unusedRelid(this.devices);
    const flags = CHANNEL_FLAG.TLNPI_PROVIDER_OFFER;
    this.offer({ classId: hostServiceId, instanceId: guestEndpointId, relid, flags });
  }

  private onOpen(message: OpenChannel): void {
    const { childRelid, openId } = message;
    const channel = this.channels.get(childRelid);
    const opened = channel?.state.kind === 'offered' && this.mapRings(channel, message);
    this.reply({
      type: CHANNELMSG.OPENCHANNEL_RESULT,
      childRelid,
      openId,
      status: opened ? 0 : STATUS_UNSUCCESSFUL,
    });
    if (!opened) return;
    channel.device.backend?.opened?.(channel, this);
    // The guest may have filled the ring, and signalled, before it was mapped.
    if (channel.hasWork) this.readSoon(channel);
  }

  private mapRings(channel: HostChannel, message: OpenChannel): boolean {
    const pfns = this.gpadls.pages(message.ringBufferGpadl);
    const buffer = pfns && this.guest.memory.resolve(pfns)?.buffer;
    if (buffer === undefined) return false;
    const split = message.downstreamPageOffset * HV_HYP_PAGE_SIZE;
    const fromGuest = new RingReader(new RingBuffer(buffer, 0, split));
    const toGuest = new RingWriter(new RingBuffer(buffer, split, buffer.byteLength - split));
    channel.state = { kind: 'open', fromGuest, toGuest, outgoing: new OutgoingPackets(toGuest) };
    channel.targetVp = message.targetVp;
    return true;
  }

  private onClose(relid: Relid): void {
    const channel = this.channels.get(relid);
    if (channel?.state.kind !== 'open') return;
    channel.state = { kind: 'offered' };
    if (channel.isPrimary) this.takeBackSubChannels(channel.device);
  }

  private onModifyChannel(message: ModifyChannel): void {
    const { childRelid, targetVp } = message;
    const channel = this.channels.get(childRelid);
    const open = channel?.state.kind === 'open';
    if (open) channel.targetVp = targetVp;
    if (this.version < VERSION_WIN10_V5_3) return;
    this.reply({
      type: CHANNELMSG.MODIFYCHANNEL_RESPONSE,
      childRelid,
      status: open ? 0 : STATUS_UNSUCCESSFUL,
    });
  }

  private onRelidReleased(relid: Relid): void {
    const channel = this.channels.get(relid);
    if (channel?.state.kind !== 'rescinded') return;
    this.channels.remove(relid);
    for (const device of this.devices) this.offerFreeSubChannels(device);
  }

  /** Offers the sub-channels that were asked for, in order, as far as the guest has released their relids. */
  private offerFreeSubChannels(device: HostDevice): void {
    const { subChannelsToOffer } = device;
    while (subChannelsToOffer.length > 0 && this.channels.get(subChannelsToOffer[0]) === undefined) {
      const [relid] = subChannelsToOffer.splice(0, 1);
      this.sendOffer(this.channels.addSubChannel(device, relid));
    }
  }

  private takeBackSubChannels(device: HostDevice): void {
    device.subChannelsToOffer.length = 0;
    for (const sub of device.channels.slice(1)) this.takeBack(sub);
  }

  private readPackets(channel: HostChannel): void {
    if (channel.state.kind !== 'open') return;
    const { fromGuest, outgoing } = channel.state;
    // The guest signals for both rings alike.
    if (outgoing.blocked > 0 && outgoing.flush()) this.faults.signal(channel);
    do {
      fromGuest.beginRead();
      while (fromGuest.next()) {
        const payload = new Uint8Array(fromGuest.payloadLength);
        fromGuest.copyPayload(payload);
        channel.device.backend?.packet?.(channel, { transactionId: fromGuest.transactionId, payload }, this);
      }
      if (fromGuest.pktIterClose()) this.faults.signal(channel);
    } while (fromGuest.endRead() !== 0 && fromGuest.error === undefined);
  }

  private sendOffer(channel: HostChannel): void {
    this.reply(channel.offer);
  }

  private takeBack(channel: HostChannel): void {
    const { channels } = channel.device;
    channels.splice(channels.indexOf(channel), 1);
    if (!this.offersRequested) {
      this.channels.remove(channel.relid);
      return;
    }
    channel.state = { kind: 'rescinded' };
    this.reply({ type: CHANNELMSG.RESCIND_CHANNELOFFER, childRelid: channel.relid });
  }

  private reply(message: ChannelMessage): void {
    this.faults.post(encodeMessage(message));
  }
}
