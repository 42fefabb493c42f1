import { jsonText } from '../command/json.js';
import { type ExitStatus, exitStatus } from '../command/exit-status.js';
import { InterruptedError } from '../command/interruptible.js';
import { runGuest } from '../command/run-guest.js';
import { guestsWith, openScenario } from '../command/scenario-file.js';
import { noPlugins, type PluginOptions } from '../command/plugins.js';
import type { Stdio } from '../command/stdio.js';
import { type AxisName, choicesOf } from './axes.js';
import type { Compared, CompareJson, Comparison } from './comparison.js';
import { type EventCost, eventCost } from './event-cost.js';
import { checkAxis, compareOne, withDesign } from './one.js';
import { compareText } from './text.js';

export interface CompareOptions extends PluginOptions {
  readonly vary: AxisName;
  /** Measure what an event costs, too. */
  readonly time?: boolean;
  readonly json?: boolean;
}

/**
 * `irqlab compare`: runs the guest of a scenario file under each choice of an axis. When Ctrl-C ends it, choices that are
 * done are shown, except as JSON.
 */
export async function runCompare(
  file: string,
  { vary, time, json, plugins = noPlugins }: CompareOptions,
  stdio: Stdio,
  measure: EventCost = eventCost(plugins.files),
): Promise<ExitStatus> {
  const scenario = openScenario(file, stdio, plugins);
  checkAxis(vary, time, scenario);
  const rows: Compared[] = [];
  const comparison: Comparison = {
    scenario: scenario.file,
    description: scenario.description,
    axis: vary,
    rows,
  };
  const choices = choicesOf(
    vary,
    scenario.guest.design,
    plugins.language?.vocabulary.designChoices,
    scenario.guest.kernel,
  );
  for (const choice of choices) {
    stdio.progress?.(`${vary} ${choice.name}`);
    const varied = withDesign(scenario, choice);
    try {
      const row = await compareOne(varied, choice, {
        create: guestsWith(plugins),
        run: (guest, varied) => runGuest(guest, varied),
      });
      const eventNs = time && row.problem === undefined ? await measure(varied.guest) : undefined;
      rows.push({ ...row, eventNs });
    } catch (error) {
      if (!(error instanceof InterruptedError)) throw error;
      stdio.progress?.('');
      if (rows.length > 0 && !json) stdio.out(compareText(comparison));
      const soFar = `irqlab: ${choice.name}: ${error.message}; done: ${rows.length} of ${choices.length} choices\n`;
      stdio.err(soFar);
      return exitStatus.interrupted;
    }
  }
  stdio.progress?.('');
  stdio.out(json ? jsonText<CompareJson>('compare', comparison) : compareText(comparison));
  const own = rows.find(({ isOwn }) => isOwn);
  return own?.problem === undefined && own?.failedSteps.length === 0 ? exitStatus.ok : exitStatus.failed;
}
