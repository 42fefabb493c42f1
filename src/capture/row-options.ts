import type { CpuId, Irq } from '../lib/brand.js';
import { formatCpuList } from '../machine/cpumask-text.js';
import type { CpuCounts } from '../scenario/options/counts.js';
import type { InterruptFlow, InterruptOptions } from '../scenario/options/interrupts.js';
import type { ArchitectureRowOptions } from '../scenario/options/proc-interrupts.js';
import { archSpacing } from '../view/interrupts/arch.js';
import type { ParsedInterrupts } from '../view/interrupts/parse.js';
import type { InterruptsRow, IrqRow } from '../view/interrupts/table.js';
import type { ProcIrqDump } from './proc-irq-dump.js';
import { platformOf } from './platform-of.js';

/** The counts of the shown CPUs in the shortest form that a scenario has for them. */
export function countsOf(counts: readonly number[], cpus: readonly CpuId[], nrCpus: number): CpuCounts {
  const nonZero = counts.flatMap((count, at) => (count === 0 ? [] : [[cpus[at], count] as const]));
  if (nonZero.length === 0) return 0;
  if (nonZero.length * 2 <= nrCpus) return Object.fromEntries(nonZero);
  const all = new Array<number>(nrCpus).fill(0);
  for (const [cpu, count] of nonZero) all[cpu] = count;
  return all;
}

const flows: ReadonlyMap<string, InterruptFlow> = new Map([
  ['edge', 'edge'],
  ['level', 'level'],
  ['fasteoi', 'fasteoi'],
  ['percpu', 'percpu'],
]);

/** The flow handler of a row, from its name, the end of the chip's name, or the trigger. */
function flowOf({ flow, chip, trigger }: IrqRow): InterruptFlow {
  const named = flows.get(flow ?? /-(\w+)$/.exec(chip)?.[1] ?? '');
  if (named !== undefined) return named;
  if (trigger !== null) return trigger === 'Edge' ? 'edge' : 'level';
  return 'simple';
}

/** The CPU that an interrupt goes to, of several that it may go to; undefined if that is not known. */
function placeOf(irq: Irq, procIrq: ProcIrqDump | undefined): CpuId | undefined {
  const [affinity, effective] = [procIrq?.affinity.get(irq), procIrq?.effective.get(irq)];
  if (affinity === undefined || affinity.isEmpty || effective?.weight !== 1) return undefined;
  const cpu = effective.first();
  // One that is not in its affinity is about to move.
  return affinity.weight < 2 && affinity.has(cpu) ? undefined : cpu;
}

/** The interrupt of a row that belongs to no channel. @param managed whether the kernel manages it, if that is known. */
export function interruptOf(
  row: IrqRow,
  counts: CpuCounts,
  procIrq: ProcIrqDump | undefined,
  managed: boolean | undefined,
  { arch }: ParsedInterrupts,
): InterruptOptions {
  const { irq, chip, chipPrinted, hwirq, trigger, actions } = row;
  const flow = flowOf(row);
  const usualTrigger = flow === 'edge' ? 'edge' : 'level';
  const shownTrigger = trigger === 'Edge' ? 'edge' : 'level';
  const usualName = platformOf(arch).namesFlows ? flow : null;
  const mask = procIrq?.affinity.get(irq);
  const node = flow === 'percpu' ? undefined : procIrq?.nodes.get(irq);
  const isPlaced = flow !== 'percpu' && actions.length > 0 && managed !== true;
  const cpu = isPlaced ? placeOf(irq, procIrq) : undefined;
  return {
    irq,
    chip,
    ...(chipPrinted && { chipPrinted }),
    hwirq,
    flow,
    ...(row.flow !== usualName && { flowName: row.flow }),
    ...(trigger !== null && shownTrigger !== usualTrigger && { trigger: shownTrigger }),
    ...(actions.length > 0 && { name: actions.join(', ') }),
    ...(mask !== undefined && !mask.isEmpty && { affinity: formatCpuList(mask) }),
    ...(cpu !== undefined && { cpu }),
    ...(managed !== undefined && { managed }),
    ...(node !== undefined && { node }),
    ...(counts !== 0 && { counts }),
  };
}

/** A row of the architecture. */
export function archRowOf(
  row: Exclude<InterruptsRow, IrqRow>,
  counts: (of: readonly number[]) => CpuCounts,
  above: boolean,
  { arch, form, table }: ParsedInterrupts,
): ArchitectureRowOptions {
  const { label } = row;
  if (row.kind === 'total') return { label, total: row.total, ...(above && { above }) };
  const { lead, gap, text } = row;
  const usual = archSpacing(arch, form, table.labelWidth);
  const isUsual = lead === usual.lead && gap === usual.gap;
  return {
    label,
    ...(text !== '' && { text }),
    ...(row.counts.length > 0 && { counts: counts(row.counts) }),
    ...(!isUsual && { lead, gap }),
    ...(above && { above }),
  };
}
