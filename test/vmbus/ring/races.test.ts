import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SharedObject, type Procedure, type Step } from '../../../src/machine/step.js';
import {
  RING_PAGE_BYTES,
  RING_WORD,
  RING_WRITE,
  RingBuffer,
  RingReader,
  RingWriter,
  VM_PKT,
} from '../../../src/vmbus/ring/index.js';
import { BufferedHeader, everySchedule, runSchedule, type Thread } from './schedules.js';

type Memory = 'plain' | 'store buffers' | 'store buffers, no barriers';

interface Pair {
  readonly ring: RingBuffer;
  readonly writer: RingWriter;
  readonly reader: RingReader;
  readonly writerHeader: BufferedHeader | undefined;
  readonly readerHeader: BufferedHeader | undefined;
}

function newPair(memory: Memory): Pair {
  const sizeBytes = 2 * RING_PAGE_BYTES;
  const ring = new RingBuffer(new ArrayBuffer(sizeBytes), 0, sizeBytes);
  ring.init();
  const fenced = memory === 'store buffers';
  const writerHeader = memory === 'plain' ? undefined : new BufferedHeader(ring, fenced);
  const readerHeader = memory === 'plain' ? undefined : new BufferedHeader(ring, fenced);
  const writer = new RingWriter(ring, writerHeader);
  const reader = new RingReader(ring, readerHeader);
  return { ring, writer, reader, writerHeader, readerHeader };
}

function threadsOf(
  { writerHeader, readerHeader }: Pair,
  writing: Procedure<unknown>,
  reading: Procedure<unknown>,
): Thread[] {
  return [
    { proc: writing, header: writerHeader },
    { proc: reading, header: readerHeader },
  ];
}

const payload = (length: number): Uint8Array => new Uint8Array(length);

describe('one packet written while the reader stops reading', () => {
  /** For each schedule: does anybody go on to look at the packet? */
  function schedules(
    memory: Memory,
    endRead: (reader: RingReader) => Procedure<number>,
  ): ('seen' | 'lost')[] {
    return everySchedule(() => {
      const pair = newPair(memory);
      pair.ring.store(RING_WORD.INTERRUPT_MASK, 1);
      let signalled = false;
      let readsOn = false;
      function* write(): Procedure<void> {
        signalled =
          (yield* pair.writer.writeSteps(VM_PKT.DATA_INBAND, 0, 0, payload(8))) === RING_WRITE.SIGNAL;
      }
      function* stop(): Procedure<void> {
        readsOn = (yield* endRead(pair.reader)) > 0;
      }
      return {
        threads: threadsOf(pair, write(), stop()),
        end: () => (signalled || readsOn ? 'seen' : 'lost'),
      };
    });
  }

  const linux = (reader: RingReader): Procedure<number> => reader.endReadSteps();

  test('is never lost', () => {
    const plain = schedules('plain', linux);
    expect(plain.length).toBeGreaterThan(10);
    expect(plain).not.toContain('lost');
    const buffered = schedules('store buffers', linux);
    expect(buffered.length).toBeGreaterThan(plain.length);
    expect(buffered).not.toContain('lost');
  });

  test('is lost without the barriers', () => {
    expect(schedules('store buffers, no barriers', linux)).toContain('lost');
  });

  test('is lost without the second look', () => {
    function* withoutLook(reader: RingReader): Procedure<number> {
      yield* reader.endReadSteps();
      return 0;
    }
    expect(schedules('plain', withoutLook)).toContain('lost');
  });
});

