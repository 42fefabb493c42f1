import type { Trace, TraceStep } from './report.js';

/** A step as a reader sees it: its column, and what is in its cell. */
export interface TraceRow {
  readonly lane: number;
  readonly cell: string;
  readonly decisive: boolean;
}

/** Stands behind a step that decided the outcome. */
const DECISIVE = ' <== decides';

function cellOf({ context, label, action, value, flush, decisive }: TraceStep, remark: string): string {
  const who = flush === undefined ? `${label ?? context}: ` : '';
  const shown = value === undefined ? '' : ` = ${value}`;
  return `${who}${action}${shown}${remark}${decisive ? DECISIVE : ''}`;
}

/**
 * The rows of a trace. Stores that reach memory at once are left out; those that do not are marked, and have a row of
 * their own for when they do. Reads that were early are marked.
 */
export function rowsOf({ steps }: Trace): readonly TraceRow[] {
  const early = new Set<number>();
  return steps.flatMap((step, at) => {
    const { lane, flush } = step;
    if (flush === 'at once') return [];
    if (step.early === true) {
      early.add(lane);
      return [];
    }
    const isBuffered = step.buffered === true && steps[at + 1]?.flush !== 'at once';
    const isEarly = flush === undefined && early.delete(lane);
    const remark = isBuffered ? ' (buffered)' : isEarly ? ' (early)' : '';
    return [{ lane, cell: cellOf(step, remark), decisive: step.decisive === true }];
  });
}

/** The lanes that do something, by their numbers. */
export function lanesUsed(rows: readonly TraceRow[]): readonly number[] {
  return [...new Set(rows.map(({ lane }) => lane))].sort((a, b) => a - b);
}
