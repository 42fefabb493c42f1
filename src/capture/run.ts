import { jsonText } from '../command/json.js';
import { type ExitStatus, exitStatus } from '../command/exit-status.js';
import { writeNewText } from '../command/named-file.js';
import type { Stdio } from '../command/stdio.js';
import { withSchemaComment } from '../command/schema-comment.js';
import { UsageError } from '../command/usage-error.js';
import { findingsText, type ImportJson } from './bundle/findings.js';
import { openRecording } from './bundle/open-recording.js';
import type { NamedRecording } from './bundle/recording.js';
import { readKind } from './capture-file.js';
import type { CaptureFile } from './understood.js';
import { type CapturedMachine, machineOf } from './captured-machine.js';
import { scenarioOf } from './captured-scenario.js';
import { checkCaptures } from './check.js';
import { showInterrupts } from './show-interrupts.js';

export interface ImportOptions {
  /** File with the output of lsvmbus. */
  readonly lsvmbus?: string;
  /** File with the output of grep on /proc/irq. */
  readonly affinity?: string;
  /** The captures are of a guest of Hyper-V, whatever they show. */
  readonly hyperv?: boolean;
  /** Read each file, print it again and compare; make no scenario. */
  readonly check?: boolean;
  /** Say what was made of the captures as JSON. */
  readonly json?: boolean;
  /** File for the scenario; default: standard output. */
  readonly output?: string;
  /** Write over a file that is there. */
  readonly force?: boolean;
}

/**
 * `irqlab import`: makes a scenario of captures, or checks that they are understood.
 *
 * @throws UsageError for files that cannot be used.
 */
export async function runImport(
  files: readonly string[],
  options: ImportOptions,
  stdio: Stdio,
): Promise<ExitStatus> {
  const { lsvmbus, affinity, check, json, output, force = false } = options;
  const named = [lsvmbus, affinity].filter((file) => file !== undefined);
  if ([...files, ...named].filter((file) => file === '-').length > 1)
    throw new UsageError('standard input (-) is given twice', 'It is one file.');
  if (check) return checkCaptures([...files, ...named], stdio, json);
  const machine = await machineIn(files, options, stdio);
  const { text: scenario, notes, findings } = await scenarioOf(machine, showInterrupts);
  const toStdout = output === undefined || output === '-';
  const text = withSchemaComment(scenario, toStdout ? undefined : output);
  if (!toStdout) writeNewText(output, text, force);
  if (json) stdio.out(jsonText<ImportJson>('import', { ...(toStdout && { scenario: text }), ...findings }));
  else {
    if (toStdout) stdio.out(text);
    stdio.err(
      machine.isRecording ? findingsText(findings) : notes.map((note) => `irqlab: ${note}\n`).join(''),
    );
  }
  return exitStatus.ok;
}

/** The machine that the files are of. @throws UsageError for files that are not one machine's. */
async function machineIn(
  files: readonly string[],
  { lsvmbus, affinity, hyperv = false }: ImportOptions,
  stdio: Stdio,
): Promise<CapturedMachine> {
  const named: NamedRecording[] = [];
  for (const file of files) named.push(await openRecording(file, stdio));
  const more: CaptureFile[] = [];
  if (lsvmbus !== undefined) more.push(readKind(lsvmbus, stdio, 'devices', '--lsvmbus'));
  if (affinity !== undefined) more.push(readKind(affinity, stdio, 'procIrq', '--affinity'));
  return machineOf(named, more, hyperv);
}
