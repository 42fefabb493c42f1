import type { DeviceParameters } from '../drivers/device-parameters.js';
import type { HostDeviceOptions } from '../host/device.js';
import type { Relid } from '../lib/brand.js';
import { Prng } from '../lib/prng.js';
import type { OfferedDevice } from '../scenario/offered-devices.js';
import type { DriverName } from '../scenario/options/devices.js';
import type { GuestOptions } from '../scenario/options/guest.js';
import { CHANNEL_FLAG } from '../vmbus/protocol/channel-messages.js';
import { deviceClassNamed } from '../vmbus/protocol/class-ids.js';
import { type Guid, parseGuid } from '../vmbus/protocol/guid.js';

/** Class names of the storage controllers. */
const controllerNames = { scsi: 'scsi', ide: 'ide', fibreChannel: 'fc' } as const;

/** Class names of the drivers whose name in a scenario is not that of their device class. */
const classNames: Partial<Record<DriverName, string>> = {
  netvsc: 'nic',
  netdirect: 'nd',
  vpci: 'pci',
};

/** What a scenario says of each device, for the host that offers it and the driver that serves it. */
export class DeviceSettings implements DeviceParameters {
  private readonly byInstance = new Map<Guid, OfferedDevice>();
  /** Numbers of controllers that the options leave open. */
  private readonly numbered = new Map<Guid, number>();
  private readonly prng: Prng;

  constructor(options: GuestOptions) {
    this.prng = new Prng(options.seed ?? 1);
  }

  /** The device as the host offers it; from then on its driver is told what the options say. */
  add(device: OfferedDevice): HostDeviceOptions {
    const instanceId =
      device.instance === undefined ? this.madeUpInstance(device.relid) : parseGuid(device.instance);
    this.byInstance.set(instanceId, device);
    return {
      classId: classOf(device),
      instanceId,
      relid: device.relid,
      flags: flagsOf(device),
      ...(device.subChannels && { subChannelRelids: device.subChannels }),
    };
  }

  /**
   * The number that the options name for a controller. If they name any, each other controller has one as well, the
   * lowest that is free in the order of the probes: left to the driver, it could take a named one first.
   */
  scsiHost(instanceId: Guid): number | undefined {
    const device = this.byInstance.get(instanceId);
    if (device?.driver !== 'storvsc') return undefined;
    if (device.scsiHost !== undefined) return device.scsiHost;
    const named = [...this.byInstance.values()].flatMap((other) =>
      other.driver === 'storvsc' && other.scsiHost !== undefined ? [other.scsiHost] : [],
    );
    if (named.length === 0) return undefined;
    const known = this.numbered.get(instanceId);
    if (known !== undefined) return known;
    const taken = new Set([...named, ...this.numbered.values()]);
    let host = 0;
    while (taken.has(host)) host += 1;
    this.numbered.set(instanceId, host);
    return host;
  }

  luns(instanceId: Guid): readonly number[] | undefined {
    const device = this.byInstance.get(instanceId);
    return device?.driver === 'storvsc' ? device.luns : undefined;
  }

  netvscChannels(instanceId: Guid): number | undefined {
    const device = this.byInstance.get(instanceId);
    return device?.driver === 'netvsc' ? device.channels : undefined;
  }

  bringsInterfaceUp(instanceId: Guid): boolean {
    const device = this.byInstance.get(instanceId);
    return device?.driver !== 'netvsc' || device.up !== false;
  }

  vpciDomain(instanceId: Guid): number | undefined {
    const device = this.byInstance.get(instanceId);
    return device?.driver === 'vpci' ? device.domain : undefined;
  }

  hasDaemon(instanceId: Guid): boolean {
    const device = this.byInstance.get(instanceId);
    return device === undefined || !('daemon' in device) || device.daemon !== false;
  }

  private madeUpInstance(relid: Relid): Guid {
    const digits = Array.from({ length: 3 }, () => this.prng.next().toString(16).padStart(8, '0')).join('');
    const tail = relid.toString(16).padStart(8, '0');
    const hex = digits + tail;
    const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
    return parseGuid(groups.join('-'));
  }
}

/** CHANNEL_FLAG bits of the device's offers. */
function flagsOf({ driver, encrypted }: OfferedDevice): number {
  const { TLNPI_PROVIDER_OFFER, CONFIDENTIAL_RING_BUFFER, CONFIDENTIAL_EXTERNAL_MEMORY } = CHANNEL_FLAG;
  let flags = driver === 'hv_sock' ? TLNPI_PROVIDER_OFFER : 0;
  if (encrypted !== undefined) flags |= CONFIDENTIAL_RING_BUFFER;
  if (encrypted === 'all') flags |= CONFIDENTIAL_EXTERNAL_MEMORY;
  return flags;
}

function classOf(device: OfferedDevice): Guid {
  if (device.driver === undefined) return parseGuid(device.class);
  if (device.driver === 'hv_sock') return parseGuid('00000000-facb-11e6-bd58-64006a7986d3');
  const name =
    device.driver === 'storvsc'
      ? controllerNames[device.controller ?? 'scsi']
      : (classNames[device.driver] ?? device.driver);
  const known = deviceClassNamed(name)?.guid;
  if (known === undefined) throw new TypeError(`there is no device class for driver ${device.driver}`);
  return known;
}
