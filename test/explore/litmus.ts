import { MemoryWord } from '../../src/machine/memory.js';
import { Lock } from '../../src/machine/lock.js';
import { READ_ONCE, smp_mb, WRITE_ONCE, xchg } from '../../src/machine/smp.js';
import type { Procedure } from '../../src/machine/step.js';
import type { MemoryModel, Model, World } from '../../src/explore/model.js';

/** A litmus test: its model, and the outcomes that each memory model allows. */
export interface Litmus {
  readonly model: Model<Registers>;
  readonly outcomes: Readonly<Record<MemoryModel, readonly string[]>>;
  /** Without reduction a search under arm64 takes seconds. */
  readonly isLarge?: boolean;
}

/** What the contexts of a litmus test have read. */
export interface Registers {
  readonly r: number[];
}

type Programs = (words: { x: MemoryWord; y: MemoryWord }, r: number[]) => readonly Procedure<void>[];

function litmus(
  name: string,
  programs: Programs,
  sc: readonly string[],
  tso: readonly string[] = sc,
  arm64: readonly string[] = tso,
): Litmus {
  const model: Model<Registers> = {
    name,
    setup(world: World): Registers {
      const words = { x: new MemoryWord('x'), y: new MemoryWord('y') };
      const r: number[] = [];
      for (const [cpu, proc] of programs(words, r).entries()) world.task(cpu, `P${cpu}`, proc);
      return { r };
    },
    outcome: ({ r }) => r.join(''),
  };
  return { model, outcomes: { sc: [...sc].sort(), tso: [...tso].sort(), arm64: [...arm64].sort() } };
}

function* add(word: MemoryWord): Procedure<void> {
  const value = yield* READ_ONCE(word);
  yield* WRITE_ONCE(word, value + 1);
}

function* then(...procs: readonly Procedure<unknown>[]): Procedure<void> {
  for (const proc of procs) yield* proc;
}

function* into(r: number[], at: number, proc: Procedure<number>): Procedure<void> {
  r[at] = yield* proc;
}

export const storeBuffering = litmus(
  'SB',
  ({ x, y }, r) => [
    then(WRITE_ONCE(x, 1), into(r, 0, READ_ONCE(y))),
    then(WRITE_ONCE(y, 1), into(r, 1, READ_ONCE(x))),
  ],
  ['01', '10', '11'],
  ['00', '01', '10', '11'],
);

export const storeBufferingFenced = litmus(
  'SB+mb',
  ({ x, y }, r) => [
    then(WRITE_ONCE(x, 1), smp_mb(), into(r, 0, READ_ONCE(y))),
    then(WRITE_ONCE(y, 1), smp_mb(), into(r, 1, READ_ONCE(x))),
  ],
  ['01', '10', '11'],
);

