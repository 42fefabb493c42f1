import type { Ns } from '../lib/brand.js';

/**
 * What a step is about to do with its object. `read`, `write` and `update` (atomic read-modify-write) are accesses to
 * a shared word; `acquire` and `wait` may block; `sleep` blocks for a time; `barrier` orders the CPU's own accesses.
 */
export type StepKind = 'read' | 'write' | 'update' | 'acquire' | 'release' | 'wait' | 'sleep' | 'barrier';

/**
 * What a step is ordered with, besides what the same word and dependencies order. Of accesses: `acquire` (LDAR: also
 * behind the CPU's earlier releases), `acquirePc` (LDAPR: not so), `release`, both, or neither (`relaxed`, of atomic operations,
 * which else are full barriers); `noReturn` is `relaxed` where nobody gets what was read (STADD: no barrier between loads
 * counts it for one), `noReturnRelease` `release` likewise. Of barriers: which accesses they stand between; those without
 * order: all.
 */
export type Order =
  | 'relaxed'
  | 'noReturn'
  | 'noReturnRelease'
  | 'acquire'
  | 'acquirePc'
  | 'release'
  | 'acquireRelease'
  | 'loads'
  | 'stores'
  | 'instructions';

/** What a load saw: how many stores had reached memory when what it read did. Memory other than arm64's does not use it. */
export type View = number;

/**
 * What a process context is about to do, yielded just before it does it. Between two yields a context runs
 * undisturbed. Steps that do not carry a time are made once by their object and yielded again and again.
 */
export interface Step {
  readonly object: SharedObject;
  readonly kind: StepKind;
  /** For `sleep`, and for a `wait` with a time limit: how long, in ns. */
  readonly ns?: Ns;
  /** For a `read` that is repeated until it finds what it looks for: true once it does. */
  readonly found?: (value: number) => boolean;
  /** How it is ordered; default: not for a `read` or `write`, fully for all else. */
  readonly order?: Order;
  /** The newest view that it depends on by its address or, of a store, by its value; of an isb: by a branch before it. */
  readonly after?: View;
  /** Name of the kernel's function that does the step, for those who read a trace. */
  readonly label?: string;
  /** For a `wait`: a signal would end it, so nobody calls it hung however long it takes (TASK_INTERRUPTIBLE). */
  readonly interruptible?: boolean;
  /** Whoever waits looks time and again, and sleeps shortly in between: khungtaskd never finds it asleep for long. */
  readonly polls?: boolean;
}

/**
 * A procedure of the kernel or the host in process context: it yields each step that another context could see,
 * and may sleep. It returns when the procedure has finished.
 */
export type Procedure<T> = Generator<Step, T, void>;

/** A context that waits for an object to change. */
export interface Waiter {
  /** The object has changed: the context looks again whether it can go on. */
  wake(): void;
}

/** Is told of what a context looks at and changes without a step of its own. */
export interface ChangeWatcher {
  /** The running context has just changed `object`. */
  changed(object: SharedObject): void;
  /** The running context has just looked at `object`. */
  looked(object: SharedObject): void;
  /** What the running context will do depends on `key`, and on what it reads from here on, only. */
  freshStart(key: string | number): void;
}

let watcher: ChangeWatcher | undefined;
let nextObjectId = 0;

/** Has `next` watch all changes from now on; undefined: nobody does. @returns who did before. */
export function watchChanges(next: ChangeWatcher | undefined): ChangeWatcher | undefined {
  const previous = watcher;
  watcher = next;
  return previous;
}

/** True while somebody wants to hear of such changes: what is not made before it is needed need not be made else. */
export function isWatched(): boolean {
  return watcher !== undefined;
}

/**
 * Says that what the running context does from here on depends only on `key` and on what it reads of what is shared from
 * here on: that it has forgotten the rest. For loops, so that an explorer finds states again; else it does nothing.
 */
export function checkpoint(key: string | number): void {
  if (watcher !== undefined) watcher.freshStart(key);
}

/** Number that the next shared object gets. */
export function peekObjectId(): number {
  return nextObjectId;
}

/** Numbers the objects made from now on from `id` up: for whoever builds the same objects again and again. */
export function restartObjectIds(id: number): void {
  nextObjectId = id;
}

/**
 * Keeps `count` numbers for objects that are made only when somebody needs them: who is first differs from one execution
 * to the next, and their numbers must not. @returns the first one.
 */
export function reserveObjectIds(count: number): number {
  const first = nextObjectId;
  nextObjectId += count;
  return first;
}

/** Makes an object that has a number kept for it. */
export function makeWithId<T extends SharedObject>(id: number, make: () => T): T {
  const next = nextObjectId;
  nextObjectId = id;
  const object = make();
  nextObjectId = next;
  return object;
}

/** What a shared object holds, if that is one value. */
export type Snapshot = number | string | boolean | null | undefined;

