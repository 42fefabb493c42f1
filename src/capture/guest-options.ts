import type { CpuId, Irq, Relid } from '../lib/brand.js';
import { formatCpuList } from '../machine/cpumask-text.js';
import type { CpuMask } from '../machine/cpumask.js';
import { VMBUS_LINE_NAME } from '../platform/arm64/vmbus-ppi.js';
import { builtinPlatforms } from '../platform/index.js';
import type { PlatformDefinition } from '../platform/platform.js';
import type { ChannelOptions } from '../scenario/options/channels.js';
import { type CpuOptions, resolveCpus } from '../scenario/options/cpus.js';
import type { CpuCounts } from '../scenario/options/counts.js';
import type { KernelVersion } from '../scenario/options/kernel.js';
import type { CapturedOptions } from './captured-options.js';
import type { ArchitectureRowOptions } from '../scenario/options/proc-interrupts.js';
import type { ParsedInterrupts } from '../view/interrupts/parse.js';
import type { InterruptsRow, IrqRow } from '../view/interrupts/table.js';
import { hasColumnsOf, nrIrqsOf, ownForms, procInterruptsOf } from './form-options.js';
import { kernelOfForm } from './kernel-of-form.js';
import { kernelOfRelease, type MachineFacts } from './bundle/machine-facts.js';
import type { MachinePciFunction } from './bundle/pci-functions.js';
import type { LsvmbusDevice } from './lsvmbus.js';
import { modelledPlatform, platformOf } from './platform-of.js';
import type { ProcIrqDump } from './proc-irq-dump.js';
import { managedIrqs } from './managed.js';
import { pciOptions } from './pci-options.js';
import { archRowOf, countsOf, interruptOf } from './row-options.js';
import { vmbusGuest, type VmbusPart } from './vmbus-rows.js';

/** What captures of one machine say. */
export interface Captures {
  readonly interrupts?: ParsedInterrupts;
  readonly devices?: readonly LsvmbusDevice[];
  readonly procIrq?: ProcIrqDump;
  /** PCI functions that interrupt by messages. */
  readonly pci?: readonly MachinePciFunction[];
  /** What the machine's files say beside these. */
  readonly machine?: MachineFacts;
  /** Channels whose interrupts are plain ones, without a device. */
  readonly bare?: ReadonlySet<Relid>;
  /** Interrupts of which nobody says which CPU they go to. */
  readonly unplaced?: ReadonlySet<Irq>;
  /** The numbers of channels' interrupts are said, not left to the guest. */
  readonly isNumbered?: boolean;
  /** The user says that this is a guest of Hyper-V. */
  readonly hyperv?: boolean;
}

/** A guest made from captures, and what its user should know of it. */
export interface CapturedGuest {
  readonly options: CapturedOptions;
  readonly notes: readonly string[];
}

/** Rows that x86 has as a guest of Hyper-V only. HYP is that of any hypervisor's callbacks. */
const hyperVRows: ReadonlySet<string> = new Set(['HRE', 'HVS']);
/** Chips of interrupts that Hyper-V passes through. */
const HYPERV_PCI = /^(?:Hyper-V PCIe MSI|HV-PCI-MSI)/;

const [defaultPlatform] = builtinPlatforms;

