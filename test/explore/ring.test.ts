import { describe, expect, test } from '@jest/globals';
import { memoryBarrier, MemoryWord } from '../../src/machine/memory.js';
import { inFunction, type Procedure, type Step } from '../../src/machine/step.js';
import { check } from '../../src/explore/explore.js';
import type { MemoryModel, Model } from '../../src/explore/model.js';
import {
  RING_PAGE_BYTES,
  RING_WORD,
  RING_WRITE,
  RingBuffer,
  type RingHeader,
  RingReader,
  type RingWord,
  RingWriter,
  VM_PKT,
} from '../../src/vmbus/ring/index.js';

/** The header words of a ring as memory that the explorer's memory models know. */
class SharedHeader implements RingHeader {
  readonly barrierStep: Step | undefined;
  private readonly words = new Map<RingWord, MemoryWord>();

  constructor(ring: RingBuffer, fenced: boolean) {
    this.barrierStep = fenced ? memoryBarrier : undefined;
    for (const [name, word] of Object.entries(RING_WORD)) {
      this.words.set(word, new MemoryWord(name.toLowerCase(), ring.load(word)));
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

  private word(word: RingWord): MemoryWord {
    const found = this.words.get(word);
    if (found === undefined) throw new RangeError(`no header word ${word}`);
    return found;
  }
}

const packet = new Uint8Array(1000);

/** The writer finds the ring full and sleeps unless there is room after all; the reader frees a packet. */
function fullRing(fenced: boolean): Model<{ sleeps: boolean; signals: number }> {
  return {
    name: 'full ring',
    setup(world) {
      const sizeBytes = 2 * RING_PAGE_BYTES;
      const ring = new RingBuffer(new ArrayBuffer(sizeBytes), 0, sizeBytes);
      ring.init();
      const header = new SharedHeader(ring, fenced);
      const writer = new RingWriter(ring, header);
      while (writer.write(VM_PKT.DATA_INBAND, 0, 0, packet) !== RING_WRITE.FULL);
      const reader = new RingReader(ring, header);
      const state = { sleeps: false, signals: 0 };
      function* write(): Procedure<void> {
        state.sleeps = !(yield* writer.requestRoomSteps(packet.length));
      }
      function* read(): Procedure<void> {
        yield* reader.nextSteps();
        if (yield* inFunction('hv_pkt_iter_close', reader.pktIterCloseSteps())) state.signals += 1;
      }
      world.task('host', 'writer', write());
      world.task(0, 'reader', read());
      return state;
    },
    finally: { 'the writer does not sleep forever': ({ sleeps, signals }) => !sleeps || signals > 0 },
    sometimes: {
      'the writer was woken': ({ sleeps, signals }) => sleeps && signals > 0,
      'the writer found room': ({ sleeps }) => !sleeps,
    },
  };
}

describe('the ring’s own procedures, run step by step', () => {
  test.each<[boolean, MemoryModel, 'found' | 'none']>([
    [true, 'sc', 'none'],
    [true, 'tso', 'none'],
    [false, 'sc', 'none'],
    [false, 'tso', 'found'],
  ])('barriers %s, %s: %s', (fenced, memory, verdict) => {
    for (const kind of ['dfs', 'dpor'] as const) {
      const report = check(fullRing(fenced), { memory, strategy: { kind } });
      expect(report.verdict).toBe(verdict);
      if (verdict === 'none') {
        expect(report.complete).toBe(true);
        expect(report.witnesses.every(({ reached }) => reached)).toBe(true);
      } else {
        const decisive = report.violations[0].trace.steps.filter((step) => step.decisive);
        expect(decisive.map(({ label, context, action }) => `${label ?? context}: ${action}`)).toEqual([
          'writer: read read_index',
          'hv_pkt_iter_close: read pending_send_sz',
        ]);
      }
    }
  });
});
