import { lowest } from './execution/context-set.js';
import { joinReports } from './report/merge.js';
import type { Report } from './report/report.js';
import type { Unit, UnitState, Wanted } from './search/unit.js';

/** What came of a unit. Plain data. */
export interface UnitResult {
  readonly report: Report;
  readonly wanted: readonly Wanted[];
  /** What is left of it, with the same floor. */
  readonly rest?: Unit;
  /** It was ended from outside before it had done what it should, for this reason: it is to be done again. */
  readonly stopped?: string;
}

/** A state that several units have before them, so that what is to be tried there is decided here. */
interface SharedState {
  readonly id: number;
  /** The state before it, -1 at the start, and the context that moves there. */
  readonly parent: number;
  readonly by: number;
  readonly depth: number;
  readonly enabled: number;
  readonly sleep: number;
  readonly wakeful: number;
  readonly yielding: number;
  /** Contexts whose step has been done here, so that `wakeful` and `yielding` are known of them. */
  readonly seen: number;
  readonly nowNs: number;
  /** What is tried: each in some unit, unless it sleeps. */
  todo: number;
  done: number;
  /** Units and states right behind it. */
  uses: number;
}

/** A unit as it waits: the states before its floor are those of the tree. */
interface Waiting {
  readonly parent: number;
  readonly by: number;
  /** What was tried in that state when the unit was made. */
  readonly done: number;
  readonly states: readonly UnitState[];
  /** How many units it is the rest of, one after another: the budget grows with them. */
  readonly generation: number;
}

/** A frontier as it is saved. Plain data. */
export interface SavedFrontier {
  readonly shared: readonly SharedState[];
  readonly waiting: readonly Waiting[];
  /** The number of the first waiting unit. */
  readonly first: number;
  readonly nextId: number;
  readonly report?: Report;
}

/** A unit that is to be done, with its number in the search. */
export interface NumberedUnit {
  readonly number: number;
  readonly unit: Unit;
  /** Its budget: behind so many steps, those of repeated prefixes included, it ends and hands back the rest. */
  readonly steps: number;
}

export interface FrontierLimits {
  /** The search ends with the unit that makes it so many executions. */
  readonly maxExecutions?: number;
  readonly stopAtFirst: boolean;
}

/** What the budget of a unit begins with and grows to: about 10 ms, for all to get work soon, and 0.2 s. */
const FIRST_STEPS = 1 << 14;
const MOST_STEPS = 1 << 18;

/** While fewer units wait, the rest of one is split. */
const ENOUGH_UNITS = 256;

/**
 * All that is left to do of a depth-first search: units for anybody to do, in any order, and the states that they share.
 *
 * What comes back is put together in the order of the units' numbers, and only that decides which units there are. So
 * the search is the same, execution by execution, however many work at it and however fast they are. It is that of one
 * thread but for the order in which states are come to: with reduction, what a unit finds is to be tried in a state
 * above it is compared with what is tried there already, and the units of one state have those made before them asleep.
 */
export class Frontier {
  private readonly shared = new Map<number, SharedState>();
  /** Units that have been neither put together nor dropped: `first` is the number of the first one. */
  private readonly waiting: Waiting[] = [];
  private readonly early = new Map<number, UnitResult>();
  private first = 0;
  private next = 0;
  private nextId = 0;
  private known: Report | undefined;

  constructor(
    private readonly limits: FrontierLimits,
    saved?: SavedFrontier,
  ) {
    if (saved === undefined) {
      this.waiting.push({ parent: -1, by: 0, done: 0, states: [], generation: 0 });
      return;
    }
    for (const state of saved.shared) this.shared.set(state.id, { ...state });
    this.waiting.push(...saved.waiting);
    this.first = saved.first;
    this.next = saved.first;
    this.nextId = saved.nextId;
    this.known = saved.report;
  }

  /** What is known of the units that have been put together; undefined before the first one. */
  get report(): Report | undefined {
    return this.known;
  }

  /** Units that have not come back yet. */
  get left(): number {
    return this.waiting.length - this.early.size;
  }

  get isDone(): boolean {
    return this.waiting.length === 0 || this.isOver;
  }

  /** The next unit to be done; undefined if none is known now. */
  take(): NumberedUnit | undefined {
    const waiting = this.isOver ? undefined : this.waiting[this.next - this.first];
    if (waiting === undefined) return undefined;
    const number = this.next++;
    const steps = Math.min(FIRST_STEPS * 2 ** waiting.generation, MOST_STEPS);
    return { number, unit: this.unitOf(waiting), steps };
  }

