import { assert } from '../../lib/assert.js';
import { SharedWord, type Step } from '../../machine/step.js';

// A ring as both sides map it (include/linux/hyperv.h struct hv_ring_buffer):
//
//   byte 0      write_index         written by the producer
//        4      read_index          written by the consumer
//        8      interrupt_mask      written by the consumer: no signals for new data, please
//       12      pending_send_sz     written by the producer: signal me once more than this is free
//       16      12 reserved words
//       64      feature bits        bit 0: the side that produces into this ring knows pending_send_sz
//     4096      data, a whole number of pages
//
// Indexes are byte offsets into the data, always multiples of 8. Equal indexes mean an empty ring, so one that is
// full to the last byte cannot be told from an empty one and is never made.
//
//   0          read_index           write_index          dataBytes
//   |   free   |  packet | packet | packet |   free      |

/** Bytes of the header page, and of each page of data. */
export const RING_PAGE_BYTES = 4096;
/** Bytes of a packet's descriptor (include/linux/hyperv.h struct vmpacket_descriptor). */
export const PACKET_DESCRIPTOR_BYTES = 16;
/** Bytes behind a packet that say where it began (drivers/hv/ring_buffer.c VMBUS_PKT_TRAILER). */
export const PACKET_TRAILER_BYTES = 8;

/** Words of the header page that the protocol uses, by their index. */
export const RING_WORD = {
  WRITE_INDEX: 0,
  READ_INDEX: 1,
  INTERRUPT_MASK: 2,
  PENDING_SEND_SZ: 3,
  FEATURE_BITS: 16,
} as const;

/** Bytes of the header page that have a meaning. */
const RING_HEADER_BYTES = (RING_WORD.FEATURE_BITS + 1) * 4;

/** The index of a word of a ring's header: see `RING_WORD`. */
export type RingWord = (typeof RING_WORD)[keyof typeof RING_WORD];

/** Feature bit 0: flow control by pending_send_sz instead of polling. */
export const FEATURE_PENDING_SEND_SZ = 1;

/** Packet types (include/linux/hyperv.h enum vmbus_packet_type). */
export const VM_PKT = {
  SYNCH: 1,
  ADD_XFER_PAGESET: 2,
  RM_XFER_PAGESET: 3,
  ESTABLISH_GPADL: 4,
  TEARDOWN_GPADL: 5,
  DATA_INBAND: 6,
  DATA_USING_XFER_PAGES: 7,
  DATA_USING_GPADL: 8,
  DATA_USING_GPA_DIRECT: 9,
  CANCEL_REQUEST: 10,
  COMP: 11,
  DATA_USING_ADDITIONAL_PKT: 12,
  ADDITIONAL_DATA: 13,
} as const;

export const VM_PKT_FIRST = VM_PKT.SYNCH;
export const VM_PKT_LAST = VM_PKT.ADDITIONAL_DATA;

/** Packet flag: the sender wants a completion (VMBUS_DATA_PACKET_FLAG_COMPLETION_REQUESTED). */
export const COMPLETION_REQUESTED = 1;

/** What the other side of a ring lied about. */
export type RingError =
  | 'write-index-out-of-range'
  | 'write-index-unaligned'
  | 'write-index-went-back'
  | 'read-index-out-of-range'
  | 'read-index-unaligned'
  | 'read-index-went-ahead'
  | 'packet-type'
  | 'packet-length'
  | 'packet-data-offset'
  | 'packet-trailer';

/**
 * One CPU's access to the header words. RingBuffer is the plain one; an explorer may put store buffers between. The
 * steps name an access to whoever decides what runs next; `barrierStep` is undefined where memory needs no barriers.
 */
export interface RingHeader {
  load(word: RingWord): number;
  store(word: RingWord, value: number): void;
  readStep(word: RingWord): Step;
  writeStep(word: RingWord): Step;
  readonly barrierStep: Step | undefined;
  /** Of a barrier between loads; undefined where loads are in order anyway. */
  readonly readBarrierStep?: Step;
}

/** The bytes of a ring, header or data, as both sides have them; see MemoryPiece. */
export interface RingPiece {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  reach(sizeBytes: number): void;
}

/** Memory of which rings are a part, and that takes room only where somebody looks. */
export interface RingPages {
  piece(offsetBytes: number, sizeBytes: number): RingPiece;
}

/** Memory that is there from the beginning. */
class WholePages implements RingPages {
  constructor(private readonly buffer: ArrayBuffer) {}

  piece(offsetBytes: number, sizeBytes: number): RingPiece {
    const bytes = new Uint8Array(this.buffer, offsetBytes, sizeBytes);
    return { bytes, view: new DataView(this.buffer, offsetBytes, sizeBytes), reach: () => {} };
  }
}

/** A ring's memory: header page and data. Which side may write what is the business of RingWriter and RingReader. */
export class RingBuffer implements RingHeader {
  readonly dataBytes: number;
  /** A tenth of its size (ring_size_div10_reciprocal). */
  private readonly tenthBytes: number;
  readonly barrierStep: Step | undefined = undefined;
  private readonly header: DataView;
  private readonly contents: RingPiece;
  private words: (SharedWord | undefined)[] | undefined;

