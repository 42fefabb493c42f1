import type { CpuId, Irq, Relid } from '../../lib/brand.js';
import { parseCmdline } from '../../machine/cmdline.js';
import { formatCpuList } from '../../machine/cpumask-text.js';
import { topologyOf } from '../../machine/topology.js';
import { type ResolvedCpus, resolveCpus } from '../../scenario/options/cpus.js';
import { relidsOfOffered } from '../../scenario/offered-devices.js';
import type { CapturedOptions } from '../captured-options.js';
import type { IrqRow } from '../../view/interrupts/table.js';
import { rateOf } from '../bundle/rate.js';
import { countsOfIrq, type Snapshot } from '../bundle/snapshots.js';
import type { CapturedMachine } from '../captured-machine.js';
import { type Captures, guestOfCaptures, isChannelRow } from '../guest-options.js';

/** A channel of VMBus, or an interrupt outside it, of a machine. */
export interface PictureLine {
  /** The same in two pictures of one machine. */
  readonly key: string;
  /** For people: `channel 14 (storvsc)`, `IRQ 8 (rtc0)`. */
  readonly name: string;
  /** What it belongs to: `storvsc 14`, `nvme0`. */
  readonly device: string;
  readonly relid: Relid | undefined;
  readonly irq: Irq | undefined;
  /** The CPU that it goes to; undefined if that is not known, or it is each CPU's own. */
  readonly cpu: CpuId | undefined;
  /** CPUs that it may go to, as a list; undefined if that is not known. */
  readonly affinity: string | undefined;
  /** All that it has had; undefined if nobody counted. */
  readonly total: number | undefined;
  /** How often it came between the snapshots, on each CPU; undefined without them. */
  readonly perSecond: ReadonlyMap<CpuId, number> | undefined;
  /** The kernel alone decides where it goes. */
  readonly isManaged: boolean;
  /** What its rings and its monitor are like, by files of sysfs; empty where nothing is known. */
  readonly figures: ReadonlyMap<string, number>;
  /** Files that say where it goes. */
  readonly from: string;
}

/** Where a machine's interrupts go. */
export interface MachinePicture {
  readonly name: string;
  readonly online: readonly CpuId[];
  /** NUMA node of each CPU that is possible. */
  readonly nodeOf: readonly number[];
  /** CPUs that the kernel was told to leave alone. */
  readonly isolated: readonly CpuId[];
  readonly lines: readonly PictureLine[];
}

/** The picture of a captured machine. */
export function pictureOf({ captures, snapshots, title }: CapturedMachine): MachinePicture {
  const { options } = guestOfCaptures(captures);
  const cpus = resolveCpus(options.cpus);
  return {
    name: title,
    online: captures.interrupts?.table.cpus ?? cpus.online,
    nodeOf: nodesOf(cpus),
    isolated: isolatedIn(options, cpus),
    lines: [...channelLines(captures, options, snapshots), ...otherLines(captures, options, snapshots)],
  };
}

function nodesOf({ possible, nodes, packages, threadsPerCore }: ResolvedCpus): readonly number[] {
  return topologyOf(possible, { nodes, packages, threadsPerCore }).node;
}

function isolatedIn(
  { cmdline = '' }: CapturedOptions,
  { possible, present }: ResolvedCpus,
): readonly CpuId[] {
  const { domainIsolated, managedIrqIsolated } = parseCmdline(cmdline, possible, present);
  return [...new Set([...domainIsolated, ...managedIrqIsolated])].sort((a, b) => a - b);
}

function rowsOf({ interrupts }: Captures): IrqRow[] {
  return (interrupts?.table.rows ?? []).filter((row): row is IrqRow => row.kind === 'irq');
}

/** Channels of the devices that are known, and those of which there is a row only. */
function channelLines(
  captures: Captures,
  { devices = [], channels = [] }: CapturedOptions,
  snapshots: readonly Snapshot[],
): PictureLine[] {
  const rows = rowsOf(captures).filter(isChannelRow);
  const isListed = captures.devices !== undefined;
  const listed = (captures.devices ?? []).flatMap(({ channels: its }) => its);
  const figures = new Map(listed.map((one) => [one.relid, one.figures]));
  return devices.flatMap((device) =>
    relidsOfOffered(device).map((relid): PictureLine => {
      const driver = device.driver ?? 'no driver';
      const row = rows.find(({ hwirq }) => hwirq === relid);
      const channel = channels.find((one) => one.relid === relid);
      return {
        key: `channel ${relid}`,
        name: `channel ${relid} (${row?.actions.join(', ') ?? driver})`,
        device: `${driver} ${device.relid}`,
        relid,
        irq: row?.irq,
        cpu: channel?.cpu,
        affinity: row === undefined ? undefined : affinityOf(captures, row.irq),
        total: row === undefined ? snapshots.at(-1)?.channels.get(relid) : sum(row.counts),
        perSecond:
          row === undefined ? channelRate(snapshots, relid, channel?.cpu) : irqRates(snapshots, row.irq),
        isManaged: false,
        figures: figures.get(relid) ?? new Map<string, number>(),
        from: isListed ? `/sys/bus/vmbus/devices/*/channels/${relid}/cpu` : '/proc/interrupts',
      };
    }),
  );
}

