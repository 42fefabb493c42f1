import type { Irq } from '../../lib/brand.js';

/** A text that is not /proc/interrupts as any kernel writes it. */
export class InterruptsSyntaxError extends Error {
  override readonly name = 'InterruptsSyntaxError';

  /**
   * @param line line number, from 1.
   * @param column column of the first character that does not fit, from 1.
   * @param expected what should stand there.
   */
  constructor(
    readonly line: number,
    readonly column: number,
    readonly expected: string,
  ) {
    super(`line ${line}, column ${column}: expected ${expected}`);
  }
}

/** An interrupt's row of which only the counts are understood yet. */
export interface RawIrqRow {
  readonly kind: 'raw';
  /** Line number, from 1. */
  readonly row: number;
  readonly irq: Irq;
  readonly counts: readonly number[];
  /** Column where `rest` starts, from 1. */
  readonly column: number;
  /** The line behind the last count. */
  readonly rest: string;
}

/** Counts, each right-justified in ten columns, with single blanks between. */
export interface Counts {
  readonly counts: readonly number[];
  /** Blanks before the ten columns of the first count. */
  readonly lead: number;
  /** Index of the character behind the last count. */
  readonly end: number;
}

const BLANK = 32;
const ZERO = 48;

const encoder = new TextEncoder();
/** The line whose counts are read: a string that was cut out of a text is slow to look at one by one. */
let bytes = new Uint8Array(16_384);

/** Has `bytes` hold the line, with what is not ASCII as 0 or above 127, and an end. */
function layOut(line: string): void {
  if (bytes.length <= line.length) bytes = new Uint8Array(2 * line.length);
  const { written } = encoder.encodeInto(line, bytes);
  if (written !== line.length)
    for (let i = 0; i < line.length; i++) bytes[i] = Math.min(line.charCodeAt(i), 255);
  bytes[line.length] = 0;
}

/** Reads up to `limit` counts from index `from` on; fewer if the line has no more. */
export function readCounts(line: string, row: number, from: number, limit: number): Counts {
  layOut(line);
  const counts = new Array<number>(limit).fill(0);
  let found = 0;
  let lead = 0;
  let at = from;
  while (found < limit) {
    let digits = at;
    while (bytes[digits] === BLANK) digits += 1;
    let end = digits;
    let count = 0;
    for (let digit = bytes[end] - ZERO; digit >= 0 && digit <= 9; ) {
      count = count * 10 + digit;
      end += 1;
      digit = bytes[end] - ZERO;
    }
    if (end === digits) break;
    const blanks = digits - at - Math.max(0, 10 - (end - digits));
    if (found === 0) lead = blanks;
    if (found === 0 ? blanks < 0 || blanks > 2 : blanks !== 1) {
      // A number that is no count belongs to what follows the counts.
      if (found > 0) break;
      throw new InterruptsSyntaxError(row, at + 1, 'counts right-justified in 10 columns');
    }
    if (end > digits + 1 && bytes[digits] === ZERO)
      throw new InterruptsSyntaxError(row, digits + 1, 'a decimal number');
    counts[found++] = count;
    at = end;
  }
  counts.length = found;
  return { counts, lead, end: at };
}
