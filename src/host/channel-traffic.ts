import type { Ns } from '../lib/brand.js';
import type { ClockEvent } from '../machine/clock.js';
import type { MonitorTriggers } from '../vmbus/host-port.js';
import type { RingReader } from '../vmbus/ring/index.js';
import type { HostChannel, HostDeviceServices } from './device.js';
import type { Latencies } from './latency.js';
import type { Misbehaviour } from './misbehave/misbehaviour.js';
import type { Offers } from './offers.js';
import type { OutgoingPacket } from './outgoing.js';
import type { HostSchedule } from './schedule.js';
import type { Throttle } from './throttle.js';
import type { HostTotals } from './totals.js';

/** What goes over channels: packets and signals between the guest's drivers and the models of its devices. */
export class ChannelTraffic implements HostDeviceServices {
  /** Pages of monitors that the host is going to look at. */
  private readonly monitorPages = new Set<MonitorTriggers>();
  /** The guest waits for this channel's answers, and lets no time go by. */
  private awaited: HostChannel | undefined;

  constructor(
    private readonly offers: Offers,
    private readonly faults: Misbehaviour,
    private readonly schedule: HostSchedule,
    private readonly latency: Latencies,
    private readonly totals: HostTotals,
    private readonly throttle: Throttle | undefined,
    /** Is told of each signal of the guest, and whether there was nothing to come for. */
    private readonly heard: (channel: HostChannel, needless: boolean) => void,
  ) {}

  /** The guest signals a channel. */
  signalled(connectionId: number): void {
    const channel = this.offers.ofConnection(connectionId);
    if (channel === undefined) return;
    this.totals.guestSignals += 1;
    const needless = !channel.hasWork;
    this.heard(channel, needless);
    if (needless) {
      this.totals.needlessSignals += 1;
      this.throttle?.needlessSignal();
    }
    this.faults.guestSignal(channel, this.hear);
  }

  /** The host looks at a page of monitors, and at the channels whose bits are set; those bits are free again. */
  monitorTriggered(page: MonitorTriggers): void {
    if (this.monitorPages.has(page)) return;
    this.monitorPages.add(page);
    const look = (): void => {
      this.monitorPages.delete(page);
      for (const channel of this.offers) {
        const { monitorAllocated, monitorId } = channel.offer;
        if (monitorAllocated && page.take(monitorId)) this.readPackets(channel);
      }
    };
    this.schedule.inBackground(this.latency.pollNs, { fire: look });
  }

  /** The signal has come through; the host hears it once there is somebody to. */
  private readonly hear = (channel: HostChannel): void => {
    if (this.schedule.now < channel.hearsFromNs) this.totals.lostGuestSignals += 1;
    else this.readSoon(channel);
  };

  /** From now on the host takes nothing out of the ring from the guest, or does so again. */
  drain(channel: HostChannel, on: boolean): void {
    channel.isDrained = on;
    if (on && channel.hasWork) this.readSoon(channel);
  }

  /** The guest waits for answers without letting time go by: what it has asked is answered now. */
  answerAtOnce(connectionId: number): void {
    this.awaited = this.offers.ofConnection(connectionId);
    try {
      if (this.awaited !== undefined) this.readPackets(this.awaited);
    } finally {
      this.awaited = undefined;
    }
  }

  /** The guest has opened a channel. It may have filled the ring, and signalled, before the ring was mapped. */
  opened(channel: HostChannel): void {
    channel.hearsFromNs = this.schedule.now + this.latency.eventPortNs;
    this.pollWhenFull(channel);
    channel.device.backend?.opened?.(channel, this);
    if (channel.hasWork) this.readSoon(channel);
  }

  /**
   * The host is about to take a channel back, and first ends what the guest has asked of it there: the packets that the
   * guest has sent are read, and all are completed at once. (KMCL, by which Hyper-V's device models use VMBus, lets no
   * channel go before.)
   */
  finish(channel: HostChannel): void {
    if (channel.state.kind !== 'open') return;
    this.readPackets(channel);
    if (channel.state.kind === 'open') channel.state.outstanding.finish();
  }

  // What device models call.

  send(channel: HostChannel, payload: Uint8Array, transactionId: number, ns: Ns, type?: number): void {
    const sending = outstanding(channel, () => this.faults.packet(channel, payload, transactionId, type));
    if (channel === this.awaited) sending.fire();
    else this.schedule.after(ns, () => sending.fire());
  }

  put(channel: HostChannel, packets: readonly OutgoingPacket[]): void {
    this.faults.put(channel, packets);
  }

  later(channel: HostChannel, ns: Ns, action: () => void): void {
    channel.device.carriesTraffic = true;
    this.schedule.inBackground(ns, outstanding(channel, action));
  }

  offerSubChannels(primary: HostChannel, count: number, ns: Ns): void {
    const { state, device } = primary;
    this.schedule.after(ns, () => {
      if (primary.state === state) this.offers.offerSubChannels(device, count);
    });
  }

  maxSubChannels(channel: HostChannel): number {
    return channel.device.subChannelRelids.length;
  }

  /** Where nobody signals for room the host looks at a full ring again and again; nobody waits for that. */
  private pollWhenFull(channel: HostChannel): void {
    const { state } = channel;
    if (state.kind !== 'open') return;
    const { outgoing } = state;
    let isPolling = false;
    const look = (): void => {
      isPolling = false;
      if (channel.state === state && outgoing.flush()) this.faults.signal(channel);
    };
    outgoing.poll = () => {
      if (isPolling) return;
      isPolling = true;
      this.schedule.inBackground(this.latency.pollNs, { fire: look });
    };
  }

  private readSoon(channel: HostChannel): void {
    const read = () => this.readPackets(channel);
    if (channel.device.carriesTraffic) this.schedule.inBackground(this.latency.messageNs, { fire: read });
    else this.schedule.after(this.latency.messageNs, read);
  }

  private readPackets(channel: HostChannel): void {
    if (channel.state.kind !== 'open') return;
    const { fromGuest, outgoing } = channel.state;
    // The guest signals for both rings alike.
    if (outgoing.blocked > 0 && outgoing.flush()) this.faults.signal(channel);
    if (!channel.isDrained) return;
    do {
      fromGuest.beginRead();
      while (fromGuest.next()) this.take(channel, fromGuest);
      if (fromGuest.pktIterClose()) this.faults.signal(channel);
    } while (fromGuest.endRead() !== 0 && fromGuest.error === undefined);
  }

  /** Hands the packet read last over to the model of its device. */
  private take(channel: HostChannel, fromGuest: RingReader): void {
    const { backend } = channel.device;
    if (backend?.packetInRing?.(channel, fromGuest, this)) return;
    const payload = fromGuest.payload();
    backend?.packet?.(channel, { transactionId: fromGuest.transactionId, payload }, this);
  }
}

/** @returns what does `action` in its turn, if the channel is open. */
function outstanding(channel: HostChannel, action: () => void): ClockEvent {
  const { state } = channel;
  return state.kind === 'open' ? state.outstanding.add(channel, action) : nothing;
}

const nothing: ClockEvent = { fire: () => {} };
