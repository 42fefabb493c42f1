import type { Snapshot } from '../../../machine/step.js';
import { accessOf, NO_ACCESS, readerOf } from '../../execution/access.js';
import type { Context, Lane } from '../../execution/context.js';
import { MAX_CONTEXTS } from '../../execution/context-set.js';
import type { Execution } from '../../execution/execution.js';
import { Digest } from './digest.js';
import { PartDigests } from './part-digests.js';

// A state as a search can know it: where each context is in its code cannot be read, but what it does next depends only
// on what it has read since it began afresh. So its part of a state is a digest of its observations.
//
// Of a word that holds one value it has observed that value. Other data, which a step reads without naming it, was
// written before some step that happened before this one, by an object that both have used, or by the CPU that both were
// on. So it has observed, too, what all plain state was when somebody used that object last, or the CPU; which of it it
// has looked at is not known.

/** Numbers of a state's row: a pair for each context, one for each lane, and one for the last time that time passed. */
const LANES = 2 * MAX_CONTEXTS;
const TIME = LANES + 2 * (MAX_CONTEXTS + 1);
const ROW = TIME + 2;
/** Numbers kept of each object: plain state when it was changed last, and when it was last looked at. */
const VERSION = 4;

/** What is known of the states along the present execution. Position n is the state after n steps. */
export class Observations<S> {
  /** Digest of the state that `identify` was called for. */
  readonly state = new Digest();
  /** Digest of the step that `identifyStep` was called for. */
  readonly step = new Digest();
  private readonly rows: Int32Array;
  private readonly parts: PartDigests<S>;
  private readonly marks: Int32Array;
  private versions = new Int32Array(VERSION * 256);
  /** What changes of `versions` have written over: place and value. */
  private readonly undo: number[] = [];
  /** What the words hold in the present state that have been used or can be reached, by their numbers. */
  private readonly values = new Map<number, Snapshot>();
  private readonly local = new Digest();
  private readonly item = new Digest();
  /** Whether the step to each position did more than it announced. */
  private readonly changed: Uint8Array;
  private count = 0;
  private lane: Lane | undefined;
  private code = NO_ACCESS;

  constructor(
    private readonly execution: Execution<S>,
    maxSteps: number,
  ) {
    const { stage } = execution;
    this.parts = new PartDigests(execution);
    this.rows = new Int32Array((maxSteps + 2) * ROW);
    this.marks = new Int32Array(maxSteps + 2);
    this.changed = new Uint8Array(maxSteps + 2);
    stage.touched = new Map();
  }

  /** The first execution has begun. */
  begin(): void {
    const { stage } = this.execution;
    this.parts.begin();
    for (let pid = 0; pid < stage.count; pid++) this.startAfresh(0, pid, 0);
    this.noteValues();
  }

  /** Another execution has repeated the steps up to position `at`. */
  restore(at: number): void {
    const { undo, versions } = this;
    while (undo.length > this.marks[at]) {
      const before = undo.pop() ?? 0;
      versions[undo.pop() ?? 0] = before;
    }
    this.parts.restore(at);
    this.noteValues();
  }

  /** Context `pid` is about to make its step from position `at`. */
  before(at: number, pid: number): void {
    const { rows, local, execution } = this;
    const { stage } = execution;
    const context = stage.contexts[pid];
    const { lane } = context;
    this.count = stage.count;
    this.lane = lane;
    this.code = accessOf(context);
    if (context.isPhantom) return;
    if (context.proc === undefined) this.seed(at, pid);
    else local.from(rows[at * ROW + 2 * pid], rows[at * ROW + 2 * pid + 1]);
    if (lane.isShared) this.addRow(at, LANES + 2 * lane.index);
    this.addRow(at, TIME);
    if (stage.usesVirtualTime) local.addNumber(stage.nowNs);
    addBuffer(local, lane);
    this.observe(this.code);
  }

