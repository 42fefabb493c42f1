import { CaptureSyntaxError } from './syntax-error.js';

/** A capture without what mail, terminals and editors have put around it. */
export interface Unwrapped {
  readonly text: string;
  /** What was taken off, for the user. */
  readonly notes: readonly string[];
  /** Lines taken off above the text, and characters taken off before each of its lines. */
  readonly lines: number;
  readonly columns: number;
}

/** How the captures begin. */
const INTERRUPTS_HEADER = /^ *CPU\d+(?: +CPU\d+)* *$/;
const beginnings = [
  INTERRUPTS_HEADER,
  /^ *VMBUS ID +\d+: /,
  /^ *P: \/devices\//,
  /^ *(?:\/proc\/irq\/|\.\/)?(?:\d+\/[a-z_]+|default_smp_affinity):/,
];

/** Escape sequences of terminals (ECMA-48 CSI). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ESCAPES = /\x1b\[[0-9;?]*[ -/]*[@-~]/g;
const QUOTING = /^(?:[>|] ?)+/;
const FENCE = /^ *(?:```|~~~)/;
/** What may stand above a capture, and what it is called. */
const above: readonly (readonly [RegExp, string])[] = [
  [/^\s*$/, 'an empty line'],
  [FENCE, 'a fence'],
  [/^Every \d+[.,]\d+s: /, 'the header of watch'],
  [/^\S*[^\s\w].*[#$%>] *\S*.*(?:interrupts|lsvmbus|smp_affinity|udevadm)/, 'a prompt'],
  [/^[#$%>] ?\S/, 'a prompt'],
  [/^[A-Z][a-z]{2},? +(?:[A-Z][a-z]{2} +\d+|\d+ [A-Z][a-z]{2}).*\d{2}:\d{2}:\d{2}/, 'a date'],
  [/^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/, 'a date'],
  [/^==> .* <==$/, 'the name of a file'],
];
/** The same below it. */
const below: readonly (readonly [RegExp, string])[] = [
  [/^\s*$/, 'an empty line'],
  [FENCE, 'a fence'],
  [/^\S+@\S+.*[#$%>] *\S*$/, 'a prompt'],
  [/^[#$%>] ?$/, 'a prompt'],
];

/**
 * Takes off what is around a capture as a whole: a byte order mark, carriage returns, colours, no-break spaces, quoting,
 * a fence, prompts, dates.
 *
 * @throws CaptureSyntaxError for what cannot be taken off without guessing: a diff, tabs, squeezed blanks, text, a second
 *   capture behind the first.
 */
export function unwrap(whole: string): Unwrapped {
  const notes: string[] = [];
  let text = plainText(whole, notes);
  const newline = text.endsWith('\n');
  let lines = (newline ? text.slice(0, -1) : text).split('\n');
  const quoting = quotingOf(lines);
  if (quoting !== '') {
    notes.push(`${JSON.stringify(quoting)} at the beginning of lines is quoting and was taken off`);
    lines = lines.map((line) => (line.startsWith(quoting) ? line.slice(quoting.length) : ''));
  }
  refuseDiff(lines);
  const start = lines.findIndex((line) => beginnings.some((beginning) => beginning.test(line)));
  if (start < 0) {
    refuseOtherText(lines);
    return { text, notes, lines: 0, columns: quoting.length };
  }
  notes.push(...takenOff(lines, 0, start, above, start));
  const end = endOf(lines, start);
  notes.push(...takenOff(lines, end, lines.length, below, start));
  refuseSecond(lines, start, end);
  refuseTabs(lines, start, end);
  text = lines.slice(start, end).join('\n') + (newline || end < lines.length ? '\n' : '');
  return { text, notes, lines: start, columns: quoting.length };
}

/** Without what no program prints that is captured here. */
function plainText(whole: string, notes: string[]): string {
  let text = whole;
  const without = (what: RegExp | string, instead: string, note: string): void => {
    const plain = text.replaceAll(what, instead);
    if (plain !== text) notes.push(note);
    text = plain;
  };
  if (text.startsWith('\ufeff')) {
    text = text.slice(1);
    notes.push('a byte order mark was taken off');
  }
  without(/\r+$/gm, '', 'carriage returns at the ends of lines were taken off');
  without(ESCAPES, '', 'colours and other escape sequences were taken off');
  without('\u00a0', ' ', 'no-break spaces were read as blanks');
  return text;
}

/** What each line is quoted with, such as `> `; '' without quoting. */
function quotingOf(lines: readonly string[]): string {
  const header = lines.find((line) => beginnings.some((one) => one.test(line.replace(QUOTING, ''))));
  const quoting = header === undefined ? undefined : QUOTING.exec(header)?.[0];
  if (quoting === undefined) return '';
  const bare = quoting.trimEnd();
  return lines.every((line) => line === '' || line.startsWith(bare)) ? quoting : '';
}

function takenOff(
  lines: readonly string[],
  from: number,
  to: number,
  known: readonly (readonly [RegExp, string])[],
  start: number,
): string[] {
  const names = new Set<string>();
  for (let at = from; at < to; at++) {
    const name = known.find(([shape]) => shape.test(lines[at]))?.[1];
    if (name === undefined) {
      const where = at < start ? `it begins in line ${start + 1}` : `it ends in line ${from}`;
      throw new CaptureSyntaxError(at + 1, 1, `nothing but the capture: ${where}; take the other lines off`);
    }
    names.add(name);
  }
  names.delete('an empty line');
  const which = to - from === 1 ? `line ${from + 1}` : `lines ${from + 1} to ${to}`;
  return names.size === 0 ? [] : [`${which}: ${[...names].join(' and ')}, taken off`];
}

/** Where the capture that begins in line `start` ends: before what may stand below it. */
function endOf(lines: readonly string[], start: number): number {
  let end = lines.length;
  while (end > start + 1 && below.some(([shape]) => shape.test(lines[end - 1]))) end -= 1;
  return end;
}

function refuseSecond(lines: readonly string[], start: number, end: number): void {
  if (!INTERRUPTS_HEADER.test(lines[start])) return;
  for (let at = start + 1; at < end; at++) {
    if (!INTERRUPTS_HEADER.test(lines[at])) continue;
    throw new CaptureSyntaxError(
      at + 1,
      1,
      `one capture: a second one begins here; give each a file of its own (head -n ${at}, tail -n +${at + 1})`,
    );
  }
}

function refuseTabs(lines: readonly string[], start: number, end: number): void {
  if (!INTERRUPTS_HEADER.test(lines[start])) return;
  for (let at = start; at < end; at++) {
    const tab = lines[at].indexOf('\t');
    if (tab >= 0) throw new CaptureSyntaxError(at + 1, tab + 1, TABS);
  }
}

const TABS =
  'blanks, which is what the kernel writes: an editor or unexpand has put tabs there; give what expand makes of the file';

function refuseDiff(lines: readonly string[]): void {
  const at = lines.findIndex((line) => /^@@ -\d+(,\d+)? \+\d+(,\d+)? @@/.test(line));
  if (at >= 0)
    throw new CaptureSyntaxError(at + 1, 1, 'a capture: this is a diff; give one of its two files');
}

/** The text begins as no capture does: says why, where that can be seen. */
function refuseOtherText(lines: readonly string[]): void {
  const tabs = lines.findIndex((line) => /^[ \t]*CPU\d+(?:[ \t]+CPU\d+)*[ \t]*$/.test(line));
  if (tabs >= 0) throw new CaptureSyntaxError(tabs + 1, lines[tabs].indexOf('\t') + 1, TABS);
  const row = lines.findIndex((line) => /^ *(?:\d+|[A-Z]{3}): +\d+ /.test(line));
  if (row < 0) return;
  throw new CaptureSyntaxError(
    row + 1,
    1,
    'the line with the CPUs above the rows of /proc/interrupts: without it, as grep leaves it out, no column has a CPU',
  );
}
