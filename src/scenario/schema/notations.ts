import { z } from 'zod';
import { durationPattern, parseDuration } from '../duration.js';
import { inOptions } from './option-form.js';
import { int, list } from './shapes.js';

// How values are written in a scenario file, and in the library's options where that differs.

const nsText = 'a whole number of nanoseconds from 0 on';

/** A duration in the library's options. */
export const nanoseconds = z
  .int({ error: nsText })
  .min(0, { error: nsText })
  .max(Number.MAX_SAFE_INTEGER, { error: nsText });

const durationText = 'a duration with its unit such as "10s", "1.5ms", "500us" or "20ns"';

export const duration = inOptions(
  z
    .string({ error: durationText })
    .regex(durationPattern, { error: durationText })
    .meta({ examples: ['10s', '1.5ms', '500us', '20ns'] })
    .transform(parseDuration),
  nanoseconds,
  'Ns',
);

export const cpu = int(0, 8191);
export const relid = int(1, 2047);
/** A device of VMBus by a relid, or a PCI device by the name that Linux gives it. */
export function relidOrName(example: string) {
  const error = `a relid, or a PCI device such as ${example}`;
  return z.union([relid, z.string({ error }).min(1, { error })], { error });
}

export const irq = int(0, 0x7fffffff);
export const u32 = int(0, 0xffffffff);

const cpuListText = 'a list of CPUs such as "0-3,5" or one CPU number';

/** CPUs as Linux writes them. Left as text: the guest's own number of CPUs is needed to read it. */
export const cpuList = inOptions(
  z
    .union([cpu, z.string({ error: cpuListText }).meta({ examples: ['0-3,5'] })], { error: cpuListText })
    .transform(String),
  z.string({ error: 'a list of CPUs such as "0-3,5"' }),
);

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

const pathText = 'a path of the guest that begins with /proc/, /sys/ or /dev/';

export const guestPath = z.string({ error: pathText }).regex(/^\/(proc|sys|dev)\//, { error: pathText });

const printText = '"interrupts" or ' + pathText;

/** What to print; the result is a path. */
export const printTarget = z
  .string({ error: printText })
  .regex(/^(interrupts$|\/(proc|sys|dev)\/)/, { error: printText })
  .transform((target) => (target === 'interrupts' ? '/proc/interrupts' : target));

export const bool = z.boolean({ error: 'true or false' });

export const nonEmpty = z.string({ error: 'a text' }).min(1, { error: 'a text that is not empty' });

/** Chips number their interrupts with 64 bits, of which as many are modelled as a number holds exactly. */
export const hwirq = int(0, Number.MAX_SAFE_INTEGER);

const text = 'a text or a whole number';
export const textOrNumber = z.union([z.string({ error: text }), z.int({ error: text })], { error: text });

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

export const cpuCounts = countsOf(u32);
/** Some architectures count in 64 bits. */
export const rowCounts = countsOf(hwirq);
