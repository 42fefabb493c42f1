import { Lock } from '../../machine/lock.js';
import type { Step } from '../../machine/step.js';
import { type Context, contextKind } from '../execution/context.js';
import type { Execution } from '../execution/execution.js';
import { accessOf, NO_ACCESS, pendingStore } from '../execution/access.js';
import { MAX_CONTEXTS } from '../execution/context-set.js';
import { waitsForStores, withCpu } from '../execution/rules.js';

/** On arm64: true if it matters to the step that comes next whether earlier stores of its CPU have reached memory. */
function isOrdered({ step, proc, lane, kind }: Context): boolean {
  if (kind === contextKind.EARLY) return false;
  if (proc === undefined || lane.mustDrain || (lane.cpu >= 0 && lane.isShared)) return true;
  return step !== undefined && (step.order !== undefined || (step.kind !== 'read' && step.kind !== 'write'));
}

/** True if two accesses do not commute: both to one object, and not both reads. */
export function clash(a: number, b: number): boolean {
  return a >> 1 === b >> 1 && ((a | b) & 1) !== 0;
}

/** What a history needs of the execution whose steps it knows. */
export type Performer<S> = Pick<Execution<S>, 'model' | 'current' | 'stage' | 'perform'>;

/**
 * The steps of one execution, and which of them had to happen before which: the one dependency relation that serves
 * reduction, and the marks in traces.
 *
 * Two steps depend on each other if both access an object, not both reading it, or if their contexts share a CPU. A
 * store that waits in a store buffer is an access when it reaches memory. That moment commutes with the steps of its
 * own CPU, which sees its stores all along.
 */
export class History<S> {
  /** Before these steps virtual time passed: whatever came earlier happened before them. Ascending. */
  readonly timePassed: number[] = [];
  readonly pid: Int32Array;
  private readonly lane: Int32Array;
  private readonly code: Int32Array;
  private readonly isCommit: Uint8Array;
  /** On arm64, steps that are ordered with stores that their CPU has made before. */
  private readonly isOrdered: Uint8Array;
  private readonly isRelease: Uint8Array;
  private readonly isVisible: Uint8Array;
  /** For each step: the contexts of its CPU that could have run instead. */
  private readonly withCpu: Int32Array;
  /** For each step: the number of contexts there were. */
  private readonly counts: Int32Array;
  private readonly changes: (readonly number[] | undefined)[] = [];
  /** For each step and context: 1 + the last step of that context that happened before it, or is it. */
  private readonly clocks: Int32Array;
  /** Where in `clocks` the clock of a step that has not been done yet is worked out, and behind it what it began with. */
  private readonly front: number;
  private readonly lastStep = new Int32Array(MAX_CONTEXTS);
  /** The step that gave the context something to do: started, raised or stored. */
  private readonly cause = new Int32Array(MAX_CONTEXTS);
  private readonly lastCommit: number[] = [];
  private readonly storeSteps: number[][] = [];
  private watched: ReadonlySet<number> | undefined;
  private readonly allVisible: boolean;
  private readonly isArm64: boolean;
  /** The step being done waits for its CPU's stores. */
  private waits = false;
  private frontLimit = -1;
  /** Stores of its CPU that had reached memory before the present step, that waited, and that it let reach memory. */
  private commits = 0;
  private waited = 0;
  private drained = 0;
  /** The step that made the store which the present step lets reach memory. */
  private committed = -1;
  /** The context whose step has just been done, as long as others are told what it has accessed; -1: none. */
  private telling = -1;
  /** Locked instructions of its CPU before the present step; and whether it has some itself, within its block. */
  private drains = 0;
  private isLocked = false;

  constructor(
    private readonly execution: Performer<S>,
    maxSteps: number,
  ) {
    const { always, watches } = execution.model;
    this.isArm64 = execution.stage.memory === 'arm64';
    this.allVisible = always !== undefined && watches === undefined;
    this.pid = new Int32Array(maxSteps + 1);
    this.lane = new Int32Array(maxSteps + 1);
    this.code = new Int32Array(maxSteps + 1);
    this.isCommit = new Uint8Array(maxSteps + 1);
    this.isOrdered = new Uint8Array(maxSteps + 1);
    this.isRelease = new Uint8Array(maxSteps + 1);
    this.isVisible = new Uint8Array(maxSteps + 1);
    this.withCpu = new Int32Array(maxSteps + 1);
    this.counts = new Int32Array(maxSteps + 1);
    this.front = (maxSteps + 1) * MAX_CONTEXTS;
    this.clocks = new Int32Array(this.front + 2 * MAX_CONTEXTS);
  }

