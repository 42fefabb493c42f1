import { drainStores, noteStoreAtOnce } from './memory.js';
import { type Procedure, SharedWord, type Snapshot } from './step.js';

/**
 * A variable that contexts share, together with the word that names it in their steps: whoever reads or writes it
 * cannot forget the step (READ_ONCE, WRITE_ONCE). `get` and `set` are for code that runs in one go, within the step
 * of somebody else: an explorer is told of them. Its value changes for all CPUs at once: where store buffers matter, use a
 * MemoryWord.
 */
export class SharedVar<T> extends SharedWord {
  constructor(
    name: string,
    protected current: T,
  ) {
    super(name);
  }

  override snapshot(): Snapshot {
    const value: unknown = this.current;
    return typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean'
      ? value
      : undefined;
  }

  /** The value, for whoever looks from outside: a view, a test, a condition that is woken after each change. */
  get value(): T {
    return this.get();
  }

  get(): T {
    this.announceRead();
    return this.current;
  }

  /** @primitive `get` is its plain form. */
  *getSteps(): Procedure<T> {
    yield this.read;
    return this.current;
  }

  set(value: T): void {
    noteStoreAtOnce(this);
    this.announce();
    this.current = value;
  }

  /** @primitive `set` is its plain form. */
  *setSteps(value: T): Procedure<void> {
    yield this.write;
    this.current = value;
  }

  /** Sets it in one locked instruction (xchg, test_and_set_bit). @returns what it was before. */
  exchange(value: T): T {
    drainStores();
    this.announce();
    const before = this.current;
    this.current = value;
    return before;
  }

  /** @primitive `exchange` is its plain form. */
  *exchangeSteps(value: T): Procedure<T> {
    yield this.update;
    const before = this.current;
    this.current = value;
    return before;
  }
}

/** A number that contexts count up and down (atomic_t). */
export class SharedCounter extends SharedVar<number> {
  constructor(name: string) {
    super(name, 0);
  }

  /** Adds in one locked instruction: no other context comes between its reading and its writing (atomic_add). */
  add(amount: number): void {
    drainStores();
    this.announce();
    this.current += amount;
  }

  /** @primitive `add` is its plain form. */
  *addSteps(amount: number): Procedure<void> {
    yield this.update;
    this.current += amount;
  }
}

/**
 * Counts what nobody goes by, such as events that were dropped: no locked instruction, and so no barrier, but an
 * explorer hears of it, for a model may look at the count in the end.
 */
export class Statistic extends SharedWord {
  private counted = 0;

  get value(): number {
    this.announceRead();
    return this.counted;
  }

  override snapshot(): Snapshot {
    return this.counted;
  }

  count(): void {
    this.announce();
    this.counted += 1;
  }
}
