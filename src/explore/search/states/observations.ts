import { peekObjectId, type SharedObject } from '../../../machine/step.js';
import { accessOf, NO_ACCESS, readerOf } from '../../execution/access.js';
import type { Lane } from '../../execution/context.js';
import type { Execution } from '../../execution/execution.js';
import { clash } from '../history.js';
import { Digest } from './digest.js';
import { PartDigests } from './part-digests.js';
import {
  CONTEXT,
  CONTEXTS,
  COUNT,
  flagsOf,
  isPhantom,
  isRunning,
  LANE,
  LANES,
  laneOf,
  OBJECT,
  ownerOf,
  PARTS,
  setValue,
  sharesLane,
  TIME,
} from './state-cells.js';

// A state as a search can know it: where each context is in its code cannot be read, but what it does next depends only
// on what it has read since it began afresh. So its part of a state is a digest of its observations.
//
// Of a word that holds one value it has observed that value. Other data, which a step reads without naming it, was
// written before some step that happened before this one, by an object that both have used, or by the CPU that both were
// on. So it has observed, too, what all plain state was when somebody used that object last, or the CPU; which of it it
// has looked at is not known.

/** Objects that a setup may be followed by, at first. */
const MORE_OBJECTS = 16;

/** What is known of the states along the present path. Position n is the state after n steps. */
export class Observations<S> {
  /** Digest of the state that `identify` was called for. */
  readonly state = new Digest();
  /** Digest of the step that `identifyStep` was called for. */
  readonly step = new Digest();
  /** Where the objects' cells begin. */
  objects = PARTS;
  private readonly rows: Int32Array[] = [];
  private size = PARTS;
  private readonly parts: PartDigests<S>;
  private readonly local = new Digest();
  private readonly item = new Digest();
  /** Whether the step done last did more than it announced. */
  private changed = false;
  private count = 0;
  private lane: Lane | undefined;
  private code = NO_ACCESS;

  constructor(private readonly execution: Execution<S>) {
    this.parts = new PartDigests(execution);
    execution.stage.touched = new Map();
  }

  /** The first execution has begun. */
  begin(): void {
    const { stage, firstId } = this.execution;
    this.parts.begin();
    this.objects = PARTS + 2 * this.parts.count;
    this.size = this.objects + OBJECT * (peekObjectId() - firstId + MORE_OBJECTS);
    const row = this.row(0);
    this.parts.look(0, 0, row, PARTS);
    for (let pid = 0; pid < stage.count; pid++) this.startAfresh(row, row, pid);
    this.noteValues(row);
  }

  /** Another execution has repeated the steps up to position `at`. */
  restore(at: number): void {
    this.parts.restore(at);
  }

  /** The cells of position `at`. */
  row(at: number): Int32Array {
    let row = this.rows[at];
    if (row !== undefined) return row;
    row = new Int32Array(this.size);
    this.rows[at] = row;
    return row;
  }

  /** The cells behind position `at`, so far the same. */
  nextRow(at: number): Int32Array {
    const row = this.row(at + 1);
    row.set(this.row(at));
    return row;
  }

  /** Position `at` is what a step makes of the one before that has been looked at elsewhere. */
  follow(at: number): void {
    this.parts.keepFunctions(at);
  }

  /** Context `pid` is about to make its step from position `at`. */
  before(at: number, pid: number): void {
    const { stage } = this.execution;
    const context = stage.contexts[pid];
    this.count = stage.count;
    this.lane = context.lane;
    this.code = accessOf(context);
    if (!context.isPhantom) this.recall(this.row(at), pid);
  }

  /** It has made it. */
  after(at: number, pid: number): void {
    const { local, execution, code, lane, parts } = this;
    const { stage } = execution;
    const context = stage.contexts[pid];
    const { changeCount } = stage;
    this.makeRoom();
    const from = this.row(at);
    if (!context.isPhantom) this.addChanges(from, changeCount);
    const { a, b } = local;
    const to = this.nextRow(at);
    parts.look(at + 1, a, to, PARTS);
    if (stage.checkpointOf === context) {
      local.from(0x3c6ef372, pid);
      local.addPlain(stage.checkpointKey);
      this.addOwn(local, to, parts.ownerOf(context.name));
      this.addChanges(from, changeCount);
    }
    if (!context.isPhantom) this.setLocal(to, pid, context.proc !== undefined);
    this.setVersion(to, code);
    for (let i = 0; i < changeCount; i++) this.setVersion(to, stage.changes[i]);
    if (lane?.isShared === true) this.setToVersion(to, LANES + LANE * lane.index + 2);
    for (let other = this.count; other < stage.count; other++) {
      local.from(a, b);
      this.startAfresh(to, from, other);
    }
    this.noteValues(to);
    this.changed =
      changeCount > 0 ||
      stage.count > this.count ||
      context.nextLane !== undefined ||
      parts.hasOtherFunctions(at + 1);
  }

