import { jsonText } from '../command/json.js';
import { type ExitStatus, exitStatus } from '../command/exit-status.js';
import { writeNewText } from '../command/named-file.js';
import type { Stdio } from '../command/stdio.js';
import { withSchemaComment } from '../command/schema-comment.js';
import { UsageError } from '../command/usage-error.js';
import { findingsText } from './bundle/findings.js';
import { openRecording } from './bundle/recording.js';
import { readKind } from './capture-file.js';
import { type CaptureFile, understoodCapture } from './understood.js';
import { type CapturedMachine, machineOfFiles, machineOfRecording } from './captured-machine.js';
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
  if (check) return checkCaptures([...files, ...named], stdio);
  const machine = await machineIn(files, options, stdio);
  const { text: scenario, notes, findings } = await scenarioOf(machine, showInterrupts);
  const toStdout = output === undefined || output === '-';
  const text = withSchemaComment(scenario, toStdout ? undefined : output);
  if (!toStdout) writeNewText(output, text, force);
  if (json) stdio.out(jsonText('import', { ...(toStdout && { scenario: text }), ...findings }));
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
  const read: CaptureFile[] = [];
  for (const file of files) {
    const named = await openRecording(file, stdio);
    if (named.recording === undefined) read.push(understoodCapture(named.name, named.bytes));
    else if (files.length > 1 || lsvmbus !== undefined || affinity !== undefined)
      throw new UsageError(`${file} is a whole recording: it goes with no other file`);
    else return machineOfRecording(named.recording, hyperv);
  }
  if (lsvmbus !== undefined) read.push(readKind(lsvmbus, stdio, 'devices', '--lsvmbus'));
  if (affinity !== undefined) read.push(readKind(affinity, stdio, 'procIrq', '--affinity'));
  return machineOfFiles(read, hyperv);
}
