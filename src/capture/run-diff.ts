import { jsonText } from '../command/json.js';
import { type ExitStatus, exitStatus } from '../command/exit-status.js';
import type { Stdio } from '../command/stdio.js';
import { openMachine } from './open-machine.js';
import { type DiffJson, diffPictures, isMoved } from './picture/diff.js';
import { diffPaint, diffText } from './picture/diff-text.js';
import { pictureOf } from './picture/machine-picture.js';

/**
 * `irqlab diff`: what moved, appeared and went between two pictures of a machine, and rates before and after.
 *
 * @returns failed if something moved, appeared or went.
 * @throws UsageError for files that cannot be used.
 */
export async function runDiff(
  before: string,
  after: string,
  { json = false }: { readonly json?: boolean },
  stdio: Stdio,
): Promise<ExitStatus> {
  const one = pictureOf(await openMachine(before, stdio));
  const other = pictureOf(await openMachine(after, stdio));
  const diff = diffPictures(one, other);
  if (json) stdio.out(jsonText<DiffJson>('diff', diff));
  else stdio.out(diffText(diff, one.name, other.name), diffPaint);
  return isMoved(diff) ? exitStatus.failed : exitStatus.ok;
}