/** Something that several contexts use: a word, a lock, a completion. */
export abstract class SharedObject {
  /** In order of construction. */
  readonly id = nextObjectId++;
  // Made on first use, as are the steps of a word: an explorer builds its objects anew for every execution.
  private waiting: Waiter[] | undefined;

  constructor(readonly name: string) {}

  /** Who waits until this object changes. */
  get waiters(): Waiter[] {
    this.waiting ??= [];
    return this.waiting;
  }

  /** True while `step` on this object cannot be done. */
  abstract blocks(step: Step): boolean;

  /**
   * True if a CPU does `step` only when its earlier stores are visible to all: so do locked instructions and whatever
   * may call the scheduler. Words that are not in a MemoryWord change for all at once, which must not overtake stores.
   */
  drains(step: Step): boolean {
    return step.kind !== 'read';
  }

  /** True if `step` stores through the CPU's store buffer, so that others see it later. */
  buffers(_step: Step): boolean {
    return false;
  }

  /** The running context has changed the object, as part of a step that names something else. */
  announce(): void {
    if (watcher !== undefined) watcher.changed(this);
  }

  /** The running context has looked at the object, as part of a step that names something else. */
  announceRead(): void {
    if (watcher !== undefined) watcher.looked(this);
  }

  /** All that it holds, as one value, for whoever tells states apart; undefined: its fields are to be looked at. */
  snapshot(): Snapshot {
    return undefined;
  }

  /** Who has what others wait for; undefined if nobody has, nobody can, or nobody says who runs. */
  heldBy(): RunningContext | undefined {
    return undefined;
  }

  /** Lets every waiter look again whether it can go on. Called after each change that may unblock. */
  protected wakeWaiters(): void {
    if (watcher !== undefined) watcher.changed(this);
    const { waiting } = this;
    if (waiting === undefined || waiting.length === 0) return;
    for (const waiter of waiting.splice(0)) waiter.wake();
  }
}

/** A shared word or flag whose owner stores it in a field of its own; the steps only name it. */
export class SharedWord extends SharedObject {
  private reading: Step | undefined;
  private writing: Step | undefined;
  private updating: Step | undefined;

  get read(): Step {
    this.reading ??= { object: this, kind: 'read' };
    return this.reading;
  }

  get write(): Step {
    this.writing ??= { object: this, kind: 'write' };
    return this.writing;
  }

  get update(): Step {
    this.updating ??= { object: this, kind: 'update' };
    return this.updating;
  }

  override blocks(_step: Step): boolean {
    return false;
  }
}

/** Who runs: a process context by its name, number and CPU, with the kernel's functions that it is in. */
export interface RunningContext {
  readonly comm: string;
  readonly pid: number;
  /** The outermost first. */
  readonly functions: string[];
}

let running: RunningContext | undefined;

/** The process context that runs; undefined where nobody says so, as in an explorer's world. */
export function runningContext(): RunningContext | undefined {
  return running;
}

/** From now on `next` runs. @returns who did before. */
export function setRunningContext(next: RunningContext | undefined): RunningContext | undefined {
  const previous = running;
  running = next;
  return previous;
}

let labelling = false;

/** From now on procedures begun by inFunction label their steps, for whoever writes a trace; or no longer. */
export function labelSteps(on: boolean): void {
  labelling = on;
}

/** Runs `proc`, which stands for the kernel's function `name`: whoever asks where the running context is finds it. */
export function* inFrame<T>(name: string, proc: Procedure<T>): Procedure<T> {
  const functions = running?.functions;
  if (functions === undefined) return yield* proc;
  functions.push(name);
  try {
    return yield* proc;
  } finally {
    functions.pop();
  }
}

/** As inFrame; where steps are labelled they bear the function's name, unless they bear one. */
export function* inFunction<T>(label: string, proc: Procedure<T>): Procedure<T> {
  if (!labelling) return yield* inFrame(label, proc);
  for (;;) {
    const next = proc.next();
    if (next.done) return next.value;
    yield next.value.label === undefined ? { ...next.value, label } : next.value;
  }
}

/** What cannot be taken apart, as a procedure: all of it belongs to the step before. */
export function* inOneGo<T>(run: () => T): Procedure<T> {
  return run();
}

/** What a step does is done as part of one that names something else. */
function announceStep({ object, kind }: Step): void {
  if (kind === 'read') object.announceRead();
  else if (kind !== 'sleep' && kind !== 'barrier') object.announce();
}

/** Runs a procedure that must not sleep here (under a spin lock, in an interrupt) to its end at once. */
export function runAtomic<T>(proc: Procedure<T>): T {
  for (;;) {
    const next = proc.next();
    if (next.done) return next.value;
    const { object, kind } = next.value;
    if (watcher !== undefined) announceStep(next.value);
    if (object.blocks(next.value)) {
      throw new Error(`scheduling while atomic: ${kind} of ${object.name}`);
    }
  }
}
