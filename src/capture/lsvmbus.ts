import type { CpuId, Relid } from '../lib/brand.js';
import type { OfferedDevice } from '../scenario/offered-devices.js';
import { daemonDrivers, plainDrivers } from '../scenario/options/devices.js';
import type { CapturedOptions } from './captured-options.js';
import { deviceClassId, deviceClassOf, unsupportedDevices } from '../vmbus/protocol/class-ids.js';
import { parseGuid } from '../vmbus/protocol/guid.js';
import { CaptureSyntaxError } from './syntax-error.js';

/** A channel in the output of `lsvmbus -vv`. */
export interface LsvmbusChannel {
  readonly relid: Relid;
  readonly targetCpu: CpuId;
  /** What its files in sysfs say of its rings and its monitor, by their names. */
  readonly figures?: ReadonlyMap<string, number>;
}

/** A device in the output of `lsvmbus`. What is undefined needs -v or -vv. */
export interface LsvmbusDevice {
  /** Relid of the primary channel. */
  readonly relid: Relid;
  /** What lsvmbus calls the device. */
  readonly description: string;
  /** GUIDs without braces. */
  readonly classId: string | undefined;
  readonly instance: string | undefined;
  /** In the order in which the list has them; the primary one is among them. */
  readonly channels: readonly LsvmbusChannel[];
  /** Number of the SCSI host that a storage controller is; lsvmbus does not tell it. */
  readonly scsiHost?: number;
}

/** Descriptions in tools/hv/lsvmbus, by class name. */
const classOfDescription: ReadonlyMap<string, string> = new Map([
  ['[Operating system shutdown]', 'shutdown'],
  ['[Time Synchronization]', 'timesync'],
  ['[Heartbeat]', 'heartbeat'],
  ['[Data Exchange]', 'kvp'],
  ['[Backup (volume checkpoint)]', 'vss'],
  ['[Guest services]', 'fcopy'],
  ['[Dynamic Memory]', 'balloon'],
  ['Synthetic mouse', 'mouse'],
  ['Synthetic keyboard', 'keyboard'],
  ['Synthetic framebuffer adapter', 'framebuffer'],
  ['Synthetic network adapter', 'nic'],
  ['Synthetic IDE Controller', 'ide'],
  ['Synthetic SCSI Controller', 'scsi'],
  ['Synthetic fiber channel adapter', 'fc'],
  ['Synthetic RDMA adapter', 'nd'],
  ['PCI Express pass-through', 'pci'],
]);

const GUID = '\\{([0-9a-fA-F-]{36})\\}';
const deviceLine = new RegExp(`^VMBUS ID +(\\d+): (?:Class_ID = ${GUID} - )?(.*?)\\s*$`);
const instanceLine = new RegExp(`^\\s+Device_ID = ${GUID}\\s*$`);
const channelLine = /^\s+Rel_ID=(\d+), target_cpu=(\d+)\s*$/;
const ignoredLine = /^\s*$|^\s+Sysfs path: /;

interface Draft {
  relid: number;
  description: string;
  classId: string | undefined;
  instance: string | undefined;
  channels: LsvmbusChannel[];
}

/**
 * Reads what `lsvmbus`, `lsvmbus -v` or `lsvmbus -vv` printed.
 *
 * @throws CaptureSyntaxError for a line that those do not print.
 */
export function parseLsvmbus(text: string): LsvmbusDevice[] {
  const devices: Draft[] = [];
  const primaries = new Set<string>();
  const seen = new Set<string>();
  for (const [at, line] of text.split('\n').entries()) {
    const device = deviceLine.exec(line);
    checkNumbers(line, at + 1, device, primaries);
    if (device !== null) {
      const [, relid, classId, description] = device;
      const lower = (classId as string | undefined)?.toLowerCase();
      devices.push({ relid: Number(relid), description, classId: lower, instance: undefined, channels: [] });
      continue;
    }
    if (ignoredLine.test(line)) continue;
    const current = devices.at(-1);
    const instance = instanceLine.exec(line);
    const channel = channelLine.exec(line);
    if (current !== undefined && instance !== null) current.instance = instance[1].toLowerCase();
    else if (current !== undefined && channel !== null) {
      checkNumbers(line, at + 1, channel, seen);
      current.channels.push({ relid: Number(channel[1]), targetCpu: Number(channel[2]) });
    } else
      throw new CaptureSyntaxError(at + 1, 1, current ? 'Device_ID, Rel_ID or "VMBUS ID"' : '"VMBUS ID"');
  }
  return devices;
}

