import type { z } from 'zod';
import type { Checks } from '../checks/checks.js';
import type { PciInUse } from '../checks/pci.js';
import {
  daemonDrivers,
  type DeviceOptions,
  driverNames,
  encryptedMemories,
  storageControllers,
} from '../options/devices.js';
import type { Path } from '../place.js';
import { bool, guid, relid } from './notations.js';
import { pciDevice } from './pci.js';
import { int, keysIn, list, mapping, whenMapping, word } from './shapes.js';

const subChannels = list('a list of relids', relid);

const deviceKeys = mapping('a device, e.g. {driver: netvsc, relid: 13}', {
  driver: word(driverNames).optional().describe('Which driver the device is for'),
  class: guid.optional().describe('Class GUID, for a device that no driver name stands for'),
  relid: relid.describe('Relid of the primary channel'),
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
  channels: int(1, 64)
    .optional()
    .describe('netvsc: channels that the driver asks for, the primary one included'),
  subChannels: subChannels
    .optional()
    .describe('storvsc, netvsc: relids that the host gives to sub-channels, in this order; at most so many'),
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
});

type DeviceKeys = z.output<typeof deviceKeys>;

/** Which keys only some drivers have. */
const keysOfDriver: Readonly<Record<string, readonly (keyof DeviceKeys)[]>> = {
  storvsc: ['controller', 'luns', 'scsiHost', 'subChannels'],
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

export const device = deviceKeys
  .superRefine((value, context) => {
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
    if (luns.length === 0 || new Set(luns).size < luns.length)
      context.addIssue({ code: 'custom', message: 'expected one LUN or more, each once', path: ['luns'] });
    if (value.controller === 'ide' && value.luns !== undefined)
      context.addIssue({ code: 'custom', message: 'an IDE controller has one disk', path: ['luns'] });
    if (Number(value.channels) > 1 && value.subChannels === undefined && value.driver === 'netvsc') {
      const message = `all but one of ${value.channels} channels are sub-channels, and the host has none to give: name their relids in "subChannels"`;
      context.addIssue({ code: 'custom', message, path: ['channels'] });
    }
  }, whenMapping)
  .transform(toDevice)
  .meta(rules);

function toDevice(keys: DeviceKeys): DeviceOptions {
  const { driver, class: classId = '', controller, scsiHost, luns, channels, subChannels, ...others } = keys;
  const { daemon, domain, functions, vf, ...base } = others;
  switch (driver) {
    case undefined:
      return { ...base, class: classId };
    case 'storvsc':
      return { ...base, driver, controller, scsiHost, luns, subChannels };
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
  devices: readonly (DeviceOptions | undefined)[],
  vmbus: boolean | undefined,
  { report, relids, pci }: Checks,
): void {
  if (vmbus === false && devices.length > 0)
    report(['devices'], 'a machine without VMBus has no devices of Hyper-V');
  devices.forEach((item, i) => {
    if (item === undefined) return;
    relids.offer(item, ['devices', i]);
    checkFunctions(item, ['devices', i], pci);
  });
}

/** Checks the PCI functions that come with a device. */
export function checkFunctions(device: DeviceOptions, at: Path, pci: PciInUse): void {
  if (device.driver !== 'vpci') return;
  device.functions?.forEach((item, i) => {
    pci.plug(item, [...at, 'functions', i, item.driver], device.relid);
  });
}
