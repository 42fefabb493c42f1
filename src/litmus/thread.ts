import type { MemoryModel } from '../explore/model.js';
import { instructionBarrier, type MemoryWord, viewOfLoad } from '../machine/memory.js';
import type { Order, Procedure, View } from '../machine/step.js';

/** A value, and the newest view of the loads that it comes from. */
export interface Value {
  readonly number: number;
  readonly view: View;
}

/** An instruction. @returns the label to go on at; undefined: behind it. */
export type Instruction = (thread: Thread) => Procedure<string | undefined>;

/** What a thread does. */
export type Program = (thread: Thread) => Procedure<void>;

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

  /** @param words by their addresses. */
  constructor(
    private readonly words: readonly MemoryWord[],
    readonly memory: MemoryModel,
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
  }

  /** Replaces a value by another one. @returns the value before. */
  *swap(address: Value, value: Value, order?: Order): Procedure<Value> {
    const word = this.access(address);
    yield word.stepOf('update', order, address.view);
    return { number: word.exchange(value.number), view: viewOfLoad() };
  }

  /** Replaces a value by one that depends on it; undefined: leaves it. @returns the value before. */
  *update(address: Value, change: (before: number) => number | undefined, order?: Order): Procedure<Value> {
    const word = this.access(address);
    yield word.stepOf('update', order, address.view);
    const { value } = word;
    const next = change(value);
    // Without a change it is a load.
    const before = next === undefined ? word.load() : word.compareExchange(value, next);
    return { number: before, view: viewOfLoad() };
  }

  /** Waits until a word is 0, and makes it 1 (spin_lock). */
  *lock(address: Value): Procedure<void> {
    const word = this.access(address);
    yield { ...word.stepOf('update', 'acquire', address.view), found: (value) => value === 0 };
    word.exchange(1);
  }

  *isb(): Procedure<void> {
    yield instructionBarrier(Math.max(this.control, this.addresses));
  }

  private access({ number, view }: Value): MemoryWord {
    this.addresses = Math.max(this.addresses, view);
    const word = this.words[number / DISTANCE - 1];
    if (word === undefined) throw new RangeError(`no word is at address ${number}`);
    return word;
  }
}

/** @param labels before which of the instructions they stand. */
export function programOf(
  instructions: readonly Instruction[],
  labels: ReadonlyMap<string, number>,
): Program {
  return function* (thread) {
    for (let at = 0; at < instructions.length; ) {
      const label = yield* instructions[at](thread);
      at = label === undefined ? at + 1 : (labels.get(label) ?? instructions.length);
    }
  };
}
