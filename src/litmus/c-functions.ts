import { memoryBarrier, readBarrier, writeBarrier } from '../machine/memory.js';
import type { Order, Procedure, Step } from '../machine/step.js';
import { joined, type Thread, type Value, zero } from './thread.js';

// The kernel's functions that order memory (Documentation/memory-barriers.txt, atomic_t.txt), as x86 and arm64 have them:
// arch/{x86,arm64}/include/asm/{barrier,atomic*,cmpxchg}.h of 6.12. Where the two differ it is the memory that decides, so
// that under sc and tso a thread is one of x86.

/** How a function takes an argument: `*x`, of which it wants the address; an address; a value. */
export type Parameter = 'word' | 'address' | 'value';

/** A function of the kernel that a litmus test may call. */
export interface CFunction {
  readonly parameters: readonly Parameter[];
  readonly isVoid?: boolean;
  readonly run: (thread: Thread, args: readonly Value[]) => Procedure<Value>;
}

/** How the kernel's names of an order end; without: fully ordered. */
const orders: readonly (readonly [suffix: string, order: Order | undefined])[] = [
  ['', undefined],
  ['_relaxed', 'relaxed'],
  ['_acquire', 'acquire'],
  ['_release', 'release'],
];

type Calculation = (before: number, operand: number) => number;

const calculations: Readonly<Record<string, Calculation>> = {
  add: (before, operand) => before + operand,
  sub: (before, operand) => before - operand,
  and: (before, operand) => before & operand,
  andnot: (before, operand) => before & ~operand,
  or: (before, operand) => before | operand,
  xor: (before, operand) => before ^ operand,
};

const one: Value = { number: 1, view: 0 };

/** Functions by their names. */
export const cFunctions: ReadonlyMap<string, CFunction> = new Map<string, CFunction>([
  ['READ_ONCE', load('word')],
  ['WRITE_ONCE', store('word')],
  ['smp_load_acquire', load('address', 'acquire')],
  ['smp_store_release', store('address', 'release')],
  ['rcu_dereference', load('word')],
  ['rcu_assign_pointer', store('word', 'release')],
  ['smp_store_mb', storeAndBarrier()],
  ['atomic_read', load('address')],
  ['atomic_read_acquire', load('address', 'acquire')],
  ['atomic_set', store('address')],
  ['atomic_set_release', store('address', 'release')],
  ['smp_mb', barrier(memoryBarrier)],
  ['smp_rmb', barrier(readBarrier)],
  ['smp_wmb', barrier(writeBarrier)],
  // barrier() of the compiler on x86, whose atomic operations are full barriers.
  ['smp_mb__before_atomic', barrier(memoryBarrier, 'arm64')],
  ['smp_mb__after_atomic', barrier(memoryBarrier, 'arm64')],
  ['smp_mb__after_spinlock', barrier(memoryBarrier, 'arm64')],
  // A barrier only where locks are weaker than acquire and release (powerpc).
  ['smp_mb__after_unlock_lock', barrier(undefined)],
  ['barrier', barrier(undefined)],
  ['spin_lock', spinLock()],
  ['spin_unlock', spinUnlock()],
  ['spin_is_locked', load('address')],
  ...exchanges(),
  ...arithmetic(),
]);

function load(parameter: Parameter, order?: Order): CFunction {
  return { parameters: [parameter], run: (thread, [address]) => thread.load(address, order) };
}

function store(parameter: Parameter, order?: Order): CFunction {
  return {
    parameters: [parameter, 'value'],
    isVoid: true,
    *run(thread, [address, value]) {
      yield* thread.store(address, value, order);
      return zero;
    },
  };
}

function storeAndBarrier(): CFunction {
  return {
    parameters: ['word', 'value'],
    isVoid: true,
    *run(thread, [address, value]) {
      yield* thread.store(address, value);
      yield memoryBarrier;
      return zero;
    },
  };
}

/** @param only the memory under which it is one. */
function barrier(step: Step | undefined, only?: 'arm64'): CFunction {
  return {
    parameters: [],
    isVoid: true,
    *run({ memory }) {
      if (step !== undefined && (only === undefined || memory === only)) yield step;
      return zero;
    },
  };
}

function spinLock(): CFunction {
  return {
    parameters: ['address'],
    isVoid: true,
    *run(thread, [address]) {
      yield* thread.lock(address);
      return zero;
    },
  };
}

function spinUnlock(): CFunction {
  return {
    parameters: ['address'],
    isVoid: true,
    *run(thread, [address]) {
      yield* thread.store(address, zero, 'release');
      return zero;
    },
  };
}

function* exchanges(): Generator<[string, CFunction]> {
  for (const [suffix, order] of orders) {
    for (const prefix of ['', 'atomic_']) {
      yield [
        `${prefix}xchg${suffix}`,
        {
          parameters: ['address', 'value'],
          run: (thread, [address, value]) => thread.swap(address, value, order),
        },
      ];
      yield [
        `${prefix}cmpxchg${suffix}`,
        {
          parameters: ['address', 'value', 'value'],
          run: (thread, [address, expected, value]) =>
            thread.update(
              address,
              (before) => (before === expected.number ? value.number : undefined),
              order,
            ),
        },
      ];
    }
  }
  yield [
    'atomic_add_unless',
    {
      parameters: ['address', 'value', 'value'],
      *run(thread, [address, amount, unless]) {
        const change = (before: number) => (before === unless.number ? undefined : before + amount.number);
        const before = yield* thread.update(address, change);
        return { number: before.number === unless.number ? 0 : 1, view: before.view };
      },
    },
  ];
}

function* arithmetic(): Generator<[string, CFunction]> {
  for (const [name, calculate] of Object.entries(calculations)) {
    const isSum = name === 'add' || name === 'sub';
    yield* forms(name, ['value', 'address'], calculate, isSum);
    if (isSum) yield* forms(name === 'add' ? 'inc' : 'dec', ['address'], calculate, true);
  }
}

/** atomic_NAME, atomic_fetch_NAME…; of sums atomic_NAME_return… and atomic_NAME_and_test, too. */
function* forms(
  name: string,
  parameters: readonly Parameter[],
  calculate: Calculation,
  isSum: boolean,
): Generator<[string, CFunction]> {
  const update = (thread: Thread, args: readonly Value[], order: Order | undefined): Procedure<Value> => {
    const [operand, address] = args.length === 1 ? [one, args[0]] : args;
    return thread.update(address, (before) => calculate(before, operand.number), order);
  };
  const after = function* (
    thread: Thread,
    args: readonly Value[],
    order: Order | undefined,
  ): Procedure<Value> {
    const operand = args.length === 1 ? one : args[0];
    return joined(yield* update(thread, args, order), operand, calculate);
  };
  yield [
    `atomic_${name}`,
    {
      parameters,
      isVoid: true,
      *run(thread, args) {
        yield* update(thread, args, 'noReturn');
        return zero;
      },
    },
  ];
  for (const [suffix, order] of orders) {
    yield [
      `atomic_fetch_${name}${suffix}`,
      { parameters, run: (thread, args) => update(thread, args, order) },
    ];
    if (!isSum) continue;
    yield [
      `atomic_${name}_return${suffix}`,
      { parameters, run: (thread, args) => after(thread, args, order) },
    ];
  }
  if (!isSum || name === 'add') return;
  yield [
    `atomic_${name}_and_test`,
    {
      parameters,
      *run(thread, args) {
        const { number, view } = yield* after(thread, args, undefined);
        return { number: number === 0 ? 1 : 0, view };
      },
    },
  ];
}
