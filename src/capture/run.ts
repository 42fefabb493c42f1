import { type ExitStatus, exitStatus } from '../command/exit-status.js';
import { writeText } from '../command/named-file.js';
import { guestsWith } from '../command/scenario-file.js';
import type { Stdio } from '../command/stdio.js';
import { UsageError } from '../command/usage-error.js';
import { readCapture, readKind } from './capture-file.js';
import { scenarioOf } from './captured-scenario.js';
import { checkCaptures } from './check.js';

export interface ImportOptions {
  /** File with the output of lsvmbus. */
  readonly lsvmbus?: string;
  /** File with the output of grep on /proc/irq. */
  readonly affinity?: string;
  /** Read each file, print it again and compare; make no scenario. */
  readonly check?: boolean;
  /** File for the scenario; default: standard output. */
  readonly output?: string;
}

/**
 * `irqlab import`: makes a scenario of captures, or checks that they are understood.
 *
 * @throws UsageError for files that cannot be used.
 */
export async function runImport(
  files: readonly string[],
  { lsvmbus, affinity, check, output }: ImportOptions,
  stdio: Stdio,
): Promise<ExitStatus> {
  const named = [lsvmbus, affinity].filter((file) => file !== undefined);
  if ([...files, ...named].filter((file) => file === '-').length > 1)
    throw new UsageError('standard input (-) is given twice', 'It is one file.');
  if (check) return checkCaptures([...files, ...named], stdio);
  const read = files.map((file) => readCapture(file, stdio));
  if (lsvmbus !== undefined) read.push(readKind(lsvmbus, stdio, 'devices', '--lsvmbus'));
  if (affinity !== undefined) read.push(readKind(affinity, stdio, 'procIrq', '--affinity'));
  const { text, notes } = await scenarioOf(read, async (options) =>
    (await guestsWith()(options)).procInterrupts(),
  );
  for (const note of notes) stdio.err(`irqlab: ${note}\n`);
  if (output === undefined || output === '-') stdio.out(text);
  else writeText(output, text);
  return exitStatus.ok;
}
