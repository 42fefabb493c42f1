import { describe, expect, test } from '@jest/globals';
import { exploreShard } from '../../../src/explore/explore.js';
import type { MemoryModel, Model } from '../../../src/explore/model.js';
import type { Strategy } from '../../../src/explore/options.js';
import type { Report } from '../../../src/explore/report/report.js';
import { UnseenStateError } from '../../../src/explore/search/states/plain-state.js';
import { Completion } from '../../../src/machine/completion.js';
import { Lock } from '../../../src/machine/lock.js';
import { zeroedWords } from '../../../src/lib/zeroed-words.js';
import { MemoryWord } from '../../../src/machine/memory.js';
import { checkpoint, type Procedure, SharedWord } from '../../../src/machine/step.js';
import { RaceRing } from '../../../src/races/ring.js';
import { RING_WRITE, VM_PKT } from '../../../src/vmbus/ring/index.js';
import { ringOrders } from '../../../src/vmbus/variants/index.js';

const memories: readonly MemoryModel[] = ['sc', 'tso'];
const states: Strategy = { kind: 'states' };

function search<S>(model: Model<S>, strategy: Strategy, memory: MemoryModel = 'sc'): Report {
  return exploreShard(model, { memory, strategy, stopAtFirst: false });
}

function seen({ complete, outcomes = [], violations }: Report): unknown {
  const broken = violations.map(({ kind, message }) => `${kind} ${message}`).sort();
  return { complete, outcomes: outcomes.map(({ outcome }) => outcome), broken };
}

interface CounterOptions {
  readonly contexts: number;
  readonly times: number;
  readonly forgets?: boolean;
}

/** Contexts that each add one to a word a few times, without a lock. */
function counter({ contexts, times, forgets = true }: CounterOptions): Model<MemoryWord> {
  return {
    name: 'counter',
    setup(world) {
      const count = new MemoryWord('count');
      function* add(): Procedure<void> {
        for (let i = 0; i < times; i++) {
          if (forgets) checkpoint(i);
          yield count.read;
          const value = count.load();
          yield count.write;
          count.store(value + 1);
        }
        if (forgets) checkpoint('end');
      }
      for (let cpu = 0; cpu < contexts; cpu++) world.task(cpu, `P${cpu}`, add());
      return count;
    },
    finally: { 'something is counted': ({ value }) => value > 1 || `only ${value}` },
    outcome: ({ value }) => value,
  };
}

interface RingState {
  readonly ring: RaceRing;
  readonly signal: Completion;
  written: number;
  read: number;
}

const packet = new Uint8Array(8);

/** Each step of `proc` with a checkpoint before it: all that `proc` keeps is in fields of its object. */
function* stepwise<T>(key: string, proc: Procedure<T>): Procedure<T> {
  for (let step = 0; ; step++) {
    const next = proc.next();
    if (next.done === true) return next.value;
    checkpoint(`${key} ${step}`);
    yield next.value;
  }
}

/** The host writes packets into a ring, the guest sleeps until it is signalled and reads them all. */
function ringModel(packets: number): Model<RingState> {
  return {
    name: 'ring',
    setup(world) {
      const ring = new RaceRing(ringOrders['read-pending-write']);
      const { writer, reader } = ring;
      const state: RingState = { ring, signal: new Completion('signal'), written: 0, read: 0 };
      const told = new SharedWord('signals');
      function* host(): Procedure<void> {
        for (; state.written < packets; state.written++) {
          const write = writer.writeSteps(VM_PKT.DATA_INBAND, 0, state.written, packet);
          if ((yield* stepwise('write', write)) !== RING_WRITE.SIGNAL) continue;
          checkpoint('signal');
          yield told.update;
          state.signal.complete();
        }
      }
      function* guest(): Procedure<void> {
        while (state.read < packets) {
          checkpoint('wait');
          yield* state.signal.wait();
          yield* stepwise('begin', reader.beginReadSteps());
          do {
            while (yield* stepwise('next', reader.nextSteps())) state.read += 1;
            yield* stepwise('close', reader.pktIterCloseSteps());
          } while ((yield* stepwise('end', reader.endReadSteps())) !== 0);
        }
      }
      world.task('host', 'host', host());
      world.task(0, 'guest', guest());
      return state;
    },
    finally: { 'all is read': ({ read }) => read === packets || `${read} of ${packets} read` },
    mayBlock: () => true,
    outcome: ({ read }) => read,
    fingerprint: ({ ring: { writer, reader }, written, read }) => ({
      shared: writer.ring,
      own: { host: [writer, written], guest: [reader, read] },
    }),
  };
}

