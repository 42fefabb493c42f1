import fc from 'fast-check';
import {
  instructionBarrier,
  MemoryWord,
  memoryBarrier,
  readBarrier,
  viewOfLoad,
  writeBarrier,
} from '../../../src/machine/memory.js';
import type { Procedure, View } from '../../../src/machine/step.js';
import type { Model } from '../../../src/explore/model.js';

/**
 * One instruction. `address`, `data` and `control` are the numbers of loads of the same thread, counted from its first, on
 * which it depends; a number that is too high stands for none.
 */
export type Op =
  | {
      readonly op: 'load';
      readonly word: number;
      readonly order?: 'acquire' | 'acquirePc';
      readonly address?: number;
    }
  | {
      readonly op: 'store';
      readonly word: number;
      readonly order?: 'release';
      readonly address?: number;
      readonly data?: number;
    }
  | {
      readonly op: 'swap' | 'add';
      readonly word: number;
      readonly order?: 'relaxed' | 'acquire' | 'release' | 'acquireRelease' | 'noReturn' | 'noReturnRelease';
    }
  | { readonly op: 'full' | 'loads' | 'stores' }
  | { readonly op: 'isb'; readonly control: number };

export type Thread = readonly Op[];

/** The value of the store that the op makes: no two ops of a program have the same. */
export function storedValue(thread: number, at: number): number {
  return thread * 10 + at + 1;
}

export const WORDS = ['x', 'y', 'z'] as const;

interface Result {
  readonly loads: readonly number[][];
  readonly words: readonly MemoryWord[];
}

/** What the loads of the threads gave, and what is in memory in the end. */
export function outcomeOf(loads: readonly (readonly number[])[], final: readonly number[]): string {
  return `${loads.map((values) => values.join(',')).join(' ')} / ${final.join(',')}`;
}

/** The program as a model of the explorer. */
export function modelOf(threads: readonly Thread[]): Model<Result> {
  return {
    name: 'arm64 program',
    setup(world): Result {
      const words = WORDS.map((name) => new MemoryWord(name));
      const loads: number[][] = threads.map(() => []);
      for (const [cpu, ops] of threads.entries()) {
        world.task(cpu, `P${cpu}`, run(cpu, ops, words, loads[cpu]));
      }
      return { loads, words };
    },
    fingerprint: ({ loads }) => ({ shared: loads }),
    outcome: ({ loads, words }) =>
      outcomeOf(
        loads,
        words.map(({ value }) => value),
      ),
  };
}

function* run(thread: number, ops: Thread, words: readonly MemoryWord[], loads: number[]): Procedure<void> {
  const views: View[] = [];
  const viewOf = (load: number | undefined): View => (load === undefined ? 0 : (views[load] ?? 0));
  for (const [at, op] of ops.entries()) {
    const value = storedValue(thread, at);
    switch (op.op) {
      case 'load': {
        const word = words[op.word];
        yield word.stepOf('read', op.order, viewOf(op.address));
        loads.push(word.load());
        views.push(viewOfLoad());
        break;
      }
      case 'store': {
        const word = words[op.word];
        yield word.stepOf('write', op.order, Math.max(viewOf(op.address), viewOf(op.data)));
        word.store(value);
        break;
      }
      case 'swap':
      case 'add': {
        const word = words[op.word];
        yield word.stepOf('update', op.order);
        loads.push(op.op === 'swap' ? word.exchange(value) : word.add(value * 100) - value * 100);
        views.push(viewOfLoad());
        break;
      }
      case 'isb':
        yield instructionBarrier(viewOf(op.control));
        break;
      default:
        yield { full: memoryBarrier, loads: readBarrier, stores: writeBarrier }[op.op];
    }
  }
}

const word = fc.nat(WORDS.length - 2);
const maybe = fc.option(fc.nat(1), { nil: undefined });

function record<T>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(shape);
}

const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 5,
    arbitrary: record<Op>({
      op: fc.constant('load' as const),
      word,
      order: fc.constantFrom(undefined, undefined, 'acquire' as const, 'acquirePc' as const),
      address: maybe,
    }),
  },
  {
    weight: 5,
    arbitrary: record<Op>({
      op: fc.constant('store' as const),
      word,
      order: fc.constantFrom(undefined, undefined, 'release' as const),
      address: maybe,
      data: maybe,
    }),
  },
  {
    weight: 2,
    arbitrary: record<Op>({
      op: fc.constantFrom('swap' as const, 'add' as const),
      word,
      order: fc.constantFrom(
        undefined,
        'relaxed' as const,
        'relaxed' as const,
        'acquire' as const,
        'release' as const,
        'acquireRelease' as const,
        'noReturn' as const,
        'noReturnRelease' as const,
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: record<Op>({ op: fc.constantFrom('full' as const, 'loads' as const, 'stores' as const) }),
  },
  { weight: 1, arbitrary: record<Op>({ op: fc.constant('isb' as const), control: fc.nat(1) }) },
);

/** Small random programs of two or three CPUs. */
export const arbitraryThreads: fc.Arbitrary<readonly Thread[]> = fc.oneof(
  fc.array(fc.array(op, { minLength: 2, maxLength: 4 }), { minLength: 2, maxLength: 2 }),
  fc.array(fc.array(op, { minLength: 1, maxLength: 3 }), { minLength: 3, maxLength: 3 }),
);
