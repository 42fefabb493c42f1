import type { IrqCore } from '../irq/core.js';
import type { KernelVersion } from '../irq/kernel.js';
import { Machine } from '../machine/machine.js';
import { createGuestTree } from '../view/guest-tree.js';
import type { ArchCounts, ArchInterrupts } from '../view/interrupts/arch.js';
import { loseAgain, type ParsedInterrupts, parseInterrupts } from '../view/interrupts/parse.js';
import type { InterruptsForm, InterruptsRow, IrqRow } from '../view/interrupts/table.js';
import type { FileTree } from '../view/tree.js';
import { RecordedLayer, type RecordedLine } from '../view/recorded-layer.js';
import { kernelOfForm } from './kernel-of-form.js';

/** A machine that shows what a captured /proc/interrupts shows. */
export interface ImportedInterrupts {
  readonly parsed: ParsedInterrupts;
  /** The kernel that the machine runs: see kernelOfForm. */
  readonly kernel: KernelVersion;
  readonly irq: IrqCore;
  readonly tree: FileTree;
  /** The machine's /proc/interrupts, without the trailing blanks that the capture has lost. */
  text(): string;
}

function machineWith(cpus: readonly number[]): Machine {
  const machine = new Machine({ present: Math.max(...cpus) + 1, online: cpus });
  if (cpus.includes(0)) return machine;
  machine.online.clear(0);
  machine.cpu(0).online = false;
  machine.thisCpu = machine.online.first();
  return machine;
}

function perPossibleCpu(nrCpuIds: number, cpus: readonly number[], counts: readonly number[]): number[] {
  const all = new Array<number>(nrCpuIds).fill(0);
  for (const [at, cpu] of cpus.entries()) all[cpu] = counts[at];
  return all;
}

function recordedLine(row: IrqRow, nrCpuIds: number, cpus: readonly number[]): RecordedLine {
  const { irq, chip, hwirq, flow, actions, trigger } = row;
  return {
    irq,
    chip: chip === '-' ? null : chip,
    hwirq: hwirq ?? 0,
    domain: hwirq === null ? null : chip,
    name: flow,
    actions,
    chained: false,
    counts: perPossibleCpu(nrCpuIds, cpus, row.counts),
    tot_count: row.counts.reduce((sum, count) => (sum + count) >>> 0, 0),
    ...(row.chipPrinted && { printed: chip }),
    irqd: ['ACTIVATED', 'IRQ_STARTED', ...(trigger === 'Level' ? ['LEVEL'] : [])],
    ...(actions.length > 0 && { depth: 0 }),
  };
}

function archCounts(rows: readonly InterruptsRow[], nrCpuIds: number, cpus: readonly number[]): ArchCounts[] {
  const firstIrq = rows.findIndex((row) => row.kind === 'irq');
  return rows.flatMap((row, at): ArchCounts[] => {
    if (row.kind === 'irq') return [];
    const above = at < firstIrq;
    if (row.kind === 'total')
      return [{ label: row.label, text: '', counts: [row.total], single: true, above }];
    const { label, text, lead, gap } = row;
    const counts = row.counts.length === 0 ? [] : perPossibleCpu(nrCpuIds, cpus, row.counts);
    return [{ label, text, counts, spacing: { lead, gap }, above }];
  });
}

/** A value of nr_irqs that makes the first column `width` wide. */
function nrIrqsFor(width: number, form: InterruptsForm, highest: number): number {
  const narrowest = form === '7.2' ? 4 : 3;
  return width > narrowest
    ? Math.max(10 ** (width - 1), highest + 1)
    : Math.min(highest + 1, 10 ** width - 1);
}

/**
 * Builds a machine from a captured /proc/interrupts: the same CPUs, interrupts, chips, actions and counts.
 *
 * @throws InterruptsSyntaxError with line and column.
 * @throws RangeError for what no machine can have, such as the interrupt number 0x7fffffff.
 */
export function importInterrupts(text: string): ImportedInterrupts {
  const parsed = parseInterrupts(text);
  const { form, table } = parsed;
  const { cpus, rows } = table;
  if (cpus.length === 0) throw new RangeError('the capture shows no CPU');
  const kernel = kernelOfForm[form];
  const machine = machineWith(cpus);
  const { nrCpuIds } = machine;
  const lines = rows.filter((row): row is IrqRow => row.kind === 'irq');
  const layer = new RecordedLayer(machine, kernel, 16);
  const { core } = layer;
  const descs = lines.map((row) => layer.addLine(recordedLine(row, nrCpuIds, cpus)));
  core.nrIrqs = nrIrqsFor(table.labelWidth, form, Math.max(0, ...lines.map(({ irq }) => irq)));
  const sources = archCounts(rows, nrCpuIds, cpus);
  const levelColumn = lines.some((row) => row.trigger !== null);
  const arch: ArchInterrupts = { arch: parsed.arch, levelColumn, sources: () => sources };
  const tree = createGuestTree({ irq: core, arch, interrupts: { form, chipWidth: table.chipWidth } });
  for (const desc of descs) for (const action of desc.actions()) core.proc.registerHandler(desc, action);
  return {
    parsed,
    kernel,
    irq: core,
    tree,
    text: () => loseAgain(tree.readFile('/proc/interrupts'), parsed),
  };
}
