import { type ExitStatus, exitStatus } from '../command/exit-status.js';
import { writeText } from '../command/named-file.js';
import { guestsWith } from '../command/scenario-file.js';
import type { Stdio } from '../command/stdio.js';
import { UsageError } from '../command/usage-error.js';
import type { GuestOptions } from '../scenario/options/guest.js';
import { readCapture, readKind } from './capture-file.js';
import { scenarioOf } from './captured-scenario.js';
import { checkCaptures } from './check.js';

export interface ImportOptions {
  /** File with the output of lsvmbus. */
  readonly lsvmbus?: string;
  /** File with the output of grep on /proc/irq. */
  readonly affinity?: string;
  /** The captures are of a guest of Hyper-V, whatever they show. */
  readonly hyperv?: boolean;
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
  { lsvmbus, affinity, hyperv = false, check, output }: ImportOptions,
  stdio: Stdio,
): Promise<ExitStatus> {
  const named = [lsvmbus, affinity].filter((file) => file !== undefined);
  if ([...files, ...named].filter((file) => file === '-').length > 1)
    throw new UsageError('standard input (-) is given twice', 'It is one file.');
  if (check) return checkCaptures([...files, ...named], stdio);
  const read = files.map((file) => readCapture(file, stdio));
  if (lsvmbus !== undefined) read.push(readKind(lsvmbus, stdio, 'devices', '--lsvmbus'));
  if (affinity !== undefined) read.push(readKind(affinity, stdio, 'procIrq', '--affinity'));
  const show = async (options: GuestOptions): Promise<string> =>
    (await guestsWith()(options)).procInterrupts();
  const { text, notes } = await scenarioOf(read, show, hyperv);
  for (const note of notes) stdio.err(`irqlab: ${note}\n`);
  if (output === undefined || output === '-') stdio.out(text);
  else writeText(output, text);
  return exitStatus.ok;
}
