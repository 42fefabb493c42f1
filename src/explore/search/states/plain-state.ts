import { CommonMemory } from '../../../lib/zeroed-words.js';
import { SharedObject } from '../../../machine/step.js';
import { Digest } from './digest.js';

/** There is state that a search by states cannot see. */
export class UnseenStateError extends Error {
  override readonly name = 'UnseenStateError';
}

/** Digests of the names of classes, by their prototypes. */
const classes = new WeakMap<object, string>();

function nameOf(object: object): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (typeof prototype !== 'object' || prototype === null) return '';
  let name = classes.get(prototype);
  if (name === undefined) {
    const tag = Object.prototype.toString.call(object).slice(8, -1);
    name = tag === 'Object' || tag === 'Array' ? (prototype.constructor?.name ?? '') : `[${tag}]`;
    classes.set(prototype, name);
  }
  return name;
}

/** Objects whose insides nobody can see, by the name that Object.prototype.toString has for them. */
const hidden = /^\[.*(Generator|Promise|Weak|Iterator)/;

/** Fields of a shared object that are made when somebody needs them, or tell who waits. */
const lazyFields: ReadonlySet<string> = new Set(['waiting', 'reading', 'writing', 'updating']);

/**
 * Digests plain state: all that can be reached from some objects by their fields, elements and entries, each object by the
 * place where it is met first. What a shared object holds is not part of it (`words` has those that were met), but that
 * it is there.
 */
export class PlainState {
  readonly digest = new Digest();
  /** The shared objects met that hold one value. */
  readonly words: SharedObject[] = [];
  /** What stands for each function met, in the order in which they were met. */
  readonly functions: number[] = [];
  private readonly places = new Map<object, number>();
  private readonly path: string[] = [];
  private readonly tags = new Map<object, number>();
  private creator = 0;
  private known: readonly number[] | undefined;

  /**
   * @param name of the model.
   * @param refuses functions and other things whose insides nobody can see are refused; else a function stands for who made it.
   * @param firstId number of the first object of an execution.
   */
  constructor(
    private readonly name: string,
    private readonly refuses: boolean,
    private readonly firstId: number,
  ) {}

  /** Another execution has begun: its functions are others. */
  beginExecution(): void {
    if (this.tags.size !== 0) this.tags.clear();
  }

  /** Begins another state. @param creator stands for the context that made what is new in it. */
  begin(creator: number): void {
    this.reset();
    this.creator = creator;
    this.known = undefined;
  }

  /** Begins the state again in which the functions had these stand-ins. */
  beginAgain(functions: readonly number[]): void {
    this.reset();
    this.known = functions;
  }

  /** What is added from here on is digested by itself. */
  beginPart(): void {
    this.digest.from(1, 2);
  }

  private reset(): void {
    this.words.length = 0;
    this.functions.length = 0;
    this.places.clear();
  }

  /** True if the object has been met since the state was begun. */
  has(object: object): boolean {
    return this.places.has(object);
  }

  /** @throws UnseenStateError where something is reached whose insides nobody can see. */
  add(value: unknown): void {
    switch (typeof value) {
      case 'function':
        this.addFunction(value);
        return;
      case 'object':
        if (value === null) this.digest.add(0x13);
        else this.addObject(value);
        return;
      case 'symbol':
        this.digest.addText(String(value));
        return;
      default:
        this.digest.addPlain(value as number | string | boolean | bigint | undefined);
    }
  }

  private addFunction(value: object): void {
    if (this.refuses) this.refuse('a function, and what it keeps in variables');
    let tag = this.tags.get(value);
    if (tag === undefined) {
      const at = this.functions.length;
      tag = this.known === undefined ? Math.imul(this.creator ^ at, 0x9e3779b1) : this.known[at];
      this.tags.set(value, tag);
    }
    this.functions.push(tag);
    this.digest.add(tag);
  }

  private addObject(value: object): void {
    const { digest, places } = this;
    const place = places.get(value);
    if (place !== undefined) {
      digest.addPair(0x21, place);
      return;
    }
    places.set(value, places.size);
    if (value instanceof SharedObject) {
      digest.addPair(0x22, value.id - this.firstId);
      if (value.snapshot() !== undefined) {
        this.words.push(value);
        return;
      }
      this.addFields(value, lazyFields);
    } else if (Array.isArray(value)) this.addAll(value);
    else if (ArrayBuffer.isView(value)) this.addView(value);
    else if (value instanceof Map) this.addEntries(value);
    else if (value instanceof Set) this.addAll([...value]);
    else if (value instanceof ArrayBuffer) this.addBytes(value);
    else this.addOther(value);
  }

  private addOther(value: object): void {
    const name = nameOf(value);
    this.digest.addText(name);
    if (!hidden.test(name)) this.addFields(value);
    else if (this.refuses) this.refuse(`a ${name.slice(1, -1)}`);
  }

  private addFields(value: object, but?: ReadonlySet<string>): void {
    for (const key in value) {
      if (but?.has(key) || !Object.hasOwn(value, key)) continue;
      this.digest.addText(key);
      this.path.push(key);
      this.add((value as Record<string, unknown>)[key]);
      this.path.pop();
    }
  }

  private addAll(values: readonly unknown[]): void {
    this.digest.add(values.length);
    for (let i = 0; i < values.length; i++) this.add(values[i]);
  }

  private addEntries(map: ReadonlyMap<unknown, unknown>): void {
    this.digest.add(map.size);
    for (const [key, value] of map) {
      this.add(key);
      this.add(value);
    }
  }

  private addView({ buffer, byteOffset, byteLength }: ArrayBufferView): void {
    const isAlone = buffer instanceof CommonMemory;
    this.digest.addPair(isAlone ? 0 : byteOffset, byteLength);
    if (isAlone) this.addBytes(buffer, byteOffset, byteLength);
    else this.addObject(buffer);
  }

  private addBytes(buffer: ArrayBuffer, from = 0, length = buffer.byteLength): void {
    const { digest } = this;
    const whole = length >> 2;
    const words = new Int32Array(buffer, from, whole);
    for (let i = 0; i < whole; i++) if (words[i] !== 0) digest.addPair(i, words[i]);
    const rest = new Uint8Array(buffer, from + whole * 4, length - whole * 4);
    for (let i = 0; i < rest.length; i++) digest.add(rest[i]);
  }

  private refuse(what: string): never {
    const where = this.path.length === 0 ? '' : ` (.${this.path.join('.')})`;
    throw new UnseenStateError(
      `${this.name}: states cannot be told apart, for what setup returned has ${what}${where}, which nobody can look ` +
        'into: give the model a `fingerprint`, or search with --strategy dpor',
    );
  }
}
