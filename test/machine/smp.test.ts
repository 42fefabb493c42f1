import { describe, expect, test } from '@jest/globals';
import { exploreShard } from '../../src/explore/explore.js';
import { type MemoryModel, memoryModels, type Model } from '../../src/explore/model.js';
import { MemoryWord, viewOfLoad } from '../../src/machine/memory.js';
import * as smp from '../../src/machine/smp.js';
import type { Procedure } from '../../src/machine/step.js';

type Thread = (x: MemoryWord, y: MemoryWord, r: number[]) => Procedure<unknown>;

/** What two CPUs can have read. */
function outcomesOf(memory: MemoryModel, threads: readonly Thread[]): string[] {
  const model: Model<number[]> = {
    name: 'smp',
    setup(world): number[] {
      const [x, y] = [new MemoryWord('x'), new MemoryWord('y')];
      const r: number[] = [];
      for (const [cpu, thread] of threads.entries()) world.task(cpu, `P${cpu}`, thread(x, y, r));
      return r;
    },
    outcome: (r) => r.join(''),
  };
  const report = exploreShard(model, { memory });
  expect(report.complete).toBe(true);
  return (report.outcomes ?? []).map(({ outcome }) => String(outcome));
}

type Publish = (y: MemoryWord) => Procedure<unknown>;
type Look = (y: MemoryWord) => Procedure<number>;

/** The memories under which a reader sees the flag and old data. */
function messageIsLost(publish: Publish, look: Look): MemoryModel[] {
  const writer: Thread = function* (x, y) {
    yield* smp.WRITE_ONCE(x, 1);
    yield* publish(y);
  };
  const reader: Thread = function* (x, y, r) {
    r[0] = yield* look(y);
    r[1] = yield* smp.READ_ONCE(x);
  };
  return memoryModels.filter((memory) => outcomesOf(memory, [writer, reader]).includes('10'));
}

function* wmb(y: MemoryWord): Procedure<void> {
  yield* smp.smp_wmb();
  yield* smp.WRITE_ONCE(y, 1);
}

function* rmb(y: MemoryWord): Procedure<number> {
  const value = yield* smp.READ_ONCE(y);
  yield* smp.smp_rmb();
  return value;
}

describe('the memories under which a message is lost', () => {
  test.each<[string, Publish, Look, MemoryModel[]]>([
    ['WRITE_ONCE and READ_ONCE', (y) => smp.WRITE_ONCE(y, 1), (y) => smp.READ_ONCE(y), ['arm64']],
    ['smp_wmb and smp_rmb', wmb, rmb, []],
    ['smp_wmb alone', wmb, (y) => smp.READ_ONCE(y), ['arm64']],
    ['smp_rmb alone', (y) => smp.WRITE_ONCE(y, 1), rmb, ['arm64']],
    ['release and acquire', (y) => smp.smp_store_release(y, 1), (y) => smp.smp_load_acquire(y), []],
    ['acquire alone', (y) => smp.WRITE_ONCE(y, 1), (y) => smp.smp_load_acquire(y), ['arm64']],
    ['release alone', (y) => smp.smp_store_release(y, 1), (y) => smp.READ_ONCE(y), ['arm64']],
    [
      'release and a wait',
      (y) => smp.smp_store_release(y, 1),
      (y) => smp.smp_cond_load_acquire(y, (value) => value === 1),
      [],
    ],
    ['xchg and cmpxchg', (y) => smp.xchg(y, 1), (y) => smp.cmpxchg(y, 1, 2), []],
    [
      'xchg_release and cmpxchg_acquire',
      (y) => smp.xchg_release(y, 1),
      (y) => smp.cmpxchg_acquire(y, 1, 2),
      [],
    ],
    ['xchg_acquire', (y) => smp.xchg_acquire(y, 1), rmb, ['arm64']],
    ['xchg_relaxed', (y) => smp.xchg_relaxed(y, 1), rmb, ['arm64']],
    ['cmpxchg_relaxed', wmb, (y) => smp.cmpxchg_relaxed(y, 1, 2), ['arm64']],
    ['cmpxchg_release', wmb, (y) => smp.cmpxchg_release(y, 1, 2), ['arm64']],
    ['atomic_add_return', (y) => smp.atomic_add_return(1, y), rmb, []],
    ['atomic_add_return_release', (y) => smp.atomic_add_return_release(1, y), rmb, []],
    ['atomic_add_return_acquire', (y) => smp.atomic_add_return_acquire(1, y), rmb, ['arm64']],
    ['atomic_add_return_relaxed', (y) => smp.atomic_add_return_relaxed(1, y), rmb, ['arm64']],
    ['atomic_add', (y) => smp.atomic_add(1, y), rmb, ['arm64']],
  ])('%s', (_name, publish, look, expected) => {
    expect(messageIsLost(publish, look)).toEqual(expected);
  });

  test('an address that was loaded', () => {
    const reader: Thread = function* (x, y, r) {
      r[0] = yield* smp.READ_ONCE(y);
      r[1] = yield* smp.READ_ONCE(x, viewOfLoad());
    };
    const writer: Thread = function* (x, y) {
      yield* smp.WRITE_ONCE(x, 1);
      yield* smp.smp_store_release(y, 1);
    };
    expect(outcomesOf('arm64', [writer, reader])).toEqual(['00', '01', '11']);
  });
});

/** The memories under which both CPUs store, and neither sees the other's store. */
function bothReadOld(mark: (word: MemoryWord) => Procedure<unknown>): MemoryModel[] {
  const thread = (at: 0 | 1): Thread =>
    function* (x, y, r) {
      const [own, other] = at === 0 ? [x, y] : [y, x];
      yield* mark(own);
      r[at] = yield* smp.READ_ONCE(other);
    };
  return memoryModels.filter((memory) => outcomesOf(memory, [thread(0), thread(1)]).includes('00'));
}

describe('the memories under which two stores are not seen', () => {
  test.each<[string, (word: MemoryWord) => Procedure<unknown>, MemoryModel[]]>([
    ['WRITE_ONCE', (word) => smp.WRITE_ONCE(word, 1), ['tso', 'arm64']],
    ['smp_store_release', (word) => smp.smp_store_release(word, 1), ['tso', 'arm64']],
    ['smp_store_mb', (word) => smp.smp_store_mb(word, 1), []],
    [
      'smp_mb',
      function* (word): Procedure<void> {
        yield* smp.WRITE_ONCE(word, 1);
        yield* smp.smp_mb();
      },
      [],
    ],
    ['xchg', (word) => smp.xchg(word, 1), []],
    ['xchg_relaxed', (word) => smp.xchg_relaxed(word, 1), ['arm64']],
    ['atomic_add', (word) => smp.atomic_add(1, word), ['arm64']],
    ['atomic_add_return', (word) => smp.atomic_add_return(1, word), []],
  ])('%s', (_name, mark, expected) => {
    expect(bothReadOld(mark)).toEqual(expected);
  });
});
