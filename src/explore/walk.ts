import { lanesUsed, rowsOf } from './report/cells.js';
import type { Model } from './model.js';
import { type Divergence, replay } from './replay.js';
import type { TraceFile } from './report/trace-file.js';

/** A row of a trace's table, as `laneTable` prints it, and what is so after it. */
export interface WalkRow {
  /** Column: index into the walk's lanes. */
  readonly lane: number;
  readonly cell: string;
  /** The step decided the outcome. */
  readonly decisive: boolean;
  /** The model's description of its state. */
  readonly state: readonly string[];
}

/** An execution to go through row by row. Plain data. */
export interface Walk {
  /** The lanes that do something. */
  readonly lanes: readonly string[];
  /** The state before the first step. */
  readonly start: readonly string[];
  readonly rows: readonly WalkRow[];
  /** Where it no longer follows the trace; undefined: it does to the end, and breaks the same property. */
  readonly divergence: Divergence | undefined;
}

/** Runs a trace again, and says what is so after each of its rows. */
export function walk<S>(model: Model<S>, file: TraceFile): Walk {
  const states: (readonly string[])[] = [];
  const { trace, violation, divergence } = replay(model, file, { onStep: (state) => states.push(state) });
  const shown = violation?.trace ?? trace;
  const rows = rowsOf(shown);
  const lanes = lanesUsed(rows);
  const ends = shown.steps.flatMap((step, at) => {
    if (step.flush === 'at once' || step.early === true) return [];
    return [shown.steps[at + 1]?.flush === 'at once' ? at + 1 : at];
  });
  return {
    lanes: lanes.map((lane) => shown.lanes[lane]),
    start: states[0],
    rows: rows.map(({ lane, cell, decisive }, at) => ({
      lane: lanes.indexOf(lane),
      cell,
      decisive,
      state: states[ends[at] + 1],
    })),
    divergence,
  };
}