describe('a search by states', () => {
  test.each(memories)('finds of counters what plain search finds: %s', (memory) => {
    for (const forgets of [true, false]) {
      for (const [contexts, times] of [
        [2, 2],
        [3, 1],
      ]) {
        const model = counter({ contexts, times, forgets });
        expect(seen(search(model, states, memory))).toEqual(seen(search(model, { kind: 'dfs' }, memory)));
      }
    }
  });

  test('goes to each state once: four contexts that add twice each', () => {
    const report = search(counter({ contexts: 4, times: 2 }), states);
    expect(seen(report)).toEqual({ complete: true, outcomes: [2, 3, 4, 5, 6, 7, 8], broken: [] });
    expect(report.executions).toBe(7);
    // Reduction does not get to the end of it in 250,000; without foreseeing known steps it took 7,432.
    expect(report.redundant).toBeLessThan(400);
    expect(report.strategy).toMatch(/under the fingerprint/);
  });

  test.each(memories)(
    'finds of the ring’s own code what reduction finds, in fewer executions: %s',
    (memory) => {
      const reduced = search(ringModel(3), { kind: 'dpor' }, memory);
      const report = search(ringModel(3), states, memory);
      expect(seen(report)).toEqual(seen(reduced));
      expect(report.steps).toBeLessThan(reduced.steps);
    },
  );

  test('tells apart what plain data behind a lock holds, also in variables of a context', () => {
    const model: Model<{ x: number; seen: number }> = {
      name: 'plain data',
      setup(world) {
        const lock = new Lock('lock');
        const state = { x: 0, seen: 0 };
        function* write(): Procedure<void> {
          for (const x of [1, 0]) {
            yield* lock.lock();
            state.x = x;
            yield* lock.unlock();
          }
        }
        function* read(): Procedure<void> {
          yield* lock.lock();
          const { x } = state;
          yield* lock.unlock();
          yield* lock.lock();
          state.seen = x;
          yield* lock.unlock();
        }
        world.task(0, 'writer', write());
        world.task(1, 'reader', read());
        return state;
      },
      outcome: ({ x, seen: value }) => `${x}${value}`,
    };
    expect(seen(search(model, states))).toEqual({ complete: true, outcomes: ['00', '01'], broken: [] });
  });

  test('knows who has the CPU where tasks are not preempted', () => {
    const model: Model<MemoryWord> = {
      name: 'two tasks of one CPU',
      setup(world) {
        world.preemptible = false;
        const word = new MemoryWord('word');
        const other = new MemoryWord('other');
        const lock = new Lock('lock');
        function* task(locks: boolean): Procedure<void> {
          for (let i = 0; i < 2; i++) {
            checkpoint(i);
            yield word.read;
            const value = word.load();
            if (locks) yield* lock.lock();
            yield word.write;
            word.store(value + 1);
            if (locks) yield* lock.unlock();
          }
        }
        function* elsewhere(): Procedure<void> {
          yield* lock.lock();
          yield other.update;
          other.add(1);
          yield* lock.unlock();
          yield word.update;
          word.add(word.load());
        }
        world.task(0, 'runs on', task(false));
        world.task(0, 'waits', task(true));
        world.task(1, 'elsewhere', elsewhere());
        return word;
      },
      outcome: ({ value }) => value,
    };
    expect(seen(search(model, states))).toEqual(seen(search(model, { kind: 'dfs' })));
  });

  test('goes on behind a violation, and looks at what always holds', () => {
    const model: Model<MemoryWord> = {
      ...counter({ contexts: 3, times: 1 }),
      always: { 'never two': ({ value }) => value !== 2 || 'two' },
    };
    expect(seen(search(model, states))).toEqual(seen(search(model, { kind: 'dfs' })));
  });

  test('refuses what it cannot look into, and says where it is', () => {
    const model: Model<unknown> = {
      name: 'closed',
      setup(world) {
        const word = new MemoryWord('word');
        world.task(
          0,
          'P0',
          (function* (): Procedure<void> {
            yield word.read;
          })(),
        );
        return { word, callbacks: { done: () => word.load() } };
      },
    };
    expect(() => search(model, states)).toThrow(UnseenStateError);
    expect(() => search(model, states)).toThrow(/closed: .* has a function, .*\(\.callbacks\.done\)/);
    const withFingerprint = { ...model, fingerprint: (state: unknown) => ({ shared: state }) };
    expect(search(withFingerprint, states).complete).toBe(true);
  });

  test('has no parts', () => {
    const model = counter({ contexts: 2, times: 1 });
    expect(() => exploreShard(model, { strategy: states, shard: { index: 0, count: 2 } })).toThrow(
      /not done in parts/,
    );
  });
});

test('an array is its words, wherever in memory it lies', () => {
  const model = (make: (length: number) => Uint32Array): Model<Uint32Array> => ({
    name: 'flags',
    setup(world) {
      const flags = make(20);
      const word = new SharedWord('flags');
      function* set(bit: number): Procedure<void> {
        for (let i = 0; i < 3; i++) {
          checkpoint(i);
          yield word.update;
          flags[i] ^= 1 << bit;
        }
        checkpoint('end');
      }
      for (let cpu = 0; cpu < 3; cpu++) world.task(cpu, `P${cpu}`, set(cpu));
      return flags;
    },
    outcome: (flags) => flags.join(''),
  });
  const alone = search(
    model((length) => new Uint32Array(length)),
    states,
  );
  const beside = search(model(zeroedWords), states);
  expect(alone.states).toBe(64);
  expect(beside).toEqual(alone);
});
