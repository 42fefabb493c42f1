import type { CpuId } from '../lib/brand.js';
import type { CpuMask } from '../machine/cpumask.js';
import { formatCpuList } from '../machine/cpumask-text.js';
import { archProbeNrIrqs } from '../platform/x86/platform.js';
import { ARM64_NR_IRQS } from '../platform/arm64/platform.js';
import { VMBUS_LINE_NAME } from '../platform/arm64/vmbus-ppi.js';
import type { Architecture } from '../scenario/options/architecture.js';
import type { ChannelOptions } from '../scenario/options/channels.js';
import type { CpuCounts } from '../scenario/options/counts.js';
import type { GuestOptions, KernelVersion } from '../scenario/options/guest.js';
import type { InterruptFlow, InterruptOptions } from '../scenario/options/interrupts.js';
import type { ArchitectureRowOptions, ProcInterruptsOptions } from '../scenario/options/proc-interrupts.js';
import { archSpacing, hasLevelColumn } from '../view/interrupts/arch.js';
import type { ParsedInterrupts } from '../view/interrupts/parse.js';
import {
  type InterruptsForm,
  type InterruptsRow,
  type IrqRow,
  labelWidth,
} from '../view/interrupts/table.js';
import type { LsvmbusDevice } from './lsvmbus.js';
import type { ProcIrqDump } from './proc-irq-dump.js';
import { vmbusGuest } from './vmbus-rows.js';

/** What captures of one machine say. */
export interface Captures {
  readonly interrupts?: ParsedInterrupts;
  readonly devices?: readonly LsvmbusDevice[];
  readonly procIrq?: ProcIrqDump;
  /** Take the interrupts of VMBus channels for ones without a device. */
  readonly withoutDevices?: boolean;
}

/** A guest made from captures, and what its user should know of it. */
export interface CapturedGuest {
  readonly options: GuestOptions;
  readonly notes: readonly string[];
}

/** The eldest modelled kernel with a form, or the next younger. */
const kernelOfForm: Readonly<Record<InterruptsForm, KernelVersion>> = {
  '2.6.18': '6.1',
  '3.18': '6.1',
  '6.1': '6.1',
  '6.12': '6.12',
  '6.13': '6.18',
  '7.2': '7.2',
};

/** Forms that a modelled kernel has by itself. */
const ownForms: ReadonlySet<InterruptsForm> = new Set(['6.1', '6.12', '6.13', '7.2']);

/** Counts of the hypervisor's interrupts: only guests of Hyper-V have any. */
const hyperVRows: ReadonlySet<string> = new Set(['HYP', 'HRE', 'HVS']);

