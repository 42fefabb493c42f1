import { JIFFY_NS } from '../../machine/jiffies.js';
import type { WaitQueue } from '../../machine/completion.js';
import type { Procedure } from '../../machine/step.js';
import { FEATURE_PENDING_SEND_SZ, type RingBuffer } from '../ring/buffer.js';
import type { RingWriter } from '../ring/writer.js';

/**
 * What the guest does about full rings: a plug-in point of the design. Each side owns the feature bit of the ring that
 * it writes, and says by it two things: that it sets pending_send_sz there when it waits for room, and that it reads
 * the other ring's and signals when it has made room. A side without its bit polls, and does not signal for room.
 */
export interface FlowControl {
  /** Makes both rings of a channel empty. */
  initRings(outbound: RingBuffer, inbound: RingBuffer): void;
  /** The guest signals a host that waits for room in the ring to the guest. */
  readonly signalsRoom: boolean;
  /** The host is to signal once a packet of `payloadBytes` fits. */
  requestRoom(ring: RingWriter, payloadBytes: number): void;
  /** Waits until there is room in the ring to the host; `room` is woken when the host signals. */
  awaitRoom(room: WaitQueue): Procedure<void>;
}

/** Linux since 4.1: its bit is set. Both rings are made by the guest, with the bit of each (hv_ringbuffer_init). */
export class PendingSendSz implements FlowControl {
  readonly signalsRoom = true;

  initRings(outbound: RingBuffer, inbound: RingBuffer): void {
    outbound.init();
    inbound.init();
  }

  requestRoom(ring: RingWriter, payloadBytes: number): void {
    ring.requestRoom(payloadBytes);
  }

  awaitRoom(room: WaitQueue): Procedure<void> {
    return room.wait();
  }
}

/** A guest without its bit looks at a full ring once a tick, and does not look at what the host waits for. */
export class PollsForRoom implements FlowControl {
  readonly signalsRoom = false;

  initRings(outbound: RingBuffer, inbound: RingBuffer): void {
    outbound.init(0);
    inbound.init(FEATURE_PENDING_SEND_SZ);
  }

  requestRoom(): void {}

  *awaitRoom(room: WaitQueue): Procedure<void> {
    while (!(yield* room.waitTimeout(JIFFY_NS)));
  }
}
