import type { MemoryModel } from '../../explore/model.js';
import { executionsLimit, STOPPED_LIMIT } from '../../explore/report/merge.js';
import type { Report } from '../../explore/report/report.js';
import type { Race, RaceVerdict } from '../../races/race.js';
import type { Paint } from '../../command/paint.js';
import type { Stdio } from '../../command/stdio.js';
import { withMinimal } from './search.js';
import { type Search, StoppedError, type TaskRunner } from './task.js';
import { coverageText, numbered } from '../../explore/report/effort.js';
import { differencesOf, type PlannedRow, planOf, unfinishedText } from '../../races/verdict.js';

/** One line of the table: a variant under one memory model. */
export interface Row {
  readonly race: string;
  readonly variant: string;
  readonly memory: MemoryModel;
  readonly expected: RaceVerdict;
  readonly report: Report;
  /** Where the report differs from what the table of races expects; empty if nowhere. */
  readonly differences: readonly string[];
  /** The search did not come to its end and has found nothing: no verdict. */
  readonly isStopped: boolean;
  /** The user has asked for that, by Ctrl-C or a limit. */
  readonly isAsked: boolean;
}

/** What became of a table: rows with a report, in order, and the others. */
export interface Table {
  readonly rows: readonly Row[];
  readonly unfinished: readonly Unfinished[];
}

/** A row without a report: its search was not begun, or had to be given up. */
export interface Unfinished {
  readonly name: string;
  readonly hasBegun: boolean;
}

/** Runs all variants of `races`, one per thread, and compares each report with what the table of races expects. */
export async function runTable(
  races: readonly Race[],
  runner: TaskRunner,
  stdio: Stdio,
  limits: Pick<Search, 'maxExecutions' | 'seconds' | 'sanitize'>,
  onRow: (row: Row) => void,
): Promise<Table> {
  const plan = races.flatMap((race) => race.variants.flatMap((variant) => planOf(race, variant)));
  let done = 0;
  let shown = 0;
  const rows: (Row | Unfinished)[] = [];
  const endMs = performance.now() + (limits.seconds ?? Number.POSITIVE_INFINITY) * 1000;
  const end =
    limits.seconds === undefined ? undefined : setTimeout(() => runner.stop(), limits.seconds * 1000);
  const tell = (): void => stdio.progress?.(`${done} of ${plan.length} done`);
  tell();
  await Promise.all(
    plan.map(async (planned, at) => {
      if (performance.now() > endMs) runner.stop();
      rows[at] = await runRow(planned, runner, limits);
      done += 1;
      for (; shown < rows.length && rows[shown] !== undefined; shown++) {
        const row = rows[shown];
        if ('report' in row) onRow(row);
      }
      tell();
    }),
  );
  clearTimeout(end);
  stdio.progress?.('');
  return {
    rows: rows.filter((row) => 'report' in row),
    unfinished: rows.filter((row): row is Unfinished => !('report' in row)),
  };
}

async function runRow(
  { race, variant, memory, expected }: PlannedRow,
  runner: TaskRunner,
  { maxExecutions, sanitize = false }: Pick<Search, 'maxExecutions' | 'sanitize'>,
): Promise<Row | Unfinished> {
  const search = {
    race: race.id,
    variant: variant.name,
    memory,
    strategy: variant.strategy,
    ...(sanitize && { sanitize }),
    ...(maxExecutions !== undefined && { maxExecutions }),
  };
  try {
    const report = await withMinimal(runner, search, await runner.run({ kind: 'search', search }));
    const isStopped = report.verdict === 'none' && unfinishedText(report, variant) !== undefined;
    const asked = [STOPPED_LIMIT, ...(maxExecutions === undefined ? [] : [executionsLimit(maxExecutions)])];
    const isAsked = report.limits.some((limit) => asked.includes(limit));
    const differences = isStopped ? [] : differencesOf(report, variant, expected);
    return {
      race: race.id,
      variant: variant.name,
      memory,
      expected,
      report,
      differences,
      isStopped,
      isAsked,
    };
  } catch (error) {
    if (error instanceof StoppedError)
      return { name: `${race.id}/${variant.name} (${memory})`, hasBegun: error.hasBegun };
    throw error;
  }
}

/** Of rowText. */
export const rowPaint: Paint = [
  [/^ok(?= )/g, 'good'],
  [/^BAD(?= )/g, 'bad'],
  [/^--(?= )/g, 'doubtful'],
];

/** A row as a line. */
export function rowText(row: Row, width: number): string {
  const { race, variant, memory, report, differences, isStopped } = row;
  const { verdict, executions, seconds = 0, violations } = report;
  const what = verdict === 'found' ? violations[0].message : coverageText(report);
  const mark = isStopped ? '-- ' : differences.length === 0 ? 'ok ' : 'BAD';
  const name = `${race}/${variant}`.padEnd(width);
  const isSilent = (report.unannounced ?? []).length > 0;
  const said = isSilent ? 'unannounced' : isStopped ? '?' : verdict;
  const effort = `${numbered(executions, 'execution')}, ${seconds.toFixed(2)} s`;
  const wrong = differences.map((difference) => `\n     ${difference}`).join('');
  return `${mark}  ${name}  ${memory.padEnd(3)}  ${said.padEnd(5)}  ${what} (${effort})${wrong}\n`;
}

/** Width of the names in a table. */
export function nameWidth(races: readonly Race[]): number {
  return Math.max(
    ...races.flatMap(({ id, variants }) => variants.map(({ name }) => id.length + name.length + 1)),
  );
}
