import { describe, expect, test } from '@jest/globals';
import { exploreShard } from '../../src/explore/explore.js';
import type { Model } from '../../src/explore/model.js';
import { mergeReports } from '../../src/explore/report/merge.js';
import { Lock } from '../../src/machine/lock.js';
import { MemoryWord } from '../../src/machine/memory.js';
import { SharedCounter, SharedVar } from '../../src/machine/shared-var.js';
import { type Procedure, SharedWord } from '../../src/machine/step.js';

type Between = (at: number) => Procedure<unknown>;

/** Store buffering with something between each store and each load. */
function storeBuffering(make: () => Between): Model<number[]> {
  return {
    name: 'store buffering',
    setup(world) {
      const words = [new MemoryWord('x'), new MemoryWord('y')];
      const seen: number[] = [];
      const between = make();
      const context = function* (at: number): Procedure<void> {
        yield words[at].write;
        words[at].store(1);
        yield* between(at);
        yield words[1 - at].read;
        seen[at] = words[1 - at].load();
      };
      world.task(0, 'P', context(0));
      world.task(1, 'Q', context(1));
      return seen;
    },
    outcome: (seen) => seen.join(''),
  };
}

const refused: Readonly<Record<string, () => Between>> = {
  'a write of a SharedWord': () => {
    const f = new SharedWord('f');
    return function* () {
      yield f.write;
    };
  },
  'a write of a SharedVar': () => {
    const f = new SharedVar('f', 0);
    return () => f.setSteps(1);
  },
  'a SharedVar that is set within another step': () => {
    const f = new SharedVar('f', 0);
    return function* () {
      yield new MemoryWord('z').read;
      f.set(1);
    };
  },
  'a write of one context only': () => {
    const f = new SharedWord('f');
    return function* (at) {
      if (at === 1) yield f.write;
    };
  },
  'a write of a word that each context has for itself': () => {
    const f = [new SharedWord('f'), new SharedWord('f')];
    return function* (at) {
      yield f[at].write;
    };
  },
  'a write behind a read of it': () => {
    const f = new SharedVar('f', 0);
    return function* () {
      yield* f.setSteps((yield* f.getSteps()) + 1);
    };
  },
};

const sentence =
  'store buffering: with store buffers (tso, arm64) stores to "x" are buffered, but "f" changes for all CPUs at once, as if ' +
  'a barrier stood before it. Make "f" a MemoryWord; or yield its "update" in place of "write", if Linux has an atomic ' +
  'operation there; or explore the model with sequentially consistent memory (sc)';

describe.each(Object.keys(refused))('beside words that are buffered, %s', (name) => {
  test.each(['dfs', 'dpor', 'bounded'] as const)('is refused: %s', (kind) => {
    const strategy = kind === 'bounded' ? { kind, preemptions: 2 } : { kind };
    expect(() =>
      exploreShard(storeBuffering(refused[name]), { memory: 'tso', strategy, stopAtFirst: false }),
    ).toThrow(sentence);
  });

  test('is fine in sequentially consistent memory', () => {
    expect(exploreShard(storeBuffering(refused[name])).complete).toBe(true);
  });
});

/** Outcomes with store buffers. */
function outcomes(make: () => Between): unknown[] {
  return (exploreShard(storeBuffering(make), { memory: 'tso' }).outcomes ?? []).map(({ outcome }) => outcome);
}

test('reads, locked instructions and MemoryWords may stand between', () => {
  const f = (): SharedWord => new SharedWord('f');
  const weak = ['00', '01', '10', '11'];
  expect(outcomes(() => () => new SharedVar('f', 0).getSteps())).toEqual(weak);
  expect(
    outcomes(() => {
      const word = new MemoryWord('f');
      return function* () {
        yield word.write;
        word.store(1);
      };
    }),
  ).toEqual(weak);
  const fence = weak.slice(1);
  expect(
    outcomes(() => {
      const word = f();
      return function* () {
        yield word.update;
      };
    }),
  ).toEqual(fence);
  expect(outcomes(() => () => new SharedCounter('f').addSteps(1))).toEqual(fence);
});

describe('a report names the words that were buffered', () => {
  test('all of them, in order', () => {
    const model = storeBuffering(() => () => new SharedVar('f', 0).getSteps());
    expect(exploreShard(model, { memory: 'tso' }).buffered).toEqual(['x', 'y']);
    expect(exploreShard(model).buffered).toBeUndefined();
    const parts = [0, 1].map((index) => exploreShard(model, { memory: 'tso', shard: { index, count: 2 } }));
    expect(mergeReports(parts).buffered).toEqual(['x', 'y']);
  });

  test('none, where none was', () => {
    const model: Model<unknown> = {
      name: 'words kept elsewhere',
      setup(world) {
        const [f, lock] = [new SharedVar('f', 0), new Lock('lock')];
        const context = function* (): Procedure<void> {
          yield* lock.lock();
          yield* f.setSteps(1);
          yield* lock.unlock();
        };
        world.task(0, 'P', context());
        world.task(1, 'Q', context());
      },
    };
    expect(exploreShard(model, { memory: 'tso' })).toMatchObject({ complete: true, buffered: [] });
  });
});
