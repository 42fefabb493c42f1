import { z } from 'zod';
import { complaintsOf } from '../scenario/issues.js';
import type { Path } from '../scenario/place.js';

/**
 * Checks what a user of the library has given.
 *
 * @param what what the value is called in messages.
 * @param under what its keys are called by: `device` for `device.relid`. Default: `what`.
 * @throws TypeError for an unknown key or a value of a wrong type, RangeError for one that cannot be, naming all of them.
 */
export function checkArgument(what: string, schema: z.ZodType, value: unknown, under = what): void {
  const { error } = z.safeParse(schema, value);
  if (error === undefined) return;
  const complaints = complaintsOf(error.issues, value);
  const text = complaints
    .map(({ path, isOfKey, message }) => {
      const place = isOfKey === true ? path.slice(0, -1) : path;
      return `${place.length === 0 ? what : placeIn(under, place)}: ${message}`;
    })
    .join('\n');
  throw complaints.some(({ isOfType }) => isOfType) ? new TypeError(text) : new RangeError(text);
}

/** A place in a value, as JavaScript writes it: `devices[0].relid`. */
export function placeIn(under: string, path: Path): string {
  return path.reduce<string>((place, key) => {
    if (typeof key === 'number') return `${place}[${key}]`;
    return place === '' ? String(key) : `${place}.${String(key)}`;
  }, under);
}
