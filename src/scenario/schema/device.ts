import { z } from 'zod';
import { RELIDS } from '../../host/relids.js';
import type { Relid } from '../../lib/brand.js';
import type { Checks } from '../checks/checks.js';
import type { PciInUse } from '../checks/pci.js';
import {
  daemonDrivers,
  type DeviceInList,
  type DeviceOptions,
  driverNames,
  encryptedMemories,
  type KeyOfOne,
  storageControllers,
} from '../options/devices.js';
import { type OfferedDevice, offeredDevices } from '../offered-devices.js';
import type { Path } from '../place.js';
import { relidListPattern, relidListProblem, relidsOfList } from '../relid-list.js';
import { bool, guid, relid } from './notations.js';
import { pciDevice } from './pci.js';
import { int, keysIn, list, mapping, whenMapping, word } from './shapes.js';

const subChannelsText = 'a list of relids such as [16, 17, 18] or "16-18,20"';

const subChannels = z.union(
  [
    list(subChannelsText, relid),
    z
      .string({ error: subChannelsText })
      .regex(relidListPattern, { error: subChannelsText, abort: true })
      .superRefine((text, context) => {
        const message = relidListProblem(text);
        if (message !== undefined) context.addIssue({ code: 'custom', message });
      })
      .meta({ examples: ['16-18,20'] }),
  ],
  { error: subChannelsText },
);

const channelCount = int(1, 64);

const deviceShape = {
  driver: word(driverNames).optional().describe('Which driver the device is for'),
  class: guid.optional().describe('Class GUID, for a device that no driver name stands for'),
  instance: guid.optional().describe('Instance GUID; default: made up'),
  encrypted: word(encryptedMemories)
    .optional()
    .describe('With confidential VMBus: what the host cannot read; default: nothing'),
  controller: word(storageControllers).optional().describe('storvsc: what the host calls it; default scsi'),
  scsiHost: int(0, 65535)
    .optional()
    .describe('storvsc: number of the SCSI host in Linux; default: counted up'),
  luns: list('a list of LUNs', int(0, 254))
    .optional()
    .describe('storvsc: numbers of its disks, which share its channels; default: one disk, 0'),
  channels: channelCount
    .optional()
    .describe(
      'storvsc, netvsc: channels, the primary one included: those that the host has for a controller, that the driver asks for of an adapter',
    ),
  subChannels: subChannels
    .optional()
    .describe(
      'storvsc, netvsc: relids of sub-channels, in the order in which the host gives them, and gives more relids if "channels" needs more; of an adapter those, too, that it may be asked for later',
    ),
  vf: int(0, 0xffffffff)
    .optional()
    .describe('netvsc: serial number of the PCI function that is its virtual function'),
  up: bool
    .optional()
    .describe('netvsc: whether user space brings the interface up as soon as it is there; default true'),
  functions: list('a list of PCI functions', pciDevice)
    .optional()
    .describe('vpci: the PCI functions on the bus; default: one that nobody knows anything of'),
  daemon: bool
    .optional()
    .describe(
      'kvp, vss, fcopy: whether the program behind it runs, hv_kvp_daemon and the like; default true',
    ),
  domain: int(0, 0xffff).optional().describe('vpci: PCI domain; default: from the instance GUID'),
};

const primary = relid.describe('Relid of the primary channel');
const oneDevice = mapping('a device, e.g. {driver: netvsc, relid: 13}', { ...deviceShape, relid: primary });
const someDevices = mapping('a device, e.g. {driver: netvsc, relid: 13}', {
  ...deviceShape,
  relid: primary.optional(),
  repeat: int(1, RELIDS)
    .optional()
    .describe('So many devices alike, to which and to whose sub-channels the host gives relids'),
});

type DeviceKeys = z.output<typeof someDevices>;

/** Keys that of several devices each would have its own of. */
const keysOfOne: readonly KeyOfOne[] = ['relid', 'instance', 'scsiHost', 'subChannels', 'vf', 'domain'];

/** Which keys only some drivers have. */
const keysOfDriver: Readonly<Record<string, readonly (keyof DeviceKeys)[]>> = {
  storvsc: ['channels', 'controller', 'luns', 'scsiHost', 'subChannels'],
  netvsc: ['channels', 'subChannels', 'up', 'vf'],
  vpci: ['domain', 'functions'],
  ...Object.fromEntries(daemonDrivers.map((driver) => [driver, ['daemon' as const]])),
};

const ownKeys = [...new Set(Object.values(keysOfDriver).flat())];

function driversWith(key: keyof DeviceKeys): string[] {
  return Object.keys(keysOfDriver).filter((driver) => keysOfDriver[driver].includes(key));
}

/** For editors: the same rules as JSON Schema. */
const rules = {
  oneOf: [{ required: ['driver'] }, { required: ['class'] }],
  dependencies: Object.fromEntries(
    ownKeys.map((key) => [key, { required: ['driver'], properties: { driver: { enum: driversWith(key) } } }]),
  ),
};

/** What the rules of a device add to. */
type Context = z.core.$RefinementCtx;

