import type { Procedure } from '../../machine/step.js';
import {
  PACKET_DESCRIPTOR_BYTES,
  PACKET_TRAILER_BYTES,
  packetBytes,
  RING_WORD,
  type RingBuffer,
  type RingError,
  type RingHeader,
  ringDistance,
} from './buffer.js';

// Access rules
// - write_index, pending_send_sz and the free part of the data are this side's. It never reads its own index back.
// - read_index and interrupt_mask are the reader's; each read of read_index is checked before it is used.
// - One context writes at a time: the caller holds the channel's ring lock until the write index is committed.

/** What came of a write. */
export const RING_WRITE = {
  /** No room; nothing was written. */
  FULL: 0,
  /** Written, and the reader is going to see it by itself. */
  QUIET: 1,
  /** Written, and the reader must be told. */
  SIGNAL: 2,
} as const;

export type RingWriteResult = (typeof RING_WRITE)[keyof typeof RING_WRITE];

/** Largest payload: the packet's length is counted in a u16 of 8-byte units. */
const MAX_PAYLOAD_BYTES = 0xffff * 8 - PACKET_DESCRIPTOR_BYTES;

/**
 * The producing side of a ring (drivers/hv/ring_buffer.c hv_ringbuffer_write, hv_signal_on_write).
 *
 * Each method named load… or commit… does one access that the reader can interleave with; `write` does them in a
 * row, `writeSteps` yields before each.
 *
 * ```
 * writer                                    reader
 * commit write_index                        interrupt_mask = 0
 * barrier                                   barrier
 * interrupt_mask set?  → no signal          write_index moved?  → read on
 * old write_index == read_index?  → signal
 * ```
 * Forbidden: the writer does not signal and the reader does not read on, though a packet is there.
 *
 * Deviates from Linux in that a read_index that cannot be stops the writer instead of being calculated with.
 */
export class RingWriter {
  /** Signals given because the ring had been empty. */
  intrOutEmpty = 0;
  /** Writes that found no room. */
  outFullTotal = 0;
  /** Those of them that were the first since the last write that found room. */
  outFullFirst = 0;
  /** Set for good once the reader's index was nonsense: nothing is written any more. */
  error: RingError | undefined = undefined;
  private readonly dataBytes: number;
  /** Where the next packet begins; ahead of the shared write_index until it is committed. */
  private writeIndex: number;
  /** Where the packet written last began. */
  private oldWriteIndex: number;
  private readIndex: number;
  private interruptMask = 0;
  private outFull = false;

  /**
   * @param header access to the header words, unless plain. The ring must be empty.
   * @param onError is told, once, that the reader's index is nonsense.
   */
  constructor(
    readonly ring: RingBuffer,
    private readonly header: RingHeader = ring,
    private readonly onError?: (error: RingError) => void,
  ) {
    this.dataBytes = ring.dataBytes;
    const index = ring.load(RING_WORD.WRITE_INDEX);
    if (index >= this.dataBytes) this.fail('write-index-out-of-range');
    else if ((index & 7) !== 0) this.fail('write-index-unaligned');
    this.writeIndex = this.error === undefined ? index : 0;
    this.oldWriteIndex = this.writeIndex;
    // An empty ring: the reader starts where this side does.
    this.readIndex = this.writeIndex;
  }

  /**
   * Writes one packet and decides whether the reader must be told.
   *
   * @param type VM_PKT number.
   * @param flags packet flags, e.g. COMPLETION_REQUESTED.
   * @param transactionId a safe integer.
   * @param rangeBytes how much of the payload's beginning names memory and belongs to the descriptor: a multiple of 8.
   */
  write(
    type: number,
    flags: number,
    transactionId: number,
    payload: Uint8Array,
    rangeBytes = 0,
  ): RingWriteResult {
    this.loadReadIndex();
    if (!this.place(type, flags, transactionId, payload, rangeBytes)) return RING_WRITE.FULL;
    this.commitWriteIndex();
    this.loadInterruptMask();
    if (this.masked) return RING_WRITE.QUIET;
    this.loadReadIndex();
    return this.decideSignal();
  }

  /** The same, yielding before each access. */
  *writeSteps(
    type: number,
    flags: number,
    transactionId: number,
    payload: Uint8Array,
  ): Procedure<RingWriteResult> {
    const { header } = this;
    yield header.readStep(RING_WORD.READ_INDEX);
    this.loadReadIndex();
    if (!this.place(type, flags, transactionId, payload)) return RING_WRITE.FULL;
    yield header.writeStep(RING_WORD.WRITE_INDEX);
    this.commitWriteIndex();
    if (header.barrierStep !== undefined) yield header.barrierStep;
    yield header.readStep(RING_WORD.INTERRUPT_MASK);
    this.loadInterruptMask();
    if (this.masked) return RING_WRITE.QUIET;
    yield header.readStep(RING_WORD.READ_INDEX);
    this.loadReadIndex();
    return this.decideSignal();
  }

  /**
   * Asks the reader for a signal once a packet of `payloadBytes` fits, then looks once more: without the second look
   * room made before the request was seen would never be told of.
   *
   * @returns true if there is room now, and nothing to wait for (set_channel_pending_send_size counts the full ring).
   */
  requestRoom(payloadBytes: number): boolean {
    this.countFull();
    this.commitPendingSendSz(packetBytes(payloadBytes));
    this.loadReadIndex();
    return this.hasRoom(payloadBytes);
  }

