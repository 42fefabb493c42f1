import type { MemoryModel } from '../explore/model.js';
import { readBarrier } from '../machine/memory.js';
import { SharedWord } from '../machine/step.js';
import {
  RING_PAGE_BYTES,
  RING_WORD,
  RingBuffer,
  type RingHeader,
  RingReader,
  RingWriter,
} from '../vmbus/ring/index.js';
import { RingMemory } from '../vmbus/ring/memory.js';
import type { RingOrder } from '../vmbus/ring/order.js';

const shownWords = [
  ['write_index', RING_WORD.WRITE_INDEX],
  ['read_index', RING_WORD.READ_INDEX],
  ['interrupt_mask', RING_WORD.INTERRUPT_MASK],
  ['pending_send_sz', RING_WORD.PENDING_SEND_SZ],
] as const;

/** A ring from host to guest with one page of data, whose header goes through store buffers, and both its sides. */
export class RaceRing {
  readonly writer: RingWriter;
  readonly reader: RingReader;
  readonly memory: RingMemory;

  /**
   * @param memory of the world that both sides are in.
   * @param features bits of the side that writes; default: it has feat_pending_send_sz.
   */
  constructor(order: RingOrder, memory: MemoryModel = 'sc', features?: number) {
    const ring = new RingBuffer(new ArrayBuffer(2 * RING_PAGE_BYTES), 0, 2 * RING_PAGE_BYTES, 'in');
    ring.init(features);
    this.memory = new RingMemory(ring, memory === 'arm64' ? readBarrier : undefined);
    this.writer = new RingWriter(ring, this.memory);
    this.reader = new RingReader(ring, this.memory, undefined, order);
  }

  /** What the header has in memory. */
  describe(): string {
    return `ring: ${shownWords.map(([name, word]) => `${name} ${this.memory.word(word).value}`).join(', ')}`;
  }
}

/** The running context looks at both indexes and changes one, as part of a step that names something else. */
export function noteDrained(header: RingHeader): void {
  for (const word of [RING_WORD.WRITE_INDEX, RING_WORD.READ_INDEX]) {
    const { object } = header.readStep(word);
    if (object instanceof SharedWord) object.announce();
  }
}
