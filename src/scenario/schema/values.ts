import { z } from 'zod';
import { durationPattern, parseDuration } from '../duration.js';

// Convention of all schemas of a scenario file: an `error` text is what was expected, to be put after "expected"
// (issues.ts); for unknown keys it is the list of the known ones; of a check of our own it is the whole sentence.

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
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? Object.keys(shape).join(' ') : what),
  });
}

/** A list of `item`s. */
export function list<T extends z.ZodType>(what: string, item: T) {
  return z.array(item, { error: what });
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

const durationText = 'a duration with its unit such as "10s", "1.5ms", "500us" or "20ns"';

export const duration = z
  .string({ error: durationText })
  .regex(durationPattern, { error: durationText })
  .meta({ examples: ['10s', '1.5ms', '500us', '20ns'] })
  .transform(parseDuration);

export const cpu = int(0, 8191);
export const relid = int(1, 2047);
export const irq = int(0, 0x7fffffff);
export const count = int(0, 0xffffffff);

const cpuListText = 'a list of CPUs such as "0-3,5" or one CPU number';

/** CPUs as Linux writes them. Left as text: the guest's own number of CPUs is needed to read it. */
export const cpuList = z
  .union([cpu, z.string({ error: cpuListText }).meta({ examples: ['0-3,5'] })], { error: cpuListText })
  .transform(String);

const guidText = 'a GUID such as "f8615163-df3e-46c5-913f-f2d2f965ed0e"';

/** A GUID with or without braces; the result has none and is in lower case. */
export const guid = z
  .string({ error: guidText })
  .regex(
    /^(\{[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$/,
    {
      error: guidText,
    },
  )
  .transform((text) => text.replace(/[{}]/g, '').toLowerCase());

const pathText = 'a path of the guest that begins with /proc/ or /sys/';

export const guestPath = z.string({ error: pathText }).regex(/^\/(proc|sys)\//, { error: pathText });

const printText = '"interrupts" or ' + pathText;

/** What to print; the result is a path. */
export const printTarget = z
  .string({ error: printText })
  .regex(/^(interrupts$|\/(proc|sys)\/)/, { error: printText })
  .transform((target) => (target === 'interrupts' ? '/proc/interrupts' : target));

const countsText = 'a count for all CPUs, a list of counts from CPU 0 on, or a mapping of CPUs to counts';

function countsOf(number: z.ZodType<number, number>) {
  return z.union(
    [
      number,
      list('a list of counts', number),
      z.record(z.string().regex(/^(0|[1-9]\d{0,3})$/, { error: 'a CPU number as key' }), number),
    ],
    { error: countsText },
  );
}

export const cpuCounts = countsOf(count);
/** Some architectures count in 64 bits. */
export const rowCounts = countsOf(int(0, Number.MAX_SAFE_INTEGER));
