// How the kernel reads numbers that are written to its files (lib/kstrtox.c, lib/vsprintf.c).
import { ErrnoError } from './errno.js';

const INT_MIN = -(2n ** 31n);
const INT_MAX = 2n ** 31n - 1n;
const UINT_MAX = 2n ** 32n - 1n;
const ULONG_MAX = 2n ** 64n - 1n;

/**
 * Reads an int: a sign perhaps, digits, one newline perhaps, and nothing else (kstrtoint).
 *
 * @param base 0: by the prefix hexadecimal (0x), octal (0) or decimal.
 * @throws ErrnoError EINVAL for anything else, ERANGE if it does not fit.
 */
export function kstrtoint(text: string, base: 0 | 10 = 0): number {
  const isNegative = text.startsWith('-');
  const value = isNegative ? -digitsOf(text, text.slice(1), base) : unsigned(text, base);
  return inRange(text, value, INT_MIN, INT_MAX);
}

/** As kstrtoint, for an unsigned int: a minus sign is none of it (kstrtouint). @throws ErrnoError */
export function kstrtouint(text: string, base: 0 | 10 = 0): number {
  return inRange(text, unsigned(text, base), 0n, UINT_MAX);
}

/** As kstrtouint, for an unsigned long (kstrtoul). @throws ErrnoError */
export function kstrtoul(text: string, base: 0 | 10 = 0): bigint {
  const value = unsigned(text, base);
  if (value <= ULONG_MAX) return value;
  throw new ErrnoError('ERANGE', `${JSON.stringify(text)} does not fit into 64 bits`);
}

/** Reads a bool by its first letters (kstrtobool). @throws ErrnoError EINVAL */
export function kstrtobool(text: string): boolean {
  const [first, second] = text.toLowerCase();
  if (first === '1' || first === 'y' || first === 't') return true;
  if (first === '0' || first === 'n' || first === 'f') return false;
  if (first === 'o' && second === 'n') return true;
  if (first === 'o' && second === 'f') return false;
  throw new ErrnoError('EINVAL', `${JSON.stringify(text)} is neither 0 nor 1`);
}

/**
 * Reads what `%u` does: white space, then decimal digits without a sign; what follows them is not looked at, and a number
 * that does not fit loses its upper bits (sscanf).
 *
 * @returns undefined if there are no digits.
 */
export function scanUnsigned(text: string): number | undefined {
  const digits = /^[\t-\r \u00a0]*(\d+)/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(BigInt(digits) & UINT_MAX);
}

/** kstrtoull, which takes a plus sign. */
function unsigned(text: string, base: 0 | 10): bigint {
  return digitsOf(text, text.startsWith('+') ? text.slice(1) : text, base);
}

function digitsOf(text: string, rest: string, base: 0 | 10): bigint {
  const digits = rest.endsWith('\n') ? rest.slice(0, -1) : rest;
  if (base === 0 && /^0x[0-9a-f]+$/i.test(digits)) return BigInt(digits.toLowerCase());
  if (base === 0 && /^0[0-7]+$/.test(digits)) return BigInt(`0o${digits.slice(1)}`);
  if (/^\d+$/.test(digits) && (base === 10 || !/^0\d/.test(digits))) return BigInt(digits);
  throw new ErrnoError('EINVAL', `${JSON.stringify(text)} is no number`);
}

function inRange(text: string, value: bigint, least: bigint, most: bigint): number {
  if (value >= least && value <= most) return Number(value);
  throw new ErrnoError('ERANGE', `${JSON.stringify(text)} does not fit into 32 bits`);
}
