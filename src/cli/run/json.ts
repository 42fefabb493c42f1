import { type JsonHead, jsonText } from '../../command/json.js';
import type { StatsReport } from '../../guest/run-stats.js';
import type { HostTotals } from '../../host/totals.js';
import type { CpuId, Irq } from '../../lib/brand.js';
import type { ScenarioGuest } from '../../scenario/port.js';
import type { Hang, RunResult, StepOutcome } from '../../scenario/runner.js';
import type { Scenario } from '../../scenario/scenario.js';
import { subjectOf, type WorkloadSubject } from '../../scenario/workloads/index.js';
import type { SignalTally } from '../../scenario/workloads/workload.js';
import { parseInterrupts } from '../../view/interrupts/parse.js';
import type { IrqText } from '../../view/interrupts/table.js';

/** One step of the timeline, at its place in the file. */
export interface RunJsonStep extends Omit<StepOutcome, 'place'> {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** An interrupt with a number of its own in /proc/interrupts. */
export interface RunJsonInterrupt extends Omit<IrqText, 'chipPrinted'> {
  readonly irq: Irq;
  /** One count for each of `cpus`. */
  readonly counts: readonly number[];
}

/** A context that hangs at the end of a run, with the innermost of its functions. */
export interface RunJsonHang extends Hang {
  readonly function: string | undefined;
}

/** A row of /proc/interrupts that the architecture writes: LOC, HYP; ERR and MIS have one count for all CPUs. */
export type RunJsonArchitectureRow =
  | { readonly name: string; readonly counts: readonly number[]; readonly text: string }
  | { readonly name: string; readonly total: number };

/** What `irqlab run --json` prints. Times are ns from the end of booting. */
export interface RunJson extends JsonHead<'run'>, Omit<RunResult, 'steps' | 'workload' | 'hangs'> {
  /** The scenario's file, and what it says of itself. */
  readonly scenario: string;
  readonly description: string;
  readonly steps: readonly RunJsonStep[];
  /** One for each workload of the scenario: whom it signals, and how often. */
  readonly workload: readonly (WorkloadSubject & Readonly<SignalTally>)[];
  /** Contexts of the guest that hang at the end, the one that has waited longest first. */
  readonly hangs: readonly RunJsonHang[];
  /** The CPUs that the counts below are of. */
  readonly cpus: readonly CpuId[];
  readonly interrupts: readonly RunJsonInterrupt[];
  readonly architectureRows: readonly RunJsonArchitectureRow[];
  /** What the guest has refused of its host: how often, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  readonly host: HostTotals;
  /** With --stats. */
  readonly stats?: StatsReport;
}

/** A run's result for machines: one JSON object. */
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
  const architectureRows: RunJsonArchitectureRow[] = [];
  for (const row of rows) {
    if (row.kind === 'total') architectureRows.push({ name: row.label, total: row.total });
    if (row.kind === 'arch') architectureRows.push({ name: row.label, counts: row.counts, text: row.text });
  }
  const { ok, endNs, steps, printouts, printFailures, hangs, hangFailure, workload } = result;
  return jsonText<RunJson>('run', {
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
  });
}