describe('room made while the writer goes to sleep on a full ring', () => {
  interface Outcome {
    readonly sleepsForever: boolean;
    readonly signals: number;
  }

  const packet = 1000;

  /** The writer asks for room for one packet and sleeps; the reader frees `packets` packets, each on its own. */
  function schedules(memory: Memory, packets: number, close: (pair: Pair) => Procedure<boolean>): Outcome[] {
    return everySchedule(() => {
      const pair = newPair(memory);
      while (pair.writer.write(VM_PKT.DATA_INBAND, 0, 0, payload(packet)) !== RING_WRITE.FULL);
      while (pair.writerHeader?.drained === false) pair.writerHeader.drainOne();
      let sleeps = false;
      let signals = 0;
      function* write(): Procedure<void> {
        sleeps = !(yield* pair.writer.requestRoomSteps(packet));
      }
      function* read(): Procedure<void> {
        for (let i = 0; i < packets; i++) {
          yield* pair.reader.nextSteps();
          if (yield* close(pair)) signals += 1;
        }
      }
      return {
        threads: threadsOf(pair, write(), read()),
        end: () => ({ sleepsForever: sleeps && signals === 0, signals }),
      };
    });
  }

  const linux = ({ reader }: Pair): Procedure<boolean> => reader.pktIterCloseSteps();
  const lost = (outcomes: readonly Outcome[]): boolean => outcomes.some(({ sleepsForever }) => sleepsForever);

  test.each(['plain', 'store buffers'] as const)('wakes the writer, once: %s', (memory) => {
    const outcomes = schedules(memory, 2, linux);
    expect(outcomes.length).toBeGreaterThan(20);
    expect(lost(outcomes)).toBe(false);
    expect(Math.max(...outcomes.map(({ signals }) => signals))).toBe(1);
    expect(outcomes.some(({ signals }) => signals === 0)).toBe(true);
  });

  test('the writer sleeps forever without the barriers', () => {
    expect(lost(schedules('store buffers, no barriers', 1, linux))).toBe(true);
  });

  test('the writer sleeps forever if pending_send_sz is read before read_index is committed', () => {
    function* pendingFirst({ ring, reader }: Pair): Procedure<boolean> {
      yield ring.readStep(RING_WORD.PENDING_SEND_SZ);
      reader.loadPendingSendSz();
      yield ring.writeStep(RING_WORD.READ_INDEX);
      reader.commitReadIndex();
      if (!reader.writerBlocked) return false;
      yield ring.readStep(RING_WORD.WRITE_INDEX);
      reader.loadWriteIndex();
      return reader.decideSignal();
    }
    expect(lost(schedules('plain', 1, pendingFirst))).toBe(true);
  });
});

/** Somebody who sleeps until rung for. A ring while awake is remembered. */
class Doorbell extends SharedObject {
  readonly wait: Step = { object: this, kind: 'wait' };
  rung = false;

  override blocks(): boolean {
    return !this.rung;
  }
}