const MAX_RELID = 2047;
const MAX_CPU = 8191;

/** Checks the relid that `match` found, which must not be in `seen` yet, and in a channel's line the CPU. */
function checkNumbers(line: string, row: number, match: RegExpExecArray | null, seen: Set<string>): void {
  if (match === null) return;
  const [, relid, second] = match;
  const column = line.indexOf(relid) + 1;
  if (Number(relid) < 1 || Number(relid) > MAX_RELID) {
    throw new CaptureSyntaxError(row, column, `a relid from 1 to ${MAX_RELID}`);
  }
  if (seen.has(relid)) throw new CaptureSyntaxError(row, column, 'a relid that is not there already');
  seen.add(relid);
  if (line.includes('target_cpu=') && Number(second) > MAX_CPU) {
    throw new CaptureSyntaxError(row, line.lastIndexOf(second) + 1, `a CPU number up to ${MAX_CPU}`);
  }
}

/** Class of devices that lsvmbus does not know. */
const NO_CLASS = '00000000-0000-0000-0000-000000000000';

/** The class of each device. Where lsvmbus gives no class id, reserved devices get the classes of that name in turn. */
function classesOf(devices: readonly LsvmbusDevice[]): string[] {
  let reserved = 0;
  return devices.map(({ classId, description }) => {
    if (classId !== undefined) return classId;
    const name = classOfDescription.get(description);
    if (name !== undefined) return deviceClassId(name);
    if (description !== '[Reserved system device]') return NO_CLASS;
    return unsupportedDevices[reserved++ % unsupportedDevices.length].guid;
  });
}

function deviceOptions(device: LsvmbusDevice, classId: string): OfferedDevice {
  const { relid, instance, channels } = device;
  const base = { relid, ...(instance !== undefined && { instance }) };
  const subChannels = channels.map((channel) => channel.relid).filter((other) => other !== relid);
  const subs = subChannels.length > 0 ? { subChannels } : {};
  const host = device.scsiHost === undefined ? {} : { scsiHost: device.scsiHost };
  const { name } = deviceClassOf(parseGuid(classId));
  switch (name) {
    case 'ide':
      return { driver: 'storvsc', controller: 'ide', ...base, ...host, ...subs };
    case 'scsi':
      return { driver: 'storvsc', ...base, ...host, ...subs };
    case 'fc':
      return { driver: 'storvsc', controller: 'fibreChannel', ...base, ...host, ...subs };
    case 'nic':
      return {
        driver: 'netvsc',
        ...base,
        ...subs,
        ...(channels.length > 0 && { channels: subChannels.length + 1 }),
      };
    case 'pci':
      return { driver: 'vpci', ...base };
    case 'nd':
      return { driver: 'netdirect', ...base };
  }
  const plain = [...plainDrivers, ...daemonDrivers].find((driver) => driver === name);
  return plain === undefined ? { class: classId, ...base } : { driver: plain, ...base };
}

/**
 * A guest with the devices and relids that lsvmbus showed, in the order of the list.
 *
 * @param cpus number of CPUs; default: as many as the channels' targets need.
 */
export function guestOfLsvmbus(devices: readonly LsvmbusDevice[], cpus?: number): CapturedOptions {
  const targets = devices.flatMap(({ channels }) => channels.map(({ targetCpu }) => targetCpu));
  const classes = classesOf(devices);
  return {
    cpus: cpus ?? Math.max(0, ...targets) + 1,
    devices: devices.map((device, at) => deviceOptions(device, classes[at])),
  };
}
