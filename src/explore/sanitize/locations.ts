import { WHOLE } from './whole.js';
import type { AccessWatcher } from './recorder.js';

/** An access that a step made. */
export interface StepAccess {
  readonly at: number;
  readonly pid: number;
  readonly isWrite: boolean;
  readonly site: number;
  /** It was made before the context began afresh within the same step. */
  readonly isBeforeFresh?: boolean;
}

/** Two accesses to the same place, one of them a write; the earlier one first. */
export interface Conflict {
  readonly object: object;
  readonly key: unknown;
  readonly first: StepAccess;
  readonly second: StepAccess;
}

/** What the steps of an execution did to one key of an object. */
class Cell {
  /** Of each context the last write and the last read. */
  readonly accesses: StepAccess[] = [];
  /** Of the step that is being done; -1: none. */
  site = -1;
  isWrite = false;
  isBeforeFresh = false;

  constructor(
    readonly holder: Holder,
    readonly key: unknown,
  ) {}

  keep(access: StepAccess): void {
    const { accesses } = this;
    const old = accesses.findIndex(({ pid, isWrite }) => pid === access.pid && isWrite === access.isWrite);
    if (old < 0) accesses.push(access);
    else accesses[old] = access;
  }
}

class Holder {
  readonly cells = new Map<unknown, Cell>();

  constructor(readonly object: object) {}

  cell(key: unknown): Cell {
    let cell = this.cells.get(key);
    if (cell === undefined) {
      cell = new Cell(this, key);
      this.cells.set(key, cell);
    }
    return cell;
  }
}

/** Which steps of one execution touched what. */
export class Locations implements AccessWatcher {
  private holders = new Map<object, Holder>();
  private readonly touched: Cell[] = [];

  /** The objects that any step has touched. */
  objects(): Iterable<object> {
    return this.holders.keys();
  }

  /** An execution begins: its objects are new. */
  begin(): void {
    this.holders = new Map();
    this.touched.length = 0;
  }

  accessed(object: object, key: unknown, isWrite: boolean, site: number): void {
    let holder = this.holders.get(object);
    if (holder === undefined) {
      holder = new Holder(object);
      this.holders.set(object, holder);
    }
    const cell = holder.cell(key);
    if (isWrite) cell.isBeforeFresh = false;
    if (cell.site < 0) this.touched.push(cell);
    else if (cell.isWrite || !isWrite) return;
    cell.site = site;
    cell.isWrite = isWrite;
  }

  /** The context that makes the step begins afresh within it. */
  freshStart(): void {
    for (const cell of this.touched) cell.isBeforeFresh = true;
  }

  /** What the step that is being done has written so far. */
  *written(): Iterable<{ readonly object: object; readonly key: unknown; readonly site: number }> {
    for (const { holder, key, site, isWrite } of this.touched) {
      if (isWrite) yield { object: holder.object, key, site };
    }
  }

  /**
   * The step `at` of context `pid` is done.
   *
   * @param isNew false for a step that was looked at before.
   * @returns its conflicts with earlier steps of other contexts, and what it has read of what the context itself had written.
   */
  endStep(at: number, pid: number, isNew: boolean): readonly Conflict[] {
    const conflicts: Conflict[] = [];
    for (const cell of this.touched) {
      const { isWrite, site, isBeforeFresh } = cell;
      const second = { at, pid, isWrite, site, isBeforeFresh };
      if (isNew) this.compare(cell, second, conflicts);
      cell.keep(second);
      cell.site = -1;
      cell.isWrite = false;
      cell.isBeforeFresh = false;
    }
    this.touched.length = 0;
    return conflicts;
  }

  private compare({ holder, key }: Cell, second: StepAccess, conflicts: Conflict[]): void {
    if (key === WHOLE) {
      for (const cell of holder.cells.values()) clashes(cell, second, conflicts);
      return;
    }
    clashes(holder.cell(key), second, conflicts);
    const whole = holder.cells.get(WHOLE);
    if (whole !== undefined) clashes(whole, second, conflicts);
  }
}

function clashes({ holder, key, accesses }: Cell, second: StepAccess, conflicts: Conflict[]): void {
  for (const first of accesses) {
    if (!(first.isWrite || second.isWrite) || (first.pid === second.pid && second.isWrite)) continue;
    conflicts.push({ object: holder.object, key, first, second });
  }
}
