import { parseScenario } from '../scenario/load.js';
import { type RunOptions, type RunResult, runScenarioOn } from '../scenario/runner.js';
import type { GuestOptions } from '../scenario/options/guest.js';
import type { Scenario } from '../scenario/scenario.js';
import { checkExtensions, checkRunOptions } from './check-extensions.js';
import { Guest, type GuestExtensions } from './guest.js';
import { languageWith } from './language.js';
import { namedValue } from './named-value.js';

/** What came of a scenario, and the guest as it is at the end. */
export interface ScenarioRun<Kind extends Guest = Guest> extends RunResult {
  readonly guest: Kind;
}

/**
 * Runs a scenario's text as `irqlab run` does: its workload, its timeline with what is expected, its printouts.
 *
 * @param options plug-ins, whose designs, architectures and actions the text may speak of, and how long to run.
 * @throws TypeError for what is no text or option, RangeError for a time that cannot be; ScenarioError with line and
 * column for a wrong text.
 */
export function runScenario(text: string, options: RunOptions & GuestExtensions = {}): ScenarioRun {
  if (typeof text !== 'string')
    throw new TypeError(`runScenario(text): expected the text of a scenario, not ${namedValue(text)}`);
  return runText(Guest, text, 'scenario', options);
}

/**
 * As runScenario, with a guest of this class.
 *
 * @param name by which errors call the text.
 */
export function runText<Kind extends Guest>(
  guests: { create(options: GuestOptions, extensions: GuestExtensions): Kind },
  text: string,
  name: string,
  options: RunOptions & GuestExtensions,
): ScenarioRun<Kind> {
  checkRunOptions(options);
  const { runNs, watch, ...extensions } = options;
  const scenario = readScenario(text, name, extensions);
  const guest = guests.create(scenario.guest, extensions);
  return { guest, ...runScenarioOn(guest, scenario, { runNs, watch }) };
}

/** A scenario's text, which may speak of what plug-ins bring. */
export function readScenario(text: string, name: string, extensions: GuestExtensions): Scenario {
  checkExtensions(extensions);
  return parseScenario(text, name, extensions.modules && languageWith(extensions.modules));
}
