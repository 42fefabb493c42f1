import { WHOLE } from './whole.js';

/** Tells of an access. */
export type Tell = (object: object, key: unknown, isWrite: boolean, site: number) => void;

/** The key that stands for how many elements an array has. */
const LENGTH = 'length';
/** More bytes than this at a time count as all of the memory that a view looks at. */
const MANY_BYTES = 65_536;

type TypedArray = Uint8Array | Uint16Array | Uint32Array | Int32Array;

function isTypedArray(object: object): object is TypedArray {
  return ArrayBuffer.isView(object) && !(object instanceof DataView);
}

/** Views of one memory are different objects: the memory is what counts, byte by byte. */
function noteBytes(
  memory: object,
  from: number,
  bytes: number,
  isWrite: boolean,
  site: number,
  tell: Tell,
): void {
  if (bytes > MANY_BYTES) tell(memory, WHOLE, isWrite, site);
  else for (let at = from; at < from + bytes; at++) tell(memory, at, isWrite, site);
}

function noteView(view: ArrayBufferView, isWrite: boolean, site: number, tell: Tell): void {
  noteBytes(view.buffer, view.byteOffset, view.byteLength, isWrite, site, tell);
}

/**
 * Tells of a member of a collection that is an element of it.
 *
 * @returns true if there is nothing else to tell of the member.
 */
export function noteElement(
  object: object,
  key: unknown,
  isWrite: boolean,
  site: number,
  tell: Tell,
): boolean {
  if (Array.isArray(object)) {
    if (key === LENGTH) tell(object, isWrite ? WHOLE : LENGTH, isWrite, site);
    else if (isIndex(key)) {
      const index = Number(key);
      if (isWrite && index >= object.length) tell(object, LENGTH, true, site);
      tell(object, index, isWrite, site);
    } else return false;
    return true;
  }
  if (ArrayBuffer.isView(object)) {
    if (isTypedArray(object) && isIndex(key) && Number(key) < object.length) {
      const { BYTES_PER_ELEMENT: size, byteOffset, buffer } = object;
      noteBytes(buffer, byteOffset + Number(key) * size, size, isWrite, site, tell);
    }
    return true;
  }
  if ((object instanceof Map || object instanceof Set) && key === 'size') {
    tell(object, WHOLE, false, site);
    return true;
  }
  return false;
}

function isIndex(key: unknown): boolean {
  return typeof key === 'number' ? key >= 0 : typeof key === 'string' && /^\d+$/.test(key);
}

/** Methods that change the array that they are called on. */
const arrayWrites: ReadonlySet<unknown> = new Set([
  'pop',
  'shift',
  'unshift',
  'splice',
  'sort',
  'reverse',
  'fill',
  'copyWithin',
  'set',
]);

/**
 * Tells what a method of the language's collections reads or writes.
 *
 * @param args undefined: not known yet.
 * @returns false if the object is no collection.
 */
export function noteCall(
  object: object,
  key: unknown,
  args: readonly unknown[] | undefined,
  site: number,
  tell: Tell,
): boolean {
  if (Array.isArray(object)) noteArrayCall(object, key, args, site, tell);
  else if (object instanceof Map || object instanceof Set) noteEntryCall(object, key, args, site, tell);
  else if (object instanceof DataView) noteDataViewCall(object, String(key), args, site, tell);
  else if (isTypedArray(object)) noteTypedArrayCall(object, key, args, site, tell);
  else return false;
  return true;
}

function noteArrayCall(
  array: readonly unknown[],
  key: unknown,
  args: readonly unknown[] | undefined,
  site: number,
  tell: Tell,
): void {
  if (key === 'push') {
    tell(array, LENGTH, true, site);
    tell(array, array.length, true, site);
  } else if (key === 'at' && args !== undefined) {
    tell(array, LENGTH, false, site);
    const at = Number(args[0]);
    tell(array, at < 0 ? array.length + at : at, false, site);
  } else if (!iterators.has(key)) {
    tell(array, WHOLE, arrayWrites.has(key), site);
    for (const arg of args ?? []) if (Array.isArray(arg)) tell(arg, WHOLE, false, site);
  }
}

/** They look only when they are asked for the next element. */
const iterators: ReadonlySet<unknown> = new Set(['values', 'keys', 'entries', 'subarray']);

/** That and in which order a map or set has its entries. */
const ORDER: unique symbol = Symbol('its entries');

function noteEntryCall(
  entries: Map<unknown, unknown> | Set<unknown>,
  key: unknown,
  args: readonly unknown[] | undefined,
  site: number,
  tell: Tell,
): void {
  if (iterators.has(key)) return;
  if (args === undefined || key === 'forEach' || key === 'clear') {
    tell(entries, WHOLE, key !== 'forEach' && key !== 'get' && key !== 'has', site);
    return;
  }
  const [entry] = args;
  const isThere = entries.has(entry);
  if (key === 'get' || key === 'has' || (key === 'add' && isThere)) tell(entries, entry, false, site);
  else if (key === 'set' || key === 'add' || key === 'delete') {
    tell(entries, entry, key !== 'delete' || isThere, site);
    if (key !== 'delete' && !isThere) tell(entries, ORDER, true, site);
  }
}

function noteDataViewCall(
  view: DataView,
  method: string,
  args: readonly unknown[] | undefined,
  site: number,
  tell: Tell,
): void {
  const [, access, bits] = /^(get|set)\D+(\d+)$/.exec(method) ?? [];
  if (access === undefined) return;
  const isWrite = access === 'set';
  if (args === undefined) noteView(view, isWrite, site, tell);
  else noteBytes(view.buffer, view.byteOffset + Number(args[0]), Number(bits) / 8, isWrite, site, tell);
}

function noteTypedArrayCall(
  array: TypedArray,
  key: unknown,
  args: readonly unknown[] | undefined,
  site: number,
  tell: Tell,
): void {
  if (iterators.has(key)) return;
  const [source, offset] = args ?? [];
  if (key === 'fill' || key === 'slice') {
    const [from, to] = rangeOf(array, key === 'fill' ? args?.slice(1) : args);
    const { BYTES_PER_ELEMENT: size, byteOffset, buffer } = array;
    noteBytes(buffer, byteOffset + from * size, Math.max(0, to - from) * size, key === 'fill', site, tell);
    return;
  }
  if (key !== 'set' || typeof source !== 'object' || source === null) {
    noteView(array, arrayWrites.has(key), site, tell);
    return;
  }
  if (ArrayBuffer.isView(source)) noteView(source, false, site, tell);
  else tell(source, WHOLE, false, site);
  const { BYTES_PER_ELEMENT: size, byteOffset, buffer } = array;
  const count = 'length' in source ? Number(source.length) : array.length;
  noteBytes(buffer, byteOffset + Number(offset ?? 0) * size, count * size, true, site, tell);
}

/** The elements from the first argument up to the second, which may count from the end. */
function rangeOf({ length }: TypedArray, args: readonly unknown[] = []): readonly [number, number] {
  const [from, to] = [args[0] ?? 0, args[1] ?? length].map(Number).map((at) => {
    return at < 0 ? Math.max(0, length + at) : Math.min(at, length);
  });
  return [from, to];
}
