import { guestsWith, openScenario } from '../../command/scenario-file.js';
import { type CreateGuest, bootGuest } from '../../command/boot-guest.js';
import { type ExitStatus, exitStatus } from '../../command/exit-status.js';
import type { PluginOptions } from '../../command/plugins.js';
import { runGuest } from '../../command/run-guest.js';
import type { Stdio } from '../../command/stdio.js';
import { type CountableGuest, countSignals } from '../../command/count-signals.js';
import type { StatsReport } from '../../guest/run-stats.js';
import type { GuestTrace, TraceOptions } from '../../guest/trace.js';
import type { LogLine } from '../../machine/log.js';
import type { Printout, RunResult } from '../../scenario/runner.js';
import { dmesgText } from '../../view/kmsg.js';
import type { FileTree } from '../../view/tree.js';
import { resultJson } from './json.js';
import { treeText } from './listing.js';
import { failurePaint, failureText, printoutText } from './text.js';
import { refuseWithoutTrace, TraceFile, type TraceFileOptions } from './trace-file.js';

export interface RunOptions extends PluginOptions, TraceFileOptions {
  readonly json?: boolean;
  /** How long to run, in place of what the file says. */
  readonly seconds?: number;
  /** Print the kernel log at the end, instead of what the file says. */
  readonly dmesg?: boolean;
  /** Count what becomes of signals, how long they take, and what CPUs do. */
  readonly stats?: boolean;
  /** List the guest's files at the end, instead of what the file says. */
  readonly tree?: boolean;
}

/** A guest that also shows its files and its kernel log. */
export interface ShownGuest extends CountableGuest {
  readonly fs: FileTree;
  readonly log: readonly LogLine[];
  /** Those of kernels that ran before. */
  readonly earlierLogs: readonly (readonly LogLine[])[];
  /** Traces events from now on. */
  trace(options: TraceOptions): GuestTrace;
}

/** `irqlab run`: runs the guest of a scenario file, prints, and reports the expectations that do not hold. */
export async function runFile(
  file: string,
  options: RunOptions,
  stdio: Stdio,
  create: CreateGuest<ShownGuest> = guestsWith(options.plugins),
): Promise<ExitStatus> {
  refuseWithoutTrace(options);
  const { json, seconds } = options;
  const scenario = openScenario(file, stdio, options.plugins);
  const guest = await bootGuest(scenario, create);
  const traceFile = options.trace === undefined ? undefined : new TraceFile(options.trace, guest, options);
  const stats = options.stats ? await countSignals(guest) : undefined;
  const runNs = seconds === undefined ? undefined : Math.round(seconds * 1e9);
  const isListed = options.dmesg === true || options.tree === true;
  const note = options.trace === undefined ? '' : `; ${options.trace} is left empty`;
  const shown = isListed ? { ...scenario, print: [] } : scenario;
  const ran = runGuest(guest, shown, { runNs, note, tell: stdio.progress });
  const result = isListed ? { ...ran, printouts: listings(guest, options, ran.endNs) } : ran;
  const report = stats?.report();
  if (json) stdio.out(resultJson(scenario, guest, result, report));
  else stdio.out(printoutText(result) + (report === undefined ? '' : await statsTable(report, result)));
  stdio.err(failureText(scenario.file, result) + (traceFile?.write() ?? ''), failurePaint);
  return result.ok ? exitStatus.ok : exitStatus.failed;
}

/** What prints them is loaded for who asks only. */
async function statsTable(report: StatsReport, { printouts }: RunResult): Promise<string> {
  const { statsText } = await import('./stats-text.js');
  return (printouts.length > 0 ? '\n' : '') + statsText(report);
}

/** What is printed instead of the files that the scenario names. */
function listings(
  { fs, log, earlierLogs }: ShownGuest,
  { dmesg, tree }: RunOptions,
  atNs: number,
): Printout[] {
  return [
    ...(dmesg ? [{ path: 'dmesg', atNs, text: [...earlierLogs, log].map(dmesgText).join('') }] : []),
    ...(tree ? [{ path: '/', atNs, text: treeText(fs) }] : []),
  ];
}
