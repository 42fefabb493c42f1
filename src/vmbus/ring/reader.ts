import type { Procedure } from '../../machine/step.js';
import {
  FEATURE_PENDING_SEND_SZ,
  PACKET_DESCRIPTOR_BYTES,
  PACKET_TRAILER_BYTES,
  RING_WORD,
  type RingBuffer,
  type RingError,
  type RingHeader,
  ringDistance,
  VM_PKT_FIRST,
  VM_PKT_LAST,
} from './buffer.js';
import { ReadPendingWrite, type RingOrder } from '../variants/ring-order.js';

const linuxOrder = new ReadPendingWrite();

// Access rules
// - read_index, interrupt_mask and the filled part of the data are this side's. It never reads its own words back.
// - write_index and pending_send_sz are the writer's. Every write_index, and every packet's descriptor and trailer,
//   is read once, checked, and kept in a field; nothing is read a second time after its check.
// - One context reads at a time: the channel's tasklet, or whoever has the channel to itself.

/**
 * The consuming side of a ring (drivers/hv/ring_buffer.c hv_pkt_iter_first, __hv_pkt_iter_next, hv_pkt_iter_close;
 * include/linux/hyperv.h hv_begin_read, hv_end_read). The packet read last lies in the reader's fields, so that
 * reading makes no objects; its bytes stay valid until pktIterClose.
 *
 * Each method named load… or commit… does one access that the writer can interleave with. The plain procedures do
 * them in a row; those named …Steps yield before each.
 *
 * Deviates from Linux in that a packet or index that cannot be is refused for good and named in `error`; Linux cuts
 * a wrong length down to what there is, and goes on.
 */
export class RingReader {
  /** VM_PKT number of the packet read last. */
  type = 0;
  flags = 0;
  /** Exact up to 2^53; an id above that, which no guest gave out, is rounded. */
  transactionId = 0;
  /** Index of the payload's first byte in the ring's data; the payload may wrap. */
  payloadOffset = 0;
  /** Payload bytes, padding included. */
  payloadLength = 0;
  /** Signals given because the writer waited for room. */
  intrInFull = 0;
  /** Set for good once the writer has lied: nothing is read any more. */
  error: RingError | undefined = undefined;
  private readonly dataBytes: number;
  /** The shared read_index: where the packets begin that the writer must leave alone. */
  private readIndex: number;
  /** Where the next packet begins (priv_read_index). */
  private nextIndex: number;
  /** read_index before the last commit. */
  private startReadIndex: number;
  private writeIndex = 0;
  private pendingSendSz = 0;

  /**
   * @param header access to the header words, unless plain. The ring must have been initialised.
   * @param onError is told, once, that the writer has lied.
   * @param order of this side's accesses when it frees room and when it stops reading.
   */
  constructor(
    readonly ring: RingBuffer,
    readonly header: RingHeader = ring,
    private readonly onError?: (error: RingError) => void,
    private readonly order: RingOrder = linuxOrder,
  ) {
    this.dataBytes = ring.dataBytes;
    const index = ring.load(RING_WORD.READ_INDEX);
    if (index >= this.dataBytes) this.fail('read-index-out-of-range');
    else if ((index & 7) !== 0) this.fail('read-index-unaligned');
    this.readIndex = this.error === undefined ? index : 0;
    this.nextIndex = this.readIndex;
    this.startReadIndex = this.readIndex;
  }

  /** Reads the next packet into the fields. @returns false if there is none, or none that can be. */
  next(): boolean {
    this.loadWriteIndex();
    return this.takePacket();
  }

  /** The same, yielding before the access. */
  *nextSteps(): Procedure<boolean> {
    yield this.header.readStep(RING_WORD.WRITE_INDEX);
    this.loadWriteIndex();
    return this.takePacket();
  }

  /** Copies the payload of the packet read last, as far as it fits. @returns how many bytes were copied. */
  copyPayload(target: Uint8Array): number {
    const { data } = this.ring;
    const bytes = Math.min(target.length, this.payloadLength);
    let at = this.payloadOffset;
    for (let i = 0; i < bytes; i++) {
      target[i] = data[at];
      at = at + 1 === this.dataBytes ? 0 : at + 1;
    }
    return bytes;
  }

  /** Little-endian word of the payload at byte `at`, a multiple of 4. @throws RangeError outside the payload. */
  payloadU32(at: number): number {
    if (at < 0 || at + 4 > this.payloadLength || (at & 3) !== 0) {
      throw new RangeError(`no word at byte ${at} of a payload of ${this.payloadLength}`);
    }
    return this.ring.dataView.getUint32(this.wrap(this.payloadOffset + at), true);
  }

  /** No signals for new packets while they are being read anyway (hv_begin_read). */
  beginRead(): void {
    this.commitInterruptMask(1);
  }

  /** The same, yielding before the access. */
  *beginReadSteps(): Procedure<void> {
    const { header } = this;
    yield header.writeStep(RING_WORD.INTERRUPT_MASK);
    this.commitInterruptMask(1);
    if (header.barrierStep !== undefined) yield header.barrierStep;
  }

  /**
   * Signals again from now on (hv_end_read). A packet written while they were off was not told of, so there must be
   * a second look after the mask is off (RingWriter shows the other side).
   *
   * @returns bytes that came in meanwhile; not 0 means: read on.
   */
  endRead(): number {
    return this.order.endRead(this);
  }

  /** The same, yielding before each access. */
  endReadSteps(): Procedure<number> {
    return this.order.endReadSteps(this);
  }

