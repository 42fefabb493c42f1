import { CommonMemory } from '../../lib/zeroed-words.js';
import type { Conflict } from './locations.js';
import { Variables } from './recorder.js';
import { WHOLE } from './whole.js';

/** How many owners of an object are named. */
const OWNERS = 3;

/** A place in words: the object, found by who has it, and what of it. @param touched objects that may have it. */
export function locationText({ object, key }: Conflict, touched: Iterable<object>): string {
  if (object instanceof Variables) return `variable ${String(key)} of ${object.file}`;
  const owners = [...touched];
  if (object instanceof CommonMemory) {
    const view = viewAt(object, Number(key), owners);
    if (view !== undefined) return `${pathTo(view, owners, OWNERS)}, byte ${Number(key) - view.byteOffset}`;
  }
  return `${pathTo(object, owners, OWNERS)}${keyText(object, key)}`;
}

/** The array that has a byte of a memory with several, which have nothing else in common. */
function viewAt(memory: CommonMemory, byte: number, owners: readonly object[]): ArrayBufferView | undefined {
  for (const owner of owners) {
    for (const [, value] of fieldsOf(owner)) {
      if (!ArrayBuffer.isView(value) || value.buffer !== memory) continue;
      if (byte >= value.byteOffset && byte < value.byteOffset + value.byteLength) return value;
    }
  }
  return undefined;
}

function pathTo(object: object, owners: readonly object[], left: number): string {
  const isNamed =
    typeof object !== 'function' && 'name' in object && typeof object.name === 'string' && object.name !== '';
  const itself = isNamed ? `${classOf(object)} "${String(object.name)}"` : classOf(object);
  if (left === 0 || (isNamed && !isCollection(object))) return itself;
  for (const owner of owners) {
    if (owner === object || owner instanceof ArrayBuffer) continue;
    for (const [field, value] of fieldsOf(owner)) {
      if (value !== object && !(ArrayBuffer.isView(value) && value.buffer === object)) continue;
      return `${pathTo(owner, owners, left - 1)}${keyText(owner, field)}`;
    }
  }
  return itself;
}

function fieldsOf(owner: object): Iterable<readonly [unknown, unknown]> {
  if (owner instanceof Map) return owner.entries();
  if (owner instanceof Set) return [];
  return Array.isArray(owner) ? owner.entries() : Object.entries(owner);
}

function isCollection(object: object): boolean {
  return (
    Array.isArray(object) || object instanceof Map || object instanceof Set || object instanceof ArrayBuffer
  );
}

function classOf(object: object): string {
  if (typeof object === 'function') return `class ${object.name}`;
  return object.constructor?.name || 'object';
}

function keyText(object: object, key: unknown): string {
  if (key === WHOLE) return ', all of it';
  if (object instanceof ArrayBuffer) return `, byte ${String(key)}`;
  if (object instanceof Map || object instanceof Set) return `, entry ${entryText(key)}`;
  return typeof key === 'number' ? `[${key}]` : `.${String(key)}`;
}

function entryText(key: unknown): string {
  return typeof key === 'object' && key !== null ? classOf(key) : String(key);
}
