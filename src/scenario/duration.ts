import type { Ns } from '../lib/brand.js';

const unitDigits: Readonly<Record<string, number>> = { s: 9, ms: 6, us: 3, ns: 0 };

/** Durations that are whole nanoseconds, up to about eleven days. */
export const durationPattern =
  /^(\d{1,6}(\.\d{1,9})?s|\d{1,9}(\.\d{1,6})?ms|\d{1,12}(\.\d{1,3})?us|\d{1,15}ns)$/;

/** Nanoseconds of a text that matches `durationPattern`; exact, since digits are moved, not multiplied. */
export function parseDuration(text: string): Ns {
  const match = /^(\d+)(?:\.(\d+))?([a-z]+)$/.exec(text);
  const digits = match === null ? undefined : unitDigits[match[3]];
  if (match === null || digits === undefined) throw new RangeError(`"${text}" is not a duration`);
  return Number(match[1] + (match[2] ?? '').padEnd(digits, '0'));
}

/** The shortest text that `parseDuration` reads as `ns`: 1500000 → `1.5ms`. */
export function formatDuration(ns: Ns): string {
  if (ns === 0) return '0s';
  for (const [unit, digits] of Object.entries(unitDigits)) {
    if (ns < 10 ** digits) continue;
    const text = String(ns).padStart(digits + 1, '0');
    const fraction = text.slice(text.length - digits).replace(/0+$/, '');
    const whole = text.slice(0, text.length - digits);
    return digits > 0 && fraction !== '' ? `${whole}.${fraction}${unit}` : `${whole}${unit}`;
  }
  throw new RangeError(`${ns} is not a duration in ns`);
}
