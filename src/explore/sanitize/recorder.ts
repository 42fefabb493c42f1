import { noteCall, noteElement } from './collections.js';
import { WHOLE } from './whole.js';

// What instrumented code calls (instrument.ts). Each function tells of an access and does what the code would have done
// without it. Nothing is told while no step is being done.

/** Who hears of the accesses of the step that is being done. */
export interface AccessWatcher {
  accessed(object: object, key: unknown, isWrite: boolean, site: number): void;
}

/** A place in the source that makes an access. */
export interface Site {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The function it is in, and the kernel's in parentheses; empty at a module's top level. */
  readonly func: string;
}

interface Module {
  readonly file: string;
  readonly first: number;
  /** Line, column and function of each. */
  readonly sites: readonly number[];
  readonly functions: readonly string[];
}

const modules: Module[] = [];
let siteCount = 0;
let watcher: AccessWatcher | undefined;
let isOpen = false;

/** True if any module that runs is instrumented. */
export function isInstrumented(): boolean {
  return siteCount > 0;
}

/** A module that is being loaded tells its places. @returns the number of the first. */
export function addSites(file: string, sites: readonly number[], functions: readonly string[]): number {
  const first = siteCount;
  modules.push({ file, first, sites, functions });
  siteCount += Math.max(1, sites.length / 3);
  return first;
}

/** @throws RangeError for a number that addSites has not given. */
export function siteOf(site: number): Site {
  const owner = modules.findLast(({ first }) => first <= site);
  if (owner === undefined) throw new RangeError(`there is no place ${site}`);
  const at = (site - owner.first) * 3;
  const [line = 0, column = 0, func = 0] = owner.sites.slice(at, at + 3);
  return { file: owner.file, line, column, func: owner.functions[func] ?? '' };
}

/** From now on loops are watched round by round, for they may go on in a later step; or no longer. */
export function openRecording(open: boolean): void {
  isOpen = open;
}

/** From now on `next` hears of all accesses; undefined: nobody does. */
export function recordFor(next: AccessWatcher | undefined): void {
  watcher = next;
}

