import { RING_WRITE, type RingBuffer, type RingWriteResult, type RingWriter } from '../vmbus/ring/index.js';

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
    if (this.waiting.length === 0) {
      const result = this.place(packet);
      if (result !== RING_WRITE.FULL) {
        this.askNoMore();
        return result === RING_WRITE.SIGNAL;
      }
    }
    this.waiting.push(packet);
    if (this.waiting.length === 1 && !this.mayAsk) this.poll();
    return false;
  }

  /** Writes what there is room for now. @returns true if the guest must be signalled. */
  flush(): boolean {
    const { waiting } = this;
    let signal = false;
    let written = 0;
    for (; written < waiting.length; written++) {
      const result = this.place(waiting[written]);
      if (result === RING_WRITE.FULL) break;
      if (result === RING_WRITE.SIGNAL) signal = true;
    }
    if (written === waiting.length) {
      this.askNoMore();
      waiting.length = 0;
    } else {
      if (written > 0) this.waiting = waiting.slice(written);
      if (!this.mayAsk) this.poll();
    }
    return signal;
  }

  private place({ type, transactionId, payload }: OutgoingPacket): RingWriteResult {
    const { ring } = this;
    const result = ring.write(type, 0, transactionId, payload);
    if (result !== RING_WRITE.FULL || !this.mayAsk) return result;
    this.asked = true;
    // The second look of requestRoom may find that the guest has just read.
    return ring.requestRoom(payload.length) ? ring.write(type, 0, transactionId, payload) : result;
  }

  private askNoMore(): void {
    if (this.asked) this.ring.commitPendingSendSz(0);
    this.asked = false;
  }

  private get mayAsk(): boolean {
    return this.ring.ring.hasFlowControl && this.fromGuest.hasFlowControl;
  }
}
