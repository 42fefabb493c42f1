import { assert } from '../lib/assert.js';
import { type Order, SharedObject, SharedWord, type Snapshot, type Step, type View } from './step.js';
import type { WordHistory } from './word-history.js';

// Memory as several CPUs see it: sequentially consistent, or x86's total store order (Owens, Sarkar, Sewell, "A better
// x86 memory model: x86-TSO"). With store buffers each CPU's stores wait in a queue of its own until they reach
// memory, one by one, at moments that only whoever runs the CPUs decides; its loads look into its own queue first.
// arm64's memory is a store buffer of another kind: arm64-memory.ts.

/** A store that can wait in a store buffer. */
export interface BufferedStore extends SharedObject {
  /** The store reaches memory: from now on all CPUs see it. */
  commitStore(value: number): void;
}

/** Which stores went through store buffers, and which did not though x86 would have buffered them, by their names. */
export class StoreNotes {
  /** Words whose stores have been in a store buffer. */
  readonly words = new Set<string>();
  /** The first plain store that changed a word for all CPUs at once. */
  atOnce: string | undefined;

  /** A store to a word has gone into a store buffer. */
  noteBuffered(name: string): void {
    this.words.add(name);
  }

  /** A plain store has changed a word for all CPUs at once. */
  noteAtOnce(name: string): void {
    this.atOnce ??= name;
  }
}

/** The stores of one CPU that the others do not see yet, oldest first. */
export class StoreBuffer {
  private readonly queue: BufferedStore[] = [];
  private readonly values: number[] = [];
  private head = 0;
  private tail = 0;
  /** Number of stores put in since the last clear. */
  stores = 0;
  /** Number of stores taken out since the last clear. */
  commits = 0;
  /** What the last load saw. */
  lastView: View = 0;
  /** True if that is what memory holds: neither a store that waits nor an older one. */
  sawMemory = true;
  /** Number of locked instructions since the last clear, whether or not there was something to take out. */
  drains = 0;

  constructor(readonly notes = new StoreNotes()) {}

  get size(): number {
    return this.tail - this.head;
  }

  /** The store that reaches memory next. @throws AssertionError if there is none. */
  get oldest(): BufferedStore {
    assert(this.size > 0, 'the store buffer is empty');
    return this.queue[this.head];
  }

  /** Value of the oldest store to `object`, which is the one that reaches memory next. */
  oldestValue(_object: BufferedStore): number {
    return this.values[this.head];
  }

  /** Which of all stores since the last clear, counted from 0, the oldest one to `object` is. */
  oldestNumber(_object: BufferedStore): number {
    return this.commits;
  }

  /** True if the oldest store to `object` is the last one that the CPU has made. */
  isYoungest(_object: BufferedStore): boolean {
    return this.size === 1;
  }

  /** True unless other stores must reach memory before the oldest one to `object`. */
  mayCommit(_object: BufferedStore): boolean {
    return true;
  }

  /** The CPU is about to do `step`: for those whose loads and stores are ordered by it. */
  begin(_step: Step): void {}

  /** True unless stores must reach memory before the CPU can do `step`. */
  allows(step: Step): boolean {
    return this.size === 0 || !step.object.drains(step);
  }

  /** What a load of `word` would give, which has `memory` in memory. */
  peek(word: MemoryWord, memory: number): number {
    return ownStoreIn(this, word) ?? memory;
  }

  /** Loads `word`, which has `memory` in memory. */
  load(word: MemoryWord, memory: number): number {
    const own = ownStoreIn(this, word);
    this.sawMemory = own === undefined;
    if (own !== undefined) return own;
    word.announceRead();
    return memory;
  }

  /** An atomic operation changes `word`. @param _dependsOnLoad what it stores depends on what it has read. */
  exchange(word: MemoryWord, value: number, _dependsOnLoad: boolean): void {
    assert(this.size === 0, 'an atomic operation with stores still buffered', { word: word.name });
    word.announce();
    word.commitStore(value);
  }

  /** All that was stored so far, by whomever, comes before what this CPU does from now on. */
  sync(): void {}

