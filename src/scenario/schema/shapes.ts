import { z } from 'zod';
import { takesText } from './option-form.js';

// What schemas of a scenario file are made of. Convention of all of them: an `error` text is what was expected, to be put
// after "expected" (issues.ts); for unknown keys it is the list of the known ones; of a check of our own it is the whole
// sentence.

/** A whole number from `min` to `max`. */
export function int(min: number, max: number) {
  const error = `a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** One of some words. */
export function word<const T extends readonly string[]>(words: T) {
  return z.enum(words, { error: `one of ${words.join(', ')}` });
}

/** One of some version numbers, which must be quoted, since YAML reads 6.10 as the number 6.1. */
export function version<const T extends readonly string[]>(versions: T) {
  return z.enum(versions, {
    error: `one of ${versions.map((text) => `"${text}"`).join(', ')} (with the quotation marks)`,
  });
}

/** A mapping with these keys and no others. */
export function mapping<T extends z.ZodRawShape>(what: string, shape: T) {
  return takesText(
    z.strictObject(shape, {
      error: (issue) => (issue.code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : what),
    }),
    what,
  );
}

/** A list of `item`s. */
export function list<T extends z.ZodType>(what: string, item: T) {
  return z.array(item, { error: what });
}

/** Something that no file can have. @param sentence says what is wrong with what `isOne` is false for. */
export function instance(sentence: string, isOne: (value: unknown) => boolean) {
  return z.custom(isOne, { error: sentence, params: { isOfType: true } });
}

/** True for a mapping, whatever is wrong inside it: checks of a mapping's keys run even when a value is wrong. */
export const whenMapping = {
  when: ({ value }: { value: unknown }) =>
    typeof value === 'object' && value !== null && !Array.isArray(value),
};

/** Names of those of `keys` that `value` has. */
export function keysIn<K extends string>(value: object, keys: readonly K[]): K[] {
  return keys.filter((key) => (value as Record<string, unknown>)[key] !== undefined);
}
