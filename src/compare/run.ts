import type { Ns } from '../lib/brand.js';
import { AssertionError } from '../lib/assert.js';
import { HungError } from '../machine/hung.js';
import type { GuestOptions } from '../scenario/options/guest.js';
import { type RunResult, runScenario } from '../scenario/runner.js';
import type { Scenario } from '../scenario/scenario.js';
import { designProblem } from '../vmbus/variants/design.js';
import { type CommandIo, type ExitStatus, exitStatus, UsageError } from '../cli/command.js';
import { type AxisName, type Choice, choicesOf } from './axes.js';
import { compareText } from './text.js';
import { Guest } from '../guest/guest.js';
import type { KvmCounts } from '../guest/kvm.js';
import { loadScenarioFile } from '../cli/run-file.js';

/** So many interrupts may wait on a CPU when the run is over. */
const WAITING_INTERRUPTS = 100;

/** What came of a scenario under one choice. Counts are of the run, without booting. */
export interface Compared {
  readonly choice: string;
  readonly isOwn: boolean;
  /** Events that reached the guest, and control messages. */
  readonly events: number;
  /** Interrupts of the line that all of them share; each may bring several events. */
  readonly interrupts: number;
  /** What the total of interrupts in /proc/stat grew by; those of level-triggered irqfds are among them. */
  readonly inStat: number;
  readonly doubleCounts: number;
  readonly missingCounts: number;
  readonly dropped: number;
  readonly lost: number;
  readonly signals: number;
  readonly needlessSignals: number;
  /** Of level-triggered irqfds; undefined for a guest without. */
  readonly kvm: KvmCounts | undefined;
  /** Virtual time of the run, and of it the time that its steps took. */
  readonly runNs: Ns;
  readonly stepsNs: Ns;
  /** Steps that did not come out as the scenario expects. */
  readonly failedSteps: readonly string[];
  /** Why the choice cannot be run to the end; undefined if it can. Then the counts are those up to there. */
  readonly problem: string | undefined;
  /** What an event costs on this machine; undefined unless measured. */
  readonly eventNs: number | undefined;
}

export interface Comparison {
  readonly scenario: string;
  readonly description: string;
  readonly axis: AxisName;
  readonly rows: readonly Compared[];
}

/** Measures what an event costs a guest on this machine. */
export type TimeEvents = (options: GuestOptions) => Promise<number>;

/** `irqlab compare`: runs the guest of a scenario file under each choice of an axis. */
export async function runCompare(
  file: string,
  { vary, time, json }: { readonly vary: AxisName; readonly time?: boolean; readonly json?: boolean },
  io: CommandIo,
  timeEvents: TimeEvents,
): Promise<ExitStatus> {
  const scenario = loadScenarioFile(file, io);
  checkAxis(vary, time, scenario);
  const rows: Compared[] = [];
  for (const choice of choicesOf(vary, scenario.guest.design)) {
    io.progress?.(`${vary} ${choice.name}`);
    const row = compareOne(scenario, choice);
    const eventNs =
      time && row.problem === undefined ? await timeEvents(withDesign(scenario, choice)) : undefined;
    rows.push({ ...row, eventNs });
  }
  io.progress?.('');
  const comparison: Comparison = {
    scenario: scenario.file,
    description: scenario.description,
    axis: vary,
    rows,
  };
  io.out(json ? JSON.stringify(comparison, undefined, 2) + '\n' : compareText(comparison));
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

function withDesign(scenario: Scenario, { design }: Choice): GuestOptions {
  return { ...scenario.guest, design };
}

function compareOne(scenario: Scenario, choice: Choice): Compared {
  const unfit = designProblem(choice.design);
  if (unfit !== undefined) return { ...nothing(choice), problem: unfit };
  let meter: Meter | undefined;
  try {
    const guest = create(scenario, choice);
    finishInterrupts(guest, scenario);
    meter = new Meter(guest);
    const result = runScenario(guest, scenario);
    finishInterrupts(guest, scenario);
    return { ...nothing(choice), ...meter.read(), ...ofRun(result) };
  } catch (error) {
    if (!(error instanceof AssertionError || error instanceof HungError)) throw error;
    return { ...nothing(choice), ...meter?.read(), problem: error.message };
  }
}

/** Where interrupts take time some may wait; let them be handled, so that what arrived and what was counted agree. */
function finishInterrupts(guest: Guest, { guest: { interruptTimeNs = 0 } }: Scenario): void {
  if (interruptTimeNs > 0) guest.run({ ns: interruptTimeNs * WAITING_INTERRUPTS });
}

function create(scenario: Scenario, choice: Choice): Guest {
  try {
    return Guest.create(withDesign(scenario, choice));
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${scenario.file}: ${error.message}`);
    throw error;
  }
}

function nothing({ name, isOwn }: Choice): Compared {
  const counts = {
    events: 0,
    interrupts: 0,
    inStat: 0,
    doubleCounts: 0,
    missingCounts: 0,
    dropped: 0,
    lost: 0,
  };
  return {
    choice: name,
    isOwn,
    ...counts,
    signals: 0,
    needlessSignals: 0,
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

/** Reads a guest's counts against those when it was made. */
class Meter {
  private readonly start: Counts;

  constructor(private readonly guest: Guest) {
    this.start = countsOf(guest);
  }

  read(): Partial<Compared> {
    const { start } = this;
    const now = countsOf(this.guest);
    const dropped = now.dropped - start.dropped;
    const events = now.arrived - start.arrived;
    const inStat = now.inStat - start.inStat;
    const kvm = this.guest.kvm?.counts();
    const ofIrqfds = kvm?.interrupts ?? 0;
    const handled = events - dropped + ofIrqfds;
    return {
      events,
      interrupts: now.interrupts - start.interrupts,
      inStat,
      doubleCounts: Math.max(0, inStat - events - ofIrqfds),
      missingCounts: Math.max(0, handled - inStat),
      dropped,
      lost: now.lost - start.lost,
      signals: now.signals - start.signals,
      needlessSignals: now.needlessSignals - start.needlessSignals,
      kvm,
    };
  }
}

type Counts = ReturnType<typeof countsOf>;

function countsOf(guest: Guest) {
  const { signalled, coalesced, lost, messages, guestSignals, needlessSignals } = guest.host.hyperv.totals;
  const { connection, isr } = guest.vmbus;
  return {
    arrived: signalled - coalesced - lost + messages,
    lost,
    interrupts: isr.interrupts,
    signals: guestSignals,
    needlessSignals,
    dropped: connection.relids.droppedEvents,
    inStat: Number(/^intr (\d+)/m.exec(guest.readFile('/proc/stat'))?.[1]),
  };
}