  /** It has made it. */
  after(at: number, pid: number): void {
    const { rows, local, execution, code, lane } = this;
    const { stage } = execution;
    const context = stage.contexts[pid];
    const to = at + 1;
    const { changeCount } = stage;
    this.changed[to] = changeCount > 0 || stage.count > this.count || context.nextLane !== undefined ? 1 : 0;
    rows.copyWithin(to * ROW, at * ROW, to * ROW);
    const { isPhantom } = context;
    if (!isPhantom) this.addChanges(changeCount);
    const { a, b } = local;
    this.parts.look(to, a);
    if (stage.checkpointOf === context) {
      local.from(0x3c6ef372, pid);
      local.addPlain(stage.checkpointKey);
      this.parts.addOwn(local, to, context.name);
      this.addChanges(changeCount);
    }
    if (!isPhantom) this.setLocal(to, pid, context.proc !== undefined);
    this.setVersion(to, code);
    for (let i = 0; i < changeCount; i++) this.setVersion(to, stage.changes[i]);
    this.marks[to] = this.undo.length;
    if (lane?.isShared === true) this.setRow(to, LANES + 2 * lane.index, to);
    for (let other = this.count; other < stage.count; other++) {
      local.from(a, b);
      this.startAfresh(to, other, at);
    }
    this.noteValues();
  }

  /**
   * Works out the digest of the state at position `at`, in which `broken` says what has gone wrong so far: the sum of the
   * digests of all that it consists of, so that what a step makes of it is the same difference wherever it is made.
   */
  identify(at: number, broken: string): void {
    const { state, rows, parts, values, item, execution } = this;
    const { stage } = execution;
    if (execution.timePassed) this.setRow(at, TIME, at);
    state.from(0, 0);
    const pairs = parts.at(at);
    for (let i = 0; i < pairs.length; i += 2) {
      item.from(0x1f83d9ab, i);
      item.addPair(pairs[i], pairs[i + 1]);
      this.addItem();
    }
    for (const [id, value] of values) {
      if (value === undefined) continue;
      item.from(0x6a09e667, id);
      item.addPlain(value);
      this.addItem();
    }
    for (let pid = 0; pid < stage.count; pid++) {
      const context = stage.contexts[pid];
      item.from(0x5be0cd19, pid);
      item.addPair(rows[at * ROW + 2 * pid], rows[at * ROW + 2 * pid + 1]);
      item.add(flagsOf(context));
      if (context.store !== undefined) item.add(context.store.id);
      if (context.virtualTime) item.addNumber(context.deadlineNs);
      this.addItem();
    }
    for (const lane of stage.usedLanes()) {
      item.from(0x3587272b, lane.index);
      addLane(item, lane);
      this.addItem();
    }
    item.from(0x510e527f, 0);
    if (stage.usesVirtualTime) item.addNumber(stage.nowNs);
    if (broken !== '') item.addText(broken);
    this.addItem();
  }

  /**
   * Digests all that decides what the next step of context `pid` makes of the state at position `at`, as long as it does no
   * more than it announces: what the context has observed, and what is there that the step may change.
   */
  identifyStep(at: number, pid: number): void {
    const { local, parts, step, execution } = this;
    const { stage } = execution;
    const context = stage.contexts[pid];
    this.before(at, pid);
    if (context.isPhantom) {
      const reader = readerOf(context.lane)?.pid ?? pid;
      local.from(0x2b3e6c1f, pid);
      local.addPair(this.rows[at * ROW + 2 * reader], this.rows[at * ROW + 2 * reader + 1]);
      this.observe(this.code);
    }
    step.from(local.a, local.b);
    const [a, b] = parts.at(at);
    step.addPair(a, b);
    parts.addOwn(step, at, context.name);
    addLane(step, context.lane);
    for (let other = 0; other < stage.count; other++) {
      if (stage.contexts[other].lane === context.lane) step.addPair(other, flagsOf(stage.contexts[other]));
    }
    step.finish();
  }

  /** True if the step just done to position `at` did no more than it announced, and made no context. */
  isPlain(at: number): boolean {
    const { stage, timePassed } = this.execution;
    return this.changed[at] === 0 && !stage.usesVirtualTime && !timePassed;
  }

  private addItem(): void {
    const { state, item } = this;
    item.finish();
    state.a = (state.a + item.a) | 0;
    state.b = (state.b + item.b) | 0;
  }