  /** An execution has just begun. */
  begin(): void {
    const { model, current } = this.execution;
    this.timePassed.length = 0;
    this.lastStep.fill(-1);
    this.cause.fill(-1);
    this.lastCommit.length = 0;
    this.storeSteps.length = 0;
    if (model.always !== undefined && model.watches !== undefined) {
      const ids = new Set<number>();
      for (const { id } of model.watches(current)) ids.add(id);
      this.watched = ids;
    }
  }

  /** Does the next step of context `pid`, as step `at`. */
  perform(at: number, pid: number): void {
    this.before(at, pid);
    const { execution } = this;
    const had = this.withStep();
    execution.perform(pid);
    this.noteCauses(at, pid, had);
    this.lastStep[pid] = at;
  }

  /** The same for a step that is new: works out what it depends on. `onChange` is told of each other access it made. */
  performNew(at: number, pid: number, onChange?: (code: number) => void): void {
    const { execution } = this;
    const { lane } = execution.stage.contexts[pid];
    this.counts[at] = execution.stage.count;
    this.withCpu[at] = lane.isShared ? withCpu(execution.stage, lane) : -1;
    const had = this.withStep();
    this.performAlone(at, pid, onChange);
    // Even with an empty buffer: it would not have been empty earlier.
    this.isLocked = lane.buffer !== undefined && lane.buffer.drains !== this.drains;
    this.drained = this.isCommit[at] !== 0 ? 0 : (lane.buffer?.commits ?? 0) - this.commits;
    this.noteClock(at, pid);
    this.noteCauses(at, pid, had);
    this.lastStep[pid] = at;
  }

  /** The same where it will not be asked what happened before what: only whether a next step depends on this one. */
  performAlone(at: number, pid: number, onChange?: (code: number) => void): void {
    this.before(at, pid);
    const { execution } = this;
    execution.perform(pid);
    const { changes, changeCount } = execution.stage;
    const changed = changeCount === 0 ? undefined : changes.slice(0, changeCount);
    this.changes[at] = changed;
    this.telling = pid;
    for (const code of changed ?? []) {
      if (this.isSeen(code)) this.isVisible[at] = 1;
      onChange?.(code);
    }
    this.telling = -1;
  }

  /** True if step `at` made accesses that it had not announced. */
  hasChanges(at: number): boolean {
    return this.changes[at] !== undefined;
  }

  /** True if step `at`, the last one, let stores of earlier steps reach memory, though it is no commit. */
  hasDrained(at: number): boolean {
    if (this.drained === 0) return false;
    if (this.isArm64) return this.waited > 0;
    const { lane } = this.execution.stage.contexts[this.pid[at]];
    return (this.storeSteps[lane.index]?.[this.commits] ?? at) < at;
  }

  /** Starts to work out what happened before `step`, the next one of context `pid`: so far what it was caused by. */
  beginFront(pid: number, step: Step | undefined): void {
    const { clocks, front, execution } = this;
    const context = execution.stage.contexts[pid];
    const { kind, lane } = context;
    clocks.fill(0, front, front + MAX_CONTEXTS);
    this.join(front, this.lastStep[pid]);
    this.join(front, this.causeOf(pid));
    // A store of the same CPU keeps the step waiting until it is visible, but the step could have come before both.
    const needs = front + MAX_CONTEXTS;
    clocks.copyWithin(needs, front, needs);
    const waits = !this.isArm64 && (lane.isShared || (step !== undefined && waitsForStores(context, step)));
    if (waits && kind !== contextKind.COMMIT && lane.buffer !== undefined) {
      this.join(needs, this.lastCommit[lane.index] ?? -1);
    }
    this.frontLimit = Math.max(this.lastStep[pid], this.causeOf(pid));
  }

  /**
   * The end of the stretch of time that step `i` lies in; `from` + 1 if time has not passed since. 0 if the step that
   * beginFront named was caused later, so that it cannot have come before `i`.
   */
  endOfStretch(i: number, from: number): number {
    for (const passed of this.timePassed) if (passed > i) return this.frontLimit < passed ? passed : 0;
    return from + 1;
  }