  /** What came of unit `number`, once for each. What comes after the search is over counts no more. */
  give(number: number, result: UnitResult): void {
    this.early.set(number, result);
    for (let due = this.early.get(this.first); due !== undefined && !this.isDone; ) {
      this.early.delete(this.first);
      this.putIn(due);
      due = this.early.get(this.first);
    }
  }

  saved(): SavedFrontier {
    return {
      shared: [...this.shared.values()].map((state) => ({ ...state })),
      waiting: [...this.waiting],
      first: this.first,
      nextId: this.nextId,
      ...(this.known && { report: this.known }),
    };
  }

  /** True if what is left need not be done. */
  private get isOver(): boolean {
    const { known } = this;
    if (known === undefined) return false;
    if (this.limits.stopAtFirst && known.verdict === 'found') return true;
    return known.executions >= (this.limits.maxExecutions ?? Number.POSITIVE_INFINITY);
  }

  private putIn({ report, wanted, rest }: UnitResult): void {
    const waiting = this.waiting.shift();
    if (waiting === undefined) return;
    this.first += 1;
    this.known = this.known === undefined ? report : joinReports([this.known, report]);
    for (const want of wanted) this.add(waiting, want);
    if (rest !== undefined) this.keep(waiting, rest);
    this.release(waiting.parent);
  }

  private add({ parent, generation }: Waiting, { at, first, add }: Wanted): void {
    let state = this.shared.get(parent);
    while (state !== undefined && state.depth > at) state = this.shared.get(state.parent);
    if (state === undefined || (first & (state.todo | state.sleep)) !== 0) return;
    state.todo |= add;
    this.tryAll(state, generation);
  }

  /** Makes units for all that is to be tried in a state and is not yet. */
  private tryAll(state: SharedState, generation: number): void {
    for (let left = state.todo & ~state.done & ~state.sleep; left !== 0; left &= left - 1) {
      const by = lowest(left);
      this.push({ parent: state.id, by, done: state.done, states: [], generation });
      state.done |= 1 << by;
    }
  }

  private keep({ parent, by, done, generation }: Waiting, { states, floor }: Unit): void {
    const own = states.slice(floor);
    const open = own.findIndex((state) => (state.todo & ~state.done & ~state.sleep) !== 0);
    const next = { parent, by, done, generation: generation + 1 };
    if (open < 0 || this.waiting.length >= ENOUGH_UNITS) {
      this.push({ ...next, states: own });
      return;
    }
    let last = { ...next };
    for (const [i, { chosen, ...state }] of own.slice(0, open + 1).entries()) {
      const id = this.nextId++;
      // Where the path ends, its last step has been chosen but not done.
      const seen = i === own.length - 1 ? state.done & ~(1 << chosen) : state.done;
      const before = state.done & ~(1 << chosen);
      this.use(last.parent);
      this.shared.set(id, {
        ...state,
        ...{ id, parent: last.parent, by: last.by },
        depth: floor + i,
        seen,
        uses: 0,
      });
      last = { ...last, parent: id, by: chosen, done: before };
    }
    this.push({ ...last, states: own.slice(open + 1) });
    const split = this.shared.get(last.parent);
    if (split !== undefined) this.tryAll(split, last.generation);
  }

  private push(waiting: Waiting): void {
    this.use(waiting.parent);
    this.waiting.push(waiting);
  }

  private use(id: number): void {
    const state = this.shared.get(id);
    if (state !== undefined) state.uses += 1;
  }

  /** Forgets states that nobody comes back to. */
  private release(id: number): void {
    for (let state = this.shared.get(id); state !== undefined; state = this.shared.get(state.parent)) {
      state.uses -= 1;
      if (state.uses > 0) return;
      this.shared.delete(state.id);
    }
  }

  private unitOf({ parent, by, done, states }: Waiting): Unit {
    const path: UnitState[] = [];
    let chosen = by;
    let unseen = 0;
    for (let state = this.shared.get(parent); state !== undefined; state = this.shared.get(state.parent)) {
      const { enabled, todo, sleep, wakeful, yielding, nowNs, seen } = state;
      const isLast = path.length === 0;
      if (isLast) unseen = done & ~seen;
      const tried = isLast ? done | (1 << chosen) : 0;
      path.push({ chosen, enabled, todo, done: tried, sleep, wakeful, yielding, nowNs });
      chosen = state.by;
    }
    return { states: [...path.reverse(), ...states], floor: path.length, unseen };
  }
}
