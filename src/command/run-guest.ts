import { formatDuration } from '../scenario/duration.js';
import type { ScenarioGuest } from '../scenario/port.js';
import { type RunOptions, type RunResult, runScenario } from '../scenario/runner.js';
import type { Scenario } from '../scenario/scenario.js';
import { interruptible } from './interruptible.js';

/**
 * Runs a guest that has just booted through a scenario.
 *
 * @param note what to add if Ctrl-C ends it.
 * @throws InterruptedError if Ctrl-C ends it, which says how far it was.
 */
export function runGuest(
  guest: ScenarioGuest,
  scenario: Scenario,
  options: RunOptions = {},
  note = '',
): RunResult {
  const startNs = guest.now;
  return interruptible(
    () => runScenario(guest, scenario, options),
    () => `after ${formatDuration(guest.now - startNs)} of virtual time${note}`,
  );
}
