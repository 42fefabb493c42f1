import type { CpuId, Ns, Relid } from '../lib/brand.js';
import type { Clock } from '../machine/clock.js';
import {
  type CrashReport,
  type GuestPort,
  HV_STATUS_INSUFFICIENT_BUFFERS,
  HV_STATUS_INVALID_CONNECTION_ID,
  HV_STATUS_INVALID_PARAMETER,
  HV_STATUS_SUCCESS,
  type HostPort,
  hvPciDeviceId,
  type MonitorTriggers,
  type RetargetInterrupt,
} from '../vmbus/host-port.js';
import { decodeMessage, encodeMessage, MAX_MESSAGE_BYTES } from '../vmbus/protocol/channel-messages.js';
import type { Guid } from '../vmbus/protocol/guid.js';
import type { SynicPages } from '../vmbus/synic.js';
import { ChannelTraffic } from './channel-traffic.js';
import { ControlPath } from './control-path.js';
import type {
  HostBackend,
  HostChannel,
  HostDevice,
  HostDeviceOptions,
  HostDeviceServices,
} from './device.js';
import { type HostLatency, Latencies } from './latency.js';
import type { HostManners, HostStatuses } from './manners.js';
import type { HostObserver } from './observer.js';
import type { SingleOffer } from './channel-table.js';
import { Misbehaviour } from './misbehave/misbehaviour.js';
import type { OutgoingPacket } from './outgoing.js';
import { HostSchedule } from './schedule.js';
import { SynicSender } from './synic-sender.js';
import type { HostTotals } from './totals.js';
import { Throttle, type ThrottleOptions } from './throttle.js';
import { traceGuestSignal, traceHostModified } from './trace.js';
import { VmbusServer } from './vmbus-server.js';

/** What a host is made of. */
export interface HyperVOptions extends HostLatency {
  readonly manners?: HostManners;
  /** Told of what goes between host and guest; default: nobody. */
  readonly observer?: HostObserver;
  /** Newest protocol version that the host accepts, as on the wire. Default 5.3. */
  readonly version?: number;
  /** Messages of the guest that the host can hold before it deals with them; default: any number. */
  readonly messageBuffers?: number;
  /** Models of device classes; a device without one only takes part in the control protocol. */
  readonly backends?: readonly HostBackend[];
  /** Of what a misbehaving host does at random; default 1. */
  readonly seed?: number;
  /** The host has the feature bit feat_pending_send_sz, as Hyper-V since Windows 8; false: it polls. Default true. */
  readonly pendingSendSz?: boolean;
  /** Suspends a guest that signals without need; default: never. */
  readonly throttle?: ThrottleOptions;
}

/**
 * A Hyper-V host, as far as one guest's VMBus meets it. All it does takes its time and keeps its order.
 *
 *     guest ── postMessage ──▶ ControlPath ──▶ VmbusServer ──▶┐
 *     guest ── signalEvent ──▶ ChannelTraffic ◀──▶ backends ──▶ Misbehaviour ──▶ SynicSender, rings ──▶ guest
 */
export class HyperV implements HostPort, HostDeviceServices {
  /** What the host sends goes through here, which is where it misbehaves on request. */
  readonly faults: Misbehaviour;
  private readonly observer: HostObserver;
  private readonly synic: SynicSender;
  private readonly schedule: HostSchedule;
  private readonly latency: Latencies;
  private readonly server: VmbusServer;
  private readonly control: ControlPath;
  private readonly traffic: ChannelTraffic;

  private guest: GuestPort;
  /** What kernels of the guest have said when they panicked, the latest last. */
  readonly crashes: CrashReport[] = [];