describe('a stream of packets, under any schedule', () => {
  /** Like runSchedule, but with sleeping; @returns false if both sleep. */
  function runSleepers(procs: readonly Procedure<unknown>[], choose: (count: number) => number): boolean {
    const pending = procs.map((proc) => proc.next());
    for (;;) {
      const live = pending.flatMap((next, i) => (next.done ? [] : [i]));
      if (live.length === 0) return true;
      const ready = live.filter((i) => {
        const next = pending[i];
        return !next.done && !next.value.object.blocks(next.value);
      });
      if (ready.length === 0) return false;
      const chosen = ready[choose(ready.length)];
      pending[chosen] = procs[chosen].next();
    }
  }

  const sizes = fc.array(fc.integer({ min: 0, max: 2500 }), { minLength: 1, maxLength: 40 });
  const choices = fc.infiniteStream(fc.nat(999));

  test('arrives whole and in order; nobody sleeps with work to do; nobody is signalled for nothing', () => {
    fc.assert(
      fc.property(sizes, choices, fc.nat(4), (lengths, stream, batch) => {
        const { ring, writer, reader } = newPair('plain');
        const sent = lengths.map((length, i) => Uint8Array.from({ length }, (_, at) => (i + at) & 0xff));
        const received: Uint8Array[] = [];
        const forReader = new Doorbell('reader');
        const forWriter = new Doorbell('writer');
        let closes = 0;
        let requests = 0;

        function* write(): Procedure<void> {
          for (const [i, bytes] of sent.entries()) {
            for (;;) {
              const result = yield* writer.writeSteps(VM_PKT.DATA_INBAND, 0, i, bytes);
              if (result === RING_WRITE.SIGNAL) forReader.rung = true;
              if (result !== RING_WRITE.FULL) break;
              requests += 1;
              if (yield* writer.requestRoomSteps(bytes.length)) continue;
              yield forWriter.wait;
              forWriter.rung = false;
            }
            yield ring.writeStep(RING_WORD.PENDING_SEND_SZ);
            writer.commitPendingSendSz(0);
          }
        }

        function* close(): Procedure<void> {
          closes += 1;
          if (yield* reader.pktIterCloseSteps()) forWriter.rung = true;
        }

        function* read(): Procedure<void> {
          while (received.length < sent.length) {
            yield forReader.wait;
            forReader.rung = false;
            do {
              yield* reader.beginReadSteps();
              while (yield* reader.nextSteps()) {
                const bytes = new Uint8Array(reader.payloadLength);
                reader.copyPayload(bytes);
                expect(reader.transactionId).toBe(received.length);
                received.push(bytes.slice(0, lengths[received.length]));
                if (batch > 0 && received.length % batch === 0) yield* close();
              }
              yield* close();
            } while ((yield* reader.endReadSteps()) > 0);
          }
        }

        expect(runSleepers([write(), read()], (count) => stream.next().value % count)).toBe(true);
        expect(received.map(({ length }) => length)).toEqual(lengths);
        expect(Buffer.concat(received).equals(Buffer.concat(sent))).toBe(true);
        expect(reader.error).toBeUndefined();
        expect(writer.error).toBeUndefined();
        // A signal needs a ring that was emptied since the last one.
        expect(writer.intrOutEmpty).toBeLessThanOrEqual(closes + 1);
        // Here a writer may be signalled that has just found room by itself; but none that never asked.
        if (requests === 0) expect(reader.intrInFull).toBe(0);
      }),
      { numRuns: 300 },
    );
  });

  test('steps and fast path are the same code: one after the other they do the same', () => {
    fc.assert(
      fc.property(sizes, fc.infiniteStream(fc.boolean()), (lengths, turns) => {
        const fast = newPair('plain');
        const stepped = newPair('plain');
        const alone = <T>(proc: Procedure<T>): T => {
          let result: T | undefined;
          function* keep(): Procedure<void> {
            result = yield* proc;
          }
          runSchedule([{ proc: keep() }], () => 0);
          return result as T;
        };
        for (const [i, length] of lengths.entries()) {
          const bytes = payload(length);
          expect(alone(stepped.writer.writeSteps(VM_PKT.DATA_INBAND, 0, i, bytes))).toBe(
            fast.writer.write(VM_PKT.DATA_INBAND, 0, i, bytes),
          );
          if (turns.next().value) {
            expect(alone(stepped.writer.requestRoomSteps(length))).toBe(fast.writer.requestRoom(length));
          }
          if (turns.next().value) continue;
          alone(stepped.reader.beginReadSteps());
          fast.reader.beginRead();
          while (fast.reader.next()) expect(alone(stepped.reader.nextSteps())).toBe(true);
          expect(alone(stepped.reader.nextSteps())).toBe(false);
          expect(alone(stepped.reader.pktIterCloseSteps())).toBe(fast.reader.pktIterClose());
          expect(alone(stepped.reader.endReadSteps())).toBe(fast.reader.endRead());
        }
        expect(Buffer.from(stepped.ring.data).equals(fast.ring.data)).toBe(true);
        for (const word of Object.values(RING_WORD))
          expect(stepped.ring.load(word)).toBe(fast.ring.load(word));
        expect(stepped.writer.intrOutEmpty).toBe(fast.writer.intrOutEmpty);
        expect(stepped.reader.intrInFull).toBe(fast.reader.intrInFull);
      }),
    );
  });
});
