import type { CpuId } from '../lib/brand.js';
import type { ChannelOptions } from '../scenario/options/channels.js';
import { type OfferedDevice, relidsOfOffered } from '../scenario/offered-devices.js';
import { daemonDrivers, plainDrivers } from '../scenario/options/devices.js';
import type { IrqRow } from '../view/interrupts/table.js';
import { guestOfLsvmbus, type LsvmbusDevice } from './lsvmbus.js';

/** What captures say of VMBus: devices and channels. */
export interface VmbusPart {
  /** In the order of the offers, as far as the captures tell. */
  readonly devices: readonly OfferedDevice[];
  readonly channels: readonly ChannelOptions[];
  /** Rows of channels whose device is not known. */
  readonly unexplained: readonly IrqRow[];
  readonly notes: readonly string[];
}

/**
 * The devices that lsvmbus lists; without it, those that the names of the channels' interrupts tell of.
 *
 * @param rows of the channels' interrupts.
 * @param targetOf the CPU that a channel's interrupt goes to, if known.
 */
export function vmbusGuest(
  rows: readonly IrqRow[],
  listed: readonly LsvmbusDevice[] | undefined,
  targetOf: (row: IrqRow) => CpuId | undefined,
): VmbusPart {
  const irqOf = new Map(rows.map((row) => [relidOf(row), row.irq]));
  const notes: string[] = [];
  const devices = inOrder(
    listed === undefined ? devicesOfRows(rows, notes) : (guestOfLsvmbus(listed).devices ?? []),
    irqOf,
  );
  const known = new Map<number, ChannelOptions>();
  for (const device of devices) for (const relid of relidsOfOffered(device)) known.set(relid, { relid });
  const unexplained: IrqRow[] = [];
  for (const row of rows) {
    const relid = relidOf(row);
    if (!known.has(relid)) {
      unexplained.push(row);
      continue;
    }
    const cpu = targetOf(row);
    known.set(relid, { relid, ...(cpu !== undefined && { cpu }) });
  }
  for (const { channels } of listed ?? []) {
    for (const { relid, targetCpu: cpu } of channels) known.set(relid, { relid, cpu });
  }
  if (unexplained.length > 0) notes.push(unexplainedNote(unexplained, listed !== undefined));
  const channels = [...known.values()].filter(({ relid, cpu }) => cpu !== undefined || irqOf.has(relid));
  return { devices, channels, unexplained, notes };
}

function unexplainedNote(rows: readonly IrqRow[], isListed: boolean): string {
  const names = rows.map(({ irq, actions }) => `${irq} (${JSON.stringify(actions.join(', '))})`).join(', ');
  return isListed
    ? `VMBus interrupts whose relids the device list does not have are kept without a device: ${names}`
    : `VMBus interrupts that name no driver known here are kept without a device; --lsvmbus tells more: ${names}`;
}

/** The relid of a channel's interrupt: its hwirq. */
function relidOf({ hwirq }: IrqRow): number {
  return (hwirq ?? 0) as number;
}

/** In the order of the offers: Linux numbers interrupts in it. Devices without an interrupt come last. */
function inOrder(devices: readonly OfferedDevice[], irqOf: ReadonlyMap<number, number>): OfferedDevice[] {
  if (irqOf.size === 0) return [...devices];
  const rank = (relid: number): number => irqOf.get(relid) ?? Number.POSITIVE_INFINITY;
  const byRank = (a: number, b: number): number => (rank(a) === rank(b) ? 0 : rank(a) - rank(b));
  return devices
    .map((device) =>
      device.subChannels !== undefined
        ? { ...device, subChannels: device.subChannels.toSorted(byRank) }
        : device,
    )
    .toSorted((a, b) => byRank(a.relid, b.relid));
}

/** The devices that the names of the channels' interrupts tell of. */
function devicesOfRows(rows: readonly IrqRow[], notes: string[]): OfferedDevice[] {
  const devices: OfferedDevice[] = [];
  const nic: number[] = [];
  const subChannels = new Map<string, number[]>();
  for (const row of rows) {
    const relid = relidOf(row);
    const name = row.actions.join(', ');
    const sub = /^sub@(storvsc\d+)$/.exec(name)?.[1];
    if (sub !== undefined) {
      subChannels.set(sub, [...(subChannels.get(sub) ?? []), relid]);
      continue;
    }
    if (name === 'netvsc') {
      nic.push(relid);
      if (nic.length > 1) continue;
    }
    const device = deviceOfName(name, relid);
    if (device !== undefined) devices.push(device);
  }
  if (nic.length > 1) notes.push('all netvsc channels are taken for those of one NIC; --lsvmbus tells more');
  return devices.map((device) => {
    if (device.driver === 'netvsc') return { ...device, channels: nic.length, subChannels: nic.slice(1) };
    if (device.driver !== 'storvsc') return device;
    const subs = subChannels.get(`storvsc${device.scsiHost}`);
    return subs === undefined ? device : { ...device, subChannels: subs };
  });
}

function deviceOfName(name: string, relid: number): OfferedDevice | undefined {
  const plain = [...plainDrivers, ...daemonDrivers].find((driver) => driver === name);
  if (plain !== undefined) return { driver: plain, relid };
  if (name === 'netvsc') return { driver: name, relid };
  const scsiHost = /^pri@storvsc(\d+)$/.exec(name)?.[1];
  if (scsiHost !== undefined) return { driver: 'storvsc', relid, scsiHost: Number(scsiHost) };
  const domain = /^vpci(?::([0-9a-f]{4}))?$/.exec(name);
  if (domain === null) return undefined;
  const digits = domain[1] as string | undefined;
  return { driver: 'vpci', relid, ...(digits !== undefined && { domain: Number.parseInt(digits, 16) }) };
}