function checkKeys(value: DeviceKeys, context: Context): void {
  const given = keysIn(value, ['driver', 'class']);
  if (given.length !== 1) {
    const message =
      given.length === 0 ? 'a device needs "driver" or "class"' : 'give "driver" or "class", not both';
    context.addIssue({ code: 'custom', message, path: given.length === 0 ? [] : ['class'] });
    return;
  }
  const allowed = keysOfDriver[value.driver ?? ''] ?? [];
  for (const key of keysIn(value, ownKeys)) {
    if (allowed.includes(key)) continue;
    const message = `only devices with driver ${driversWith(key).join(' or ')} have "${key}"`;
    context.addIssue({ code: 'custom', message, path: [key] });
  }
  const { luns = [0] } = value;
  if (Array.isArray(luns) && (luns.length === 0 || new Set(luns).size < luns.length))
    context.addIssue({ code: 'custom', message: 'expected one LUN or more, each once', path: ['luns'] });
  if (value.controller === 'ide' && value.luns !== undefined)
    context.addIssue({ code: 'custom', message: 'an IDE controller has one disk', path: ['luns'] });
  checkCount(value, context);
}

/**
 * Relids that no channel would have; an adapter may be asked for more channels later. What is wrong in itself says so by
 * itself.
 */
function checkCount(value: DeviceKeys, context: Context): void {
  if (value.driver !== 'storvsc') return;
  const { data: channels } = z.safeParse(channelCount, value.channels);
  const { data: list } = z.safeParse(subChannels, value.subChannels);
  if (channels === undefined || list === undefined) return;
  const named = relidsOfList(list).length;
  if (named < channels) return;
  const message = `"channels" is ${channels}, the primary one included, but "subChannels" names ${named}: name ${channels - 1} at most, or leave out "channels"`;
  context.addIssue({ code: 'custom', message, path: ['subChannels'] });
}

function checkRepeat(value: DeviceKeys, context: Context): void {
  if (value.repeat === undefined) {
    if (value.relid !== undefined) return;
    const message = `"relid" is missing: expected a whole number from 1 to ${RELIDS}, or "repeat", with which the host gives relids`;
    context.addIssue({ code: 'custom', message, path: ['relid'], params: { isOfType: true } });
    return;
  }
  for (const key of keysIn(value, keysOfOne)) {
    const message = `"${key}" is of one device, not of ${value.repeat} alike: leave it out, or write the devices one by one`;
    context.addIssue({ code: 'custom', message, path: [key] });
  }
}

/** A device. */
export const device = oneDevice
  .superRefine(checkKeys, whenMapping)
  .transform((keys) => toDevice(keys) as DeviceOptions)
  .meta(rules);

/** An item of a list of devices: one, or several alike. */
export const deviceInList = someDevices
  .superRefine(checkKeys, whenMapping)
  .superRefine(checkRepeat, whenMapping)
  .transform(toDevice)
  .meta({
    allOf: [
      rules,
      {
        oneOf: [
          { required: ['relid'] },
          { required: ['repeat'], not: { anyOf: keysOfOne.map((key) => ({ required: [key] })) } },
        ],
      },
    ],
  });

function toDevice(keys: DeviceKeys): DeviceInList {
  const { driver, class: classId = '', controller, scsiHost, luns, channels, subChannels, ...others } = keys;
  const { daemon, domain, functions, vf, ...rest } = others;
  // One of the two is there, as checkRepeat knows.
  const base = rest as typeof rest & { relid: Relid };
  switch (driver) {
    case undefined:
      return { ...base, class: classId };
    case 'storvsc':
      return { ...base, driver, controller, scsiHost, luns, channels, subChannels };
    case 'netvsc':
      return { ...base, driver, channels, subChannels, vf };
    case 'vpci':
      return { ...base, driver, domain, functions };
    case 'kvp':
    case 'vss':
    case 'fcopy':
      return { ...base, driver, daemon };
    default:
      return { ...base, driver };
  }
}

/** Checks the devices that are there from the start; what is wrong in itself is undefined. */
export function checkDevices(
  devices: readonly (DeviceInList | undefined)[],
  vmbus: boolean | undefined,
  { report, relids, pci }: Checks,
): void {
  if (vmbus === false && devices.length > 0)
    report(['devices'], 'a machine without VMBus has no devices of Hyper-V');
  const places = devices.flatMap((item, i) => (item === undefined ? [] : [{ item, at: ['devices', i] }]));
  let offered: OfferedDevice[][];
  try {
    offered = offeredDevices(places.map(({ item }) => item));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    report(['devices'], `${error.message}: the devices and their sub-channels need more`);
    return;
  }
  offered.forEach((some, i) => {
    for (const one of some) {
      relids.offer(one, places[i].at);
      checkFunctions(one, places[i].at, pci);
    }
  });
}

/** Checks the PCI functions that come with a device. */
export function checkFunctions(device: DeviceOptions, at: Path, pci: PciInUse): void {
  if (device.driver !== 'vpci') return;
  device.functions?.forEach((item, i) => {
    pci.plug(item, [...at, 'functions', i, item.driver], device.relid);
  });
}