  constructor(clock: Clock, guest: GuestPort, options: HyperVOptions = {}) {
    const { version, backends = [], seed = 1, manners, observer = {}, pendingSendSz, throttle } = options;
    this.observer = observer;
    this.guest = guest;
    this.synic = new SynicSender(guest);
    this.schedule = new HostSchedule(clock);
    this.latency = new Latencies(options);
    this.faults = new Misbehaviour(this.synic, this.schedule, seed);
    this.server = new VmbusServer(
      {
        send: (message) => {
          observer.sent?.(message);
          this.faults.post(encodeMessage(message));
        },
        memory: (pfns) => this.guest.memory.resolve(pfns),
        messageVpChanged: (vp) => {
          this.synic.messageVp = vp;
        },
        guestGone: () => this.synic.forget(),
        opened: (channel) => this.traffic.opened(channel),
        modified: (channel) => {
          traceHostModified(this.guest, channel.relid, channel.targetVp);
          observer.modified?.(channel);
        },
      },
      {
        version,
        manners,
        pendingSendSz,
        backends: new Map(backends.map((backend) => [backend.classId, backend])),
      },
    );
    const { offers } = this.server;
    this.control = new ControlPath(this.server, this.schedule, this.latency, options.messageBuffers);
    const { faults, schedule, latency, totals } = this;
    const suspend = (ns: Ns): void => {
      totals.throttled += 1;
      this.guest.suspend(ns);
    };
    const brake = throttle && new Throttle(clock, throttle, suspend);
    const heard = ({ relid, targetVp }: HostChannel, needless: boolean): void =>
      traceGuestSignal(this.guest, relid, targetVp, needless);
    this.traffic = new ChannelTraffic(offers, faults, schedule, latency, totals, brake, heard);
  }

  /** Another kernel runs in the guest from now on, with its own memory and interrupts. */
  attach(guest: GuestPort): void {
    this.guest = guest;
    this.synic.attach(guest);
  }

  /** The guest is switched off: nothing of what the host had with it is left. */
  guestOff(): void {
    this.synic.off();
    this.server.forgetGuest();
  }

  /** How long the host takes from now on, for what is given. */
  setLatency(latency: HostLatency): void {
    this.latency.set(latency);
  }

  /** How many messages of the guest the host can hold from now on; those that it has stay. */
  setMessageBuffers(count: number): void {
    this.control.buffers = count;
  }

  /** Statuses that the host answers with from now on; those that are not given stay. */
  setStatuses(status: HostStatuses): void {
    this.server.setStatuses(status);
  }

  /** Services of the host that a guest's socket can connect to. */
  get services(): Set<Guid> {
    return this.server.services;
  }

  /** The devices, in the order of their offers. */
  get devices(): HostDevice[] {
    return this.server.offers.devices;
  }

  /** True while the host still answers messages or packets that it got, or has messages that the guest has not taken. */
  get isBusy(): boolean {
    return this.schedule.pending > 0 || this.synic.hasMessages;
  }

  /** What has gone between host and guest so far. */
  get totals(): HostTotals {
    return this.synic.totals;
  }

  /** The channel with this relid, if the host has one. */
  channel(relid: Relid): HostChannel | undefined {
    return this.server.offers.get(relid);
  }

  /** All channels, by relid. */
  allChannels(): Generator<HostChannel, void, void> {
    return this.server.offers[Symbol.iterator]();
  }

  /**
   * Adds a device; it is offered when the guest asks for offers, or at once if it has asked already.
   *
   * @throws RangeError if a relid of its channels is out of range, in use or kept for another device's sub-channels.
   */
  offer(options: HostDeviceOptions): HostDevice {
    return this.server.offers.offer(options);
  }

  /**
   * Offers one channel by itself, a sub-channel too, as it is: a host may do so that has devices of other kinds. Before the
   * guest asks for offers, sub-channels are dropped.
   *
   * @throws RangeError if the relid is out of range.
   */
  offerChannel(offer: SingleOffer): void {
    this.server.offers.offerChannel(offer);
  }

  /**
   * Rescinds a channel; a primary one with its sub-channels.
   *
   * @throws RangeError if the host has no such channel.
   */
  rescind(relid: Relid): void {
    const channel = this.channel(relid);
    if (channel !== undefined)
      for (const going of channel.isPrimary ? channel.device.channels : [channel]) this.traffic.finish(going);
    this.server.offers.rescind(relid);
  }