  /** True if step `i` had to happen before the step that beginFront named, whatever that accesses. */
  isBefore(i: number): boolean {
    return this.clocks[this.front + MAX_CONTEXTS + this.pid[i]] > i;
  }

  /** True if step `i` is known to have happened before the step that beginFront named. */
  inFront(i: number): boolean {
    return this.clocks[this.front + this.pid[i]] > i;
  }

  /** Step `i`, and with it all that happened before it, happened before the step that beginFront named. */
  joinFront(i: number): void {
    this.join(this.front, i);
  }

  /** True if step `i` happened before step `j`. */
  isStepBefore(i: number, j: number): boolean {
    return this.clocks[j * MAX_CONTEXTS + this.pid[i]] > i;
  }

  /** True if step `i` and an access of `code` that context `context` is about to make depend on each other by an object. */
  dependsByObject(i: number, context: Context, code: number): boolean {
    if (this.isVisible[i] !== 0 && this.isSeen(code)) return true;
    const isCommit = context.kind === contextKind.COMMIT;
    const withCommit = isCommit || this.isCommit[i] !== 0;
    if (withCommit && !this.isArm64 && this.lane[i] === context.lane.index) return false;
    return code !== NO_ACCESS && this.touches(i, code);
  }

  /** True if step `i` was made by another context of the same CPU, which excludes this one, or its order matters to it. */
  dependsByCpu(i: number, context: Context): boolean {
    if (this.lane[i] !== context.lane.index) return false;
    if (this.isArm64) return this.areOrdered(i, context, isOrdered(context));
    if (!context.lane.isShared) return false;
    return context.kind !== contextKind.COMMIT && this.isCommit[i] === 0;
  }

  /** True if the next steps of two contexts, as far as they are announced, do not depend on each other. */
  independent(context: Context, other: Context): boolean {
    const code = accessOf(context);
    const otherCode = accessOf(other);
    if (this.isSeen(code) && this.isSeen(otherCode)) return false;
    const withCommit = context.kind === contextKind.COMMIT || other.kind === contextKind.COMMIT;
    if (context.lane === other.lane && this.isArm64) {
      if (!withCommit || isOrdered(context) || isOrdered(other)) return false;
    } else if (context.lane === other.lane && (withCommit || context.lane.isShared)) return withCommit;
    return code === NO_ACCESS || otherCode === NO_ACCESS || !clash(code, otherCode);
  }

  /** True if context `pid` could not have run instead of step `i` of the same CPU, whatever it had to do. */
  keptFromCpu(i: number, pid: number): boolean {
    return pid < this.counts[i] && (this.withCpu[i] & (1 << pid)) === 0;
  }

  /**
   * Behind which of the first `steps` steps, counted from 1, the next step of `context` would have to come: those that it
   * depends on by an object, its own, and the one that gave it something to do. With an access of `code`.
   */
  earliest(steps: number, context: Context, code: number): number {
    const own = Math.max(this.lastStep[context.pid], this.causeOf(context.pid));
    for (let i = steps - 1; i > own; i--) {
      if (this.dependsByObject(i, context, code)) return i + 1;
    }
    return own + 1;
  }

  /** True if step `i` gave back the lock that `step` is about to take: those two never compete. */
  isHandover(i: number, step: Step | undefined, code: number): boolean {
    return this.isRelease[i] !== 0 && step?.kind === 'acquire' && code >> 1 === this.code[i] >> 1;
  }

  private before(at: number, pid: number): void {
    const { execution } = this;
    const { stage } = execution;
    stage.finishMove();
    const context = stage.contexts[pid];
    const { step, kind } = context;
    const isCommit = kind === contextKind.COMMIT;
    const code = accessOf(context);
    this.pid[at] = pid;
    this.lane[at] = context.lane.index;
    this.code[at] = code;
    this.isCommit[at] = isCommit ? 1 : 0;
    this.isVisible[at] = this.isSeen(code) ? 1 : 0;
    const isRelease = isCommit ? pendingStore(context) instanceof Lock : step?.kind === 'release';
    this.isRelease[at] = isRelease && code !== NO_ACCESS ? 1 : 0;
    this.committed = isCommit ? this.causeOf(pid) : -1;
    this.commits = context.lane.buffer?.commits ?? 0;
    this.waited = context.lane.buffer?.size ?? 0;
    this.drains = context.lane.buffer?.drains ?? 0;
    this.isOrdered[at] = this.isArm64 && isOrdered(context) ? 1 : 0;
    this.waits = !isCommit && step !== undefined && stage.memory === 'tso' && waitsForStores(context, step);
  }

