import type { MemoryModel } from '../../explore/model.js';
import type { Strategy } from '../../explore/options.js';
import type { Report } from '../../explore/report/report.js';
import type { Race, RaceVariant, RaceVerdict } from '../../races/race.js';
import type { Stdio } from '../../command/stdio.js';
import { withMinimal } from './search.js';
import type { Search, TaskRunner } from './task.js';
import { coverageText, number } from './text.js';

/** One line of the table: a variant under one memory model. */
export interface Row {
  readonly race: string;
  readonly variant: string;
  readonly memory: MemoryModel;
  readonly expected: RaceVerdict;
  readonly report: Report;
  /** Where the report differs from what the table of races expects; empty if nowhere. */
  readonly differences: readonly string[];
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
  limits: Pick<Search, 'maxExecutions' | 'seconds'>,
  onRow: (row: Row) => void,
): Promise<readonly Row[]> {
  const plan = races.flatMap((race) => race.variants.flatMap((variant) => planOf(race, variant)));
  let done = 0;
  let shown = 0;
  const rows: Row[] = [];
  const tell = (): void => stdio.progress?.(`${done} of ${plan.length} done`);
  tell();
  await Promise.all(
    plan.map(async (planned, at) => {
      rows[at] = await runRow(planned, runner, limits);
      done += 1;
      for (; rows[shown] !== undefined; shown++) onRow(rows[shown]);
      tell();
    }),
  );
  stdio.progress?.('');
  return rows;
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
  limits: Pick<Search, 'maxExecutions' | 'seconds'>,
): Promise<Row> {
  const search = { ...limits, race: race.id, variant: variant.name, memory, strategy: variant.strategy };
  const report = await withMinimal(runner, search, await runner.run({ kind: 'search', search }));
  const differences = differencesOf(report, variant, expected);
  return { race: race.id, variant: variant.name, memory, expected, report, differences };
}

/** Where a report differs from what the table of races expects. */
export function differencesOf(
  report: Report,
  { message, strategy }: { readonly message?: string; readonly strategy: Strategy },
  expected: RaceVerdict,
): string[] {
  const { verdict, violations, witnesses, limits, complete } = report;
  if (verdict !== expected) return [`expected ${expected}`];
  if (verdict === 'found') {
    const [violation] = violations;
    return message === undefined || violation.message.includes(message) ? [] : [`expected "${message}"`];
  }
  const differences = witnesses.filter(({ reached }) => !reached).map(({ name }) => `never seen: ${name}`);
  // A variant may ask for a bound; any other limit means that the search was cut short and proves nothing.
  if (!complete && (strategy.kind === 'dpor' || strategy.kind === 'dfs' || limits.length > 1)) {
    differences.push(`not finished: ${limits.join('; ')}`);
  }
  return differences;
}

/** A row as a line. */
export function rowText({ race, variant, memory, report, differences }: Row, width: number): string {
  const { verdict, executions, seconds = 0, violations } = report;
  const what = verdict === 'found' ? violations[0].message : coverageText(report);
  const mark = differences.length === 0 ? 'ok ' : 'BAD';
  const name = `${race}/${variant}`.padEnd(width);
  const effort = `${number(executions)} executions, ${seconds.toFixed(2)} s`;
  const wrong = differences.map((difference) => `\n     ${difference}`).join('');
  return `${mark}  ${name}  ${memory.padEnd(3)}  ${verdict.padEnd(5)}  ${what} (${effort})${wrong}\n`;
}

/** Width of the names in a table. */
export function nameWidth(races: readonly Race[]): number {
  return Math.max(
    ...races.flatMap(({ id, variants }) => variants.map(({ name }) => id.length + name.length + 1)),
  );
}
