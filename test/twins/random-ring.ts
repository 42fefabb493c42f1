import type { Prng } from '../../src/lib/prng.js';
import type { ChannelRings } from '../../src/vmbus/channel/channel.js';
import {
  RING_PAGE_BYTES,
  RING_WORD,
  RingBuffer,
  RingReader,
  RingWriter,
} from '../../src/vmbus/ring/index.js';
import type { RingOrder } from '../../src/vmbus/ring/order.js';

const BYTES = 2 * RING_PAGE_BYTES;

/** Both rings of a channel, half filled at random, with masks, requests for room and now and then a lie in a header. */
export class RandomRing {
  readonly errors: string[] = [];
  private readonly outbound = new RingBuffer(new ArrayBuffer(BYTES), 0, BYTES);
  private readonly inbound = new RingBuffer(new ArrayBuffer(BYTES), 0, BYTES);
  readonly writer: RingWriter;
  readonly reader: RingReader;
  /** The host's ends. */
  private readonly peerWriter: RingWriter;
  private readonly peerReader: RingReader;

  constructor(
    private readonly prng: Prng,
    order: RingOrder,
  ) {
    const note = (error: string): void => {
      this.errors.push(error);
    };
    this.outbound.init();
    this.inbound.init();
    this.writer = new RingWriter(this.outbound, this.outbound, note);
    this.peerReader = new RingReader(this.outbound);
    this.peerWriter = new RingWriter(this.inbound);
    this.reader = new RingReader(this.inbound, this.inbound, note, order);
    this.exchange(this.writer, this.peerReader);
    this.exchange(this.peerWriter, this.reader);
    for (const ring of [this.outbound, this.inbound]) this.disturb(ring);
  }

  asChannelRings(): ChannelRings {
    return { gpadl: 1, pfn: 0, outbound: this.writer, inbound: this.reader };
  }

  /** A payload, small more often than large. */
  payload(): Uint8Array {
    return new Uint8Array(this.prng.pick([0, 8, 13, 100, 1000, 2000, 4096]));
  }

  look(): unknown {
    const { outbound, inbound, writer, reader, errors } = this;
    const words = Object.values(RING_WORD);
    return {
      errors,
      headers: [outbound, inbound].map((ring) => words.map((word) => ring.load(word))),
      data: [outbound, inbound].map(({ data }) =>
        data.reduce((sum, byte, i) => (sum + byte * (i + 1)) | 0, 0),
      ),
      writer: [writer.intrOutEmpty, writer.outFullTotal, writer.outFullFirst, writer.error],
      reader: [
        reader.type,
        reader.flags,
        reader.transactionId,
        reader.payloadOffset,
        reader.payloadLength,
        reader.intrInFull,
        reader.unread,
        reader.error,
      ],
    };
  }

  private exchange(writer: RingWriter, reader: RingReader): void {
    const rounds = this.prng.below(12);
    for (let i = 0; i < rounds; i++) {
      writer.write(6, 0, i, this.payload());
      if (this.prng.below(3) !== 0) continue;
      while (reader.next() && this.prng.below(4) !== 0);
      reader.pktIterClose();
    }
    // Left for the procedure that is compared: packets read whose room has not been given back.
    if (this.prng.below(2) === 0) reader.next();
  }

  private disturb(ring: RingBuffer): void {
    const { prng } = this;
    if (prng.below(2) === 0) ring.store(RING_WORD.INTERRUPT_MASK, 1);
    if (prng.below(2) === 0) ring.store(RING_WORD.PENDING_SEND_SZ, prng.pick([24, 128, 2048, 4000]));
    if (prng.below(4) === 0) ring.store(RING_WORD.FEATURE_BITS, 0);
    if (prng.below(8) === 0)
      ring.store(prng.pick([RING_WORD.WRITE_INDEX, RING_WORD.READ_INDEX]), prng.below(5000));
  }
}
