import { parseScenario } from '../scenario/load.js';
import { ScenarioError } from '../scenario/diagnostics.js';
import type { GuestOptions } from '../scenario/options/guest.js';
import type { ScenarioGuest } from '../scenario/port.js';
import { type Printout, type RunResult, runScenario } from '../scenario/runner.js';
import { formatPlace } from '../scenario/place.js';
import type { Scenario } from '../scenario/scenario.js';
import { formatDuration } from '../scenario/duration.js';
import { type CommandIo, type ExitStatus, exitStatus, UsageError } from './command.js';
import { readText } from './read-text.js';
import { resultJson } from './run-json.js';

export interface RunFileOptions {
  readonly json?: boolean;
  readonly seconds?: number;
}

/** Makes the guest; loaded only when the file is known to be right. */
export type CreateGuest<Made extends ScenarioGuest = ScenarioGuest> = (
  options: GuestOptions,
) => Promise<Made>;

/**
 * `irqlab run`: runs the guest of a scenario file and says what came of it.
 *
 * @param show what to print at the end instead of what the file says.
 */
export async function runFile<Made extends ScenarioGuest>(
  file: string,
  { json, seconds }: RunFileOptions,
  io: CommandIo,
  create: CreateGuest<Made>,
  show?: (guest: Made) => readonly Pick<Printout, 'path' | 'text'>[],
): Promise<ExitStatus> {
  const scenario = loadScenarioFile(file, io);
  const guest = await createGuest(scenario, create);
  const runNs = seconds === undefined ? undefined : Math.round(seconds * 1e9);
  const ran = runScenario(guest, show === undefined ? scenario : { ...scenario, print: [] }, { runNs });
  const shown = show?.(guest).map((printout) => ({ ...printout, atNs: ran.endNs }));
  const result = shown === undefined ? ran : { ...ran, printouts: shown };
  io.out(json ? resultJson(scenario, guest, result) : printoutText(result));
  io.err(failureText(scenario.file, result));
  return result.ok ? exitStatus.ok : exitStatus.failed;
}

/** @throws UsageError for a file that cannot be used. */
export function loadScenarioFile(file: string, io: CommandIo): Scenario {
  const { name, text } = readText(file, io);
  try {
    return parseScenario(text, name);
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    throw new UsageError(error.message.replaceAll('\n', '\nirqlab: '));
  }
}

/** A guest that cannot be made of what the file says is the file's fault. */
export async function createGuest<Made extends ScenarioGuest>(
  scenario: Scenario,
  create: CreateGuest<Made>,
): Promise<Made> {
  try {
    return await create(scenario.guest);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${scenario.file}: ${error.message}`);
    throw error;
  }
}

/** One printout as it is; several with a headline each, as head and tail do it. */
function printoutText({ printouts }: RunResult): string {
  if (printouts.length === 1) return printouts[0].text;
  return printouts
    .map(({ path, atNs, text }) => `==> ${path} at ${formatDuration(atNs)} <==\n${text}`)
    .join('\n');
}

/** What went wrong, a line each. */
export function failureText(
  file: string,
  { steps, printFailures }: Pick<RunResult, 'steps' | 'printFailures'>,
): string {
  const failed = steps.filter(({ outcome }) => outcome === 'failed');
  const skipped = steps.filter(({ outcome }) => outcome === 'skipped');
  const lines = failed.map(
    ({ place, atNs, action, message }) =>
      `${formatPlace(place)}: at ${formatDuration(atNs)}: ${action}: ${message}`,
  );
  lines.push(...printFailures.map((message) => `${file}: ${message}`));
  if (failed.length > 0) lines.push(`${failed.length} of ${steps.length} steps failed`);
  if (skipped.length > 0)
    lines.push(`steps after the end of the run, not done: ${skipped.length} of ${steps.length}`);
  return lines.map((line) => `irqlab: ${line}\n`).join('');
}
