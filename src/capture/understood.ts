import { UsageError } from '../command/usage-error.js';
import { InterruptsSyntaxError } from '../view/interrupts/parse.js';
import { type Capture, isKnown, parseCapture } from './capture.js';
import { withoutIndentation } from './indentation.js';
import { CaptureSyntaxError } from './syntax-error.js';
import { unwrap } from './unwrap.js';

/** A capture in a file that the user named. */
export interface CaptureFile {
  readonly file: string;
  /** Without what was around it. */
  readonly text: string;
  readonly capture: Capture;
  /** What was taken off, and what else its reader should know. */
  readonly notes: readonly string[];
}

const known =
  'Nothing says that it is one of these: a recording of irqlab record or sos, /proc/interrupts, what lsvmbus or udevadm\n' +
  'printed, or grep on /proc/irq. "irqlab import --help" has more.';

/** Reads a capture from the bytes of a file. @throws UsageError with file, line and column if it is not understood. */
export function understoodCapture(file: string, bytes: Uint8Array, wanted?: Capture['kind']): CaptureFile {
  let whole: string;
  try {
    whole = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UsageError(`${file}: expected a text in UTF-8`);
  }
  const unwrapped = placed(file, 0, 0, () => unwrap(whole));
  const { lines, columns } = unwrapped;
  const { text, taken } = withoutIndentation(unwrapped.text);
  const hint = wanted === undefined && !isKnown(text) ? known : undefined;
  const capture = placed(file, lines, columns + taken, () => parseCapture(text, wanted), hint);
  const notes =
    taken === 0 ? [] : [`${taken} ${taken === 1 ? 'blank' : 'blanks'} before each line, taken off`];
  return { file, text, capture, notes: [...unwrapped.notes, ...notes, ...notesOnEnd(capture)] };
}

/** Calls `read`, whose errors name places of a text from which so many lines and columns were taken off. */
function placed<T>(file: string, lines: number, columns: number, read: () => T, hint?: string): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InterruptsSyntaxError || error instanceof CaptureSyntaxError)) throw error;
    const place = `${error.line + lines}:${error.column + columns}`;
    throw new UsageError(`${file}:${place}: expected ${error.expected}`, hint);
  }
}

/** What the end of a capture makes likely. */
function notesOnEnd(capture: Capture): string[] {
  if (capture.kind !== 'interrupts') return [];
  const { newlineMissing, table } = capture.parsed;
  const last = table.rows.at(-1);
  if (last?.kind === 'irq')
    return [`the text ends with interrupt ${last.irq}: it is cut, if rows such as NMI, ERR or IPI0 followed`];
  return newlineMissing ? ['the last line has no newline: the text may be cut there'] : [];
}
