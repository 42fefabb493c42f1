import { assert } from '../lib/assert.js';
import { SharedObject, SharedWord, type Snapshot, type Step } from './step.js';

// Memory as several CPUs see it: sequentially consistent, or x86's total store order (Owens, Sarkar, Sewell, "A better
// x86 memory model: x86-TSO"). With store buffers each CPU's stores wait in a queue of its own until they reach
// memory, one by one, at moments that only whoever runs the CPUs decides; its loads look into its own queue first.

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
  private readonly objects: BufferedStore[] = [];
  private readonly values: number[] = [];
  private head = 0;
  private tail = 0;
  /** Number of stores put in since the last clear. */
  stores = 0;
  /** Number of stores taken out since the last clear. */
  commits = 0;
  /** Number of locked instructions since the last clear, whether or not there was something to take out. */
  drains = 0;

  constructor(readonly notes = new StoreNotes()) {}

  get size(): number {
    return this.tail - this.head;
  }

  /** The store that reaches memory next. @throws AssertionError if there is none. */
  get oldest(): BufferedStore {
    assert(this.size > 0, 'the store buffer is empty');
    return this.objects[this.head];
  }

  /** Value of the store that reaches memory next. */
  get oldestValue(): number {
    return this.values[this.head];
  }

  push(object: BufferedStore, value: number): void {
    this.objects[this.tail] = object;
    this.values[this.tail] = value;
    this.tail += 1;
    this.stores += 1;
  }

  /** Position of the youngest store to `object`, for valueAt; -1 if it has none. */
  find(object: BufferedStore): number {
    for (let i = this.tail - 1; i >= this.head; i--) if (this.objects[i] === object) return i;
    return -1;
  }

  /** Number of the object of the store that waits behind `i` others. */
  idOf(i: number): number {
    return this.objects[this.head + i].id;
  }

  /** Its value. */
  waiting(i: number): number {
    return this.values[this.head + i];
  }

  valueAt(position: number): number {
    return this.values[position];
  }

  /** Lets the oldest store reach memory. */
  commitOldest(): void {
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
    running.commitOldest();
    oldest.announce();
  }
}

/** The running context makes a plain store to a word whose value is not kept where it could be buffered. */
export function noteStoreAtOnce({ name }: SharedObject): void {
  if (running !== undefined) running.notes.noteAtOnce(name);
}

/** The value of `object` that the running context's CPU has stored and others do not see yet; undefined: none. */
export function ownStore(object: BufferedStore): number | undefined {
  if (running === undefined) return undefined;
  const position = running.find(object);
  return position < 0 ? undefined : running.valueAt(position);
}

/** Stores on behalf of the running context, through its CPU's store buffer if it has one. */
export function storeBuffered(object: BufferedStore, value: number): void {
  if (running === undefined) object.commitStore(value);
  else running.push(object, value);
}

/**
 * A shared word for whose accesses the memory model matters. Yield `read`, `write` or `update` before `load`, `store`
 * or one of the atomic operations.
 */
export class MemoryWord extends SharedWord implements BufferedStore {
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
    return this.memory;
  }

  /** Reads the word (READ_ONCE). */
  load(): number {
    const own = ownStore(this);
    if (own !== undefined) return own;
    this.announceRead();
    return this.memory;
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
    assert(running === undefined || running.size === 0, 'an atomic operation with stores still buffered', {
      word: this.name,
    });
    this.announce();
    const before = this.memory;
    this.memory = value;
    return before;
  }

  /** Atomic addition (atomic_add_return). @returns the new value. */
  add(amount: number): number {
    return this.exchange(this.memory + amount) + amount;
  }

  /** Atomic compare and exchange (cmpxchg). @returns the value before; the new one is stored if that is `expected`. */
  compareExchange(expected: number, value: number): number {
    return this.exchange(this.memory === expected ? value : this.memory);
  }

  /** The step of reading again and again until `found` holds for what is read: a spin loop that blocks. */
  readUntil(found: (value: number) => boolean): Step {
    return { object: this, kind: 'read', found };
  }

  override blocks(step: Step): boolean {
    return step.found !== undefined && !step.found(ownStore(this) ?? this.memory);
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
}

class Fence extends SharedObject {
  override blocks(): boolean {
    return false;
  }
}

/** The step of a full barrier: done once all earlier stores of the CPU are visible (smp_mb). */
export const memoryBarrier: Step = { object: new Fence('smp_mb'), kind: 'barrier' };