/** Makes a guest of captures. */
export function guestOfCaptures(captures: Captures): CapturedGuest {
  const { interrupts, procIrq, machine = {} } = captures;
  if (interrupts === undefined) return guestOfDevices(captures.devices ?? []);
  const { form, table } = interrupts;
  const irqRows = table.rows.filter((row): row is IrqRow => row.kind === 'irq');
  // The host's messages go to CPU 0 (VMBUS_CONNECT_CPU): without it there is no channel.
  const canHaveVmbus = table.cpus[0] === 0;
  const { bare, isNumbered = false } = captures;
  const placed = withoutPlaces(procIrq, captures.unplaced);
  const hasDevice = (relid: number | null): boolean => relid === null || bare?.has(relid) !== true;
  const channelRows = canHaveVmbus ? irqRows.filter((row) => isChannelRow(row) && hasDevice(row.hwirq)) : [];
  const listed = canHaveVmbus ? captures.devices?.filter(({ relid }) => hasDevice(relid)) : undefined;
  const vmbus = vmbusGuest(channelRows, listed, (row) => targetOf(row, table.cpus, procIrq));
  const ofChannels = channelRows.filter((row) => !vmbus.unexplained.includes(row));
  const isHyperV =
    captures.hyperv === true ||
    machine.vmbus === true ||
    captures.devices !== undefined ||
    table.rows.some(isOfHyperV);
  const platform = platformOf(interrupts.arch);
  // A table without interrupts has no columns that tell one layout from another.
  const fits = (one: KernelVersion): boolean => irqRows.length === 0 || hasColumnsOf(one, form);
  const kernel = kernelOfRelease(machine.release, kernelOfForm[form], fits);
  const highest = Math.max(...table.cpus, ...vmbus.channels.map(({ cpu = 0 }) => cpu));
  const cpus = cpusOf(table.cpus, highest, 1 + Math.max(highest, ...affinities(procIrq)), machine.cpus);
  const { present: nrCpus, possible } = resolveCpus(cpus);
  const counts = (of: readonly number[]): CpuCounts => countsOf(of, table.cpus, nrCpus);
  const channels = vmbus.channels.map((channel): ChannelOptions => {
    const row = ofChannels.find(({ hwirq }) => hwirq === channel.relid);
    if (row === undefined) return channel;
    const affinity = wideAffinity(placed?.affinity.get(row.irq), channel.cpu);
    return {
      ...channel,
      ...(isNumbered && { irq: row.irq }),
      ...(affinity !== undefined && { affinity }),
      counts: counts(row.counts),
    };
  });
  const plainRows = irqRows.filter((row) => !ofChannels.includes(row));
  const managed = managedIrqs(plainRows, procIrq, possible);
  const { devices, pci } = pciOptions(captures.pci ?? [], vmbus.devices, plainRows, platform);
  const options: CapturedOptions = {
    kernel,
    ...(platform !== defaultPlatform && { arch: platform.name }),
    cpus,
    ...(machine.cmdline !== undefined && { cmdline: machine.cmdline }),
    ...(machine.moduleParameters !== undefined && { moduleParameters: machine.moduleParameters }),
    ...nrIrqsOf(interrupts, platform, possible),
    ...(!(isHyperV && canHaveVmbus) && { vmbus: false }),
    ...procInterruptsOf(interrupts, kernel, platform),
    // A kernel without the RFC: its channels have no interrupts of their own.
    ...(captures.machine !== undefined &&
      devices.length > 0 &&
      channelRows.length === 0 && { design: 'mainline' }),
    ...(devices.length > 0 && { devices }),
    ...(channels.length > 0 && { channels }),
    interrupts: plainRows.map((row) =>
      interruptOf(row, counts(row.counts), placed, managed.get(row.irq), interrupts),
    ),
    ...(pci.length > 0 && { pci }),
    architectureRows: archRowsOf(interrupts, counts),
  };
  const notes = [
    ...notesOnForm(interrupts, kernel, platform),
    ...vmbus.notes,
    ...notesOnManaged(managed),
    ...(isHyperV ? notesOnVmbus(canHaveVmbus, vmbus, bare) : notesOnHypervisor(table.rows)),
  ];
  return { options, notes };
}

/** Without the places of some interrupts. */
function withoutPlaces(
  procIrq: ProcIrqDump | undefined,
  unplaced: ReadonlySet<Irq> | undefined,
): ProcIrqDump | undefined {
  if (procIrq === undefined || unplaced === undefined) return procIrq;
  return { ...procIrq, effective: new Map([...procIrq.effective].filter(([irq]) => !unplaced.has(irq))) };
}

/** The CPUs that a channel's interrupt may go to, if there are more than the one that it goes to. */
function wideAffinity(mask: CpuMask | undefined, cpu: CpuId | undefined): string | undefined {
  if (mask === undefined || cpu === undefined || mask.weight < 2 || !mask.has(cpu)) return undefined;
  return formatCpuList(mask);
}

