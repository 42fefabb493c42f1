import { assert } from '../lib/assert.js';
import { type BufferedStore, MemoryWord, StoreBuffer, type StoreNotes } from './memory.js';
import { type Order, SharedObject, type Step, type View } from './step.js';
import { WordHistory } from './word-history.js';

// arm64's memory: multi-copy atomic, as herd's aarch64.cat has it (Deacon, Alglave and others, "The Armv8 Application
// Level Memory Model"). A CPU does its instructions in order, but its stores reach memory later, in any order that
// nothing forbids, and its loads may have been early: they may read what was in memory at a moment that has passed. Which
// moments are too far back is kept as views (Pulte, Pichon-Pharabod, Kang, Lee, Hur, "Promising-ARM/RISC-V", PLDI 2019;
// Kang, Hur, Lahav, Vafeiadis, Dreyer, POPL 2017): numbers of stores that had reached memory.
//
// There are no promises: no store reaches memory before a load that comes before it in the program has been done, which is
// load buffering. So whatever a store depends on comes before it anyway. A store that other stores may overtake waits here
// for its moment, which the paper has no need of. An atomic operation keeps others' stores from its word until its own has
// reached memory.

class MemoryOrder extends SharedObject {
  override blocks(): boolean {
    return false;
  }
}

/** Stands for the order in which stores reach memory: for whoever takes steps that do not touch the same word to commute. */
const memoryOrder = new MemoryOrder('the order of stores');

/** What the CPUs have in common. */
export class Arm64Memory {
  /** How many stores have reached memory. */
  now: View = 0;
  /** The CPU whose atomic operation on a word is under way: others' stores to it come behind its own. */
  readonly reservedBy = new Map<MemoryWord, Arm64Cpu>();

  reset(): void {
    this.now = 0;
    this.reservedBy.clear();
  }
}

/** A store that the other CPUs do not see yet. */
interface WaitingStore {
  readonly object: BufferedStore;
  readonly value: number;
  /** Which of the CPU's stores it is, from 0. */
  readonly number: number;
  /** Stores with a lower number are behind a barrier, and reach memory before this one. */
  readonly fence: number;
  /** What its address and its value depend on: what a load by the same CPU sees that reads it. */
  readonly after: View;
  readonly isRelease: boolean;
  readonly isAtomic: boolean;
}

/** What a CPU knows of a word. */
interface Seen {
  /** Position of the newest store that it has read or made: it reads nothing older (coherence). */
  position: number;
  /** Position of its own last store; -1: none. */
  own: number;
  ownView: View;
  ownIsAtomic: boolean;
}

function isAcquire(order: Order | undefined): boolean {
  return order === 'acquire' || order === 'acquirePc' || order === 'acquireRelease';
}

function isRelease(order: Order | undefined): boolean {
  return order === 'release' || order === 'acquireRelease' || order === 'noReturnRelease';
}

function historyOf(word: MemoryWord): WordHistory {
  word.history ??= new WordHistory(word.value);
  return word.history;
}

/** A CPU of arm64: its stores that wait, and how far back its loads may reach. */
export class Arm64Cpu extends StoreBuffer {
  private waitingStores: WaitingStore[] = [];
  private readonly seen = new Map<MemoryWord, Seen>();
  private step: Step | undefined;
  /** No load from now on is older. */
  private base: View = 0;
  /** The newest view of the loads so far. */
  private loads: View = 0;
  /** When the last of its stores, and of its releases, reached memory. */
  private lastCommit: View = 0;
  private lastRelease: View = 0;
  private fence = 0;
  /** The load that is to come reads the store at position `early` of this word. */
  private earlyWord: MemoryWord | undefined;
  private early = 0;

  constructor(
    private readonly memory: Arm64Memory,
    notes: StoreNotes,
  ) {
    super(notes);
  }

  override get size(): number {
    return this.waitingStores.length;
  }

  override get oldest(): BufferedStore {
    return this.waitingStores[0].object;
  }

  /** The words and locks whose stores wait. */
  get objects(): readonly BufferedStore[] {
    return this.waitingStores.map(({ object }) => object);
  }

  override oldestValue(object: BufferedStore): number {
    return this.oldestTo(object)?.value ?? 0;
  }

  override oldestNumber(object: BufferedStore): number {
    return this.oldestTo(object)?.number ?? -1;
  }

  override isYoungest(object: BufferedStore): boolean {
    return this.oldestTo(object)?.number === this.stores - 1;
  }

  override mayCommit(object: BufferedStore): boolean {
    if (object instanceof MemoryWord && this.isReserved(object)) return false;
    for (const store of this.waitingStores) {
      if (store.object !== object) continue;
      const [first] = this.waitingStores;
      return store === first || !(store.isRelease || first.number < store.fence);
    }
    return false;
  }

