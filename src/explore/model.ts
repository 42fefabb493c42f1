import type { CpuId, Ns } from '../lib/brand.js';
import type { Machine } from '../machine/machine.js';
import type { Procedure } from '../machine/step.js';

/** How stores become visible: at once (sc), by way of x86's store buffers (tso), or as arm64 lets them. */
export type MemoryModel = (typeof memoryModels)[number];

export const memoryModels = ['sc', 'tso', 'arm64'] as const;

/** An interrupt of one CPU that other contexts raise. Raised again before it began, it still runs only once. */
export interface Interrupt {
  /**
   * Makes it pending: it may begin whenever its CPU takes interrupts. To be done as part of a step. All earlier stores
   * of the raising CPU are visible then.
   */
  raise(): void;
  readonly isPending: boolean;
}

/** Work that an interrupt leaves for after it, on the same CPU. */
export interface SoftInterrupt {
  /** Has it run once, after the present interrupt if there is one; scheduled again before it began, still once. */
  schedule(): void;
  readonly isScheduled: boolean;
}

/** What code running on a CPU can forbid there, and only there. Calls nest. */
export interface CpuControl {
  /** Keeps interrupts away, and other tasks of the CPU (local_irq_save). */
  localIrqDisable(): void;
  localIrqEnable(): void;
  /** Keeps tasklets away, and other tasks of the CPU (local_bh_disable). */
  localBhDisable(): void;
  localBhEnable(): void;
}

/** What is special about a task of a model. */
export interface TaskOptions {
  /**
   * `free` (default): a sleep or time limit may end at any moment, however other contexts get on. `virtual`: it ends
   * when nothing else can go on, the earliest first, as if all steps took no time.
   */
  readonly time?: 'free' | 'virtual';
}

/** Where a model's setup puts its contexts. Contexts may add more while they run. */
export interface World {
  /** With tso or arm64 MemoryWords, locks and barriers are what they are there. */
  readonly memory: MemoryModel;
  /** Virtual time so far. */
  readonly nowNs: Ns;
  /**
   * A process context. Tasks of one CPU are switched between at any step unless one forbids it, or only where they
   * may sleep if `preemptible` is off; those of a lane that is no CPU (a host's threads) run freely.
   *
   * @param lane the CPU it is bound to, or the name of a lane beside all CPUs.
   */
  task(lane: CpuId | string, name: string, proc: Procedure<unknown>, options?: TaskOptions): void;
  /** Declares an interrupt of a CPU. @param make what runs each time. */
  interrupt(cpu: CpuId, name: string, make: () => Procedure<unknown>): Interrupt;
  /** Declares a tasklet of a CPU. @param make what runs each time. */
  tasklet(cpu: CpuId, name: string, make: () => Procedure<unknown>): SoftInterrupt;
  cpu(id: CpuId): CpuControl;
  /** Has this world run the tasks and tasklets of `machine`, whose `thisCpu` follows the running context. */
  attach(machine: Machine): void;
  /**
   * False: a task of a CPU gives way to another one only where it sleeps, waits or takes a lock. Default: true. For
   * setup only.
   */
  preemptible: boolean;
}

/** True or undefined: it holds. A string says what is wrong. */
export type Verdict = boolean | string | undefined;

/**
 * Plain state, as anything from which all of it can be reached. It is told apart by what its objects hold; a function
 * stands for who made it, and may keep nothing in variables that change.
 */
export interface PlainParts {
  /** What a context reads that another one has written. */
  readonly shared: unknown;
  /** What only one context reads and writes, by the context's name. */
  readonly own?: Readonly<Record<string, unknown>>;
}

/**
 * A race to explore.
 *
 * `setup` builds everything anew by plain constructors for every execution, so it must be cheap and always do the
 * same. Contexts yield each access just before they do it (Procedure); errors that they throw are violations.
 */
export interface Model<S> {
  readonly name: string;
  /** @returns what the properties look at. */
  setup(world: World): S;
  /** Hold after every step. */
  readonly always?: Readonly<Record<string, (state: S) => Verdict>>;
  /** Hold when nothing can go on any more. */
  readonly finally?: Readonly<Record<string, (state: S) => Verdict>>;
  /** Witnesses: each should be true at the end of some execution, or the model does not show what it is meant to. */
  readonly sometimes?: Readonly<Record<string, (state: S) => boolean>>;
  /** Sums an execution up, for counting distinct outcomes. */
  outcome?(state: S): string | number;
  /** True if it is all right that contexts are still blocked at the end; otherwise that is a deadlock. */
  mayBlock?(state: S): boolean;
  /**
   * For searches by states: the plain state that contexts share, that is left when a context begins afresh, or that
   * properties and outcome look at. Default: what `setup` returned is shared, and nothing may be in it that cannot be
   * looked into.
   */
  fingerprint?(state: S): PlainParts;
  /** The state in lines of text, for walking through a trace. */
  describe?(state: S): readonly string[];
  /**
   * Objects whose changes the `always` properties depend on. Without it, reduction has to treat every step as one that
   * they depend on, and reduces nothing in a model that has such properties.
   */
  watches?(state: S): Iterable<{ readonly id: number }>;
}
