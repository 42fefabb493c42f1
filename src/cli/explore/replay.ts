import { type JsonHead, jsonText } from '../../command/json.js';
import { laneTable } from '../../explore/report/lane-table.js';
import { type ReplayResult, replay } from '../../explore/replay.js';
import type { Trace, TraceStep } from '../../explore/report/report.js';
import { parseTraceFile, type TraceFile } from '../../explore/report/trace-file.js';
import { type ExitStatus, exitStatus } from '../../command/exit-status.js';
import type { Stdio } from '../../command/stdio.js';
import { UsageError } from '../../command/usage-error.js';
import { readText } from '../../command/named-file.js';
import { noPlugins, type PluginOptions } from '../../command/plugins.js';
import type { Race } from '../../races/race.js';
import { drawn } from './drawn.js';
import { ReplayTrace, type ReplayTraceOptions } from './replay-trace.js';
import { fileNamedIn } from './named-from.js';
import { blamingRace, loadOwnRace } from './own-race.js';
import { racesWith } from '../../command/races-with.js';
import type { TraceFormat } from './options.js';
import { memoryText } from '../../explore/report/effort.js';
import { foundText, reportPaint } from './text.js';
import { raceNamed, variantNamed } from './race-named.js';

/** What `irqlab replay --json` prints. */
export interface ReplayJson extends JsonHead<'replay'>, ReplayResult {}

export interface ReplayCommandOptions extends PluginOptions, ReplayTraceOptions {
  /** The file of the race, if it is one of the user's own; default: as the trace says. */
  readonly race?: string;
  readonly step?: boolean;
  readonly json?: boolean;
  readonly format?: TraceFormat;
  readonly width?: number;
}

/** `irqlab replay`: runs a saved interleaving again. The same file gives the same bytes. */
export async function runReplay(
  file: string,
  options: ReplayCommandOptions,
  stdio: Stdio,
): Promise<ExitStatus> {
  const saved = parse(readText(file, stdio).text, file);
  const raceFile = options.race ?? (saved.raceFile && fileNamedIn(file, saved.raceFile));
  if (raceFile === undefined)
    return show(saved, options, stdio, await racesWith((options.plugins ?? noPlugins).modules));
  const own = await loadOwnRace(raceFile);
  return blamingRace(own, async () => show(saved, options, stdio, [own.race]));
}

function show(
  saved: TraceFile,
  options: ReplayCommandOptions,
  stdio: Stdio,
  races: readonly Race[],
): ExitStatus {
  const [id = '', name = ''] = saved.model.split('/');
  const model = variantNamed(raceNamed(races, id), name).model();
  const walk: string[] = [];
  let before: readonly string[] = [];
  const onStep = (state: readonly string[], step: TraceStep | undefined): void => {
    walk.push(stepText(walk.length, saved, state, before, step));
    before = state;
  };
  const watcher =
    options.trace === undefined ? undefined : new ReplayTrace(options.trace, options.traceFormat);
  const { trace, violation, divergence } = replay(model, saved, {
    ...(options.step && { onStep }),
    ...(watcher && { watcher }),
  });
  watcher?.write();
  const { format = 'table', width } = options;
  if (options.json) stdio.out(jsonText<ReplayJson>('replay', { trace, violation, divergence }));
  else if (format !== 'table' && violation !== undefined) stdio.out(drawn(violation, format, saved.model));
  else {
    stdio.out(`${saved.model}, ${memoryText(saved.memory, bufferedWords(trace))}\n\n`);
    for (const text of walk) stdio.out(text);
    if (violation !== undefined) stdio.out(foundText(violation, { width }), reportPaint);
    else stdio.out(`${laneTable(trace, { width })}\n`);
  }
  if (divergence === undefined) return exitStatus.ok;
  const { after, expected, actual } = divergence;
  stdio.err(
    `irqlab: the trace no longer fits after ${after} of ${saved.steps.length} steps\n` +
      `  expected: ${expected}\n  actual:   ${actual}\n`,
  );
  return exitStatus.failed;
}

/** The words that the trace's stores put into store buffers. */
function bufferedWords({ steps }: Trace): string[] {
  const stores = steps.filter(({ buffered, action }) => buffered === true && action.startsWith('write '));
  return [...new Set(stores.map(({ action }) => action.slice('write '.length)))];
}

function parse(text: string, file: string): TraceFile {
  try {
    return parseTraceFile(text);
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
}

/** A step, and the state after it; what it changed is marked. */
function stepText(
  at: number,
  { steps }: TraceFile,
  state: readonly string[],
  before: readonly string[],
  step: TraceStep | undefined,
): string {
  const saved = steps[at - 1];
  const head =
    step === undefined || saved === undefined
      ? 'at the start'
      : `${at}. ${saved.lane}, ${step.label ?? step.context}: ${step.action}` +
        `${step.value === undefined ? '' : ` = ${step.value}`}${step.buffered === true ? ' (into the store buffer)' : ''}`;
  const lines = state.map((line, i) => `  ${at > 0 && line !== before[i] ? '*' : ' '} ${line}`);
  return `${[head, ...lines].join('\n')}\n\n`;
}