  override begin(step: Step): void {
    this.step = step;
    const { object, kind, order } = step;
    if (object !== this.earlyWord || kind !== 'read') this.earlyWord = undefined;
    if (kind === 'barrier') this.passBarrier(step);
    else if (!(object instanceof MemoryWord) && kind !== 'read' && kind !== 'release') {
      if (order === undefined || isAcquire(order)) this.sync();
    }
  }

  override allows(step: Step): boolean {
    const { object, kind, order } = step;
    if (kind === 'update' && object instanceof MemoryWord && this.isReserved(object)) return false;
    if (this.size === 0) return true;
    if (order === undefined) return !object.drains(step);
    const { waitingStores, fence } = this;
    // A load-acquire does not overtake a store-release.
    if (order === 'acquire' && waitingStores.some((store) => store.isRelease)) return false;
    switch (kind) {
      case 'read':
        return !waitingStores.some((store) => store.isAtomic && store.object === object);
      case 'update':
      case 'acquire':
        if (isRelease(order)) return false;
        return !waitingStores.some((store) => store.object === object || store.number < fence);
      default:
        return true;
    }
  }

  override peek(word: MemoryWord, memory: number): number {
    const own = this.youngestTo(word);
    if (own !== undefined) return own.value;
    if (word !== this.earlyWord || word.history === undefined) return memory;
    return word.history.valueAt(this.early);
  }

  override load(word: MemoryWord, memory: number): number {
    const { step } = this;
    const isStep = step?.object === word;
    const order = isStep ? step.order : undefined;
    const own = this.youngestTo(word);
    const value = this.peek(word, memory);
    let view = this.earliest(isStep ? step : undefined);
    this.sawMemory = own === undefined && word !== this.earlyWord;
    if (own !== undefined) view = Math.max(view, own.after);
    else {
      word.announceRead();
      const isEarly = word === this.earlyWord;
      const position = isEarly ? this.early : (word.history?.newest ?? 0);
      view = Math.max(view, this.viewAt(word, position, isAcquire(order)));
      this.seenOf(word).position = position;
    }
    this.earlyWord = undefined;
    this.noteLoad(view, order);
    return value;
  }

  override push(object: BufferedStore, value: number): void {
    const { step } = this;
    const isStep = step?.object === object;
    this.add(object, value, isStep ? (step.after ?? 0) : 0, isStep && isRelease(step.order), false);
  }

  override exchange(word: MemoryWord, value: number, dependsOnLoad: boolean): void {
    const { step } = this;
    const isStep = step?.object === word;
    const order = isStep ? step.order : undefined;
    const after = isStep ? (step.after ?? 0) : 0;
    const history = historyOf(word);
    const view = Math.max(
      this.earliest(isStep ? step : undefined),
      this.viewAt(word, history.newest, isAcquire(order)),
    );
    this.seenOf(word).position = history.newest;
    this.noteLoad(view, order);
    word.announce();
    const ownView = dependsOnLoad ? view : after;
    if (order === undefined || order === 'acquireRelease') {
      assert(this.size === 0, 'an atomic operation with stores still buffered', { word: word.name });
      this.reachMemory(word, value, ownView, true);
      this.lastRelease = this.memory.now;
      this.passBarrier({ object: word, kind: 'barrier' });
    } else {
      this.add(word, value, ownView, isRelease(order), true);
      this.memory.reservedBy.set(word, this);
    }
  }

  override sync(): void {
    memoryOrder.announceRead();
    this.base = this.memory.now;
  }

  override commit(object: BufferedStore): void {
    const at = this.waitingStores.findIndex((store) => store.object === object);
    const [{ value, after, isRelease, isAtomic }] = this.waitingStores.splice(at, 1);
    this.commits += 1;
    if (object instanceof MemoryWord) {
      const { reservedBy } = this.memory;
      // Only where something waits for all stores in one go: what others have begun comes before it.
      if (this.isReserved(object)) reservedBy.get(object)?.commit(object);
      reservedBy.delete(object);
      this.reachMemory(object, value, after, isAtomic);
    } else {
      this.passTime();
      object.commitStore(value);
    }
    if (isRelease) this.lastRelease = this.memory.now;
  }

  override find(object: BufferedStore): number {
    return this.waitingStores.findLastIndex((store) => store.object === object);
  }

  override valueAt(position: number): number {
    return this.waitingStores[position].value;
  }

  /** Has the load that `step` is about to make read an older store; done again, one that is older still. */
  goBack(step: Step): void {
    const position = this.olderFor(step);
    if (position < 0 || !(step.object instanceof MemoryWord)) return;
    this.earlyWord = step.object;
    this.early = position;
  }

