import { writeFileSync } from 'node:fs';
import { mergeReports } from '../../explore/report/merge.js';
import type { MemoryModel } from '../../explore/model.js';
import type { Progress, Strategy } from '../../explore/options.js';
import type { Report } from '../../explore/report/report.js';
import type { Shard } from '../../explore/search/search.js';
import { formatTraceFile, traceFileOf } from '../../explore/report/trace-file.js';
import { races } from '../../races/index.js';
import type { Race, RaceVariant } from '../../races/race.js';
import { type CommandIo, type ExitStatus, exitStatus, UsageError } from '../command.js';
import { parseReport } from './report-file.js';
import { searchWith, withMinimal } from './search.js';
import { nameWidth, type Row, rowText, runTable } from './table.js';
import type { Search, TaskRunner } from './task.js';
import { listText, number, reportText } from './text.js';

export interface ExploreCommandOptions {
  readonly variant?: string;
  readonly all?: boolean;
  readonly strategy?: Strategy['kind'];
  readonly preemptions: number;
  readonly depth: number;
  readonly seed: number;
  readonly executions: number;
  readonly memory?: MemoryModel;
  readonly shard?: Shard;
  readonly saveReport?: string;
  readonly save?: string;
  readonly maxExecutions?: number;
  readonly maxSteps?: number;
  readonly seconds?: number;
  readonly json?: boolean;
}

/** `irqlab explore`: lists the races, searches one, or all. */
export async function runExplore(
  id: string | undefined,
  options: ExploreCommandOptions,
  io: CommandIo,
  runner: TaskRunner,
): Promise<ExitStatus> {
  if (options.all) {
    if (id !== undefined) throw new UsageError(`--all is all races; leave out "${id}" or --all`);
    return exploreTable(races, options, io, runner);
  }
  if (id === undefined) {
    io.out(options.json ? `${JSON.stringify(races.map(listed), undefined, 2)}\n` : listText(races));
    return exitStatus.ok;
  }
  const race = findRace(id);
  if (options.variant === undefined) return exploreTable([race], options, io, runner);
  return exploreVariant(race, findVariant(race, options.variant), options, io, runner);
}

/** `irqlab explore merge`: puts the reports of the parts of a search together. */
export async function runMerge(
  files: readonly string[],
  options: Pick<ExploreCommandOptions, 'json' | 'save'>,
  io: CommandIo,
  runner: TaskRunner,
  read: (file: string) => string,
): Promise<ExitStatus> {
  const merged = mergeAll(files, read);
  const [id = '', name = ''] = merged.model.split('/');
  const race = findRace(id);
  const variant = findVariant(race, name);
  const search = { race: race.id, variant: variant.name, memory: merged.memory, strategy: variant.strategy };
  return conclude(await withMinimal(runner, search, merged), variant, options, io);
}

