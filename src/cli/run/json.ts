import { jsonText } from '../../command/json.js';
import type { StatsReport } from '../../guest/run-stats.js';
import type { ScenarioGuest } from '../../scenario/port.js';
import type { RunResult } from '../../scenario/runner.js';
import type { Scenario } from '../../scenario/scenario.js';
import { subjectOf } from '../../scenario/workloads/index.js';
import { parseInterrupts } from '../../view/interrupts/parse.js';

/** A run's result for machines: one JSON object. Times are ns from the end of booting. */
export function resultJson(
  scenario: Scenario,
  guest: ScenarioGuest,
  result: RunResult,
  stats?: StatsReport,
): string {
  const { cpus, rows } = parseInterrupts(guest.readFile('/proc/interrupts')).table;
  const interrupts = rows.flatMap((row) => {
    if (row.kind !== 'irq') return [];
    const { irq, counts, chip, hwirq, trigger, flow, actions } = row;
    return [{ irq, counts, chip, hwirq, trigger, flow, actions }];
  });
  const architectureRows: object[] = [];
  for (const row of rows) {
    if (row.kind === 'total') architectureRows.push({ name: row.label, total: row.total });
    if (row.kind === 'arch') architectureRows.push({ name: row.label, counts: row.counts, text: row.text });
  }
  const { ok, endNs, steps, printouts, printFailures, hangs, hangFailure, workload } = result;
  const json = {
    scenario: scenario.file,
    description: scenario.description,
    ok,
    endNs,
    steps: steps.map(({ place: { line, column }, ...step }) => ({ line, column, ...step })),
    workload: workload.map((tally, i) => ({ ...subjectOf(scenario.workload[i]), ...tally })),
    printouts,
    printFailures,
    hangs: hangs.map(({ functions, ...hang }) => ({ ...hang, function: functions[0], functions })),
    hangFailure,
    cpus,
    interrupts,
    architectureRows,
    refused: Object.fromEntries(guest.refused()),
    host: { ...guest.host.totals },
    stats,
  };
  return jsonText('run', json);
}
