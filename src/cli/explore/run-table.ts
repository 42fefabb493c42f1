import { type JsonHead, jsonText } from '../../command/json.js';
import { type ExitStatus, exitStatus } from '../../command/exit-status.js';
import { mergeUnannounced, unannouncedText } from '../../explore/report/unannounced.js';
import type { Stdio } from '../../command/stdio.js';
import type { Report, Violation } from '../../explore/report/report.js';
import type { Race } from '../../races/race.js';
import type { ExploreCommandOptions } from './options.js';
import { nameWidth, type Row, rowPaint, rowText, runTable, type Unfinished } from './table.js';
import type { TaskRunner } from './task.js';
import { number, sanitizedText } from '../../explore/report/effort.js';

/** A violation without its interleaving, of which there is the number of its steps. */
export interface ViolationInTable extends Omit<Violation, 'trace'> {
  readonly steps: number;
}

/** A row of the table: a variant under one memory model. */
export interface ExploreTableJsonRow extends Omit<Row, 'report'> {
  readonly report: Omit<Report, 'violations'> & { readonly violations: readonly ViolationInTable[] };
}

/** Further findings of a race, in words. */
export interface FindingsOfRace {
  readonly race: string;
  readonly findings: readonly string[];
}

/** What `irqlab explore RACE --json` and `irqlab explore --all --json` print. */
export interface ExploreTableJson extends JsonHead<'explore-table'> {
  readonly rows: readonly ExploreTableJsonRow[];
  readonly unfinished: readonly Unfinished[];
  readonly findings: readonly FindingsOfRace[];
}

/** Executions of each variant in a sanitized table: the accesses of most steps are seen in the first ones. */
const SANITIZED_EXECUTIONS = 300;

/** Searches all variants of some races and prints a line for each as it is done. */
export async function exploreTable(
  table: readonly Race[],
  { json, maxExecutions, seconds, sanitize }: ExploreCommandOptions,
  stdio: Stdio,
  runner: TaskRunner,
): Promise<ExitStatus> {
  const width = nameWidth(table);
  const started = performance.now();
  const limits = {
    seconds,
    sanitize,
    maxExecutions: maxExecutions ?? (sanitize ? SANITIZED_EXECUTIONS : undefined),
  };
  const { rows, unfinished } = await runTable(table, runner, stdio, limits, (row) => {
    if (!json) stdio.out(rowText(row, width), rowPaint);
  });
  const unannounced = mergeUnannounced(rows.map(({ report }) => report));
  const findings = runner.isStopped ? [] : await findingsOf(table, runner);
  const different = rows.filter(({ differences }) => differences.length > 0).length;
  if (json)
    stdio.out(
      jsonText<ExploreTableJson>('explore-table', { rows: rows.map(withoutTrace), unfinished, findings }),
    );
  else {
    for (const { race, findings: lines } of findings)
      for (const line of lines) stdio.out(`     ${race}: ${line}\n`);
    for (const finding of unannounced) stdio.out(`\n${unannouncedText(finding)}`);
    if (sanitize) stdio.out(`${sanitizedText(unannounced.length)} in what was run\n`);
    const time = ((performance.now() - started) / 1000).toFixed(1);
    const stopped = rows.filter(({ isStopped }) => isStopped);
    const verdicts = rows.length - stopped.length;
    stdio.out(`${number(verdicts)} verdicts in ${time} s, ${different} different from what is expected\n`);
    const given = unfinished.filter(({ hasBegun }) => hasBegun).map(({ name }) => name);
    const names = [...stopped.map(({ race, variant, memory }) => `${race}/${variant} (${memory})`), ...given];
    const notBegun = unfinished.filter(({ hasBegun }) => !hasBegun).map(({ name }) => name);
    if (names.length > 0) stdio.out(`${names.length} stopped before their end: ${names.join(', ')}\n`);
    if (notBegun.length > 0) stdio.out(`${notBegun.length} not begun: ${notBegun.join(', ')}\n`);
  }
  const cutShort = rows.some(({ isStopped, isAsked }) => isStopped && !isAsked);
  return different === 0 && !cutShort ? exitStatus.ok : exitStatus.failed;
}

async function findingsOf(table: readonly Race[], runner: TaskRunner): Promise<FindingsOfRace[]> {
  const withFindings = table.filter(({ findings }) => findings !== undefined);
  return Promise.all(
    withFindings.map(async ({ id }) => ({
      race: id,
      findings: await runner.run({ kind: 'findings', race: id }),
    })),
  );
}

/** A table leaves the interleavings out: `--variant` shows that of one. */
function withoutTrace(row: Row): ExploreTableJsonRow {
  const violations = row.report.violations.map(({ trace, ...violation }) => ({
    ...violation,
    steps: trace.steps.length,
  }));
  return { ...row, report: { ...row.report, violations } };
}
