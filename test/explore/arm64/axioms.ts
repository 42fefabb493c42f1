import { type Op, outcomeOf, type Thread, storedValue, WORDS } from './programs.js';

// Which results arm64's axioms allow a program, worked out from the axioms alone: all ways in which its loads can read
// (rf) and its stores be ordered (co) are looked through, and those kept that are consistent. The axioms are those of
// herd's aarch64.cat for one size of access, without faults, caches and page tables: internal, external, atomic.

interface Event {
  readonly thread: number;
  /** Number of its instruction within the thread. */
  readonly at: number;
  readonly op: Op | undefined;
  readonly kind: 'R' | 'W';
  readonly word: number;
}

/** A relation on events, by their numbers. */
class Relation {
  private readonly rows: Uint8Array;

  constructor(readonly size: number) {
    this.rows = new Uint8Array(size * size);
  }

  add(a: number, b: number): void {
    this.rows[a * this.size + b] = 1;
  }

  has(a: number, b: number): boolean {
    return this.rows[a * this.size + b] !== 0;
  }

  include(other: Relation): this {
    for (let i = 0; i < this.rows.length; i++) if (other.rows[i] !== 0) this.rows[i] = 1;
    return this;
  }

  isAcyclic(): boolean {
    const { size } = this;
    const closed = new Relation(size).include(this);
    for (let k = 0; k < size; k++)
      for (let i = 0; i < size; i++) {
        if (!closed.has(i, k)) continue;
        for (let j = 0; j < size; j++) if (closed.has(k, j)) closed.add(i, j);
      }
    for (let i = 0; i < size; i++) if (closed.has(i, i)) return false;
    return true;
  }
}

/** What an exploration leaves out, as order that it has and arm64 does not. */
export type Omission = 'load buffering' | 'atomics';

export const omissions: readonly Omission[] = ['load buffering', 'atomics'];

/** @returns the results, sorted. @param leftOut order that is to be there beside the axioms. */
export function allowedOutcomes(threads: readonly Thread[], leftOut: readonly Omission[] = []): string[] {
  const events = eventsOf(threads);
  const reads = events.flatMap(({ kind }, i) => (kind === 'R' ? [i] : []));
  const outcomes = new Set<string>();
  const fixed = localOrder(threads, events, leftOut);
  for (const co of coherenceOrders(events)) {
    const choose = (n: number, rf: number[]): void => {
      if (n === reads.length) {
        const execution = new Candidate(events, rf, co);
        if (execution.isConsistent(fixed)) outcomes.add(execution.outcome(threads));
        return;
      }
      const { word } = events[reads[n]];
      for (const write of co[word]) {
        rf[reads[n]] = write;
        choose(n + 1, rf);
      }
    };
    choose(0, []);
  }
  return [...outcomes].sort();
}

/** The first ones are those that the words begin with. */
function eventsOf(threads: readonly Thread[]): Event[] {
  const events: Event[] = WORDS.map((_, word) => ({ thread: -1, at: -1, op: undefined, kind: 'W', word }));
  for (const [thread, ops] of threads.entries()) {
    for (const [at, op] of ops.entries()) {
      if (!('word' in op)) continue;
      const { word } = op;
      if (op.op !== 'store') events.push({ thread, at, op, kind: 'R', word });
      if (op.op !== 'load') events.push({ thread, at, op, kind: 'W', word });
    }
  }
  return events;
}

/** All orders of the stores of each word, what it begins with first. */
function* coherenceOrders(events: readonly Event[], word = 0): Generator<number[][], void, void> {
  if (word === WORDS.length) {
    yield [];
    return;
  }
  const writes = events.flatMap((event, i) =>
    event.kind === 'W' && event.word === word && event.thread >= 0 ? [i] : [],
  );
  for (const order of permutations(writes))
    for (const rest of coherenceOrders(events, word + 1)) yield [[word, ...order], ...rest];
}