  /** What the context has looked at and changed without a step of its own. */
  private addChanges(changeCount: number): void {
    const { changes } = this.execution.stage;
    for (let i = 0; i < changeCount; i++) this.observe(changes[i]);
  }

  private observe(code: number): void {
    if (code === NO_ACCESS) return;
    const { local, versions, execution } = this;
    const id = code >> 1;
    const place = (id - execution.firstId) * VERSION;
    local.add(code);
    local.addPlain(this.values.get(id));
    if (place < 0 || place >= versions.length) return;
    local.addPair(versions[place], versions[place + 1]);
    if ((code & 1) !== 0) local.addPair(versions[place + 2], versions[place + 3]);
  }

  private setVersion(to: number, code: number): void {
    if (code === NO_ACCESS) return;
    const place = ((code >> 1) - this.execution.firstId) * VERSION + ((code & 1) !== 0 ? 0 : 2);
    if (place < 0) return;
    while (place >= this.versions.length) {
      const more = new Int32Array(this.versions.length * 2);
      more.set(this.versions);
      this.versions = more;
    }
    this.undo.push(place, this.versions[place], place + 1, this.versions[place + 1]);
    const [a, b] = this.parts.at(to);
    this.versions[place] = a;
    this.versions[place + 1] = b;
  }

  private noteValues(): void {
    const { values, execution } = this;
    values.clear();
    for (const [id, object] of execution.stage.touched ?? []) values.set(id, object.snapshot());
    for (const object of this.parts.words) values.set(object.id, object.snapshot());
  }

  private addRow(at: number, column: number): void {
    const { rows, local } = this;
    local.addPair(rows[at * ROW + column], rows[at * ROW + column + 1]);
  }

  /** Notes in the row of position `at` what plain state was at position `of`. */
  private setRow(at: number, column: number, of: number): void {
    const [a, b] = this.parts.at(of);
    this.rows[at * ROW + column] = a;
    this.rows[at * ROW + column + 1] = b;
  }

  private setLocal(at: number, pid: number, isRunning: boolean): void {
    const { rows, local } = this;
    rows[at * ROW + 2 * pid] = isRunning ? local.a : 0;
    rows[at * ROW + 2 * pid + 1] = isRunning ? local.b : 0;
  }

  /** A context's code runs from its beginning, with the plain state of position `at`. */
  private seed(at: number, pid: number): void {
    this.local.from(0x510e527f, pid);
    const [a, b] = this.parts.at(at);
    this.local.addPair(a, b);
    this.parts.addOwn(this.local, at, this.execution.stage.contexts[pid].name);
  }

  /** Context `pid` has been made, by the one whose observations are in `local`, out of the plain state of position `from`. */
  private startAfresh(at: number, pid: number, from: number): void {
    const { local, execution } = this;
    const { a, b } = local;
    this.seed(from, pid);
    local.addPair(a, b);
    this.setLocal(at, pid, execution.stage.contexts[pid].proc !== undefined);
  }
}

function flagsOf({ kind, step, proc, raised, due, lane }: Context): number {
  return (
    kind +
    (step === undefined ? 0 : 8) +
    (proc === undefined ? 0 : 16) +
    (raised ? 32 : 0) +
    (due ? 64 : 0) +
    lane.index * 128
  );
}

function addLane(to: Digest, lane: Lane): void {
  const { current, buffer } = lane;
  const isIdle = current?.step === undefined && (buffer === undefined || buffer.size === 0);
  to.add(isIdle ? -1 : (current?.pid ?? -1));
  to.add(((lane.hardirq?.pid ?? -1) + 1) * 64 + (lane.softirq?.pid ?? -1) + 1);
  to.add(((lane.owner?.pid ?? -1) + 1) * 64 + (lane.irqsDisabled ? 1 : 0) + (lane.softirqDue ? 2 : 0));
  to.add(lane.irqsOff * 1024 + lane.bhOff * 2 + (lane.mustDrain ? 1 : 0));
  addBuffer(to, lane);
}

function addBuffer(to: Digest, { buffer }: Lane): void {
  buffer?.tell((x) => to.addNumber(x));
}
