import { UsageError } from '../command/usage-error.js';
import { IrqPlaceError } from '../guest/irq-place-error.js';
import { ScenarioError } from '../scenario/diagnostics.js';
import { parseScenario } from '../scenario/load.js';
import type { GuestOptions } from '../scenario/options/guest.js';
import { loseAgain, parseInterrupts, reprintInterrupts } from '../view/interrupts/parse.js';
import type { Findings } from './bundle/findings.js';
import { type RecordedWorkload, recordedWorkload } from './bundle/workload.js';
import type { CapturedMachine } from './captured-machine.js';
import { type Difference, firstDifference } from './difference.js';
import { FittedChannels, type Misfit } from './fitted-channels.js';
import type { CapturedOptions } from './captured-options.js';
import { type Captures, guestOfCaptures, isChannelRow } from './guest-options.js';
import { scenarioText } from './scenario-text.js';

/** Boots a guest and gives its /proc/interrupts. */
export type ShowInterrupts = (options: GuestOptions) => Promise<string>;

/** A scenario as text, and what its user should know of it. */
export interface CapturedScenario {
  readonly text: string;
  readonly notes: readonly string[];
  readonly findings: Findings;
}

/**
 * A scenario whose guest shows what the captures of one machine show. The guest is booted and compared first, so that
 * no scenario is given out that shows something else.
 *
 * @throws UsageError with file, line and column where no guest can show it.
 */
export async function scenarioOf(machine: CapturedMachine, show: ShowInterrupts): Promise<CapturedScenario> {
  const fitted = new FittedChannels(machine.captures);
  for (;;) {
    const { options, notes: guessed } = guestOfCaptures(fitted.captures);
    const problem = await differenceShown(scenarioText(options, '', []), machine, show);
    if (problem === undefined) return written(machine, options, [...fitted.reasons, ...guessed]);
    if (!fitted.adapt(problem, options.devices ?? []))
      throw new UsageError(`${machine.file}:${problem.text}`);
  }
}

function written(
  { snapshots, findings, notes: known, title, isRecording }: CapturedMachine,
  options: CapturedOptions,
  guessed: readonly string[],
): CapturedScenario {
  const workload = recordedWorkload(snapshots, options, findings);
  const notes = [...known, ...guessed];
  const sources = isRecording
    ? [
        ...findings.took.map(({ what, from }) => `${what}: ${from}`),
        ...findings.guessed.map(({ what, from }) => `guessed: ${what}: ${from}`),
      ]
    : [];
  for (const note of notes) findings.guess('the guest', note);
  const withWorkload = (lived: RecordedWorkload | undefined): string =>
    scenarioText(options, `Imported from ${title}`, [...sources, ...notes], lived);
  const text = withWorkload(workload);
  const problem = problemOf(text);
  if (problem === undefined) return { text, notes, findings };
  findings.leave('rates of channels and interrupts', problem);
  return { text: withWorkload(undefined), notes, findings };
}

/** What is wrong with a scenario; undefined if nothing is. */
function problemOf(text: string): string | undefined {
  try {
    parseScenario(text, 'scenario');
    return undefined;
  } catch (error) {
    if (error instanceof ScenarioError) return error.message.split('\n', 1)[0];
    throw error;
  }
}

/** Boots the guest of a scenario and says where it differs from the capture, line 0 if there is none; undefined if it does not. */
async function differenceShown(
  scenario: string,
  { captures, text }: CapturedMachine,
  show: ShowInterrupts,
): Promise<(Difference & Misfit) | undefined> {
  const { interrupts } = captures;
  let shown: string;
  try {
    shown = await show(parseScenario(scenario, 'scenario').guest);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof ScenarioError)) throw error;
    const text = ` the guest cannot be made: ${error.message}`;
    return { line: 0, text, ...(error instanceof IrqPlaceError && { irq: error.irq }) };
  }
  if (interrupts === undefined || text === undefined) return undefined;
  const comparable = hasChannels(captures) ? shown : withoutChannels(shown);
  return firstDifference(text, loseAgain(comparable, interrupts), 'the guest shows');
}

function hasChannels({ interrupts }: Captures): boolean {
  return interrupts?.table.rows.some((row) => row.kind === 'irq' && isChannelRow(row)) ?? false;
}

/** Without the rows of channels, which kernels before the RFC do not have. */
function withoutChannels(text: string): string {
  const { table, ...rest } = parseInterrupts(text);
  const rows = table.rows.filter((row) => row.kind !== 'irq' || !isChannelRow(row));
  return reprintInterrupts({ table: { ...table, rows }, ...rest });
}
