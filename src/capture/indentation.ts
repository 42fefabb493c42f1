import { InterruptsSyntaxError, parseInterrupts } from '../view/interrupts/parse.js';

/** A text without indentation. */
export interface Indented {
  readonly text: string;
  /** So many blanks were taken off each line. */
  readonly taken: number;
}

/**
 * Takes the blanks off that a mail or a list has put before each line. In /proc/interrupts numbers of interrupts and of
 * hwirqs have the same width, so rows with a hwirq tell how many of the blanks are the kernel's.
 */
export function withoutIndentation(text: string): Indented {
  const blanks = blanksBeforeAll(text);
  if (blanks === 0) return { text, taken: 0 };
  if (!/^ *CPU\d/.test(text)) return { text: without(text, blanks), taken: blanks };
  let best = 0;
  let most = explained(text);
  for (let taken = 1; taken <= blanks && most < 1; taken++) {
    const share = explained(without(text, taken));
    if (share <= most) continue;
    best = taken;
    most = share;
  }
  return { text: without(text, best), taken: best };
}

function without(text: string, blanks: number): string {
  return blanks === 0 ? text : text.replaceAll(new RegExp(`^ {${blanks}}`, 'gm'), '');
}

/** So many blanks are before each line that is not empty. */
function blanksBeforeAll(text: string): number {
  let least = Number.POSITIVE_INFINITY;
  for (const line of text.split('\n')) if (line.trim() !== '') least = Math.min(least, line.search(/[^ ]/));
  return Number.isFinite(least) ? least : 0;
}

/** Which share of the interrupts has a hwirq; -1 for a text that is not understood. */
function explained(text: string): number {
  try {
    const rows = parseInterrupts(text).table.rows.filter((row) => row.kind === 'irq');
    return rows.length === 0 ? 0 : rows.filter(({ hwirq }) => hwirq !== null).length / rows.length;
  } catch (error) {
    if (error instanceof InterruptsSyntaxError) return -1;
    throw error;
  }
}