  push(object: BufferedStore, value: number): void {
    this.queue[this.tail] = object;
    this.values[this.tail] = value;
    this.tail += 1;
    this.stores += 1;
  }

  /** Position of the youngest store to `object`, for valueAt; -1 if it has none. */
  find(object: BufferedStore): number {
    for (let i = this.tail - 1; i >= this.head; i--) if (this.queue[i] === object) return i;
    return -1;
  }

  /** Tells all that decides what its CPU does next, in numbers, for whoever tells states apart. */
  tell(add: (x: number) => void): void {
    if (this.size === 0) return;
    add(this.size);
    for (let i = this.head; i < this.tail; i++) {
      add(this.queue[i].id);
      add(this.values[i]);
    }
  }

  valueAt(position: number): number {
    return this.values[position];
  }

  /** Lets the oldest store to `object` reach memory. */
  commit(_object: BufferedStore): void {
    const object = this.oldest;
    const value = this.values[this.head];
    this.head += 1;
    this.commits += 1;
    if (this.head === this.tail) this.reset();
    object.commitStore(value);
  }

  /** Forgets all stores. */
  clear(): void {
    this.reset();
    this.stores = 0;
    this.commits = 0;
    this.drains = 0;
  }

  private reset(): void {
    this.head = 0;
    this.tail = 0;
  }
}

/** Store buffer of the CPU whose context runs now; undefined: stores are visible at once. */
let running: StoreBuffer | undefined;

/** From now on the running context's stores go through `buffer`; undefined: they are visible at once. */
export function runWithStoreBuffer(buffer: StoreBuffer | undefined): void {
  running = buffer;
}

/**
 * What a locked instruction of the running context does first: all stores of its CPU reach memory (Intel SDM vol. 3,
 * "Strengthening or Weakening the Memory-Ordering Model"). For operations that have such an instruction and belong to a
 * step of somebody else.
 */
export function drainStores(): void {
  if (running === undefined) return;
  running.drains += 1;
  while (running.size !== 0) {
    const { oldest } = running;
    running.commit(oldest);
    oldest.announce();
  }
  running.sync();
}

/** The running context makes a plain store to a word whose value is not kept where it could be buffered. */
export function noteStoreAtOnce({ name }: SharedObject): void {
  if (running !== undefined) running.notes.noteAtOnce(name);
}

/** The value of `object` that the running context's CPU has stored and others do not see yet; undefined: none. */
export function ownStore(object: BufferedStore): number | undefined {
  return running === undefined ? undefined : ownStoreIn(running, object);
}

function ownStoreIn(buffer: StoreBuffer, object: BufferedStore): number | undefined {
  const position = buffer.find(object);
  return position < 0 ? undefined : buffer.valueAt(position);
}

/**
 * What the load that the running context has just made saw: for those that depend on it by their address, and for the
 * isb behind a branch on it (Step.after). Memory other than arm64's orders loads anyway.
 */
export function viewOfLoad(): View {
  return running?.lastView ?? 0;
}

/** True if the load that the running context has just made saw what memory holds, so that it can reserve it (LDXR). */
export function loadSawMemory(): boolean {
  return running?.sawMemory ?? true;
}

/** Stores on behalf of the running context, through its CPU's store buffer if it has one. */
export function storeBuffered(object: BufferedStore, value: number): void {
  if (running === undefined) object.commitStore(value);
  else running.push(object, value);
}

/**
 * A shared word for whose accesses the memory model matters. Yield one of its steps before `load`, `store` or one of the
 * atomic operations: `read` and `write` (READ_ONCE, WRITE_ONCE), `readAcquire` and `writeRelease`, `update`.
 */
export class MemoryWord extends SharedWord implements BufferedStore {
  /** The stores that it has had, where loads may be early; undefined: none has been made there yet. */
  history: WordHistory | undefined;

  constructor(
    name: string,
    private memory = 0,
  ) {
    super(name);
  }

  /** What is in memory, whatever waits in store buffers: for those who look from outside. */
  get value(): number {
    this.announceRead();
    return this.memory;
  }