  /** Position of the store that the load of `step` may read, older than the one that it would; -1: there is none. */
  olderFor(step: Step): number {
    const { object: word, kind, found } = step;
    if (kind !== 'read' || !(word instanceof MemoryWord)) return -1;
    const { history } = word;
    if (history === undefined || this.youngestTo(word) !== undefined) return -1;
    const from = word === this.earlyWord ? this.early : history.newest;
    const lowest = Math.max(this.seen.get(word)?.position ?? 0, history.newestAt(this.earliest(step)));
    for (let position = from - 1; position >= lowest; position--) {
      if (found === undefined || found(history.valueAt(position))) return position;
    }
    return -1;
  }

  override tell(add: (x: number) => void): void {
    for (const { object, value, number, fence, after, isRelease, isAtomic } of this.waitingStores) {
      for (const x of [object.id, value, this.stores - number, this.stores - fence, after]) add(x);
      add((isRelease ? 1 : 0) + (isAtomic ? 2 : 0));
    }
    add(this.waitingStores.length);
    for (const x of [this.base, this.loads, this.lastCommit, this.lastRelease, this.stores - this.fence])
      add(x);
    const words = [...this.seen].sort(([a], [b]) => a.id - b.id);
    for (const [{ id }, { position, own, ownView, ownIsAtomic }] of words) {
      for (const x of [id, position, own, ownView, ownIsAtomic ? 1 : 0]) add(x);
    }
    add(this.earlyWord === undefined ? -1 : this.early);
  }

  override clear(): void {
    super.clear();
    this.waitingStores = [];
    this.seen.clear();
    this.step = undefined;
    this.base = 0;
    this.loads = 0;
    this.lastCommit = 0;
    this.lastRelease = 0;
    this.fence = 0;
    this.earlyWord = undefined;
    this.lastView = 0;
  }

  private passBarrier({ order, after = 0 }: Step): void {
    if (order === 'stores') this.fence = this.stores;
    else if (order === 'instructions') this.base = Math.max(this.base, after);
    else this.base = Math.max(this.base, this.loads, order === 'loads' ? 0 : this.lastCommit);
  }

  /** How far back a load of `step` may reach. */
  private earliest(step: Step | undefined): View {
    const release = step?.order === 'acquire' ? this.lastRelease : 0;
    return Math.max(this.base, step?.after ?? 0, release);
  }

  /** What a load has seen that reads the store at `position`: its own store it may read before others can. */
  private viewAt(word: MemoryWord, position: number, acquires: boolean): View {
    const seen = this.seen.get(word);
    const isOwn = seen !== undefined && seen.own === position && !(acquires && seen.ownIsAtomic);
    return isOwn ? seen.ownView : (word.history?.timeAt(position) ?? 0);
  }

  private noteLoad(view: View, order: Order | undefined): void {
    this.lastView = view;
    if (order !== 'noReturn' && order !== 'noReturnRelease') this.loads = Math.max(this.loads, view);
    if (isAcquire(order)) this.base = Math.max(this.base, view);
  }

  private add(
    object: BufferedStore,
    value: number,
    after: View,
    isRelease: boolean,
    isAtomic: boolean,
  ): void {
    const { fence, stores: number } = this;
    this.waitingStores.push({ object, value, number, fence, after, isRelease, isAtomic });
    this.stores += 1;
  }

  private reachMemory(word: MemoryWord, value: number, view: View, isAtomic: boolean): void {
    const history = historyOf(word);
    this.passTime();
    history.add(this.memory.now, value);
    const seen = this.seenOf(word);
    seen.position = history.newest;
    seen.own = history.newest;
    seen.ownView = view;
    seen.ownIsAtomic = isAtomic;
    word.commitStore(value);
  }

  private passTime(): void {
    memoryOrder.announce();
    this.memory.now += 1;
    this.lastCommit = this.memory.now;
  }

  /** True if another CPU's atomic operation is under way on the word. */
  private isReserved(word: MemoryWord): boolean {
    const by = this.memory.reservedBy.get(word);
    return by !== undefined && by !== this;
  }

  private oldestTo(object: BufferedStore): WaitingStore | undefined {
    return this.waitingStores.find((store) => store.object === object);
  }

  private youngestTo(object: BufferedStore): WaitingStore | undefined {
    return this.waitingStores.findLast((store) => store.object === object);
  }

  private seenOf(word: MemoryWord): Seen {
    let seen = this.seen.get(word);
    if (seen === undefined) {
      seen = { position: 0, own: -1, ownView: 0, ownIsAtomic: false };
      this.seen.set(word, seen);
    }
    return seen;
  }
}
