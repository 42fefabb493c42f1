import { formatDuration } from '../scenario/duration.js';
import type { ScenarioGuest } from '../scenario/port.js';
import { type RunOptions, type RunResult, runScenarioOn } from '../scenario/runner.js';
import type { Scenario } from '../scenario/scenario.js';
import { interruptible } from './interruptible.js';
import { showRun } from './show-run.js';

/** How a command runs a guest, and what it says meanwhile. */
export interface ShownRunOptions extends Pick<RunOptions, 'runNs'> {
  /** Shows how far it is, and then nothing any more: Stdio.progress. */
  readonly tell?: (text: string) => void;
  /** What stands before that. */
  readonly label?: string;
  /** What to add if Ctrl-C ends it. */
  readonly note?: string;
}

/**
 * Runs a guest that has just booted through a scenario, and shows on a terminal how far it is.
 *
 * @throws InterruptedError if Ctrl-C ends it, which says how far it was.
 */
export function runGuest(
  guest: ScenarioGuest,
  scenario: Scenario,
  { runNs, tell, label, note = '' }: ShownRunOptions = {},
): RunResult {
  const startNs = guest.now;
  let hasTold = false;
  const telling = (text: string): void => {
    hasTold = true;
    tell?.(text);
  };
  const watch = tell && showRun(telling, label);
  try {
    return interruptible(
      () => runScenarioOn(guest, scenario, { runNs, watch }),
      () => `after ${formatDuration(guest.now - startNs)} of virtual time${note}`,
    );
  } finally {
    if (hasTold) tell?.('');
  }
}