  /**
   * Works out the digest of the state at position `at`, in which `broken` says what has gone wrong so far: the sum of the
   * digests of all that it consists of, so that what a step makes of it is the same difference wherever it is made.
   */
  identify(at: number, broken: string): void {
    const { state, item, execution, objects } = this;
    const { stage } = execution;
    const row = this.row(at);
    if (execution.timePassed) this.setToVersion(row, TIME);
    row[COUNT] = stage.count;
    state.from(0, 0);
    for (let place = PARTS; place < objects; place += 2) this.addItem(0x1f83d9ab, place, row, place);
    for (let place = objects; place < row.length; place += OBJECT) {
      if (row[place] !== 0 || row[place + 1] !== 0) this.addItem(0x6a09e667, place, row, place);
    }
    for (let pid = 0; pid < stage.count; pid++) {
      const context = stage.contexts[pid];
      const place = CONTEXTS + CONTEXT * pid;
      row[place + 2] = flagsOf(context, this.parts.ownerOf(context.name));
      row[place + 3] = accessOf(context);
      item.from(0x5be0cd19, pid);
      item.addPair(row[place], row[place + 1]);
      item.add(row[place + 2]);
      if (context.store !== undefined) item.add(context.store.id);
      if (context.virtualTime) item.addNumber(context.deadlineNs);
      this.add();
    }
    for (const lane of stage.usedLanes()) {
      const place = LANES + LANE * lane.index;
      item.from(0x3587272b, lane.index);
      addLane(item, lane);
      row[place] = item.a;
      row[place + 1] = item.b;
      this.add();
    }
    item.from(0x510e527f, 0);
    if (stage.usesVirtualTime) item.addNumber(stage.nowNs);
    if (broken !== '') item.addText(broken);
    this.add();
  }

  /**
   * Digests all that decides whether context `pid` can make its next step at position `at`, and what the step makes of the
   * state, as long as it does no more than it announces: what the context has observed, and what is there that the step
   * may change. It goes by the cells alone, but for store buffers and virtual time.
   */
  identifyStep(at: number, pid: number): void {
    const { local, step, execution } = this;
    const { stage } = execution;
    const row = this.row(at);
    const flags = row[CONTEXTS + CONTEXT * pid + 2];
    if (isPhantom(flags)) {
      const reader = CONTEXTS + CONTEXT * (readerOf(stage.contexts[pid].lane)?.pid ?? pid);
      local.from(0x2b3e6c1f, pid);
      local.addPair(row[reader], row[reader + 1]);
      this.observe(row, row[CONTEXTS + CONTEXT * pid + 3]);
    } else this.recall(row, pid);
    step.from(local.a, local.b);
    step.addPair(row[PARTS], row[PARTS + 1]);
    this.addOwn(step, row, ownerOf(flags));
    const lane = laneOf(flags);
    step.addPair(row[LANES + LANE * lane], row[LANES + LANE * lane + 1]);
    for (let other = 0; other < row[COUNT]; other++) {
      const others = row[CONTEXTS + CONTEXT * other + 2];
      if (laneOf(others) === lane) step.addPair(other, others);
    }
    step.finish();
  }

  /** True if the step just done did no more than it announced, and made no context. */
  get isPlain(): boolean {
    const { stage, timePassed } = this.execution;
    return !this.changed && !stage.usesVirtualTime && !timePassed;
  }

  /** For a known step of context `pid` from position `at`: tells of a cell whether it belongs to the context, its lane or its object. */
  near(at: number, pid: number): (cell: number) => boolean {
    const row = this.row(at);
    const context = CONTEXTS + CONTEXT * pid;
    const lane = LANES + LANE * laneOf(row[context + 2]);
    const object = row[context + 3] === NO_ACCESS ? -OBJECT : this.placeOf(row[context + 3]);
    const owner = ownerOf(row[context + 2]);
    const own = owner > 0 ? PARTS + 2 * owner : -2;
    return (cell) =>
      (cell >= context && cell < context + CONTEXT) ||
      (cell >= lane && cell < lane + LANE) ||
      (cell >= object && cell < object + OBJECT) ||
      (cell >= own && cell < own + 2);
  }

  /** True if the next step of context `other` cannot be another one for what the step of `pid` does to the cells near it. */
  isFarFrom(at: number, pid: number, other: number): boolean {
    const row = this.row(at);
    const one = CONTEXTS + CONTEXT * pid;
    const two = CONTEXTS + CONTEXT * other;
    const owner = ownerOf(row[one + 2]);
    return (
      laneOf(row[one + 2]) !== laneOf(row[two + 2]) &&
      (row[one + 3] === NO_ACCESS || row[one + 3] >> 1 !== row[two + 3] >> 1) &&
      (owner === 0 || owner !== ownerOf(row[two + 2]))
    );
  }

  /** The contexts whose next steps at position `at` do not depend on that of context `pid`, where stores do not wait. */
  independentOf(at: number, pid: number): number {
    const row = this.row(at);
    const flags = row[CONTEXTS + CONTEXT * pid + 2];
    const code = row[CONTEXTS + CONTEXT * pid + 3];
    let others = 0;
    for (let other = 0; other < row[COUNT]; other++) {
      if (other === pid) continue;
      const place = CONTEXTS + CONTEXT * other;
      if (sharesLane(flags) && laneOf(row[place + 2]) === laneOf(flags)) continue;
      if (code === NO_ACCESS || row[place + 3] === NO_ACCESS || !clash(code, row[place + 3]))
        others |= 1 << other;
    }
    return others;
  }

