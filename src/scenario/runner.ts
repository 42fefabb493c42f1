import type { Ns } from '../lib/brand.js';
import { ErrnoError } from '../lib/errno.js';
import { kvmEnd } from './options/kvm.js';
import type { WaitingContext } from '../machine/hung.js';
import type { ScenarioGuest } from './port.js';
import type { Place } from './place.js';
import type { Scenario, Step } from './scenario.js';
import { doStep } from './steps.js';
import { endOf, endsByItself, isOver, startWorkloads } from './workloads/index.js';
import type { SignalTally } from './workloads/workload.js';

/** How far time goes on between two looks at work that ends by itself, and how long nothing may come of it. */
const FINISH_STEP_NS: Ns = 1_000_000;
const STUCK_NS: Ns = 10_000_000_000;

/** What came of one step of the timeline. */
export interface StepOutcome {
  readonly place: Place;
  /** When it was to happen and when it was over, from the end of booting. */
  readonly atNs: Ns;
  readonly endNs: Ns;
  /** The action in words. */
  readonly action: string;
  /** `skipped`: the run ended before it. */
  readonly outcome: 'ok' | 'failed' | 'skipped';
  /** What the guest refused it with, an errno as a rule; undefined if it did not. */
  readonly refusal: string | undefined;
  /** What was expected and what came; undefined unless failed. */
  readonly message: string | undefined;
}

/** A text that the scenario asked for. */
export interface Printout {
  readonly path: string;
  readonly atNs: Ns;
  readonly text: string;
}

/** A context that hangs at the end of a run. */
export interface Hang extends WaitingContext {
  /** When it began to wait, from the end of booting: negative if before. */
  readonly sinceNs: Ns;
}

/** What came of a scenario. */
export interface RunResult {
  /** True if no step failed, everything could be printed, and nothing hangs unless it was expected. */
  readonly ok: boolean;
  /** Virtual time at the end, from the end of booting. */
  readonly endNs: Ns;
  readonly steps: readonly StepOutcome[];
  readonly printouts: readonly Printout[];
  /** Sentences about files that could not be printed at the end. */
  readonly printFailures: readonly string[];
  /** Contexts of the guest that hang at the end, the one that has waited longest first. */
  readonly hangs: readonly Hang[];
  /** What is wrong with that as a sentence; undefined if it was expected, or there is none and none was. */
  readonly hangFailure: string | undefined;
  /** One for each workload of the scenario. */
  readonly workload: readonly Readonly<SignalTally>[];
}

/** How a scenario is run. */
export interface RunOptions {
  /** How long to run, whatever the scenario says; later steps are skipped. */
  readonly runNs?: Ns;
  /**
   * Is told before each event how far the run is, and how far it goes as known by then, from the end of booting: for who
   * shows that to a user. It must not touch the guest.
   */
  readonly watch?: (atNs: Ns, runNs: Ns) => void;
}

/**
 * Runs a guest through a scenario, as `irqlab run` does: its workload, its timeline with what is expected, its printouts.
 *
 * @param guest that of the scenario, booted, and used by nobody before: `Guest.create(scenario.guest)`.
 */
export function runScenarioOn(guest: ScenarioGuest, scenario: Scenario, options: RunOptions = {}): RunResult {
  const startNs = guest.now;
  const fixedNs = options.runNs ?? scenario.runNs;
  const runNs = fixedNs ?? naturalEnd(scenario);
  // Work that ends by itself may do so after the end that is known.
  const lasting = fixedNs === undefined && scenario.workload.some(endsByItself);
  const workload = startWorkloads(guest, scenario, startNs, lasting ? Number.POSITIVE_INFINITY : runNs);
  const elapseTo = elapsing(guest, startNs, runNs, options.watch);
  const printouts: Printout[] = [];
  const steps = scenario.timeline.map((step): StepOutcome => {
    const { place, atNs } = step;
    const outcome =
      atNs > runNs
        ? { outcome: 'skipped' as const, refusal: undefined, message: undefined }
        : runStep(guest, step, startNs, elapseTo, printouts);
    return { place, atNs, endNs: guest.now - startNs, action: step.describe(), ...outcome };
  });
  elapseTo(startNs + runNs);
  if (lasting) finishWorkloads(guest, scenario, workload, elapseTo);
  const endNs = guest.now - startNs;
  const printFailures = printAtEnd(guest, scenario.print, endNs, printouts);
  const hangs = guest.hangs().map(({ sinceNs, ...rest }): Hang => ({ ...rest, sinceNs: sinceNs - startNs }));
  const hangFailure = failureOf(hangs, scenario);
  const ok =
    hangFailure === undefined &&
    printFailures.length === 0 &&
    steps.every(({ outcome }) => outcome !== 'failed');
  return { ok, endNs, steps, printouts, printFailures, hangs, hangFailure, workload };
}

