import type { Ns } from '../lib/brand.js';
import type { HostChannel, HostDeviceServices } from './device.js';
import type { OutgoingPacket } from './outgoing.js';

/** How long a device may hold packets back in order to interrupt the guest once for several. */
export interface BatchOptions {
  /** So many packets go at once, however long the first has waited. Default 1: none waits. */
  readonly count?: number;
  /** So long a packet waits for others at most, in ns. Default 0: only what is ready at the same time goes together. */
  readonly waitNs?: Ns;
}

/** Packets for one open channel that go into its ring together. */
export class Batch {
  private packets: OutgoingPacket[] = [];
  private readonly count: number;
  private readonly waitNs: Ns;

  constructor(
    private readonly channel: HostChannel,
    private readonly services: HostDeviceServices,
    { count = 1, waitNs = 0 }: BatchOptions,
  ) {
    this.count = count;
    this.waitNs = waitNs;
  }

  /** Takes a packet that is ready for the guest. */
  add(packet: OutgoingPacket): void {
    const { packets } = this;
    packets.push(packet);
    if (packets.length >= this.count) this.flush();
    else if (packets.length === 1) this.flushLater(packets);
  }

  private flushLater(packets: readonly OutgoingPacket[]): void {
    this.services.later(this.channel, this.waitNs, () => {
      // Otherwise these have gone, because they were enough.
      if (packets === this.packets) this.flush();
    });
  }

  private flush(): void {
    const { packets } = this;
    this.packets = [];
    this.services.put(this.channel, packets);
  }
}

/** The batches of a device class, one for each time that a channel was opened. */
export class Batches {
  private readonly batches = new WeakMap<HostChannel['state'], Batch>();

  constructor(private readonly options: BatchOptions) {}

  of(channel: HostChannel, services: HostDeviceServices): Batch {
    let batch = this.batches.get(channel.state);
    if (batch === undefined) {
      batch = new Batch(channel, services, this.options);
      this.batches.set(channel.state, batch);
    }
    return batch;
  }
}
