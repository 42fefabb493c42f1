import type { CountedGuest, RunStats } from '../guest/run-stats.js';
import type { ScenarioGuest } from '../scenario/port.js';

/** A guest whose signals can be counted. */
export interface CountableGuest extends ScenarioGuest, CountedGuest {
  stats?: RunStats | undefined;
}

/** Has a guest's signals counted from now on, if they are not. What counts is loaded for who asks only. */
export async function countSignals(guest: CountableGuest): Promise<RunStats> {
  const { RunStats } = await import('../guest/run-stats.js');
  guest.stats ??= new RunStats(guest);
  return guest.stats;
}
