import { type Guid, parseGuid } from './guid.js';

/** The kernel's device types, in the order of their numbers (include/linux/hyperv.h enum vmbus_device_type). */
export const vmbusDeviceTypes = [
  'HV_IDE',
  'HV_SCSI',
  'HV_FC',
  'HV_NIC',
  'HV_ND',
  'HV_PCIE',
  'HV_FB',
  'HV_KBD',
  'HV_MOUSE',
  'HV_KVP',
  'HV_TS',
  'HV_HB',
  'HV_SHUTDOWN',
  'HV_FCOPY',
  'HV_BACKUP',
  'HV_DM',
  'HV_UNKNOWN',
] as const;

/** A kind of VMBus device, as drivers/hv's table of them has it. */
export type VmbusDeviceType = (typeof vmbusDeviceTypes)[number];

/** What the guest knows of a device from its class id alone (drivers/hv/channel_mgmt.c vmbus_devs). */
export interface VmbusDeviceClass {
  readonly type: VmbusDeviceType;
  /** The type's number, which sysfs shows as the `device` file. */
  readonly typeNumber: number;
  /** Short name for scenario files; unknown classes have `unknown`. */
  readonly name: string;
  /** Undefined for the class of unknown devices only. */
  readonly guid: Guid | undefined;
  /** Its channels' interrupts are spread over the CPUs; those of other devices go to the connect CPU. */
  readonly perfDevice: boolean;
  /** Its driver is hardened against the host, so a confidential VM accepts its offers. */
  readonly allowedInIsolated: boolean;
  /** Name of its channels' interrupts unless its driver gives another. */
  readonly irqName: string | undefined;
}

function deviceClass(
  type: VmbusDeviceType,
  name: string,
  guid: string,
  irqName: string,
  flags: { readonly perfDevice?: boolean; readonly allowedInIsolated?: boolean } = {},
): VmbusDeviceClass {
  return {
    type,
    typeNumber: vmbusDeviceTypes.indexOf(type),
    name,
    guid: parseGuid(guid),
    perfDevice: flags.perfDevice ?? false,
    allowedInIsolated: flags.allowedInIsolated ?? false,
    irqName,
  };
}

/** Every class with a driver, in the order of the type numbers. */
export const vmbusDeviceClasses: readonly VmbusDeviceClass[] = [
  deviceClass('HV_IDE', 'ide', '32412632-86cb-44a2-9b5c-50d1417354f5', 'storvsc', { perfDevice: true }),
  deviceClass('HV_SCSI', 'scsi', 'ba6163d9-04a1-4d29-b605-72e2ffb1dc7f', 'storvsc', {
    perfDevice: true,
    allowedInIsolated: true,
  }),
  deviceClass('HV_FC', 'fc', '2f9bcc4a-0069-4af3-b76b-6fd0be528cda', 'storvsc', { perfDevice: true }),
  deviceClass('HV_NIC', 'nic', 'f8615163-df3e-46c5-913f-f2d2f965ed0e', 'netvsc', {
    perfDevice: true,
    allowedInIsolated: true,
  }),
  deviceClass('HV_ND', 'nd', '8c2eaf3d-32a7-4b09-ab99-bd1f1c86b501', 'netdirect', { perfDevice: true }),
  deviceClass('HV_PCIE', 'pci', '44c4f61d-4444-4400-9d52-802e27ede19f', 'vpci', { allowedInIsolated: true }),
  deviceClass('HV_FB', 'framebuffer', 'da0a7802-e377-4aac-8e77-0558eb1073f8', 'framebuffer'),
  deviceClass('HV_KBD', 'keyboard', 'f912ad6d-2b17-48ea-bd65-f927a61c7684', 'keyboard'),
  deviceClass('HV_MOUSE', 'mouse', 'cfa8b69e-5b4a-4cc0-b98b-8ba1a1f3f95a', 'mouse'),
  deviceClass('HV_KVP', 'kvp', 'a9a0f4e7-5a45-4d96-b827-8a841e8c03e6', 'kvp'),
  deviceClass('HV_TS', 'timesync', '9527e630-d0ae-497b-adce-e80ab0175caf', 'timesync', {
    allowedInIsolated: true,
  }),
  deviceClass('HV_HB', 'heartbeat', '57164f39-9115-4e78-ab55-382f3bd5422d', 'heartbeat', {
    allowedInIsolated: true,
  }),
  deviceClass('HV_SHUTDOWN', 'shutdown', '0e0b6031-5213-4934-818b-38d90ced39db', 'shutdown', {
    allowedInIsolated: true,
  }),
  deviceClass('HV_FCOPY', 'fcopy', '34d14be3-dee4-41c8-9ae7-6b174977c192', 'fcopy'),
  deviceClass('HV_BACKUP', 'vss', '35fa2e29-ea23-4236-96ae-3a6ebacba440', 'vss'),
  deviceClass('HV_DM', 'balloon', '525074dc-8985-46e2-8057-a307dc18a502', 'balloon'),
];

/** The class of every device that no entry names; hv_sock channels have it too, for their ids are made up. */
export const unknownDeviceClass: VmbusDeviceClass = {
  type: 'HV_UNKNOWN',
  typeNumber: vmbusDeviceTypes.indexOf('HV_UNKNOWN'),
  name: 'unknown',
  guid: undefined,
  perfDevice: false,
  allowedInIsolated: false,
  irqName: undefined,
};

/** Name of the interrupts of hv_sock channels, which are known by an offer flag and not by their class. */
export const HV_SOCK_IRQ_NAME = 'hv_sock';

/** Devices meant for Windows guests only (drivers/hv/channel_mgmt.c vmbus_unsupported_devs). */
export const unsupportedDevices: readonly { readonly name: string; readonly guid: Guid }[] = [
  { name: 'avma1', guid: parseGuid('f8e65716-3cb3-4a06-9a60-1889c5cccab5') },
  { name: 'avma2', guid: parseGuid('3375baf4-9e15-4b30-b765-67acb10d607b') },
  { name: 'rdv', guid: parseGuid('276aacf4-ac15-426c-98dd-7521ad3f01fe') },
  { name: 'imc', guid: parseGuid('c376c1c3-d276-48d2-90a9-c04748072c60') },
];

const classOfGuid = new Map<Guid, VmbusDeviceClass>();
const classOfName = new Map<string, VmbusDeviceClass>();
for (const known of vmbusDeviceClasses) {
  if (known.guid !== undefined) classOfGuid.set(known.guid, known);
  classOfName.set(known.name, known);
}
const unsupportedGuids = new Set(unsupportedDevices.map(({ guid }) => guid));

/** The class with this id, or the unknown one (drivers/hv/channel_mgmt.c hv_get_dev_type, without its hv_sock case). */
export function deviceClassOf(classId: Guid): VmbusDeviceClass {
  return classOfGuid.get(classId) ?? unknownDeviceClass;
}

/** The class with this short name (`nic`, `scsi`, …), if there is one. */
export function deviceClassNamed(name: string): VmbusDeviceClass | undefined {
  return classOfName.get(name);
}

/** True for a device that no Linux driver will ever serve (drivers/hv/channel_mgmt.c is_unsupported_vmbus_devs). */
export function isUnsupportedDevice(classId: Guid): boolean {
  return unsupportedGuids.has(classId);
}

/** Id of the class with this short name. @throws TypeError if there is none. */
export function deviceClassId(name: string): Guid {
  const guid = classOfName.get(name)?.guid;
  if (guid === undefined) throw new TypeError(`there is no device class ${name}`);
  return guid;
}