export const litmusTests: readonly Litmus[] = [
  storeBuffering,
  storeBufferingFenced,
  litmus(
    'SB with one barrier',
    ({ x, y }, r) => [
      then(WRITE_ONCE(x, 1), smp_mb(), into(r, 0, READ_ONCE(y))),
      then(WRITE_ONCE(y, 1), into(r, 1, READ_ONCE(x))),
    ],
    ['01', '10', '11'],
    ['00', '01', '10', '11'],
  ),
  litmus(
    'SB with xchg',
    ({ x, y }, r) => [then(xchg(x, 1), into(r, 0, READ_ONCE(y))), then(xchg(y, 1), into(r, 1, READ_ONCE(x)))],
    ['01', '10', '11'],
  ),
  {
    ...litmus(
      'SB with the unlocking of a lock between',
      ({ x, y }, r) => {
        const a = new Lock('a');
        const b = new Lock('b');
        return [
          then(a.lock(), WRITE_ONCE(x, 1), a.unlock(), into(r, 0, READ_ONCE(y))),
          then(b.lock(), WRITE_ONCE(y, 1), b.unlock(), into(r, 1, READ_ONCE(x))),
        ];
      },
      ['01', '10', '11'],
      ['00', '01', '10', '11'],
    ),
    isLarge: true,
  },
  litmus(
    'MP',
    ({ x, y }, r) => [
      then(WRITE_ONCE(x, 1), WRITE_ONCE(y, 1)),
      then(into(r, 0, READ_ONCE(y)), into(r, 1, READ_ONCE(x))),
    ],
    ['00', '01', '11'],
    ['00', '01', '11'],
    ['00', '01', '10', '11'],
  ),
  litmus(
    'MP through a spin loop',
    ({ x, y }, r) => [
      then(WRITE_ONCE(x, 1), WRITE_ONCE(y, 1)),
      (function* () {
        yield y.readUntil((value) => value === 1);
        r[0] = yield* READ_ONCE(x);
      })(),
    ],
    ['1'],
    ['1'],
    ['0', '1'],
  ),
  litmus(
    'LB',
    ({ x, y }, r) => [
      then(into(r, 0, READ_ONCE(x)), WRITE_ONCE(y, 1)),
      then(into(r, 1, READ_ONCE(y)), WRITE_ONCE(x, 1)),
    ],
    ['00', '01', '10'],
  ),
  litmus(
    'own stores are seen at once',
    ({ x, y }, r) => [
      then(WRITE_ONCE(x, 1), into(r, 0, READ_ONCE(x)), into(r, 1, READ_ONCE(y))),
      then(WRITE_ONCE(y, 1), into(r, 2, READ_ONCE(y)), into(r, 3, READ_ONCE(x))),
    ],
    ['1011', '1110', '1111'],
    ['1010', '1011', '1110', '1111'],
  ),
  litmus(
    'coherence of reads',
    ({ x }, r) => [
      then(WRITE_ONCE(x, 1), WRITE_ONCE(x, 2)),
      then(into(r, 0, READ_ONCE(x)), into(r, 1, READ_ONCE(x))),
    ],
    ['00', '01', '02', '11', '12', '22'],
  ),
  litmus(
    'IRIW',
    ({ x, y }, r) => [
      WRITE_ONCE(x, 1),
      WRITE_ONCE(y, 1),
      then(into(r, 0, READ_ONCE(x)), into(r, 1, READ_ONCE(y))),
      then(into(r, 2, READ_ONCE(y)), into(r, 3, READ_ONCE(x))),
    ],
    Array.from({ length: 16 }, (_, i) => i.toString(2).padStart(4, '0')).filter((r) => r !== '1010'),
    Array.from({ length: 16 }, (_, i) => i.toString(2).padStart(4, '0')).filter((r) => r !== '1010'),
    Array.from({ length: 16 }, (_, i) => i.toString(2).padStart(4, '0')),
  ),
  litmus(
    'lost update',
    ({ x }, r) => [then(add(x), into(r, 0, READ_ONCE(x))), then(add(x), into(r, 1, READ_ONCE(x)))],
    ['11', '12', '21', '22'],
  ),
];

/** A counter that several contexts raise, each holding a lock if `locked`. */
export function counterModel(locked: boolean, contexts = 2): Model<MemoryWord> {
  return {
    name: locked ? 'locked counter' : 'counter',
    setup(world): MemoryWord {
      const count = new MemoryWord('count');
      const lock = new Lock('lock');
      for (let cpu = 0; cpu < contexts; cpu++) {
        world.task(cpu, `P${cpu}`, locked ? then(lock.lock(), add(count), lock.unlock()) : add(count));
      }
      return count;
    },
    outcome: ({ value }) => value,
    finally: { 'no update is lost': ({ value }) => value === contexts || `${value} of ${contexts}` },
  };
}

/** Two contexts take two locks, in the same order or not. */
export function twoLocks(sameOrder: boolean): Model<null> {
  return {
    name: 'two locks',
    setup(world): null {
      const a = new Lock('a');
      const b = new Lock('b');
      const both = (first: Lock, second: Lock): Procedure<void> =>
        then(first.lock(), second.lock(), second.unlock(), first.unlock());
      world.task(0, 'P0', both(a, b));
      world.task(1, 'P1', sameOrder ? both(a, b) : both(b, a));
      return null;
    },
  };
}

/** Dekker's entry: each raises its flag and enters unless the other's is up. */
export function dekker(fenced: boolean): Model<{ inside: number }> {
  return {
    name: fenced ? 'Dekker with barriers' : 'Dekker without barriers',
    setup(world): { inside: number } {
      const state = { inside: 0 };
      const flags = [new MemoryWord('flag0'), new MemoryWord('flag1')];
      function* enter(me: number): Procedure<void> {
        yield* WRITE_ONCE(flags[me], 1);
        if (fenced) yield* smp_mb();
        if ((yield* READ_ONCE(flags[1 - me])) === 0) state.inside += 1;
      }
      world.task(0, 'P0', enter(0));
      world.task(1, 'P1', enter(1));
      return state;
    },
    finally: { 'at most one is inside': ({ inside }) => inside <= 1 },
    sometimes: { 'one is inside': ({ inside }) => inside === 1 },
  };
}