/** Makes a guest of captures. @throws CaptureSyntaxError for an interrupt that cannot be part of it. */
export function guestOfCaptures(captures: Captures): CapturedGuest {
  const { interrupts, procIrq } = captures;
  if (interrupts === undefined) return guestOfDevices(captures.devices ?? []);
  const notes: string[] = [];
  const { form, table } = interrupts;
  const irqRows = table.rows.filter((row): row is IrqRow => row.kind === 'irq');
  // VMBus' host talks to CPU 0, so without it there can be no channel.
  const canHaveVmbus = table.cpus[0] === 0;
  const devices = canHaveVmbus ? captures.devices : undefined;
  const usesRows = canHaveVmbus && captures.withoutDevices !== true;
  const channelRows = usesRows ? irqRows.filter(isChannelRow) : [];
  const arch: Architecture = interrupts.arch === 'arm64' ? 'arm64' : 'x86_64';
  const kernel = kernelOfForm[form];
  if (!ownForms.has(form))
    notes.push(`the layout is that of ${form}; the guest behaves like kernel ${kernel}`);
  const isModelled =
    interrupts.arch === 'arm64' || interrupts.arch === 'x86' || interrupts.arch === 'unknown';
  if (!isModelled) notes.push(`${interrupts.arch} is shown, but the guest behaves like ${arch}`);
  const vmbus = vmbusGuest(channelRows, devices, (row) => targetOf(row, table.cpus, procIrq));
  notes.push(...vmbus.notes);
  const vmbusRows = channelRows.filter((row) => !vmbus.unexplained.includes(row));
  const isHyperV =
    irqRows.some(isChannelRow) || captures.devices !== undefined || table.rows.some(countsHyperV);
  if (isHyperV && !canHaveVmbus) {
    notes.push('CPU 0 is offline, where VMBus needs it: the guest has no VMBus devices');
  } else if (isHyperV && vmbus.devices.length === 0) {
    notes.push('the capture is of a guest of Hyper-V, but says nothing of its devices: give --lsvmbus');
  }
  const highest = Math.max(...table.cpus, ...vmbus.channels.map(({ cpu = 0 }) => cpu));
  const possible = 1 + Math.max(highest, ...affinities(procIrq));
  const nrCpus = highest + 1;
  const counts = (of: readonly number[]): CpuCounts => countsOf(of, table.cpus, nrCpus);
  const channels = vmbus.channels.map((channel): ChannelOptions => {
    const row = vmbusRows.find(({ hwirq }) => hwirq === channel.relid);
    return row === undefined ? channel : { ...channel, counts: counts(row.counts) };
  });
  const options: GuestOptions = {
    kernel,
    ...(arch !== 'x86_64' && { arch }),
    cpus: cpusOf(table.cpus, nrCpus, possible),
    ...nrIrqsOf(interrupts, arch, possible),
    ...(!(isHyperV && canHaveVmbus) && { vmbus: false }),
    ...procInterruptsOf(interrupts, kernel, arch),
    ...(vmbus.devices.length > 0 && { devices: vmbus.devices }),
    ...(channels.length > 0 && { channels }),
    interrupts: irqRows
      .filter((row) => !vmbusRows.includes(row))
      .map((row) => interruptOf(row, counts(row.counts), procIrq, interrupts)),
    architectureRows: table.rows.flatMap((row, at) => {
      const above = at < table.rows.findIndex(({ kind }) => kind === 'irq');
      return row.kind === 'irq' ? [] : [archRowOf(row, counts, above, interrupts)];
    }),
  };
  return { options, notes };
}

function guestOfDevices(devices: readonly LsvmbusDevice[]): CapturedGuest {
  const { devices: options, channels, notes } = vmbusGuest([], devices, () => undefined);
  const cpus = 1 + Math.max(0, ...channels.map(({ cpu = 0 }) => cpu));
  return { options: { cpus, devices: options, ...(channels.length > 0 && { channels }) }, notes };
}

/** True for the interrupt of a VMBus channel. */
export function isChannelRow({ chip, hwirq, chipPrinted }: IrqRow): boolean {
  return chip === 'VMBus' && hwirq !== null && !chipPrinted;
}

function countsHyperV(row: InterruptsRow): boolean {
  if (row.kind === 'irq') return row.actions.includes(VMBUS_LINE_NAME);
  return row.kind === 'arch' && hyperVRows.has(row.label) && row.counts.some((count) => count > 0);
}

/** The CPU that a channel's interrupt goes to, if the captures tell. */
function targetOf(
  { irq, counts }: IrqRow,
  cpus: readonly CpuId[],
  procIrq: ProcIrqDump | undefined,
): CpuId | undefined {
  const mask = procIrq?.effective.get(irq) ?? procIrq?.affinity.get(irq);
  if (mask !== undefined && mask.weight === 1) return mask.first();
  const most = Math.max(...counts);
  return most === 0 ? undefined : cpus[counts.indexOf(most)];
}

function affinities(procIrq: ProcIrqDump | undefined): number[] {
  return [...(procIrq?.affinity.values() ?? [])].map((mask) => highestOf(mask));
}

function highestOf(mask: CpuMask): CpuId {
  let highest = 0;
  for (const cpu of mask) highest = cpu;
  return highest;
}