/** Where the guest does not behave as the capture's kernel does. */
function notesOnForm(
  { form, arch: shown }: ParsedInterrupts,
  kernel: KernelVersion,
  platform: PlatformDefinition,
): string[] {
  const notes: string[] = [];
  if (!ownForms.has(form))
    notes.push(`the layout is that of ${form}; the guest behaves like kernel ${kernel}`);
  const isModelled = shown === 'unknown' || modelledPlatform(shown) !== undefined;
  if (!isModelled) notes.push(`${shown} is shown, but the guest behaves like ${platform.name}`);
  return notes;
}

function notesOnManaged(managed: ReadonlyMap<Irq, boolean>): string[] {
  const irqs = [...managed].flatMap(([irq, isManaged]) => (isManaged ? [irq] : []));
  if (irqs.length === 0) return [];
  return [
    `the kernel manages IRQs ${irqs.join(', ')} (managed): their names are those of queues, and their affinities share out all CPUs`,
  ];
}

/** Why a guest of Hyper-V has no devices. */
function notesOnVmbus(canHaveVmbus: boolean, { devices }: VmbusPart, bare: Captures['bare']): string[] {
  if (!canHaveVmbus) return ['CPU 0 is offline, where VMBus needs it: the guest has no VMBus devices'];
  if (devices.length > 0 || bare !== undefined) return [];
  return ['the capture is of a guest of Hyper-V, but says nothing of its devices: give --lsvmbus'];
}

/** Why a guest of some hypervisor has no VMBus. */
function notesOnHypervisor(rows: readonly InterruptsRow[]): string[] {
  const row = rows.find(({ kind, ...of }) => kind === 'arch' && 'label' in of && of.label === 'HYP');
  if (row?.kind !== 'arch' || row.counts.every((count) => count === 0)) return [];
  return [
    'HYP counts callbacks of any hypervisor, and nothing else tells of Hyper-V: the guest has no VMBus; --hyperv says that it is one of Hyper-V',
  ];
}

function archRowsOf(
  interrupts: ParsedInterrupts,
  counts: (of: readonly number[]) => CpuCounts,
): ArchitectureRowOptions[] {
  const { rows } = interrupts.table;
  const firstIrq = rows.findIndex(({ kind }) => kind === 'irq');
  return rows.flatMap((row, at) =>
    row.kind === 'irq' ? [] : [archRowOf(row, counts, at < firstIrq, interrupts)],
  );
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

function isOfHyperV(row: InterruptsRow): boolean {
  if (row.kind === 'arch') return hyperVRows.has(row.label);
  if (row.kind !== 'irq') return false;
  return isChannelRow(row) || HYPERV_PCI.test(row.chip) || row.actions.includes(VMBUS_LINE_NAME);
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

/**
 * The CPUs of a guest.
 *
 * @param highest CPU that something is on.
 * @param named so many CPUs are spoken of.
 * @param known what the machine's files say; `online` only if the kernel was told to boot with no more.
 */
function cpusOf(
  online: readonly CpuId[],
  highest: CpuId,
  named: number,
  known: CpuOptions | undefined,
): number | CpuOptions {
  const present = Math.max(highest + 1, known?.present ?? 0);
  const possible = Math.max(present, named, known?.possible ?? 0);
  const {
    present: _present,
    possible: knownPossible = known?.present,
    online: limited,
    nodes,
    packages,
    ...rest
  } = known ?? {};
  // Without CPU 0 there is no VMBus, and no CPU 0 that could go.
  const booted = limited ?? (online[0] === 0 ? upTo(present) : online);
  const went = booted.filter((cpu) => !online.includes(cpu));
  const options: CpuOptions = {
    present,
    ...(possible > present && { possible }),
    ...(booted.length < present && { online: booted }),
    ...(went.length > 0 && { wentOffline: went }),
    ...rest,
    ...(possible === knownPossible && nodes !== undefined && { nodes }),
    ...(possible === knownPossible &&
      packages !== undefined &&
      packages !== packagesOf(nodes) && { packages }),
  };
  return Object.keys(options).length === 1 ? present : options;
}

function upTo(count: number): CpuId[] {
  return Array.from({ length: count }, (_, cpu) => cpu);
}

/** The number of packages that a guest has unless it is said. */
function packagesOf(nodes: CpuOptions['nodes']): number {
  return typeof nodes === 'number' ? nodes : 1;
}
