import type { MemoryModel } from '../explore/model.js';
import { instructionBarrier, loadSawMemory, MemoryWord, viewOfLoad } from '../machine/memory.js';
import type { SharedVar } from '../machine/shared-var.js';
import type { Order, Procedure, View } from '../machine/step.js';

/** A value, and the newest view of the loads that it comes from. */
export interface Value {
  readonly number: number;
  readonly view: View;
}

/** An instruction. @returns the label to go on at; undefined: behind it. */
export type Instruction = (thread: Thread) => Procedure<string | undefined>;

/** What a thread does. */
export interface Program {
  readonly run: (thread: Thread) => Procedure<void>;
  /** How many of its instructions are store-exclusives. */
  readonly storeExclusives: number;
}

/** A word of a test. */
export class LitmusWord extends MemoryWord {
  /** How many stores have reached memory; of those that do at once the threads tell. */
  version = 0;

  override commitStore(value: number): void {
    super.commitStore(value);
    this.version += 1;
  }
}

/** Words are this far from each other, so that addresses can be calculated with. */
const DISTANCE = 1 << 16;

/** The names of the words of a test, which give them their addresses. */
export class Names {
  readonly names: string[] = [];

  /** @returns the address of the word of that name, which is a word from now on. */
  addressOf(name: string): number {
    let at = this.names.indexOf(name);
    if (at < 0) at = this.names.push(name) - 1;
    return (at + 1) * DISTANCE;
  }

  /** A value as herd prints it: an address by its word's name. */
  text(value: number): string {
    return this.names[value / DISTANCE - 1] ?? String(value);
  }
}

export const zero: Value = { number: 0, view: 0 };

/** What is calculated of two values depends on what they do. */
export function joined(a: Value, b: Value, calculate: (a: number, b: number) => number): Value {
  return { number: calculate(a.number, b.number), view: Math.max(a.view, b.view) };
}

/** A thread of a litmus test as it runs: its registers, with what they depend on. */
export class Thread {
  readonly registers = new Map<string, Value>();
  /** What the last comparison gave: the difference. */
  flags: Value = zero;
  /** What branches so far depend on, and addresses. */
  private control: View = 0;
  private addresses: View = 0;
  /** The load-exclusives that were there already. */
  private readonly repeated = new Set<object>();
  /** The store-exclusives that have failed for no reason. */
  private readonly failed = new Set<number>();
  /** What the last load-exclusive has reserved: the word as it was then. */
  private reserved: { readonly word: LitmusWord; readonly version: number } | undefined;

  /**
   * @param words by their addresses.
   * @param lost for each store-exclusive: true once it may fail for no reason.
   */
  constructor(
    private readonly words: readonly LitmusWord[],
    readonly memory: MemoryModel,
    private readonly lost: readonly SharedVar<boolean>[],
  ) {}

  get(register: string): Value {
    return this.registers.get(register) ?? zero;
  }

  set(register: string, value: Value): void {
    this.registers.set(register, value);
  }

  /** A branch depends on `value`. */
  branchOn({ view }: Value): void {
    this.control = Math.max(this.control, view);
  }

  *load(address: Value, order?: Order): Procedure<Value> {
    const word = this.access(address);
    yield word.stepOf('read', order, address.view);
    return { number: word.load(), view: viewOfLoad() };
  }

  *store(address: Value, value: Value, order?: Order): Procedure<void> {
    const word = this.access(address);
    yield word.stepOf('write', order, Math.max(address.view, value.view));
    word.store(value.number);
    this.noteStore(word);
  }

  /** Replaces a value by another one. @returns the value before. */
  *swap(address: Value, value: Value, order?: Order): Procedure<Value> {
    const word = this.access(address);
    yield word.stepOf('update', order, address.view);
    const number = word.exchange(value.number);
    this.noteStore(word);
    return { number, view: viewOfLoad() };
  }

  /** Replaces a value by one that depends on it; undefined: leaves it. @returns the value before. */
  *update(address: Value, change: (before: number) => number | undefined, order?: Order): Procedure<Value> {
    const word = this.access(address);
    yield word.stepOf('update', order, address.view);
    const { value } = word;
    const next = change(value);
    // Without a change it is a load.
    const before = next === undefined ? word.load() : word.compareExchange(value, next);
    if (next !== undefined) this.noteStore(word);
    return { number: before, view: viewOfLoad() };
  }

  /** Waits until a word is 0, and makes it 1 (spin_lock). */
  *lock(address: Value): Procedure<void> {
    const word = this.access(address);
    yield { ...word.stepOf('update', 'acquire', address.view), found: (value) => value === 0 };
    word.exchange(1);
    this.noteStore(word);
  }

  /**
   * Loads, and reserves the word (LDXR). A load that was early, or of a store that waits, reserves nothing. In a loop only
   * the first time round may be early: nothing would end it.
   *
   * @param instruction stands for which of the program's load-exclusives it is.
   */
  *loadExclusive(instruction: object, address: Value, order?: Order): Procedure<Value> {
    const word = this.access(address);
    const isFirst = !this.repeated.has(instruction);
    this.repeated.add(instruction);
    yield isFirst
      ? word.stepOf('read', order, address.view)
      : word.stepOf('update', order ?? 'relaxed', address.view);
    const value = { number: word.load(), view: viewOfLoad() };
    this.reserved = loadSawMemory() ? { word, version: word.version } : undefined;
    return value;
  }

  /**
   * Stores if nobody has stored to the reserved word since (STXR). For no reason each of a program's fails once at most.
   *
   * @param number which of the program's store-exclusives it is.
   * @returns whether it did.
   */
  *storeExclusive(number: number, address: Value, value: Value, order: Order): Procedure<boolean> {
    const { reserved } = this;
    this.reserved = undefined;
    const isLost = !this.failed.has(number) && (yield* this.lost[number].getSteps());
    if (isLost) this.failed.add(number);
    const word = this.access(address);
    if (isLost || reserved?.word !== word) return false;
    yield word.stepOf('update', order, Math.max(address.view, value.view));
    if (reserved.version !== word.version) return false;
    word.exchange(value.number);
    this.noteStore(word);
    return true;
  }

  /** Gives up what is reserved (CLREX). */
  clearExclusive(): void {
    this.reserved = undefined;
  }

  *isb(): Procedure<void> {
    yield instructionBarrier(Math.max(this.control, this.addresses));
  }

  private noteStore(word: LitmusWord): void {
    if (this.memory === 'sc') word.version += 1;
  }

  private access({ number, view }: Value): LitmusWord {
    this.addresses = Math.max(this.addresses, view);
    const word = this.words[number / DISTANCE - 1];
    if (word === undefined) throw new RangeError(`no word is at address ${number}`);
    return word;
  }
}

/** @param labels before which of the instructions they stand. */
export function inOrder(
  instructions: readonly Instruction[],
  labels: ReadonlyMap<string, number>,
): Program['run'] {
  return function* (thread) {
    for (let at = 0; at < instructions.length; ) {
      const label = yield* instructions[at](thread);
      at = label === undefined ? at + 1 : (labels.get(label) ?? instructions.length);
    }
  };
}