  /**
   * Frees the packets read so far and decides whether the writer must be told (hv_pkt_iter_close).
   *
   * ```
   * reader                                    writer, finding the ring full
   * commit read_index                         pending_send_sz = size
   * barrier                                   barrier
   * pending_send_sz == 0?  → no signal        read_index moved far enough?  → write
   * read write_index
   * free ≤ size before, > size now?  → signal   else sleep until signalled
   * ```
   * Forbidden: the reader does not signal and the writer sleeps, though there is room. Any other order of the
   * reader's accesses allows it, or signals without need.
   */
  pktIterClose(): boolean {
    return this.order.pktIterClose(this);
  }

  /** The same, yielding before each access. The feature bit does not change while the ring is in use. */
  pktIterCloseSteps(): Procedure<boolean> {
    return this.order.pktIterCloseSteps(this);
  }

  /** One access: the writer may use the room of the packets read so far. */
  commitReadIndex(): void {
    this.startReadIndex = this.readIndex;
    this.readIndex = this.nextIndex;
    this.header.store(RING_WORD.READ_INDEX, this.readIndex);
  }

  /** True if the writer sets pending_send_sz when the ring is full; otherwise it polls and wants no signals. */
  writerWaitsForSignals(): boolean {
    return (this.header.load(RING_WORD.FEATURE_BITS) & FEATURE_PENDING_SEND_SZ) !== 0;
  }

  /** One access: how much room the writer waits for. To be looked at before the write index. */
  loadPendingSendSz(): void {
    this.pendingSendSz = this.header.load(RING_WORD.PENDING_SEND_SZ);
  }

  /** True if the writer waited for room at the last loadPendingSendSz. */
  get writerBlocked(): boolean {
    return this.pendingSendSz !== 0;
  }

  /** One access: how far the writer has come. Nonsense sets `error`. */
  loadWriteIndex(): void {
    const index = this.header.load(RING_WORD.WRITE_INDEX);
    const { readIndex, dataBytes } = this;
    if (index >= dataBytes) this.fail('write-index-out-of-range');
    else if ((index & 7) !== 0) this.fail('write-index-unaligned');
    else if (ringDistance(readIndex, index, dataBytes) < ringDistance(readIndex, this.nextIndex, dataBytes)) {
      this.fail('write-index-went-back');
    } else this.writeIndex = index;
  }

  /** One access: whether the writer is to signal new packets. */
  commitInterruptMask(mask: 0 | 1): void {
    this.header.store(RING_WORD.INTERRUPT_MASK, mask);
  }

  /**
   * Whether the last commitReadIndex took the free space from not enough to enough, as of the last loadPendingSendSz
   * and loadWriteIndex; counts the signal. Exactly enough is not enough: the ring would be full to the last byte.
   *
   * @param spareBytes that have to be free beyond what the writer waits for.
   */
  decideSignal(spareBytes = 1): boolean {
    if (this.error !== undefined) return false;
    const { dataBytes, pendingSendSz } = this;
    const free = dataBytes - ringDistance(this.readIndex, this.writeIndex, dataBytes);
    const freed = ringDistance(this.startReadIndex, this.readIndex, dataBytes);
    const enough = pendingSendSz + spareBytes;
    if (free - freed >= enough) return false;
    if (free < enough) return false;
    this.intrInFull += 1;
    return true;
  }

  /** A signal that no decision stands behind; counted all the same. */
  signalAnyway(): boolean {
    this.intrInFull += 1;
    return true;
  }

  /** Bytes behind the packet read last, as of the last loadWriteIndex; 0 for a broken ring, where waiting is useless. */
  get unread(): number {
    return this.error === undefined ? ringDistance(this.nextIndex, this.writeIndex, this.dataBytes) : 0;
  }

  /** Checks the packet at nextIndex and puts it into the fields. */
  private takePacket(): boolean {
    const available = this.unread;
    if (available === 0) return false;
    if (available < PACKET_DESCRIPTOR_BYTES + PACKET_TRAILER_BYTES) return this.refuse('packet-length');
    const start = this.nextIndex;
    const { dataView: view } = this.ring;
    const type = view.getUint16(start, true);
    const offsetBytes = view.getUint16(start + 2, true) << 3;
    const lengthBytes = view.getUint16(start + 4, true) << 3;
    if (type < VM_PKT_FIRST || type > VM_PKT_LAST) return this.refuse('packet-type');
    if (lengthBytes < PACKET_DESCRIPTOR_BYTES || lengthBytes + PACKET_TRAILER_BYTES > available) {
      return this.refuse('packet-length');
    }
    if (offsetBytes < PACKET_DESCRIPTOR_BYTES || offsetBytes > lengthBytes)
      return this.refuse('packet-data-offset');
    const trailer = this.wrap(start + lengthBytes);
    if (view.getUint32(trailer + 4, true) !== start) return this.refuse('packet-trailer');
    const second = this.wrap(start + 8);
    this.type = type;
    this.flags = view.getUint16(start + 6, true);
    this.transactionId = view.getUint32(second + 4, true) * 2 ** 32 + view.getUint32(second, true);
    this.payloadOffset = this.wrap(start + offsetBytes);
    this.payloadLength = lengthBytes - offsetBytes;
    this.nextIndex = this.wrap(trailer + PACKET_TRAILER_BYTES);
    return true;
  }

  private refuse(reason: RingError): false {
    this.fail(reason);
    return false;
  }

  private fail(error: RingError): void {
    if (this.error !== undefined) return;
    this.error = error;
    this.onError?.(error);
  }

  private wrap(index: number): number {
    return index >= this.dataBytes ? index - this.dataBytes : index;
  }
}