function cpusOf(online: readonly CpuId[], present: number, possible: number): GuestOptions['cpus'] {
  if (online.length === present && possible === present) return present;
  return { present, ...(possible > present && { possible }), ...(online.length < present && { online }) };
}

/** Counts of the CPUs shown, in the shortest form. */
function countsOf(counts: readonly number[], cpus: readonly CpuId[], nrCpus: number): CpuCounts {
  const nonZero = counts.flatMap((count, at) => (count === 0 ? [] : [[cpus[at], count] as const]));
  if (nonZero.length === 0) return 0;
  if (nonZero.length * 2 <= nrCpus) return Object.fromEntries(nonZero);
  const all = new Array<number>(nrCpus).fill(0);
  for (const [cpu, count] of nonZero) all[cpu] = count;
  return all;
}

/** A number of interrupts with which the first column is as wide as in the capture. */
function nrIrqsOf(
  { table, form }: ParsedInterrupts,
  arch: Architecture,
  nrCpuIds: number,
): { nrIrqs?: number } {
  const width = table.labelWidth;
  const usual = arch === 'arm64' ? ARM64_NR_IRQS : archProbeNrIrqs(nrCpuIds);
  const highest = Math.max(0, ...table.rows.map((row) => (row.kind === 'irq' ? row.irq : 0)));
  if (labelWidth(form, Math.max(usual, highest + 1)) === width) return {};
  const narrowest = labelWidth(form, 0);
  return { nrIrqs: width > narrowest ? Math.max(10 ** (width - 1), highest + 1) : Math.max(17, highest + 1) };
}

function procInterruptsOf(
  parsed: ParsedInterrupts,
  kernel: KernelVersion,
  arch: Architecture,
): { procInterrupts?: ProcInterruptsOptions } {
  const { form, table } = parsed;
  const usualArch = arch === 'arm64' ? 'arm64' : 'x86';
  const levels = table.rows.some((row) => row.kind === 'irq' && row.trigger !== null);
  const usualLevels = hasLevelColumn({ arch: parsed.arch, sources: () => [] });
  const options: ProcInterruptsOptions = {
    ...((!ownForms.has(form) || kernelOfForm[form] !== kernel) && { form }),
    ...(parsed.arch !== usualArch && { arch: parsed.arch }),
    ...(levels !== usualLevels && { levelColumn: levels }),
    ...(form === '7.2' && table.chipWidth > 8 && { chipWidth: table.chipWidth }),
  };
  return Object.keys(options).length > 0 ? { procInterrupts: options } : {};
}

const flows: ReadonlyMap<string, InterruptFlow> = new Map([
  ['edge', 'edge'],
  ['level', 'level'],
  ['fasteoi', 'fasteoi'],
  ['percpu', 'percpu'],
]);

/** The flow that a row speaks of: by its flow handler's name, the end of its chip's name, or its trigger. */
function flowOf({ flow, chip, trigger }: IrqRow): InterruptFlow {
  const named = flows.get(flow ?? /-(\w+)$/.exec(chip)?.[1] ?? '');
  if (named !== undefined) return named;
  if (trigger !== null) return trigger === 'Edge' ? 'edge' : 'level';
  return 'simple';
}

function interruptOf(
  row: IrqRow,
  counts: CpuCounts,
  procIrq: ProcIrqDump | undefined,
  { arch }: ParsedInterrupts,
): InterruptOptions {
  const { irq, chip, chipPrinted, hwirq, trigger, actions } = row;
  const flow = flowOf(row);
  const usualTrigger = flow === 'edge' ? 'edge' : 'level';
  const shownTrigger = trigger === 'Edge' ? 'edge' : 'level';
  const usualName = arch === 'arm64' ? null : flow;
  const mask = procIrq?.affinity.get(irq);
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
    ...(counts !== 0 && { counts }),
  };
}

function archRowOf(
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