function otherLines(
  captures: Captures,
  { interrupts = [] }: CapturedOptions,
  snapshots: readonly Snapshot[],
): PictureLine[] {
  const plain = new Set(interrupts.map(({ irq }) => irq));
  const managed = new Set(interrupts.flatMap((one) => (one.managed ? [one.irq] : [])));
  const seen = new Map<string, number>();
  return rowsOf(captures)
    .filter(({ irq }) => plain.has(irq))
    .map(({ irq, actions, counts }): PictureLine => {
      const action = actions.join(', ');
      // A number may be another device's the next time, so names count, and their order where several have the same.
      const ordinal = (seen.get(action) ?? 0) + 1;
      seen.set(action, ordinal);
      return {
        key: action === '' ? `IRQ ${irq}` : `${action} #${ordinal}`,
        name: action === '' ? `IRQ ${irq}` : `IRQ ${irq} (${action})`,
        device: action === '' ? 'nobody' : stemOf(action),
        relid: undefined,
        irq,
        cpu: targetOf(captures, irq),
        affinity: affinityOf(captures, irq),
        total: sum(counts),
        perSecond: irqRates(snapshots, irq),
        isManaged: managed.has(irq),
        figures: new Map(),
        from: `/proc/irq/${irq}/effective_affinity_list`,
      };
    });
}

/** `nvme0q3` is nvme0's, `virtio0-input.1` is virtio0's, `mana_q1@pci:7870:00:00.0` is mana's. */
function stemOf(action: string): string {
  return (
    /^(nvme\d+)q\d+$/.exec(action)?.[1] ?? /^(virtio\d+)-/.exec(action)?.[1] ?? action.replace(/_\w+@.*$/, '')
  );
}

function affinityOf({ procIrq }: Captures, irq: Irq): string | undefined {
  const mask = procIrq?.affinity.get(irq);
  return mask === undefined ? undefined : formatCpuList(mask);
}

function targetOf({ procIrq }: Captures, irq: Irq): CpuId | undefined {
  const mask = procIrq?.effective.get(irq);
  return mask?.weight === 1 ? mask.first() : undefined;
}

/** How often an interrupt came, on each CPU that it came to. */
function irqRates(snapshots: readonly Snapshot[], irq: Irq): ReadonlyMap<CpuId, number> | undefined {
  const last = snapshots.at(-1);
  if (last === undefined || snapshots.length < 2) return undefined;
  const timesS = snapshots.map(({ timeS }) => timeS);
  const rates = new Map<CpuId, number>();
  const counts = snapshots.map((one) => countsOfIrq(one, irq));
  for (const cpu of last.interrupts.table.cpus) {
    const rate = rateOf(
      timesS,
      counts.map((of, at) => of?.[snapshots[at].interrupts.table.cpus.indexOf(cpu)]),
    );
    if (rate !== undefined && rate.times > 0) rates.set(cpu, rate.times / rate.seconds);
  }
  return rates;
}

function channelRate(
  snapshots: readonly Snapshot[],
  relid: Relid,
  cpu: CpuId | undefined,
): ReadonlyMap<CpuId, number> | undefined {
  if (snapshots.length < 2 || cpu === undefined) return undefined;
  const rate = rateOf(
    snapshots.map(({ timeS }) => timeS),
    snapshots.map(({ channels }) => channels.get(relid)),
  );
  return new Map(rate === undefined || rate.times === 0 ? [] : [[cpu, rate.times / rate.seconds]]);
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}

/** How often a line came in all. */
export function rateOfLine({ perSecond }: PictureLine): number | undefined {
  return perSecond === undefined ? undefined : sum([...perSecond.values()]);
}

/** True for a picture that was made of several snapshots. */
export function hasRates({ lines }: Pick<MachinePicture, 'lines'>): boolean {
  return lines.some(({ perSecond }) => perSecond !== undefined);
}