  /** The same, yielding before each access. */
  *requestRoomSteps(payloadBytes: number): Procedure<boolean> {
    const { header } = this;
    this.countFull();
    yield header.writeStep(RING_WORD.PENDING_SEND_SZ);
    this.commitPendingSendSz(packetBytes(payloadBytes));
    if (header.barrierStep !== undefined) yield header.barrierStep;
    yield header.readStep(RING_WORD.READ_INDEX);
    this.loadReadIndex();
    return this.hasRoom(payloadBytes);
  }

  /** One access: how much room the reader is to signal; 0 for none (set_channel_pending_send_size). */
  commitPendingSendSz(bytes: number): void {
    if (bytes === 0) this.outFull = false;
    this.header.store(RING_WORD.PENDING_SEND_SZ, bytes);
  }

  /** One access: how far the reader has come. Nonsense sets `error`. */
  loadReadIndex(): void {
    const index = this.header.load(RING_WORD.READ_INDEX);
    const { readIndex, dataBytes } = this;
    if (index >= dataBytes) this.fail('read-index-out-of-range');
    else if ((index & 7) !== 0) this.fail('read-index-unaligned');
    else if (
      ringDistance(readIndex, index, dataBytes) > ringDistance(readIndex, this.writeIndex, dataBytes)
    ) {
      this.fail('read-index-went-ahead');
    } else this.readIndex = index;
  }

  /** True if a packet with this payload fits, as of the last loadReadIndex. Filling the ring to the last byte does not. */
  hasRoom(payloadBytes: number): boolean {
    if (this.error !== undefined) return false;
    return (
      this.dataBytes - ringDistance(this.readIndex, this.writeIndex, this.dataBytes) >
      packetBytes(payloadBytes)
    );
  }

  /**
   * Copies a packet to where the next one begins, if there is room as of the last loadReadIndex. The reader does not
   * look there before the write index is committed.
   */
  place(type: number, flags: number, transactionId: number, payload: Uint8Array, rangeBytes = 0): boolean {
    const payloadBytes = payload.length;
    if (payloadBytes > MAX_PAYLOAD_BYTES)
      throw new RangeError(`no packet holds ${payloadBytes} payload bytes`);
    if (!this.hasRoom(payloadBytes)) {
      this.countFull();
      return false;
    }
    this.outFull = false;
    const start = this.writeIndex;
    const lengthBytes = packetBytes(payloadBytes) - PACKET_TRAILER_BYTES;
    const { dataView: view } = this.ring;
    view.setUint16(start, type, true);
    view.setUint16(start + 2, (PACKET_DESCRIPTOR_BYTES + rangeBytes) >> 3, true);
    view.setUint16(start + 4, lengthBytes >> 3, true);
    view.setUint16(start + 6, flags, true);
    const second = this.wrap(start + 8);
    view.setUint32(second, transactionId >>> 0, true);
    view.setUint32(second + 4, Math.floor(transactionId / 2 ** 32), true);
    this.copyIn(this.wrap(second + 8), payload, lengthBytes - PACKET_DESCRIPTOR_BYTES);
    const trailer = this.wrap(start + lengthBytes);
    view.setUint32(trailer, 0, true);
    view.setUint32(trailer + 4, start, true);
    this.oldWriteIndex = start;
    this.writeIndex = this.wrap(trailer + PACKET_TRAILER_BYTES);
    return true;
  }

  /** One access: the reader may look at the packet placed last. */
  commitWriteIndex(): void {
    this.header.store(RING_WORD.WRITE_INDEX, this.writeIndex);
  }

  /** One access: whether the reader wants no signals. To be looked at before the read index. */
  loadInterruptMask(): void {
    this.interruptMask = this.header.load(RING_WORD.INTERRUPT_MASK);
  }

  /** True if the reader wanted no signals at the last loadInterruptMask. */
  get masked(): boolean {
    return this.interruptMask !== 0;
  }

  /** Whether the ring was empty before the packet written last, as of the last loadReadIndex; counts the signal. */
  decideSignal(): RingWriteResult {
    if (this.oldWriteIndex !== this.readIndex) return RING_WRITE.QUIET;
    this.intrOutEmpty += 1;
    return RING_WRITE.SIGNAL;
  }

  private fail(error: RingError): void {
    if (this.error !== undefined) return;
    this.error = error;
    this.onError?.(error);
  }

  private countFull(): void {
    this.outFullTotal += 1;
    if (this.outFull) return;
    this.outFull = true;
    this.outFullFirst += 1;
  }

  private copyIn(at: number, payload: Uint8Array, paddedBytes: number): void {
    const { data } = this.ring;
    const { dataBytes } = this;
    if (at + paddedBytes <= dataBytes) {
      data.set(payload, at);
      data.fill(0, at + payload.length, at + paddedBytes);
      return;
    }
    for (let i = 0; i < paddedBytes; i++) {
      data[at] = i < payload.length ? payload[i] : 0;
      at = at + 1 === dataBytes ? 0 : at + 1;
    }
  }

  private wrap(index: number): number {
    return index >= this.dataBytes ? index - this.dataBytes : index;
  }
}
