import { MemoryWord, memoryBarrier } from '../../machine/memory.js';
import type { Step } from '../../machine/step.js';
import { RING_WORD, type RingBuffer, type RingHeader, type RingWord } from './buffer.js';

/** The header of a ring as words that go through the CPUs' store buffers, for both sides of the ring. */
export class RingMemory implements RingHeader {
  readonly barrierStep: Step = memoryBarrier;
  private readonly words = new Map<RingWord, MemoryWord>();

  /**
   * @param ring whose header has the words' first values; it is not kept up to date.
   * @param readBarrierStep where loads can be early: what keeps them in order.
   */
  constructor(
    ring: RingBuffer,
    readonly readBarrierStep?: Step,
  ) {
    for (const [name, word] of Object.entries(RING_WORD)) {
      this.words.set(word, new MemoryWord(`${ring.name}.${name.toLowerCase()}`, ring.load(word)));
    }
  }

  load(word: RingWord): number {
    return this.word(word).load();
  }

  store(word: RingWord, value: number): void {
    this.word(word).store(value);
  }

  readStep(word: RingWord): Step {
    return this.word(word).read;
  }

  writeStep(word: RingWord): Step {
    return this.word(word).write;
  }

  /** The word itself, for whoever looks from outside. */
  word(word: RingWord): MemoryWord {
    const found = this.words.get(word);
    if (found === undefined) throw new RangeError(`a ring has no header word ${word}`);
    return found;
  }
}
