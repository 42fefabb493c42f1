import type { MemoryModel } from '../../explore/model.js';
import type { Strategy } from '../../explore/options.js';
import { executionsLimit, STOPPED_LIMIT } from '../../explore/report/merge.js';
import type { Report } from '../../explore/report/report.js';
import type { Race, RaceVariant, RaceVerdict } from '../../races/race.js';
import type { Stdio } from '../../command/stdio.js';
import { withMinimal } from './search.js';
import { type Search, StoppedError, type TaskRunner } from './task.js';
import { coverageText, number, sanitizedText } from './text.js';

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

interface Planned {
  readonly race: Race;
  readonly variant: RaceVariant;
  readonly memory: MemoryModel;
  readonly expected: RaceVerdict;
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

function planOf(race: Race, variant: RaceVariant): Planned[] {
  const { memory, expected, expectedOther } = variant;
  const plan: Planned[] = [{ race, variant, memory, expected }];
  if (expectedOther !== undefined) {
    plan.push({ race, variant, memory: memory === 'sc' ? 'tso' : 'sc', expected: expectedOther });
  }
  return plan;
}

async function runRow(
  { race, variant, memory, expected }: Planned,
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

/** Where a report differs from what the table of races expects. */
export function differencesOf(
  report: Report,
  { message, strategy }: { readonly message?: string; readonly strategy: Strategy },
  expected: RaceVerdict,
): string[] {
  const { verdict, violations, witnesses, unannounced } = report;
  if (unannounced !== undefined) return sanitizedDifferences(unannounced.length, verdict, expected);
  if (verdict !== expected) return [`expected ${expected}`];
  if (verdict === 'found') {
    const [violation] = violations;
    return message === undefined || violation.message.includes(message) ? [] : [`expected "${message}"`];
  }
  const differences = witnesses.filter(({ reached }) => !reached).map(({ name }) => `never seen: ${name}`);
  const unfinished = unfinishedText(report, { strategy });
  return unfinished === undefined ? differences : [...differences, unfinished];
}

/** A variant may ask for a bound; any other limit means that the search was cut short and proves nothing. */
function unfinishedText(
  { complete, limits }: Report,
  { strategy }: { readonly strategy: Strategy },
): string | undefined {
  const isWhole = complete || (strategy.kind !== 'dpor' && strategy.kind !== 'dfs' && limits.length === 1);
  return isWhole ? undefined : `not finished: ${limits.join('; ')}`;
}

/** A sanitized search may be a short one: what it did not come to is no difference. */
function sanitizedDifferences(unannounced: number, verdict: RaceVerdict, expected: RaceVerdict): string[] {
  const differences = verdict === 'found' && expected === 'none' ? ['expected none'] : [];
  return unannounced === 0 ? differences : [...differences, sanitizedText(unannounced)];
}

/** A row as a line. */
export function rowText(row: Row, width: number): string {
  const { race, variant, memory, report, differences, isStopped } = row;
  const { verdict, executions, seconds = 0, violations } = report;
  const what = verdict === 'found' ? violations[0].message : coverageText(report);
  const mark = isStopped ? '-- ' : differences.length === 0 ? 'ok ' : 'BAD';
  const name = `${race}/${variant}`.padEnd(width);
  const isSilent = (report.unannounced ?? []).length > 0;
  const said = isSilent ? 'unannounced' : isStopped ? '?' : verdict;
  const effort = `${number(executions)} executions, ${seconds.toFixed(2)} s`;
  const wrong = differences.map((difference) => `\n     ${difference}`).join('');
  return `${mark}  ${name}  ${memory.padEnd(3)}  ${said.padEnd(5)}  ${what} (${effort})${wrong}\n`;
}

/** Width of the names in a table. */
export function nameWidth(races: readonly Race[]): number {
  return Math.max(
    ...races.flatMap(({ id, variants }) => variants.map(({ name }) => id.length + name.length + 1)),
  );
}
