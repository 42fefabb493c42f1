import { jsonText } from '../command/json.js';
import { type ExitStatus, exitStatus } from '../command/exit-status.js';
import { InterruptedError } from '../command/interruptible.js';
import { readText } from '../command/named-file.js';
import { runGuest } from '../command/run-guest.js';
import { guestsWith, scenarioOf } from '../command/scenario-file.js';
import { noPlugins, type PluginOptions, type Plugins } from '../command/plugins.js';
import type { Stdio } from '../command/stdio.js';
import type { Scenario } from '../scenario/scenario.js';
import type { AxisName, Choice } from './axes.js';
import type { Compared, CompareJson, Comparison } from './comparison.js';
import { type EventCost, eventCost } from './event-cost.js';
import { checkAxis, choicesFor, compareOne, withDesign } from './one.js';
import type { Point } from './point.js';
import { comparePaint, compareText } from './text.js';

export interface CompareOptions extends PluginOptions {
  readonly vary: AxisName;
  /** Measure what an event costs, too. */
  readonly time?: boolean;
  readonly json?: boolean;
}

/** Who runs the choices in place of this process. */
export interface Elsewhere {
  /** Begins to run all of them. @returns the row of each. */
  begin(points: readonly Point[]): readonly Promise<Compared>[];
  close(): Promise<void>;
}

/**
 * `irqlab compare`: runs the guest of a scenario file under each choice of an axis. When Ctrl-C ends it, choices that are
 * done are shown, except as JSON.
 *
 * @param elsewhere is asked for who runs them, once the scenario is known to be one; default: this process.
 */
export async function runCompare(
  file: string,
  options: CompareOptions,
  stdio: Stdio,
  measure: EventCost = eventCost(options.plugins?.files ?? []),
  elsewhere?: () => Promise<Elsewhere>,
): Promise<ExitStatus> {
  const { vary, time, plugins = noPlugins } = options;
  const { name, text } = readText(file, stdio);
  const scenario = scenarioOf(text, name, plugins);
  checkAxis(vary, time, scenario);
  const choices = choicesFor(vary, scenario, plugins);
  const others = await elsewhere?.();
  if (others === undefined) {
    const row = rowHere(scenario, plugins, time ? measure : undefined, stdio);
    return showRows(scenario, options, choices, stdio, row);
  }
  try {
    const begun = others.begin(choices.map((choice) => ({ text, name, axis: vary, choice: choice.name })));
    // Told when it is its turn, if it is not over by then.
    for (const row of begun) row.catch(() => {});
    return await showRows(scenario, options, choices, stdio, (_choice, nth) => begun[nth]);
  } finally {
    await others.close();
  }
}

function rowHere(
  scenario: Scenario,
  plugins: Plugins,
  measure: EventCost | undefined,
  stdio: Stdio,
): (choice: Choice) => Promise<Compared> {
  return async (choice) => {
    const varied = withDesign(scenario, choice);
    const row = await compareOne(varied, choice, {
      create: guestsWith(plugins),
      run: (guest, varied) => runGuest(guest, varied, { tell: stdio.progress, label: `${choice.name}: ` }),
    });
    return row.problem === undefined && measure !== undefined
      ? { ...row, eventNs: await measure(varied.guest) }
      : row;
  };
}

/** Shows the rows once there are all of them. */
async function showRows(
  { file, description }: Scenario,
  { vary, json }: CompareOptions,
  choices: readonly Choice[],
  stdio: Stdio,
  rowOf: (choice: Choice, nth: number) => Promise<Compared>,
): Promise<ExitStatus> {
  const rows: Compared[] = [];
  const comparison: Comparison = { scenario: file, description, axis: vary, rows };
  for (const [nth, choice] of choices.entries()) {
    stdio.progress?.(`${vary} ${choice.name}`);
    try {
      rows.push(await rowOf(choice, nth));
    } catch (error) {
      if (!(error instanceof InterruptedError)) throw error;
      stdio.progress?.('');
      if (rows.length > 0 && !json) stdio.out(compareText(comparison), comparePaint);
      const soFar = `irqlab: ${choice.name}: ${error.message}; done: ${rows.length} of ${choices.length} choices\n`;
      stdio.err(soFar);
      return exitStatus.interrupted;
    }
  }
  stdio.progress?.('');
  if (json) stdio.out(jsonText<CompareJson>('compare', comparison));
  else stdio.out(compareText(comparison), comparePaint);
  const own = rows.find(({ isOwn }) => isOwn);
  return own?.problem === undefined && own?.failedSteps.length === 0 ? exitStatus.ok : exitStatus.failed;
}
