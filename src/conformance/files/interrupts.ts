import { kernelBehaviour } from '../../irq/kernel.js';
import { handleBadIrq } from '../../irq/line/badirq.js';
import { handlePercpuDevidIrq, handlePercpuIrq } from '../../irq/line/percpu-flow.js';
import { irqSettingsSet, irqStatus } from '../../irq/data/settings.js';
import { createGuestTree } from '../../view/guest-tree.js';
import type { ArchInterrupts, ArchCounts } from '../../view/interrupts/arch.js';
import { parseInterrupts, reprintInterrupts } from '../../view/interrupts/parse.js';
import type { InterruptsRow } from '../../view/interrupts/table.js';
import { x86_64 } from '../../platform/x86/definition.js';
import { type Comparison, judge, unknownKernel } from '../judge.js';
import { RecordedLayer, type RecordedLine } from '../../view/recorded-layer.js';
import { type RecordedCpus, recordedKernel, recordedMachine } from '../recorded.js';
import type { CaseResult, Replayer } from '../replayer.js';

/** A row that x86 adds: counts and a text, or one number. */
type RecordedArchRow =
  | { readonly label: string; readonly counts: readonly number[]; readonly text: string }
  | { readonly label: string; readonly total: number };

interface RecordedInterrupts {
  readonly kernel: string;
  readonly config: string;
  readonly snapshot: string;
  readonly cpus: RecordedCpus;
  readonly nr_irqs: number;
  readonly irqs: readonly (RecordedLine & {
    readonly flow: string;
    readonly hidden: boolean;
    /** Newer recordings only. */
    readonly per_cpu?: boolean;
  })[];
  readonly arch_rows: readonly RecordedArchRow[];
  /** /proc/interrupts itself, from the file beside this one. */
  readonly text: string;
}

function archSource(row: RecordedArchRow): ArchCounts {
  if ('total' in row) return { label: row.label, text: '', counts: [row.total], single: true };
  return row;
}

/** The machine's own rows have counts per online CPU in the recording, per possible CPU in the model. */
function archInterrupts(recorded: RecordedInterrupts, online: readonly number[]): ArchInterrupts {
  const sources = recorded.arch_rows.map(archSource).map((source): ArchCounts => {
    if (source.single) return source;
    const counts = new Array<number>(recorded.cpus.nr_cpu_ids).fill(0);
    const perOnline = source.counts.length === online.length;
    for (const [at, cpu] of online.entries()) counts[cpu] = source.counts[perOnline ? at : cpu];
    return { ...source, counts };
  });
  return { arch: 'x86', sources: () => sources };
}

/** Renders the recorded machine. */
function render(recorded: RecordedInterrupts): string | undefined {
  const kernel = recordedKernel(recorded.kernel);
  if (kernel === undefined) return undefined;
  const machine = recordedMachine(recorded.cpus);
  const layer = new RecordedLayer(machine, kernel, recorded.nr_irqs, x86_64.mostNrIrqs?.(machine.nrCpuIds));
  for (const line of recorded.irqs) {
    const desc = layer.addLine(line);
    if (line.per_cpu === true) irqSettingsSet(desc, irqStatus.PER_CPU);
    if (line.hidden) irqSettingsSet(desc, irqStatus.HIDDEN);
    if (line.flow === 'handle_percpu_irq') desc.handleIrq = handlePercpuIrq;
    if (line.flow === 'handle_percpu_devid_irq') desc.handleIrq = handlePercpuDevidIrq;
    if (line.flow === 'handle_bad_irq') desc.handleIrq = handleBadIrq;
  }
  const arch = archInterrupts(recorded, [...machine.online]);
  return createGuestTree({ irq: layer.core, arch }).readFile('/proc/interrupts');
}

/** What the text says, in the recording's words. */
function summary(row: InterruptsRow): unknown {
  switch (row.kind) {
    case 'irq':
      return [row.irq, row.counts, row.chip.trim(), row.hwirq, row.flow, row.actions.join(', ')];
    case 'arch':
      return [row.label, row.counts, row.text];
    case 'total':
      return [row.label, row.total];
  }
}

/** What the recording says of the rows that the text shows. */
function* expectedSummaries(
  recorded: RecordedInterrupts,
  shown: ReadonlySet<number>,
  online: readonly number[],
) {
  const kernel = recordedKernel(recorded.kernel);
  const looksAtTotal = kernel !== undefined && kernelBehaviour(kernel).procInterruptsForm === '7.2';
  for (const line of recorded.irqs) {
    if (!shown.has(line.irq)) continue;
    // Where the total says that there are none, the counts are not looked at.
    const isSilent = looksAtTotal && line.per_cpu !== true && line.tot_count === 0;
    const counts = online.map((cpu) => (isSilent ? 0 : line.counts[cpu]));
    const chip = (line.printed ?? line.chip ?? '-').trim();
    const actions = line.actions.map((name) => name ?? '(null)').join(', ');
    yield [line.irq, counts, chip, line.domain === null ? null : line.hwirq, line.name, actions];
  }
  for (const row of recorded.arch_rows) {
    if ('total' in row) yield [row.label, row.total];
    else
      yield [
        row.label,
        row.counts.length === online.length ? row.counts : online.map((cpu) => row.counts[cpu]),
        row.text,
      ];
  }
}

function* compare(recorded: RecordedInterrupts, rendered: string): Generator<Comparison> {
  const parsed = parseInterrupts(recorded.text);
  yield { what: 'text rendered', expected: recorded.text, actual: rendered };
  yield { what: 'text parsed and printed', expected: recorded.text, actual: reprintInterrupts(parsed) };
  const { rows, cpus } = parsed.table;
  const shown = new Set(rows.flatMap((row) => (row.kind === 'irq' ? [row.irq] : [])));
  yield { what: 'architecture', expected: 'x86', actual: parsed.arch };
  const expected = [...expectedSummaries(recorded, shown, cpus)];
  yield { what: 'number of rows', expected: expected.length, actual: rows.length };
  for (const [at, row] of rows.entries()) {
    yield { what: `parsed row ${at + 1}`, expected: expected[at], actual: summary(row) };
  }
}

/**
 * Replays snapshots of /proc/interrupts in both directions: the recorded machine renders to the text, and the text
 * parses to the recorded machine. The text (NAME.txt) is handed over as `text` beside the fields of NAME.json.
 */
export const interruptsReplayer: Replayer = {
  file: 'interrupts/*.json',
  replay(recorded: unknown): CaseResult {
    const snapshot = recorded as RecordedInterrupts;
    const id = `${snapshot.kernel} ${snapshot.config} ${snapshot.snapshot}`;
    const rendered = render(snapshot);
    if (rendered === undefined) return unknownKernel(id, snapshot.kernel);
    return judge(id, compare(snapshot, rendered));
  },
};
