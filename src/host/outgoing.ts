import { RING_WRITE, type RingBuffer, type RingWriter } from '../vmbus/ring/index.js';

/** A packet for the guest. */
export interface OutgoingPacket {
  /** VM_PKT number. */
  readonly type: number;
  readonly transactionId: number;
  readonly payload: Uint8Array;
}

/**
 * Packets on their way into the ring to the guest. Those that find no room wait: where both sides have their feature
 * bits the guest is asked to signal once there is room (pending_send_sz), else the host polls.
 */
export class OutgoingPackets {
  private waiting: OutgoingPacket[] = [];
  /** The guest has been asked to signal. */
  private asked = false;
  /** Has the ring looked at again after a while; does nothing until the host has somebody who does. */
  poll = (): void => {};

  /** @param fromGuest the other ring, in which the guest says whether it signals. */
  constructor(
    private readonly ring: RingWriter,
    private readonly fromGuest: RingBuffer,
  ) {}

  /** Number of packets that wait for room. */
  get blocked(): number {
    return this.waiting.length;
  }

  /** True if a packet waits for room and has it now. */
  get canGoOn(): boolean {
    const { ring, waiting } = this;
    if (waiting.length === 0) return false;
    ring.loadReadIndex();
    return ring.hasRoom(waiting[0].payload.length);
  }

  /** Writes a packet, or lets it wait behind others. @returns true if the guest must be signalled. */
  write(packet: OutgoingPacket): boolean {
    this.waiting.push(packet);
    return this.waiting.length === 1 && this.flush();
  }

  /** Writes what there is room for now. @returns true if the guest must be signalled. */
  flush(): boolean {
    const { ring, waiting } = this;
    let signal = false;
    let written = 0;
    for (; written < waiting.length; written++) {
      const { type, transactionId, payload } = waiting[written];
      let result = ring.write(type, 0, transactionId, payload);
      // The second look of requestRoom may find that the guest has just read.
      if (result === RING_WRITE.FULL && this.mayAsk) {
        this.asked = true;
        if (ring.requestRoom(payload.length)) result = ring.write(type, 0, transactionId, payload);
      }
      if (result === RING_WRITE.FULL) break;
      if (result === RING_WRITE.SIGNAL) signal = true;
    }
    if (written === waiting.length) {
      if (this.asked) ring.commitPendingSendSz(0);
      this.asked = false;
      waiting.length = 0;
    } else {
      if (written > 0) this.waiting = waiting.slice(written);
      if (!this.mayAsk) this.poll();
    }
    return signal;
  }

  private get mayAsk(): boolean {
    return this.ring.ring.hasFlowControl && this.fromGuest.hasFlowControl;
  }
}
