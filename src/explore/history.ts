import { type Context, contextKind } from './context.js';
import { accessCode, type Execution, NO_ACCESS } from './execution.js';
import { MAX_CONTEXTS } from './stage.js';

function clash(a: number, b: number): boolean {
  return a >> 1 === b >> 1 && ((a | b) & 1) !== 0;
}

/**
 * The steps of one execution, and which of them had to happen before which: the one dependency relation that serves
 * reduction, and the marks in traces.
 *
 * Two steps depend on each other if both access an object, not both reading it, or if their contexts share a CPU. A
 * store that waits in a store buffer is an access when it reaches memory. That moment commutes with the steps of its
 * own CPU, which sees its stores all along.
 */
export class History<S> {
  /** Steps before this one happened before all later ones, as virtual time passed between. */
  floor = 0;
  readonly pid: Int32Array;
  private readonly lane: Int32Array;
  private readonly code: Int32Array;
  private readonly isCommit: Uint8Array;
  private readonly isRelease: Uint8Array;
  private readonly isVisible: Uint8Array;
  private readonly changes: (readonly number[] | undefined)[] = [];
  /** For each step and context: 1 + the last step of that context that happened before it, or is it. */
  private readonly clocks: Int32Array;
  private readonly lastStep = new Int32Array(MAX_CONTEXTS);
  /** The step that gave the context something to do: started, raised or stored. */
  private readonly cause = new Int32Array(MAX_CONTEXTS);
  private readonly lastCommit: number[] = [];
  private readonly storeSteps: number[][] = [];
  private watched: ReadonlySet<number> | undefined;
  private readonly allVisible: boolean;
  private waitsForStores = false;

  constructor(
    private readonly execution: Execution<S>,
    maxSteps: number,
  ) {
    const { always, watches } = execution.model;
    this.allVisible = always !== undefined && watches === undefined;
    this.pid = new Int32Array(maxSteps + 1);
    this.lane = new Int32Array(maxSteps + 1);
    this.code = new Int32Array(maxSteps + 1);
    this.isCommit = new Uint8Array(maxSteps + 1);
    this.isRelease = new Uint8Array(maxSteps + 1);
    this.isVisible = new Uint8Array(maxSteps + 1);
    this.clocks = new Int32Array((maxSteps + 1) * MAX_CONTEXTS);
  }

  /** An execution has just begun. */
  begin(): void {
    const { model, current } = this.execution;
    this.floor = 0;
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

  /** The same for a step that is new: works out what it depends on. `onChange` is told of each other change it made. */
  performNew(at: number, pid: number, onChange?: (code: number) => void): void {
    this.before(at, pid);
    const { execution } = this;
    const had = this.withStep();
    execution.perform(pid);
    const { changes } = execution.stage;
    this.changes[at] = changes.length === 0 ? undefined : changes.slice();
    for (const id of changes) {
      if (this.watched?.has(id)) this.isVisible[at] = 1;
      onChange?.(id * 2 + 1);
    }
    this.noteClock(at, pid);
    this.noteCauses(at, pid, had);
    this.lastStep[pid] = at;
  }

  /** True if step `at` made changes that it had not announced. */
  hasChanges(at: number): boolean {
    return this.changes[at] !== undefined;
  }

  /** True if step `i` happened before whatever context `pid` does next. */
  isBefore(i: number, pid: number): boolean {
    if (i < this.floor) return true;
    const { clocks } = this;
    const by = this.pid[i];
    const last = this.lastStep[pid];
    if (last >= 0 && clocks[last * MAX_CONTEXTS + by] > i) return true;
    const cause = this.causeOf(pid);
    return cause >= 0 && clocks[cause * MAX_CONTEXTS + by] > i;
  }

  /** True if step `i` happened before step `j`. */
  isStepBefore(i: number, j: number): boolean {
    return this.clocks[j * MAX_CONTEXTS + this.pid[i]] > i;
  }

  /** True if step `i` and an access of `code` that context `context` is about to make depend on each other by an object. */
  dependsByObject(i: number, context: Context, code: number): boolean {
    if (this.isVisible[i] !== 0 && this.isSeen(code)) return true;
    const isCommit = context.kind === contextKind.COMMIT;
    if ((isCommit || this.isCommit[i] !== 0) && this.lane[i] === context.lane.index) return false;
    return code !== NO_ACCESS && this.touches(i, code);
  }

  /** True if step `i` was made by another context of the same CPU, which excludes this one. */
  dependsByCpu(i: number, context: Context): boolean {
    if (this.lane[i] !== context.lane.index || !context.lane.isShared) return false;
    return context.kind !== contextKind.COMMIT && this.isCommit[i] === 0;
  }

  /** True if step `i` gave back the lock that the context is about to take: those two never compete. */
  isHandover(i: number, context: Context, code: number): boolean {
    return this.isRelease[i] !== 0 && context.step?.kind === 'acquire' && code >> 1 === this.code[i] >> 1;
  }

  private before(at: number, pid: number): void {
    const { execution } = this;
    const { stage } = execution;
    const context = stage.contexts[pid];
    const { step, kind } = context;
    const isCommit = kind === contextKind.COMMIT;
    const code = execution.access(context);
    this.pid[at] = pid;
    this.lane[at] = context.lane.index;
    this.code[at] = code;
    this.isCommit[at] = isCommit ? 1 : 0;
    this.isVisible[at] = this.isSeen(code) ? 1 : 0;
    const store = execution.pendingStore(context);
    const isRelease = store === undefined ? step?.kind === 'release' : store.drains(releaseStep(store));
    this.isRelease[at] = isRelease && code !== NO_ACCESS ? 1 : 0;
    this.waitsForStores =
      !isCommit && step !== undefined && stage.memory === 'tso' && execution.waitsForStores(context, step);
  }

  private isSeen(code: number): boolean {
    return this.allVisible || (this.watched !== undefined && (code & 1) !== 0 && this.watched.has(code >> 1));
  }

  private touches(i: number, code: number): boolean {
    if (clash(this.code[i], code)) return true;
    const changes = this.changes[i];
    if (changes === undefined) return false;
    for (const id of changes) if (id === code >> 1) return true;
    return false;
  }

  private causeOf(pid: number): number {
    const { kind, lane } = this.execution.stage.contexts[pid];
    if (kind !== contextKind.COMMIT || lane.buffer === undefined) return this.cause[pid];
    return this.storeSteps[lane.index]?.[lane.buffer.commits] ?? -1;
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
    if (this.isCommit[at] !== 0) this.lastCommit[lane.index] = at;
    if (lane.buffer === undefined) return;
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
    this.join(row, this.isCommit[at] !== 0 ? this.storeOf(context) : this.cause[pid]);
    if (this.waitsForStores) this.join(row, this.lastCommit[context.lane.index] ?? -1);
    const code = this.code[at];
    const changes = this.changes[at];
    for (let i = at - 1; i >= this.floor; i--) {
      if (clocks[row + this.pid[i]] > i) continue;
      if (this.dependsByCpu(i, context) || this.dependsByObject(i, context, code)) this.join(row, i);
      else if (changes?.some((id) => this.dependsByObject(i, context, id * 2 + 1))) this.join(row, i);
    }
    clocks[row + pid] = at + 1;
  }

  /** The step that made the store which has just reached memory. */
  private storeOf({ lane }: Context): number {
    return this.storeSteps[lane.index]?.[(lane.buffer?.commits ?? 0) - 1] ?? -1;
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