function mergeAll(files: readonly string[], read: (file: string) => string): Report {
  try {
    return mergeReports(files.map((file) => parseReport(read(file), file)));
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}

async function exploreVariant(
  race: Race,
  variant: RaceVariant,
  options: ExploreCommandOptions,
  io: CommandIo,
  runner: TaskRunner,
): Promise<ExitStatus> {
  const { memory = variant.memory, shard, maxExecutions, maxSteps, seconds } = options;
  const search: Search = {
    race: race.id,
    variant: variant.name,
    memory,
    strategy: strategyOf(options, variant),
    ...(shard && { shard }),
    ...(maxExecutions !== undefined && { maxExecutions }),
    ...(maxSteps !== undefined && { maxSteps }),
    ...(seconds !== undefined && { seconds }),
  };
  const report = await searchWith(runner, search, (progress) => io.progress?.(progressText(progress)));
  io.progress?.('');
  if (options.saveReport !== undefined) write(options.saveReport, `${JSON.stringify(report)}\n`);
  return conclude(report, variant, options, io);
}

function conclude(
  report: Report,
  variant: RaceVariant,
  { save, json }: Pick<ExploreCommandOptions, 'save' | 'json'>,
  io: CommandIo,
): ExitStatus {
  const [violation] = report.violations;
  if (save !== undefined && violation !== undefined)
    write(save, formatTraceFile(traceFileOf(report, violation)));
  const hint =
    save === undefined
      ? 'To replay it: add --save FILE, then irqlab replay FILE'
      : `Replay: irqlab replay ${save}`;
  io.out(json ? `${JSON.stringify(report, undefined, 2)}\n` : reportText(report, hint));
  const { memory, expected, expectedOther } = variant;
  const wanted = report.memory === memory ? expected : expectedOther;
  if (wanted === undefined || wanted === report.verdict) return exitStatus.ok;
  // A part of a search, or one that ended early, need not find what is there.
  if (report.verdict === 'none' && !report.complete) return exitStatus.ok;
  io.err(`irqlab: expected ${wanted} for ${report.model}\n`);
  return exitStatus.failed;
}

async function exploreTable(
  table: readonly Race[],
  { json, maxExecutions, seconds }: ExploreCommandOptions,
  io: CommandIo,
  runner: TaskRunner,
): Promise<ExitStatus> {
  const width = nameWidth(table);
  const started = performance.now();
  const rows = await runTable(table, runner, io, { maxExecutions, seconds }, (row) => {
    if (!json) io.out(rowText(row, width));
  });
  const findings = await Promise.all(
    table
      .filter(({ findings }) => findings !== undefined)
      .map(async ({ id }) => ({ race: id, findings: await runner.run({ kind: 'findings', race: id }) })),
  );
  const different = rows.filter(({ differences }) => differences.length > 0).length;
  if (json) io.out(`${JSON.stringify({ rows: rows.map(withoutTrace), findings }, undefined, 2)}\n`);
  else {
    for (const { race, findings: lines } of findings)
      for (const line of lines) io.out(`     ${race}: ${line}\n`);
    const time = ((performance.now() - started) / 1000).toFixed(1);
    io.out(`${number(rows.length)} verdicts in ${time} s, ${different} different from what is expected\n`);
  }
  return different === 0 ? exitStatus.ok : exitStatus.failed;
}

/** In a table the interleavings are left out; each variant by itself shows its own. */
function withoutTrace(row: Row): unknown {
  const violations = row.report.violations.map(({ trace, ...violation }) => ({
    ...violation,
    steps: trace.steps.length,
  }));
  return { ...row, report: { ...row.report, violations } };
}

function listed({ id, source, property, variants }: Race): unknown {
  return { id, source, property, variants: variants.map(({ model, ...variant }) => variant) };
}

function strategyOf(options: ExploreCommandOptions, variant: RaceVariant): Strategy {
  const { strategy, preemptions, depth, seed, executions } = options;
  switch (strategy) {
    case undefined:
      return variant.strategy;
    case 'dfs':
    case 'dpor':
      return { kind: strategy };
    case 'bounded':
      return { kind: strategy, preemptions };
    case 'random':
      return { kind: strategy, seed, executions };
    case 'pct':
      return { kind: strategy, depth, seed, executions };
  }
}

function progressText({ executions, seconds = 0 }: Progress): string {
  const rate = seconds > 0 ? `, ${number(Math.round(executions / seconds))} a second` : '';
  return `${number(executions)} executions in ${seconds.toFixed(0)} s${rate}`;
}

export function findRace(id: string): Race {
  const race = races.find((candidate) => candidate.id === id);
  if (race !== undefined) return race;
  throw new UsageError(`there is no race "${id}"`, `Races: ${races.map((known) => known.id).join(', ')}`);
}

export function findVariant(race: Race, name: string): RaceVariant {
  const variant = race.variants.find((candidate) => candidate.name === name);
  if (variant !== undefined) return variant;
  throw new UsageError(
    `race ${race.id} has no variant "${name}"`,
    `Variants: ${race.variants.map((known) => known.name).join(', ')}`,
  );
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new UsageError(`${file} cannot be written: ${error instanceof Error ? error.message : error}`);
  }
}
