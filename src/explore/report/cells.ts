import type { Trace, TraceStep } from './report.js';

/** A step as a reader sees it: its column, and what is in its cell. */
export interface TraceRow {
  readonly lane: number;
  readonly cell: string;
  readonly decisive: boolean;
}

/** Stands behind a step that decided the outcome. */
const DECISIVE = ' <== decides';

function cellOf({ context, label, action, value, flush, decisive }: TraceStep, isBuffered: boolean): string {
  const who = flush === undefined ? `${label ?? context}: ` : '';
  const shown = value === undefined ? '' : ` = ${value}`;
  return `${who}${action}${shown}${isBuffered ? ' (buffered)' : ''}${decisive ? DECISIVE : ''}`;
}

/**
 * The rows of a trace. Stores that reach memory at once are left out; those that do not are marked, and have a row of
 * their own for when they do.
 */
export function rowsOf({ steps }: Trace): readonly TraceRow[] {
  return steps.flatMap((step, at) => {
    if (step.flush === 'at once') return [];
    const isBuffered = step.buffered === true && steps[at + 1]?.flush !== 'at once';
    return [{ lane: step.lane, cell: cellOf(step, isBuffered), decisive: step.decisive === true }];
  });
}

/** The lanes that do something, by their numbers. */
export function lanesUsed(rows: readonly TraceRow[]): readonly number[] {
  return [...new Set(rows.map(({ lane }) => lane))].sort((a, b) => a - b);
}