  override snapshot(): Snapshot {
    return this.history === undefined ? this.memory : this.history.text;
  }

  /** The step of a load that loads and stores behind it do not overtake (smp_load_acquire). */
  get readAcquire(): Step {
    return this.stepOf('read', 'acquire');
  }

  /** The step of a store that overtakes no load or store before it (smp_store_release). */
  get writeRelease(): Step {
    return this.stepOf('write', 'release');
  }

  /**
   * A step of its own.
   *
   * @param order by default none for a load or store, and all of it for an atomic operation.
   * @param after the views of what the address depends on, and of what a stored value depends on: the newest of them.
   */
  stepOf(kind: 'read' | 'write' | 'update', order?: Order, after?: View): Step {
    return {
      object: this,
      kind,
      ...(order !== undefined && { order }),
      ...(after !== undefined && { after }),
    };
  }

  /** Reads the word (READ_ONCE). */
  load(): number {
    if (running !== undefined) return running.load(this, this.memory);
    this.announceRead();
    return this.memory;
  }

  /** What `load` would give the CPU of `buffer`, for whoever writes a trace. */
  seenBy(buffer: StoreBuffer | undefined): number {
    return buffer === undefined ? this.memory : buffer.peek(this, this.memory);
  }

  /** Writes the word (WRITE_ONCE). */
  store(value: number): void {
    if (running === undefined) {
      this.announce();
      this.memory = value;
    } else {
      running.notes.noteBuffered(this.name);
      running.push(this, value);
    }
  }

  /** Atomic exchange (xchg). @returns the value before. */
  exchange(value: number): number {
    return this.replace(value, false);
  }

  /** Atomic addition (atomic_add_return). @returns the new value. */
  add(amount: number): number {
    return this.replace(this.memory + amount, true) + amount;
  }

  /** Atomic compare and exchange (cmpxchg). @returns the value before; the new one is stored if that is `expected`. */
  compareExchange(expected: number, value: number): number {
    return this.memory === expected ? this.replace(value, true) : this.load();
  }

  /** The step of reading again and again until `found` holds for what is read: a spin loop that blocks. */
  readUntil(found: (value: number) => boolean, order?: Order): Step {
    return { object: this, kind: 'read', found, ...(order !== undefined && { order }) };
  }

  override blocks(step: Step): boolean {
    return step.found !== undefined && !step.found(this.seenBy(running));
  }

  override drains(step: Step): boolean {
    return step.kind === 'update';
  }

  override buffers(step: Step): boolean {
    return step.kind === 'write';
  }

  /** For the store buffer: the store has become visible. */
  commitStore(value: number): void {
    this.memory = value;
  }

  private replace(value: number, dependsOnLoad: boolean): number {
    const before = this.memory;
    if (running === undefined) {
      this.announce();
      this.memory = value;
    } else running.exchange(this, value, dependsOnLoad);
    return before;
  }
}

class Fence extends SharedObject {
  /** @param isFull on x86 the others are for the compiler only. */
  constructor(
    name: string,
    private readonly isFull: boolean,
  ) {
    super(name);
  }

  override blocks(): boolean {
    return false;
  }

  override drains(): boolean {
    return this.isFull;
  }
}

/** The step of a full barrier: done once all earlier stores of the CPU are visible (smp_mb). */
export const memoryBarrier: Step = { object: new Fence('smp_mb', true), kind: 'barrier' };

/** The step of a barrier between loads (smp_rmb): on arm64 no load or store behind it overtakes a load before it. */
export const readBarrier: Step = { object: new Fence('smp_rmb', false), kind: 'barrier', order: 'loads' };

/** The step of a barrier between stores (smp_wmb). */
export const writeBarrier: Step = { object: new Fence('smp_wmb', false), kind: 'barrier', order: 'stores' };

const instructionFence = new Fence('isb', false);

/**
 * The step of arm64's isb: loads behind it come after those that a branch before it depends on.
 *
 * @param after the views of all such loads, and of those that addresses before it depend on: the newest of them.
 */
export function instructionBarrier(after: View): Step {
  return { object: instructionFence, kind: 'barrier', order: 'instructions', after };
}
