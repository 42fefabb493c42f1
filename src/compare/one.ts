import { bootGuest, type CreateGuest } from '../command/boot-guest.js';
import { countSignals } from '../command/count-signals.js';
import type { Plugins } from '../command/plugins.js';
import { UsageError } from '../command/usage-error.js';
import type { Guest } from '../guest/guest.js';
import { AssertionError } from '../lib/assert.js';
import { HungError } from '../machine/hung.js';
import type { RunResult } from '../scenario/runner.js';
import type { Scenario } from '../scenario/scenario.js';
import { designProblem } from '../vmbus/variants/design.js';
import { type AxisName, type Choice, choicesOf } from './axes.js';
import type { Compared } from './comparison.js';
import { Meter } from './meter.js';

/** Most interrupts that may still be pending on a CPU when the run is over. */
const WAITING_INTERRUPTS = 100;

/** How guests are made and run: on the command line Ctrl-C ends both. */
export interface HowToRun {
  readonly create: CreateGuest<Guest>;
  run(guest: Guest, scenario: Scenario): RunResult;
}

/** Why a scenario's guest has nothing whose design the axis is about; undefined: it has. */
export function axisProblem(vary: AxisName, { file, guest }: Scenario): string | undefined {
  if (vary === 'irqfd-source')
    return guest.kvm === undefined ? `${file}: a guest without "kvm" has no irqfds to vary` : undefined;
  return guest.vmbus === false ? `${file}: a machine without VMBus has no design to vary` : undefined;
}

/** @throws UsageError if the guest has nothing whose design the axis is about. */
export function checkAxis(vary: AxisName, time: boolean | undefined, scenario: Scenario): void {
  const problem = axisProblem(vary, scenario);
  if (problem !== undefined) throw new UsageError(problem);
  if (time && vary === 'irqfd-source')
    throw new UsageError('--time measures events of VMBus, of which irqfds have none');
}

/** All choices of an axis, for a scenario. */
export function choicesFor(axis: AxisName, { guest }: Scenario, { language }: Plugins): Choice[] {
  return choicesOf(axis, guest.design, language?.vocabulary.designChoices, guest.kernel);
}

/** The scenario with the design of a choice. */
export function withDesign(scenario: Scenario, { design }: Choice): Scenario {
  return { ...scenario, guest: { ...scenario.guest, design } };
}

/** Runs the scenario. A choice that breaks the guest is a result, too, and must not end the comparison. */
export async function compareOne(
  scenario: Scenario,
  choice: Choice,
  { create, run }: HowToRun,
): Promise<Compared> {
  const unfit = designProblem(choice.design);
  if (unfit !== undefined) return { ...nothing(choice), problem: unfit };
  let meter: Meter | undefined;
  try {
    const guest = await bootGuest(scenario, create);
    finishInterrupts(guest, scenario);
    meter = new Meter(guest, await countSignals(guest));
    const result = run(guest, scenario);
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
