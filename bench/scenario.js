// A scenario as `irqlab run` runs it, timed from when its guest has booted.
import { secondsSince } from './cpu-time.js';
import { Guest } from '../dist/index.js';
import { parseScenario } from '../dist/scenario/load.js';
import { runScenarioOn } from '../dist/scenario/runner.js';

/** @returns seconds of CPU, and what came of each workload. */
export function timed(text) {
  const scenario = parseScenario(text, 'bench');
  const guest = Guest.create(scenario.guest);
  const from = process.cpuUsage();
  const { workload } = runScenarioOn(guest, scenario);
  return { seconds: secondsSince(from), workload, guest };
}

/** How many events the guest's clock had in a run; counted in one that is not timed, as counting changes the clock. */
export function clockEvents(text) {
  const scenario = parseScenario(text, 'bench');
  const guest = Guest.create(scenario.guest);
  const { clock } = guest.machine;
  const { after } = clock;
  let events = 0;
  clock.after = function counted(ns, event) {
    events += 1;
    after.call(clock, ns, event);
  };
  runScenarioOn(guest, scenario);
  return events;
}

/** The best of some turns, of which each gives something a second of CPU. */
export function bestRate(turns, rate) {
  let best = 0;
  for (let turn = 0; turn < turns; turn++) best = Math.max(best, rate());
  return best;
}

export const rateText = (rate, what) => `${(rate / 1e6).toFixed(2)} million ${what} a second`;
