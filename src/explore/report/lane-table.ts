import { lanesUsed, rowsOf } from './cells.js';
import type { Trace, Violation } from './report.js';

/** How a trace is written. */
export interface TextOptions {
  /** Columns of the terminal: cells are wrapped to fit. Default: as wide as it takes. */
  readonly width?: number;
}

/** No column is made narrower: what is left of a cell then could not be read. */
const NARROWEST = 12;
const GAP = '  ';

/** A trace as a table: a column for each lane, a row for each step. Lanes that do nothing are left out. */
export function laneTable(trace: Trace, { width = Number.POSITIVE_INFINITY }: TextOptions = {}): string {
  const rows = rowsOf(trace);
  const columns = lanesUsed(rows);
  const numberWidth = String(rows.length).length;
  const natural = columns.map((lane) => {
    const cells = rows.filter((row) => row.lane === lane).map(({ cell }) => cell.length);
    return Math.max(trace.lanes[lane].length, ...cells);
  });
  const widths = fitted(natural, width - numberWidth - columns.length * GAP.length);
  const line = (number: string, texts: readonly string[]): string =>
    [number.padStart(numberWidth), ...texts.map((text, i) => text.padEnd(widths[i]))].join(GAP).trimEnd();
  const lines = [
    line(
      '#',
      columns.map((lane) => trace.lanes[lane]),
    ),
    line(
      '-'.repeat(numberWidth),
      widths.map((columnWidth) => '-'.repeat(columnWidth)),
    ),
  ];
  rows.forEach(({ lane, cell }, at) => {
    wrapped(cell, widths[columns.indexOf(lane)]).forEach((part, i) => {
      lines.push(
        line(
          i === 0 ? String(at + 1) : '',
          columns.map((column) => (column === lane ? part : '')),
        ),
      );
    });
  });
  return lines.join('\n');
}

/** The widths made to fit into `space`, the widest ones first. */
function fitted(natural: readonly number[], space: number): number[] {
  const widths = [...natural];
  for (let over = sum(widths) - space; over > 0; over--) {
    const widest = widths.indexOf(Math.max(...widths));
    if (widths[widest] <= NARROWEST) break;
    widths[widest] -= 1;
  }
  return widths;
}

/** Words in lines of at most `width` characters; those behind the first are indented. */
export function wrapped(words: string, width: number): string[] {
  const lines: string[] = [];
  let rest = words;
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    const end = space > width / 2 ? space : width;
    lines.push(rest.slice(0, end).trimEnd());
    rest = `  ${rest.slice(end).trimStart()}`;
  }
  return [...lines, rest];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** A violation in words, with its trace as a table. */
export function violationText(violation: Violation, options: TextOptions = {}): string {
  const { kind, property, message, trace, minimal } = violation;
  const what = kind === property ? message : `${property}: ${message}`;
  const how = minimal ? 'A minimal interleaving' : 'An interleaving (not known to be minimal)';
  return `${what}\n${how}:\n\n${laneTable(trace, options)}\n`;
}