  /**
   * Gives all devices other relids, as a host does that the guest finds when it wakes up.
   *
   * @param relids new number of each relid that changes; default: all are counted on behind those in use.
   * @throws RangeError while the guest is connected; if two channels would have the same relid, or one a wrong relid.
   */
  moveRelids(relids?: ReadonlyMap<Relid, Relid>): void {
    this.server.moveRelids(relids);
  }

  /**
   * From now on the host takes nothing out of a channel's ring from the guest, or does so again.
   *
   * @throws RangeError if the host has no such channel.
   */
  drain(relid: Relid, on: boolean): void {
    const channel = this.channel(relid);
    if (channel === undefined) throw new RangeError(`the host has no channel ${relid}`);
    this.traffic.drain(channel, on);
  }

  /** Signals an open channel `times` times. @returns how many signals were sent: none unless it is open. */
  signal(relid: Relid, times = 1): number {
    const channel = this.channel(relid);
    if (channel?.state.kind !== 'open') return 0;
    for (let i = 0; i < times; i++) this.faults.signal(channel);
    return times;
  }

  /** The synthetic timer of a VP expires on a host without direct mode: a message tells, unless the VP's synic is off. */
  timerExpired(vp: CpuId): void {
    this.synic.timerExpired(vp);
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

  vpIndex(cpu: CpuId): CpuId {
    return cpu;
  }

  reportCrash(report: CrashReport): void {
    this.crashes.push(report);
  }

  enableSynic(cpu: CpuId, pages: SynicPages): void {
    this.observer.synicSwitched?.(cpu, true);
    this.synic.enable(cpu, pages);
  }

  disableSynic(cpu: CpuId): void {
    this.observer.synicSwitched?.(cpu, false);
    this.synic.disable(cpu);
  }

  endOfMessage(cpu: CpuId): void {
    this.synic.endOfMessage(cpu);
  }

  postMessage(message: Uint8Array, connectionId: number, canSleep = true): number {
    const status = this.statusOfPost(connectionId, canSleep);
    const accepted = status === HV_STATUS_SUCCESS;
    this.observer.posted?.(decodeMessage(message), connectionId, accepted);
    if (accepted) this.control.post(message);
    return status;
  }

  private statusOfPost(connectionId: number, canSleep: boolean): number {
    if (!this.server.hasMessageConnection(connectionId)) return HV_STATUS_INVALID_CONNECTION_ID;
    return canSleep && !this.control.hasRoom ? HV_STATUS_INSUFFICIENT_BUFFERS : HV_STATUS_SUCCESS;
  }

  signalEvent(connectionId: number): void {
    this.observer.signalled?.(connectionId);
    this.traffic.signalled(connectionId);
  }

  monitorTriggered(page: MonitorTriggers): void {
    this.traffic.monitorTriggered(page);
  }

  awaitAnswers(connectionId: number): void {
    this.traffic.answerAtOnce(connectionId);
  }

  retargetInterrupt(request: RetargetInterrupt): number {
    const { deviceId } = request;
    const device = this.devices.find(
      ({ options, backend }) =>
        backend?.retargetInterrupt !== undefined &&
        hvPciDeviceId(options.instanceId, deviceId & 7) === deviceId,
    );
    const known = device?.backend?.retargetInterrupt?.(device, request) ?? false;
    return known ? HV_STATUS_SUCCESS : HV_STATUS_INVALID_PARAMETER;
  }

  // What device models call.

  send(channel: HostChannel, payload: Uint8Array, transactionId: number, ns: Ns, type?: number): void {
    this.traffic.send(channel, payload, transactionId, ns, type);
  }

  put(channel: HostChannel, packets: readonly OutgoingPacket[]): void {
    this.traffic.put(channel, packets);
  }

  later(channel: HostChannel, ns: Ns, action: () => void): void {
    this.traffic.later(channel, ns, action);
  }

  offerSubChannels(primary: HostChannel, count: number, ns: Ns): void {
    this.traffic.offerSubChannels(primary, count, ns);
  }

  maxSubChannels(channel: HostChannel): number {
    return this.traffic.maxSubChannels(channel);
  }
}
