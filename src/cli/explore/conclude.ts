import { type JsonHead, jsonText } from '../../command/json.js';
import { type ExitStatus, exitStatus } from '../../command/exit-status.js';
import { writeText } from '../../command/named-file.js';
import type { Stdio } from '../../command/stdio.js';
import type { Report } from '../../explore/report/report.js';
import { replay } from '../../explore/replay.js';
import { formatTraceFile, traceFileOf } from '../../explore/report/trace-file.js';
import type { RaceVariant } from '../../races/race.js';
import type { ExploreCommandOptions } from './options.js';
import { drawn } from './drawn.js';
import { ReplayTrace } from './replay-trace.js';
import { namedFrom } from './named-from.js';
import { reportPaint, reportText } from './text.js';

/** What `irqlab explore RACE VARIANT --json` and `irqlab explore merge --json` print. */
export interface ExploreJson extends JsonHead<'explore'>, Report {}

export type ConcludeOptions = Pick<
  ExploreCommandOptions,
  'save' | 'trace' | 'traceFormat' | 'raceFile' | 'json' | 'format' | 'width'
>;

/** Shows a report, saves the interleaving that it found, and checks the verdict against the table of races. */
export function conclude(
  report: Report,
  variant: RaceVariant,
  { save, trace, traceFormat, raceFile, json, format, width }: ConcludeOptions,
  stdio: Stdio,
): ExitStatus {
  const [violation] = report.violations;
  const files = [save, trace].filter((file) => file !== undefined);
  if (files.length > 0 && violation === undefined)
    stdio.err(`irqlab: nothing was found, so ${files.join(' and ')} was not written\n`);
  if (trace !== undefined && violation !== undefined) {
    const watcher = new ReplayTrace(trace, traceFormat);
    replay(variant.model(), traceFileOf(report, violation), { watcher });
    watcher.write();
  }
  if (save !== undefined && violation !== undefined)
    writeText(save, formatTraceFile(traceFileOf(report, violation, raceFile && namedFrom(save, raceFile))));
  const hint =
    save === undefined
      ? 'To replay it: add --save FILE, then irqlab replay FILE'
      : `Replay: irqlab replay ${save}`;
  if (json) stdio.out(jsonText<ExploreJson>('explore', report));
  else if (violation === undefined || format === undefined || format === 'table') {
    stdio.out(reportText(report, hint, { width }), reportPaint);
  } else stdio.out(drawn(violation, format, report.model));
  if (report.unannounced !== undefined && report.unannounced.length > 0) return exitStatus.failed;
  const { memory, expected, expectedOther, expectedArm64 } = variant;
  const other = report.memory === 'arm64' ? expectedArm64 : expectedOther;
  const wanted = report.memory === memory ? expected : other;
  if (wanted === undefined || wanted === report.verdict) return exitStatus.ok;
  // One shard, or a search that was cut short, may miss what is there.
  if (report.verdict === 'none' && !report.complete) return exitStatus.ok;
  stdio.err(`irqlab: expected ${wanted} for ${report.model}\n`);
  return exitStatus.failed;
}