  private addItem(kind: number, number: number, row: Int32Array, place: number): void {
    const { item } = this;
    item.from(kind, number);
    item.addPair(row[place], row[place + 1]);
    this.add();
  }

  private add(): void {
    const { state, item } = this;
    item.finish();
    state.a = (state.a + item.a) | 0;
    state.b = (state.b + item.b) | 0;
  }

  /** Has `local` be what context `pid` has observed once it makes its next step in the state of `row`. */
  private recall(row: Int32Array, pid: number): void {
    const { local } = this;
    const { stage } = this.execution;
    const place = CONTEXTS + CONTEXT * pid;
    const flags = row[place + 2];
    if (isRunning(flags)) local.from(row[place], row[place + 1]);
    else this.seed(row, pid, ownerOf(flags));
    const lane = LANES + LANE * laneOf(flags);
    if (sharesLane(flags)) local.addPair(row[lane + 2], row[lane + 3]);
    local.addPair(row[TIME], row[TIME + 1]);
    if (stage.usesVirtualTime) local.addNumber(stage.nowNs);
    if (stage.memory !== 'sc') addBuffer(local, stage.contexts[pid].lane);
    this.observe(row, row[place + 3]);
  }

  /** What the context has looked at and changed without a step of its own. */
  private addChanges(row: Int32Array, changeCount: number): void {
    const { changes } = this.execution.stage;
    for (let i = 0; i < changeCount; i++) this.observe(row, changes[i]);
  }

  private observe(row: Int32Array, code: number): void {
    if (code === NO_ACCESS) return;
    const { local } = this;
    local.add(code);
    const place = this.placeOf(code);
    if (place < this.objects || place >= row.length) return;
    local.addPair(row[place], row[place + 1]);
    local.addPair(row[place + 2], row[place + 3]);
    if ((code & 1) !== 0) local.addPair(row[place + 4], row[place + 5]);
  }

  private placeOf(code: number): number {
    return this.objects + OBJECT * ((code >> 1) - this.execution.firstId);
  }

  private setVersion(row: Int32Array, code: number): void {
    if (code === NO_ACCESS) return;
    const place = this.placeOf(code);
    if (place >= this.objects) this.setToVersion(row, place + ((code & 1) !== 0 ? 2 : 4));
  }

  private setToVersion(row: Int32Array, place: number): void {
    row[place] = row[PARTS];
    row[place + 1] = row[PARTS + 1];
  }

  private noteValues(row: Int32Array): void {
    const { execution, parts } = this;
    for (const object of execution.stage.touched?.values() ?? []) this.noteValue(row, object);
    for (const object of parts.words) this.noteValue(row, object);
  }

  private noteValue(row: Int32Array, object: SharedObject): void {
    const value = object.snapshot();
    const place = this.placeOf(object.id * 2);
    if (value !== undefined && place >= this.objects) setValue(row, place, value, this.item);
  }

  /** Makes all rows long enough for the objects that have been used. */
  private makeRoom(): void {
    const { execution, rows } = this;
    let last = peekObjectId();
    for (const id of execution.stage.touched?.keys() ?? []) if (id >= last) last = id + 1;
    const size = this.placeOf(last * 2);
    if (size <= this.size) return;
    this.size = size + OBJECT * MORE_OBJECTS;
    for (let at = 0; at < rows.length; at++) {
      const longer = new Int32Array(this.size);
      longer.set(rows[at]);
      rows[at] = longer;
    }
  }

  private setLocal(row: Int32Array, pid: number, runs: boolean): void {
    const { local } = this;
    row[CONTEXTS + CONTEXT * pid] = runs ? local.a : 0;
    row[CONTEXTS + CONTEXT * pid + 1] = runs ? local.b : 0;
  }

  private addOwn(to: Digest, row: Int32Array, owner: number): void {
    if (owner > 0) to.addPair(row[PARTS + 2 * owner], row[PARTS + 2 * owner + 1]);
  }

  /** A context's code runs from its beginning, with the plain state of `row`. */
  private seed(row: Int32Array, pid: number, owner: number): void {
    this.local.from(0x510e527f, pid);
    this.local.addPair(row[PARTS], row[PARTS + 1]);
    this.addOwn(this.local, row, owner);
  }

  /** Context `pid` has been made, by the one whose observations are in `local`, out of the plain state of `from`. */
  private startAfresh(row: Int32Array, from: Int32Array, pid: number): void {
    const { local, execution, parts } = this;
    const { a, b } = local;
    const context = execution.stage.contexts[pid];
    this.seed(from, pid, parts.ownerOf(context.name));
    local.addPair(a, b);
    this.setLocal(row, pid, context.proc !== undefined);
  }
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
