import type { Trace, TraceStep, Violation } from './report.js';

/** Stands behind a read that decided the outcome. */
const DECISIVE = ' <== decides';

function cellOf({ context, label, action, value, flush, decisive }: TraceStep, isBuffered: boolean): string {
  const who = flush === undefined ? `${label ?? context}: ` : '';
  const shown = value === undefined ? '' : ` = ${value}`;
  return `${who}${action}${shown}${isBuffered ? ' (buffered)' : ''}${decisive ? DECISIVE : ''}`;
}

/**
 * A trace as a table: a column for each lane, a row for each step. Lanes that do nothing are left out, and so are
 * stores that reach memory at once; those that do not are marked, and have a row of their own for when they do.
 */
export function laneTable({ lanes, steps }: Trace): string {
  const rows = steps.flatMap((step, at) => {
    if (step.flush === 'at once') return [];
    const isBuffered = step.buffered === true && steps[at + 1]?.flush !== 'at once';
    return [{ lane: step.lane, cell: cellOf(step, isBuffered) }];
  });
  const columns = lanes.flatMap((name, lane) => {
    const widths = rows.filter((row) => row.lane === lane).map(({ cell }) => cell.length);
    return widths.length === 0 ? [] : [{ name, lane, width: Math.max(name.length, ...widths) }];
  });
  const numberWidth = String(rows.length).length;
  const line = (number: string, texts: readonly string[]): string =>
    [number.padStart(numberWidth), ...texts.map((text, i) => text.padEnd(columns[i].width))]
      .join('  ')
      .trimEnd();
  return [
    line(
      '#',
      columns.map(({ name }) => name),
    ),
    line(
      '-'.repeat(numberWidth),
      columns.map(({ width }) => '-'.repeat(width)),
    ),
    ...rows.map(({ lane, cell }, at) =>
      line(
        String(at + 1),
        columns.map((column) => (column.lane === lane ? cell : '')),
      ),
    ),
  ].join('\n');
}

/** A violation in words, with its trace as a table. */
export function violationText(violation: Violation): string {
  const { kind, property, message, trace, minimal } = violation;
  const what = kind === property ? message : `${property}: ${message}`;
  const how = minimal ? 'A minimal interleaving' : 'An interleaving (not known to be minimal)';
  return `${what}\n${how}:\n\n${laneTable(trace)}\n`;
}