  /**
   * @param memory that the ring is part of.
   * @param offsetBytes where in `memory` its header page begins.
   * @param sizeBytes header page and data together.
   * @param name names the ring's words in what an explorer prints.
   */
  constructor(
    readonly memory: ArrayBuffer | RingPages,
    offsetBytes: number,
    sizeBytes: number,
    readonly name = 'ring',
  ) {
    if (
      !(Number.isInteger(sizeBytes) && sizeBytes % RING_PAGE_BYTES === 0 && sizeBytes >= 2 * RING_PAGE_BYTES)
    ) {
      throw new RangeError(`a ring needs a header page and one or more data pages, not ${sizeBytes} bytes`);
    }
    const pages = memory instanceof ArrayBuffer ? new WholePages(memory) : memory;
    const header = pages.piece(offsetBytes, RING_PAGE_BYTES);
    header.reach(RING_HEADER_BYTES);
    this.header = header.view;
    this.dataBytes = sizeBytes - RING_PAGE_BYTES;
    this.tenthBytes = Math.floor(sizeBytes / 10);
    this.contents = pages.piece(offsetBytes + RING_PAGE_BYTES, this.dataBytes);
  }

  /** All of the data. */
  get data(): Uint8Array {
    this.contents.reach(this.dataBytes);
    return this.contents.bytes;
  }

  /** The same as words. */
  get dataView(): DataView {
    this.contents.reach(this.dataBytes);
    return this.contents.view;
  }

  /** The data's first `sizeBytes` bytes and perhaps more: the far end of a ring that was never full takes no room. */
  upTo(sizeBytes: number): RingPiece {
    const { contents } = this;
    contents.reach(Math.max(sizeBytes, RING_PAGE_BYTES));
    return contents;
  }

  /** Makes the ring empty. The guest does it for both of a channel's rings (hv_ringbuffer_init). */
  init(features = FEATURE_PENDING_SEND_SZ): void {
    for (let at = 0; at < this.header.byteLength; at += 4) this.header.setUint32(at, 0, true);
    this.store(RING_WORD.FEATURE_BITS, features);
  }

  load(word: RingWord): number {
    return this.header.getUint32(word * 4, true);
  }

  store(word: RingWord, value: number): void {
    this.header.setUint32(word * 4, value, true);
  }

  readStep(word: RingWord): Step {
    return this.shared(word).read;
  }

  writeStep(word: RingWord): Step {
    return this.shared(word).write;
  }

  /** The side that writes this ring sets pending_send_sz in it, and signals when it has made room in the other one. */
  get hasFlowControl(): boolean {
    return (this.load(RING_WORD.FEATURE_BITS) & FEATURE_PENDING_SEND_SZ) !== 0;
  }

  /** Bytes of packets in the ring, as the header has it at this moment (hv_get_bytes_to_read). */
  bytesToRead(): number {
    return ringDistance(this.load(RING_WORD.READ_INDEX), this.load(RING_WORD.WRITE_INDEX), this.dataBytes);
  }

  /** Free bytes, as the header has it at this moment (hv_get_bytes_to_write). The last one must stay free. */
  bytesToWrite(): number {
    return this.dataBytes - this.bytesToRead();
  }

  /** Free part of the ring in percent of its size, its header page included (hv_get_avail_to_write_percent). */
  availToWritePercent(): number {
    return Math.floor((this.bytesToWrite() * 10) / this.tenthBytes);
  }

  private shared(word: RingWord): SharedWord {
    // Made on first use: only an explorer asks, and machines must be cheap to build.
    this.words ??= [];
    let shared = this.words[word];
    if (shared === undefined) {
      shared = new SharedWord(`${this.name}.${wordNames[word]}`);
      this.words[word] = shared;
    }
    return shared;
  }
}

const wordNames: Readonly<Record<RingWord, string>> = {
  [RING_WORD.WRITE_INDEX]: 'write_index',
  [RING_WORD.READ_INDEX]: 'read_index',
  [RING_WORD.INTERRUPT_MASK]: 'interrupt_mask',
  [RING_WORD.PENDING_SEND_SZ]: 'pending_send_sz',
  [RING_WORD.FEATURE_BITS]: 'feature_bits',
};

/** Bytes from index `from` forward to index `to`; 0 if they are equal. */
export function ringDistance(from: number, to: number, dataBytes: number): number {
  return to >= from ? to - from : dataBytes - from + to;
}

/** @throws AssertionError if an index that this side is about to store is none. */
export function assertIndex(index: number, { dataBytes, name }: RingBuffer, word: string): void {
  if (!(index >= 0 && index < dataBytes && (index & 7) === 0))
    assert(false, 'a ring index that cannot be', { ring: name, [word]: index, dataBytes });
}

/** Bytes that a packet with this much payload takes, descriptor and trailer included. */
export function packetBytes(payloadBytes: number): number {
  return PACKET_DESCRIPTOR_BYTES + ((payloadBytes + 7) & ~7) + PACKET_TRAILER_BYTES;
}