function* permutations(items: readonly number[]): Generator<number[], void, void> {
  if (items.length === 0) yield [];
  for (const [i, item] of items.entries())
    for (const rest of permutations([...items.slice(0, i), ...items.slice(i + 1)])) yield [item, ...rest];
}

function isRmw(op: Op | undefined): boolean {
  return op?.op === 'swap' || op?.op === 'add';
}

/** NoRet: what it reads nobody gets. */
function isUnread(op: Op | undefined): boolean {
  return orderOf(op)?.startsWith('noReturn') === true;
}

/** An atomic operation without order has all of it. */
function orderOf(op: Op | undefined): string | undefined {
  if (op === undefined || !('word' in op)) return undefined;
  return isRmw(op) ? (op.order ?? 'acquireRelease') : op.order;
}

function acquires({ op, kind }: Event): boolean {
  return kind === 'R' && ['acquire', 'acquirePc', 'acquireRelease'].includes(orderOf(op) ?? '');
}

function releases({ op, kind }: Event): boolean {
  return kind === 'W' && ['release', 'acquireRelease', 'noReturnRelease'].includes(orderOf(op) ?? '');
}

/** Of lob, what does not depend on who reads from whom: dob, aob, bob and the stores of one word. */
function localOrder(
  threads: readonly Thread[],
  events: readonly Event[],
  leftOut: readonly Omission[],
): Relation {
  const order = new Relation(events.length);
  for (const [i, a] of events.entries()) {
    for (const [j, b] of events.entries()) {
      if (a.thread < 0 || a.thread !== b.thread || i >= j) continue;
      const ops = threads[a.thread];
      if (a.at === b.at || isLocallyOrdered(a, b, ops) || isLeftOut(a, b, ops, leftOut)) order.add(i, j);
    }
  }
  return order;
}

/** The instruction of the load that a dependency names, if it comes before the one that depends. */
function loadAt(ops: Thread, load: number | undefined, before: number): number {
  if (load === undefined) return -1;
  const loads = ops.flatMap((op, at) => (op.op === 'load' || isRmw(op) ? [at] : []));
  const at = loads[load] ?? -1;
  return at < before ? at : -1;
}

function isLocallyOrdered(a: Event, b: Event, ops: Thread): boolean {
  const between = ops.slice(a.at + 1, b.at);
  const has = (kind: Op['op']): boolean => between.some(({ op }) => op === kind);
  const dependsOn = (at: number, how: 'address' | 'data'): boolean => {
    const op = ops[at] as { address?: number; data?: number };
    return a.kind === 'R' && loadAt(ops, op[how], at) === a.at;
  };
  // lmws
  if (b.kind === 'W' && a.word === b.word) return true;
  // dob, but for what a load reads from its own thread
  if (dependsOn(b.at, 'address') || dependsOn(b.at, 'data')) return true;
  const addressesBefore = between.some((_, n) => dependsOn(a.at + 1 + n, 'address'));
  if (b.kind === 'W' && addressesBefore) return true;
  // isb behind a branch, or behind an access whose address depends
  if (a.kind === 'R') {
    for (const [n, op] of between.entries()) {
      if (op.op !== 'isb') continue;
      const at = a.at + 1 + n;
      if (loadAt(ops, op.control, at) === a.at) return true;
    }
  }
  // bob
  if (has('full')) return true;
  if (has('loads') && a.kind === 'R' && !isUnread(a.op)) return true;
  if (has('stores') && a.kind === 'W' && b.kind === 'W') return true;
  if (acquires(a) || releases(b)) return true;
  if (releases(a) && acquires(b) && orderOf(b.op) !== 'acquirePc') return true;
  return a.kind === 'W' && orderOf(a.op) === 'acquireRelease';
}

