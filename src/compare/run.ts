import { type ExitStatus, exitStatus } from '../command/exit-status.js';
import { InterruptedError } from '../command/interruptible.js';
import { runGuest } from '../command/run-guest.js';
import { countSignals } from '../command/count-signals.js';
import { bootGuest, type CreateGuest, guestsWith, openScenario } from '../command/scenario-file.js';
import { noPlugins, type PluginOptions } from '../command/plugins.js';
import type { Stdio } from '../command/stdio.js';
import { UsageError } from '../command/usage-error.js';
import type { Guest } from '../guest/guest.js';
import { AssertionError } from '../lib/assert.js';
import { HungError } from '../machine/hung.js';
import type { RunResult } from '../scenario/runner.js';
import type { Scenario } from '../scenario/scenario.js';
import { designProblem } from '../vmbus/variants/design.js';
import { type AxisName, type Choice, choicesOf } from './axes.js';
import type { Compared, Comparison } from './comparison.js';
import { type EventCost, eventCost } from './event-cost.js';
import { Meter } from './meter.js';
import { compareText } from './text.js';

/** Most interrupts that may still be pending on a CPU when the run is over. */
const WAITING_INTERRUPTS = 100;

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
      const row = await compareOne(varied, choice, guestsWith(plugins));
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
  stdio.out(json ? JSON.stringify(comparison, undefined, 2) + '\n' : compareText(comparison));
  const own = rows.find(({ isOwn }) => isOwn);
  return own?.problem === undefined && own?.failedSteps.length === 0 ? exitStatus.ok : exitStatus.failed;
}

/** @throws UsageError if the guest has nothing whose design the axis is about. */
function checkAxis(vary: AxisName, time: boolean | undefined, { file, guest }: Scenario): void {
  if (vary !== 'irqfd-source') {
    if (guest.vmbus === false) throw new UsageError(`${file}: a machine without VMBus has no design to vary`);
    return;
  }
  if (guest.kvm === undefined) throw new UsageError(`${file}: a guest without "kvm" has no irqfds to vary`);
  if (time) throw new UsageError('--time measures events of VMBus, of which irqfds have none');
}

function withDesign(scenario: Scenario, { design }: Choice): Scenario {
  return { ...scenario, guest: { ...scenario.guest, design } };
}

/** Runs the scenario. A choice that breaks the guest is a result, too, and must not end the comparison. */
async function compareOne(scenario: Scenario, choice: Choice, create: CreateGuest<Guest>): Promise<Compared> {
  const unfit = designProblem(choice.design);
  if (unfit !== undefined) return { ...nothing(choice), problem: unfit };
  let meter: Meter | undefined;
  try {
    const guest = await bootGuest(scenario, create);
    finishInterrupts(guest, scenario);
    meter = new Meter(guest, await countSignals(guest));
    const result = runGuest(guest, scenario);
    finishInterrupts(guest, scenario);
    return { ...nothing(choice), ...meter.read(), ...ofRun(result) };
  } catch (error) {
    // Whether another choice goes with the rest may not be known before it is tried.
    const isUnfit = error instanceof UsageError && !choice.isOwn;
    if (!(isUnfit || error instanceof AssertionError || error instanceof HungError)) throw error;
    return { ...nothing(choice), ...meter?.read(), problem: error.message };
  }
}

/** Where interrupts take time, some may still be pending: has them handled, so that arrivals and counts agree. */
function finishInterrupts(guest: Guest, { guest: { interruptTimeNs = 0 } }: Scenario): void {
  if (interruptTimeNs > 0) guest.run({ ns: interruptTimeNs * WAITING_INTERRUPTS });
}

function nothing({ name, isOwn }: Choice): Compared {
  return {
    choice: name,
    isOwn,
    signalled: 0,
    events: 0,
    interrupts: 0,
    inStat: 0,
    doubleCounts: 0,
    missingCounts: 0,
    dropped: 0,
    lost: 0,
    signals: 0,
    needlessSignals: 0,
    latency: undefined,
    references: 0,
    gracePeriods: 0,
    kvm: undefined,
    runNs: 0,
    stepsNs: 0,
    failedSteps: [],
    problem: undefined,
    eventNs: undefined,
  };
}

function ofRun({ endNs, steps }: RunResult): Pick<Compared, 'runNs' | 'stepsNs' | 'failedSteps'> {
  let before = 0;
  let stepsNs = 0;
  for (const { atNs, endNs: stepEndNs, outcome } of steps) {
    if (outcome === 'skipped') continue;
    stepsNs += stepEndNs - Math.max(atNs, before);
    before = stepEndNs;
  }
  const failedSteps = steps
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ action, message }) => `${action}: ${message}`);
  return { runNs: endNs, stepsNs, failedSteps };
}
