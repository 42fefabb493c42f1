import { formatDuration } from '../../../scenario/duration.js';
import type { Paint } from '../../../command/paint.js';
import type { TestOutcome } from '../outcome.js';

/** Makes a report of tests, as they end. */
export interface Reporter {
  /** Which parts of the report may be coloured; none for programs. */
  readonly paint?: Paint;
  /** What comes before them. @param count how many there are. */
  begin(count: number): string;
  /** @param number of the test, from 1. */
  one(outcome: TestOutcome, number: number): string;
  /** What comes behind them. @param outcomes all that there were, as they were named: fewer than `count` if Ctrl-C ended the run. */
  end(outcomes: readonly TestOutcome[]): string;
}

/** What is wrong, in lines. */
export function failuresOf({ file, steps, problems }: TestOutcome): string[] {
  const failed = steps.flatMap(({ line, column, atNs, action, message }) =>
    message === undefined
      ? []
      : [`${file}:${line}:${column}: at ${formatDuration(atNs)}: ${action}: ${message}`],
  );
  return [...failed, ...problems];
}