/** How time goes by in a run, seen by `watch` if there is one. */
function elapsing(
  guest: ScenarioGuest,
  startNs: Ns,
  runNs: Ns,
  watch: RunOptions['watch'],
): (timeNs: Ns) => void {
  if (watch === undefined) return (timeNs) => guest.elapseTo(timeNs);
  const tell = (): boolean => {
    watch(guest.now - startNs, runNs);
    return true;
  };
  return (timeNs) => void guest.elapseWhile(timeNs, tell);
}

/** What is wrong with the contexts that hang at the end: there are some unexpectedly, or none though expected. */
function failureOf(hangs: readonly Hang[], { expectsHang, timeline }: Scenario): string | undefined {
  if (hangs.length === 0)
    return expectsHang ? 'expected a hang, but no context of the guest waits for ever' : undefined;
  if (expectsHang || timeline.some(({ expect }) => expect.kind === 'hang')) return undefined;
  const [first] = hangs;
  return hangs.length === 1
    ? `a hang: ${first.comm} waits for ever`
    : `a hang: ${hangs.length} contexts wait for ever`;
}

/** Lets time go by until the work that ends by itself is done, or nothing has come of it for a while. */
function finishWorkloads(
  guest: ScenarioGuest,
  { workload }: Scenario,
  tallies: readonly SignalTally[],
  elapseTo: (timeNs: Ns) => void,
): void {
  const done = () => tallies.reduce((sum, { completed = 0 }) => sum + completed, 0);
  let progressNs = guest.now;
  for (let before = done(); !workload.every((item, i) => isOver(item, tallies[i])); ) {
    if (guest.now > progressNs + STUCK_NS) return;
    elapseTo(guest.now + FINISH_STEP_NS);
    if (done() === before) continue;
    before = done();
    progressNs = guest.now;
  }
}

function naturalEnd({ workload, timeline, guest }: Scenario): Ns {
  const ends = workload.map((item) => endOf(item) ?? 0);
  return Math.max(timeline.at(-1)?.atNs ?? 0, kvmEnd(guest.kvm), ...ends);
}

function runStep(
  guest: ScenarioGuest,
  step: Step,
  startNs: Ns,
  elapseTo: (timeNs: Ns) => void,
  printouts: Printout[],
): Pick<StepOutcome, 'outcome' | 'refusal' | 'message'> {
  elapseTo(startNs + step.atNs);
  guest.traceStep?.(step.place.line, step.describe());
  const { answer, failure } = doStep(guest, step);
  if (answer.kind === 'text' && answer.printAs !== undefined) {
    printouts.push({ path: answer.printAs, atNs: guest.now - startNs, text: answer.text });
  }
  const refusal = answer.kind === 'refused' ? answer.code : undefined;
  return { outcome: failure === undefined ? 'ok' : 'failed', refusal, message: failure };
}

function printAtEnd(
  guest: ScenarioGuest,
  paths: readonly string[],
  atNs: Ns,
  printouts: Printout[],
): string[] {
  const failures: string[] = [];
  for (const path of paths) {
    try {
      printouts.push({ path, atNs, text: guest.readFile(path) });
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      failures.push(`cannot print ${path}: ${error.message}`);
    }
  }
  return failures;
}