  private isSeen(code: number): boolean {
    return this.allVisible || (this.watched !== undefined && (code & 1) !== 0 && this.watched.has(code >> 1));
  }

  private touches(i: number, code: number): boolean {
    if (clash(this.code[i], code)) return true;
    const changes = this.changes[i];
    if (changes === undefined) return false;
    for (const change of changes) if (clash(change, code)) return true;
    return false;
  }

  private causeOf(pid: number): number {
    const { kind, lane } = this.execution.stage.contexts[pid];
    if (kind !== contextKind.COMMIT || lane.buffer === undefined) return this.cause[pid];
    // The store that it has let reach memory does not wait any more.
    if (pid === this.telling) return this.committed;
    const store = pendingStore(this.execution.stage.contexts[pid]);
    if (store === undefined) return -1;
    return this.storeSteps[lane.index]?.[lane.buffer.oldestNumber(store)] ?? -1;
  }

  /** True if step `i` of the CPU, or one of `context`, which is `ordered`, comes before or after its stores reach memory. */
  private areOrdered(i: number, context: Context, ordered: boolean): boolean {
    const isCommit = context.kind === contextKind.COMMIT;
    if (isCommit !== (this.isCommit[i] !== 0)) return isCommit ? this.isOrdered[i] !== 0 : ordered;
    return true;
  }

  private withStep(): number {
    const { contexts, count } = this.execution.stage;
    let mask = 0;
    for (let pid = 0; pid < count; pid++) if (contexts[pid].step !== undefined) mask |= 1 << pid;
    return mask;
  }

  /** Notes which contexts step `at` gave something to do. */
  private noteCauses(at: number, pid: number, had: number): void {
    const { contexts, count } = this.execution.stage;
    for (let other = 0; other < count; other++) {
      if (other === pid || (had & (1 << other)) !== 0) continue;
      if (contexts[other].step !== undefined) this.cause[other] = at;
    }
    const { lane } = contexts[pid];
    if (lane.buffer === undefined) return;
    if (lane.buffer.commits !== this.commits) this.lastCommit[lane.index] = at;
    this.storeSteps[lane.index] ??= [];
    const stores = this.storeSteps[lane.index];
    while (stores.length < lane.buffer.stores) stores.push(at);
  }

  private noteClock(at: number, pid: number): void {
    const { clocks, execution } = this;
    const context = execution.stage.contexts[pid];
    const row = at * MAX_CONTEXTS;
    clocks.fill(0, row, row + MAX_CONTEXTS);
    this.join(row, this.lastStep[pid]);
    this.join(row, this.isCommit[at] !== 0 ? this.committed : this.cause[pid]);
    if (!this.isArm64 && (this.waits || this.isLocked))
      this.join(row, this.lastCommit[context.lane.index] ?? -1);
    const code = this.code[at];
    const changes = this.changes[at];
    const floor = this.timePassed.at(-1) ?? 0;
    for (let i = at - 1; i >= floor; i--) {
      if (clocks[row + this.pid[i]] > i) continue;
      const isSameCpu = this.isArm64
        ? this.lane[i] === context.lane.index && this.areOrdered(i, context, this.isOrdered[at] !== 0)
        : this.dependsByCpu(i, context);
      const depends = isSameCpu || this.dependsByObject(i, context, code);
      if (depends || (changes !== undefined && this.dependsByAny(i, context, changes))) this.join(row, i);
    }
    clocks[row + pid] = at + 1;
  }

  private dependsByAny(i: number, context: Context, changes: readonly number[]): boolean {
    for (const change of changes) if (this.dependsByObject(i, context, change)) return true;
    return false;
  }

  private join(row: number, step: number): void {
    if (step < 0) return;
    const { clocks } = this;
    const from = step * MAX_CONTEXTS;
    for (let pid = 0; pid < MAX_CONTEXTS; pid++) {
      if (clocks[from + pid] > clocks[row + pid]) clocks[row + pid] = clocks[from + pid];
    }
  }
}
