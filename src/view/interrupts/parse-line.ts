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

/** Reads up to `limit` counts from index `from` on; fewer if the line has no more. */
export function readCounts(line: string, row: number, from: number, limit: number): Counts {
  const counts: number[] = [];
  let lead = 0;
  let at = from;
  while (counts.length < limit) {
    let digits = at;
    while (line.charCodeAt(digits) === BLANK) digits += 1;
    let end = digits;
    let count = 0;
    for (let digit = line.charCodeAt(end) - ZERO; digit >= 0 && digit <= 9; ) {
      count = count * 10 + digit;
      end += 1;
      digit = line.charCodeAt(end) - ZERO;
    }
    if (end === digits) break;
    const blanks = digits - at - Math.max(0, 10 - (end - digits));
    if (counts.length === 0) lead = blanks;
    if (counts.length === 0 ? blanks < 0 || blanks > 2 : blanks !== 1) {
      // A number that is no count belongs to what follows the counts.
      if (counts.length > 0) break;
      throw new InterruptsSyntaxError(row, at + 1, 'counts right-justified in 10 columns');
    }
    if (end > digits + 1 && line.charCodeAt(digits) === ZERO)
      throw new InterruptsSyntaxError(row, digits + 1, 'a decimal number');
    counts.push(count);
    at = end;
  }
  return { counts, lead, end: at };
}
