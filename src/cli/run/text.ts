import type { Paint } from '../../command/paint.js';
import { formatDuration } from '../../scenario/duration.js';
import type { Holder } from '../../machine/hung.js';
import type { Hang, RunResult } from '../../scenario/runner.js';
import { formatPlace } from '../../scenario/place.js';

/** One printout as it is; several with a headline each, as head and tail print several files. */
export function printoutText({ printouts }: Pick<RunResult, 'printouts'>): string {
  if (printouts.length === 1) return printouts[0].text;
  return printouts
    .map(({ path, atNs, text }) => `==> ${path} at ${formatDuration(atNs)} <==\n${text}`)
    .join('\n');
}

/** Of failureText. */
export const failurePaint: Paint = [[/(?<=^irqlab: )\d+ of \d+ steps failed$/gm, 'bad']];

/** What went wrong, one line for each. */
export function failureText(
  file: string,
  result: Pick<RunResult, 'steps' | 'printFailures' | 'hangs' | 'hangFailure' | 'endNs'>,
): string {
  const { steps } = result;
  const failed = steps.filter(({ outcome }) => outcome === 'failed');
  const skipped = steps.filter(({ outcome }) => outcome === 'skipped');
  const lines = failed.map(
    ({ place, atNs, action, message }) =>
      `${formatPlace(place)}: at ${formatDuration(atNs)}: ${action}: ${message}`,
  );
  lines.push(...problemsOf(file, result));
  if (failed.length > 0) lines.push(`${failed.length} of ${steps.length} steps failed`);
  if (skipped.length > 0)
    lines.push(`steps after the end of the run, not done: ${skipped.length} of ${steps.length}`);
  return lines.map((line) => `irqlab: ${line}\n`).join('');
}

/** What went wrong beside the steps, in lines: with what was to be printed, and with what hangs. */
export function problemsOf(
  file: string,
  result: Pick<RunResult, 'printFailures' | 'hangs' | 'hangFailure' | 'endNs'>,
): string[] {
  return [...result.printFailures.map((message) => `${file}: ${message}`), ...hangLines(file, result)];
}

/** A hang that nobody expected: who waits where for what, how long already, and who holds it. */
function hangLines(
  file: string,
  { hangs, hangFailure, endNs }: Pick<RunResult, 'hangs' | 'hangFailure' | 'endNs'>,
): string[] {
  if (hangFailure === undefined) return [];
  return [`${file}: ${hangFailure}`, ...hangs.map((hang) => `  ${describeHang(hang, endNs)}`)];
}

/** A context that hangs, in words. */
function describeHang(hang: Hang, endNs: number): string {
  const { task, waitsFor, spins, sinceNs, holder } = hang;
  const name = task === hang.comm ? '' : `, ${task}`;
  const held = holder === undefined ? '' : `, which ${nameOf(holder)} holds${where(holder)}`;
  const verb = spins ? 'spins' : 'waits';
  return `${nameOf(hang)}${name} ${verb}${where(hang)} for ${waitsFor}${held}, for ${formatDuration(endNs - sinceNs)} now`;
}

function nameOf({ comm, pid }: Holder): string {
  return `${comm} (pid ${pid})`;
}

/** The kernel's functions, the innermost first. */
function where({ functions }: Holder): string {
  return functions.length === 0 ? '' : ` in ${functions.join(' < ')}`;
}
