import { formatDuration } from '../../scenario/duration.js';
import type { RunResult } from '../../scenario/runner.js';
import { formatPlace } from '../../scenario/place.js';

/** One printout as it is; several with a headline each, as head and tail print several files. */
export function printoutText({ printouts }: Pick<RunResult, 'printouts'>): string {
  if (printouts.length === 1) return printouts[0].text;
  return printouts
    .map(({ path, atNs, text }) => `==> ${path} at ${formatDuration(atNs)} <==\n${text}`)
    .join('\n');
}

/** What went wrong, one line for each. */
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