function isLeftOut(a: Event, b: Event, ops: Thread, leftOut: readonly Omission[]): boolean {
  if (leftOut.includes('load buffering') && a.kind === 'R' && b.kind === 'W') return true;
  if (!leftOut.includes('atomics') || a.kind !== 'W' || b.kind !== 'W') return false;
  return ops
    .slice(a.at + 1, b.at)
    .some(
      (op) =>
        isRmw(op) &&
        (['release', 'noReturnRelease'].includes(orderOf(op) ?? '') || ('word' in op && op.word === a.word)),
    );
}

/** A way in which the loads may have read and the stores been ordered. */
class Candidate {
  private readonly place: number[] = [];

  constructor(
    private readonly events: readonly Event[],
    private readonly rf: readonly number[],
    private readonly co: readonly (readonly number[])[],
  ) {
    for (const order of co) for (const [at, write] of order.entries()) this.place[write] = at;
  }

  isConsistent(fixed: Relation): boolean {
    return this.isAtomic() && this.isCoherent() && this.externalOrder().include(fixed).isAcyclic();
  }

  outcome(threads: readonly Thread[]): string {
    const values = (write: number): number => {
      const { thread, at, op } = this.events[write];
      if (thread < 0) return 0;
      return op?.op === 'add'
        ? values(this.rf[write - 1]) + storedValue(thread, at) * 100
        : storedValue(thread, at);
    };
    const loads = threads.map((_, thread) =>
      this.events.flatMap((event, i) =>
        event.thread === thread && event.kind === 'R' ? [values(this.rf[i])] : [],
      ),
    );
    return outcomeOf(
      loads,
      this.co.map((order) => values(order[order.length - 1])),
    );
  }

  /** Between what an atomic operation reads and what it writes nobody else writes. */
  private isAtomic(): boolean {
    return this.events.every(
      ({ kind, op }, i) => kind !== 'R' || !isRmw(op) || this.place[this.rf[i]] + 1 === this.place[i + 1],
    );
  }

  /** acyclic (po-loc | rf | co | fr) */
  private isCoherent(): boolean {
    const relation = this.communication(() => true);
    for (const [i, a] of this.events.entries())
      for (const [j, b] of this.events.entries())
        if (i < j && a.thread >= 0 && a.thread === b.thread && a.word === b.word) relation.add(i, j);
    return relation.isAcyclic();
  }

  /** obs, and of lob what goes by way of a store that its own CPU reads (lmrs). */
  private externalOrder(): Relation {
    const relation = this.communication((a, b) => a.thread !== b.thread);
    for (const [read, write] of this.rf.entries()) {
      if (write === undefined || this.events[write].thread !== this.events[read].thread) continue;
      const store = this.events[write];
      if (isRmw(store.op)) {
        // aob, and the sum of add depends on what it has read
        if (acquires(this.events[read])) relation.add(write, read);
        if (store.op?.op === 'add') relation.add(write - 1, read);
        continue;
      }
      for (const load of this.sourcesOf(store)) relation.add(load, read);
    }
    return relation;
  }

  /** The loads that address and value of a store depend on. */
  private sourcesOf({ thread, op, at }: Event): number[] {
    if (op?.op !== 'store') return [];
    const loads = this.events.flatMap((event, i) =>
      event.thread === thread && event.kind === 'R' && event.at < at ? [i] : [],
    );
    return [op.address, op.data].flatMap((load) => (load === undefined ? [] : (loads[load] ?? [])));
  }

  private communication(wanted: (a: Event, b: Event) => boolean): Relation {
    const { events, rf, co } = this;
    const relation = new Relation(events.length);
    const add = (a: number, b: number): void => {
      if (a !== b && wanted(events[a], events[b])) relation.add(a, b);
    };
    for (const [read, write] of rf.entries()) {
      if (write === undefined) continue;
      add(write, read);
      for (const later of co[events[read].word]) if (this.place[later] > this.place[write]) add(read, later);
    }
    for (const order of co)
      for (const [i, a] of order.entries()) for (const b of order.slice(i + 1)) add(a, b);
    return relation;
  }
}
