import { UsageError } from '../command/usage-error.js';
import { ScenarioError } from '../scenario/diagnostics.js';
import { parseScenario } from '../scenario/load.js';
import type { DeviceOptions } from '../scenario/options/devices.js';
import type { GuestOptions } from '../scenario/options/guest.js';
import { loseAgain, parseInterrupts, reprintInterrupts } from '../view/interrupts/parse.js';
import { type Capture, captureNames } from './capture.js';
import type { CaptureFile } from './capture-file.js';
import { type Difference, firstDifference } from './difference.js';
import { FittedChannels } from './fitted-channels.js';
import { type Captures, guestOfCaptures, isChannelRow } from './guest-options.js';
import { scenarioText } from './scenario-text.js';

/** Boots a guest and gives its /proc/interrupts. */
export type ShowInterrupts = (options: GuestOptions) => Promise<string>;

/** A scenario as text, and what its user should know of it. */
export interface CapturedScenario {
  readonly text: string;
  readonly notes: readonly string[];
}

/** The captures of one machine, with the text of its /proc/interrupts. */
type CapturedMachine = Captures & { readonly text: string | undefined };

const MADE_UP_RELIDS = 'a udev dump has no relids: they are made up in the order of the dump';

/**
 * A scenario whose guest shows what the captures of one machine show. The guest is booted and compared first, so that
 * no scenario is given out that shows something else.
 *
 * @throws UsageError with file, line and column where no guest can show it.
 */
export async function scenarioOf(
  read: readonly CaptureFile[],
  show: ShowInterrupts,
  hyperv: boolean,
): Promise<CapturedScenario> {
  const captures = { ...together(read), hyperv };
  const fitted = new FittedChannels(captures);
  for (;;) {
    const scenario = writeScenario(fitted.captures, read, fitted.reasons);
    const problem = await differenceShown(scenario.text, captures, show);
    if (problem === undefined) return scenario;
    if (!fitted.adapt(problem.line, scenario.devices))
      throw new UsageError(`${interruptsFile(read)}:${problem.text}`);
  }
}

/** @throws UsageError unless there is at most one capture of each kind, and one that tells of interrupts or devices. */
function together(read: readonly CaptureFile[]): CapturedMachine {
  const seen = new Map<Capture['kind'], string>();
  let captures: CapturedMachine = { text: undefined };
  for (const { file, text, capture } of read) {
    const other = seen.get(capture.kind);
    if (other !== undefined) {
      throw new UsageError(
        `${other} and ${file} are both ${captureNames[capture.kind]}`,
        'A scenario is made of one of each kind; --check takes any number of files.',
      );
    }
    seen.set(capture.kind, file);
    if (capture.kind === 'interrupts') captures = { ...captures, interrupts: capture.parsed, text };
    else if (capture.kind === 'devices') captures = { ...captures, devices: capture.devices };
    else captures = { ...captures, procIrq: capture.dump };
  }
  if (captures.interrupts === undefined && captures.devices === undefined) {
    throw new UsageError('a scenario needs /proc/interrupts or the output of lsvmbus');
  }
  return captures;
}

function writeScenario(
  captures: CapturedMachine,
  read: readonly CaptureFile[],
  reasons: readonly string[],
): CapturedScenario & { readonly devices: readonly DeviceOptions[] } {
  const names = read.map(({ file }) => file.slice(file.lastIndexOf('/') + 1));
  const madeUp = read.some(({ capture }) => capture.kind === 'devices' && capture.madeUpRelids);
  const { options, notes } = guestOfCaptures(captures);
  const ofFiles = read.flatMap(({ file, notes: said }) => said.map((note) => `${file}: ${note}`));
  const all = [...ofFiles, ...reasons, ...notes, ...(madeUp ? [MADE_UP_RELIDS] : [])];
  const text = scenarioText(options, `Imported from ${names.join(', ')}`, all);
  return { text, notes: all, devices: options.devices ?? [] };
}

/** Boots the guest of a scenario and says where it differs from the capture, line 0 if there is none; undefined if it does not. */
async function differenceShown(
  scenario: string,
  captures: CapturedMachine,
  show: ShowInterrupts,
): Promise<Difference | undefined> {
  const { interrupts, text } = captures;
  let shown: string;
  try {
    shown = await show(parseScenario(scenario, 'scenario').guest);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof ScenarioError)) throw error;
    return { line: 0, text: ` the guest cannot be made: ${error.message}` };
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

/** The file to name in messages about the guest. */
function interruptsFile(read: readonly CaptureFile[]): string {
  return (read.find(({ capture }) => capture.kind === 'interrupts') ?? read[0]).file;
}
