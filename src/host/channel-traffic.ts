import type { Ns } from '../lib/brand.js';
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
  constructor(
    private readonly offers: Offers,
    private readonly faults: Misbehaviour,
    private readonly schedule: HostSchedule,
    private readonly latency: Latencies,
    private readonly totals: HostTotals,
    private readonly throttle: Throttle | undefined,
  ) {}

  /** The guest signals a channel. */
  signalled(connectionId: number): void {
    const channel = this.offers.ofConnection(connectionId);
    if (channel === undefined) return;
    this.totals.guestSignals += 1;
    if (!channel.hasWork) {
      this.totals.needlessSignals += 1;
      this.throttle?.needlessSignal();
    }
    this.readSoon(channel);
  }

  /** The guest has opened a channel. It may have filled the ring, and signalled, before the ring was mapped. */
  opened(channel: HostChannel): void {
    this.pollWhenFull(channel);
    channel.device.backend?.opened?.(channel, this);
    if (channel.hasWork) this.readSoon(channel);
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
    outgoing.poll = () => {
      if (isPolling) return;
      isPolling = true;
      this.schedule.inBackground(this.latency.pollNs, () => {
        isPolling = false;
        if (channel.state === state && outgoing.flush()) this.faults.signal(channel);
      });
    };
  }

  private readSoon(channel: HostChannel): void {
    const read = () => this.readPackets(channel);
    if (channel.device.carriesTraffic) this.schedule.inBackground(this.latency.messageNs, read);
    else this.schedule.after(this.latency.messageNs, read);
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
}
