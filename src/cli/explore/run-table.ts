import { type ExitStatus, exitStatus } from '../../command/exit-status.js';
import type { Stdio } from '../../command/stdio.js';
import type { Race } from '../../races/race.js';
import type { ExploreCommandOptions } from './options.js';
import { nameWidth, type Row, rowText, runTable } from './table.js';
import type { TaskRunner } from './task.js';
import { number } from './text.js';

/** Searches all variants of some races and prints a line for each as it is done. */
export async function exploreTable(
  table: readonly Race[],
  { json, maxExecutions, seconds }: ExploreCommandOptions,
  stdio: Stdio,
  runner: TaskRunner,
): Promise<ExitStatus> {
  const width = nameWidth(table);
  const started = performance.now();
  const rows = await runTable(table, runner, stdio, { maxExecutions, seconds }, (row) => {
    if (!json) stdio.out(rowText(row, width));
  });
  const findings = await Promise.all(
    table
      .filter(({ findings }) => findings !== undefined)
      .map(async ({ id }) => ({ race: id, findings: await runner.run({ kind: 'findings', race: id }) })),
  );
  const different = rows.filter(({ differences }) => differences.length > 0).length;
  if (json) stdio.out(`${JSON.stringify({ rows: rows.map(withoutTrace), findings }, undefined, 2)}\n`);
  else {
    for (const { race, findings: lines } of findings)
      for (const line of lines) stdio.out(`     ${race}: ${line}\n`);
    const time = ((performance.now() - started) / 1000).toFixed(1);
    stdio.out(`${number(rows.length)} verdicts in ${time} s, ${different} different from what is expected\n`);
  }
  return different === 0 ? exitStatus.ok : exitStatus.failed;
}

/** A table leaves the interleavings out: `--variant` shows that of one. */
function withoutTrace(row: Row): unknown {
  const violations = row.report.violations.map(({ trace, ...violation }) => ({
    ...violation,
    steps: trace.steps.length,
  }));
  return { ...row, report: { ...row.report, violations } };
}