/** Tells of an access, if anybody listens. */
function tell(object: object, key: unknown, isWrite: boolean, site: number): void {
  watcher?.accessed(object, key, isWrite, site);
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function noteMember(site: number, object: unknown, key: unknown, isWrite: boolean): void {
  if (!isObject(object)) return;
  if (noteElement(object, key, isWrite, site, tell)) return;
  const name = typeof key === 'symbol' ? key : String(key);
  // What a prototype has is a method, or an accessor whose own code tells.
  if (name in object && !Object.hasOwn(object, name)) return;
  tell(object, name, isWrite, site);
}

/** The object of a member that is read. */
export function r<T>(site: number, object: T, key: unknown): T {
  if (watcher !== undefined) noteMember(site, object, key, false);
  return object;
}

/** The object of a member that is written, whether or not it is read as well. */
export function w<T>(site: number, object: T, key: unknown): T {
  if (watcher !== undefined) noteMember(site, object, key, true);
  return object;
}

/** The object of a member that is written only if `operator` assigns. */
export function l<T>(site: number, object: T, key: PropertyKey, operator: string): T {
  if (watcher === undefined || !isObject(object)) return object;
  const value: unknown = Object.getOwnPropertyDescriptor(object, key)?.value;
  const isNullish = value === undefined || value === null;
  const assigns = operator === '??=' ? isNullish : operator === '||=' ? !value : Boolean(value);
  noteMember(site, object, key, assigns);
  return object;
}

/** Writes a member once its value is known. */
export function set<V>(site: number, object: Record<PropertyKey, V>, key: PropertyKey, value: V): V {
  if (watcher !== undefined) noteMember(site, object, key, true);
  object[key] = value;
  return value;
}

type Methods = Record<PropertyKey, (...args: readonly unknown[]) => unknown>;

/** Calls a method. */
export function call(site: number, object: Methods, key: PropertyKey, ...args: readonly unknown[]): unknown {
  if (watcher !== undefined && isObject(object) && !noteCall(object, key, args, site, tell)) {
    noteMember(site, object, key, false);
  }
  return object[key](...args);
}

/** The object of a method that is called if there is one: its arguments are not known yet. */
export function opt<T>(site: number, object: T, key: unknown): T {
  if (watcher !== undefined && isObject(object) && !noteCall(object, key, undefined, site, tell)) {
    noteMember(site, object, key, false);
  }
  return object;
}

/** `key in object`. */
export function has(site: number, key: PropertyKey, object: object): boolean {
  if (watcher !== undefined) noteMember(site, object, key, false);
  return key in object;
}

/** An object of which all is read. */
export function all<T>(site: number, object: T): T {
  if (watcher !== undefined && isObject(object)) tell(object, WHOLE, false, site);
  return object;
}

/** What a loop goes through, or a list that is written out. */
export function each<T>(site: number, list: Iterable<T>): Iterable<T> {
  return isOpen ? watchedIterable(site, list, undefined) : list;
}

type Keys = readonly (string | number | readonly [string | number, Keys])[];

/** The same, where each element is taken apart. */
export function eachOf<T>(site: number, list: Iterable<T>, keys: Keys): Iterable<T> {
  return isOpen ? watchedIterable(site, list, keys) : list;
}

function watchedIterable<T>(site: number, list: Iterable<T>, keys: Keys | undefined): Iterable<T> {
  const isCollection =
    Array.isArray(list) || ArrayBuffer.isView(list) || list instanceof Map || list instanceof Set;
  if (!isCollection && keys === undefined) return list;
  return { [Symbol.iterator]: () => new WatchedIterator(site, list, list[Symbol.iterator](), keys) };
}

/** Goes through a collection and tells at each round, which may come in a later step, of what it looks at. */
class WatchedIterator<T> implements IterableIterator<T> {
  private at = 0;

  constructor(
    private readonly site: number,
    private readonly list: object,
    private readonly inner: Iterator<T>,
    private readonly keys: Keys | undefined,
  ) {}

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<T> {
    const { list, site, at } = this;
    if (watcher !== undefined) {
      if (!Array.isArray(list) && !ArrayBuffer.isView(list)) tell(list, WHOLE, false, site);
      else {
        noteElement(list, 'length', false, site, tell);
        noteElement(list, at, false, site, tell);
      }
    }
    this.at += 1;
    const next = this.inner.next();
    if (this.keys !== undefined && next.done !== true) destructured(site, next.value, this.keys);
    return next;
  }

  return(value?: T): IteratorResult<T> {
    return this.inner.return?.(value) ?? { done: true, value };
  }
}

/** `list.values()`, keys or entries. */
export function iterator(site: number, list: Methods, key: PropertyKey): unknown {
  const value = call(site, list, key);
  const isCollection = Array.isArray(list) || list instanceof Map || list instanceof Set;
  if (!isOpen || !isCollection) return value;
  return new WatchedIterator(site, list, value as Iterator<unknown>, undefined);
}

/** What is taken apart by the keys of a pattern. */
export function destructured<T>(site: number, value: T, keys: Keys): T {
  if (watcher === undefined || !isObject(value)) return value;
  for (const key of keys) {
    if (key === '*') tell(value, WHOLE, false, site);
    else if (Array.isArray(key)) {
      noteMember(site, value, key[0], false);
      const inner: unknown = Object.getOwnPropertyDescriptor(value, key[0])?.value;
      destructured(site, inner, key[1]);
    } else noteMember(site, value, key, false);
  }
  return value;
}

/** A key that nothing has. */
const NOTHING = Symbol('nothing');

/** As destructured, for an argument of a generator: stands as a key in the pattern itself, and finds nothing. */
export function apart(site: number, value: unknown, keys: Keys): symbol {
  destructured(site, value, keys);
  return NOTHING;
}

/** The variables of one run of a block, as an object. */
export class Variables {
  constructor(readonly file: string) {}
}

/** What stands for the variables of a block that closures share, each time that it runs. */
export function env(file: string): Variables {
  return new Variables(file);
}

/** A variable is read. */
export function vr(site: number, variables: object, name: string): void {
  tell(variables, name, false, site);
}

/** A variable is written, when its value is known. */
export function vw<T>(site: number, variables: object, name: string, value: T): T {
  tell(variables, name, true, site);
  return value;
}
