import { Prng } from '../lib/prng.js';
import type { Relid } from '../lib/brand.js';
import type { DriverSettings } from '../drivers/settings.js';
import type { HostDeviceOptions } from '../host/device.js';
import { CpuMask } from '../machine/cpumask.js';
import { regularTopology } from '../machine/topology.js';
import { ARM64_NR_IRQS } from '../platform/arm64.js';
import { archProbeNrIrqs, GSI_TOP } from '../platform/x86.js';
import { type DeviceOptions, type DriverName, type GuestOptions, resolveCpus } from '../scenario/options.js';
import { deviceClassNamed } from '../vmbus/class-ids.js';
import { type Guid, parseGuid } from '../vmbus/guid.js';
import { CHANNEL_FLAG, versionWire } from '../vmbus/protocol.js';
import type { GuestParts } from './container.js';

/** Class names of the storage controllers. */
const controllerNames = { scsi: 'scsi', ide: 'ide', fibreChannel: 'fc' } as const;

/** Class names of the drivers whose name in a scenario is not that of their device class. */
const classNames: Partial<Record<DriverName, string>> = {
  netvsc: 'nic',
  netdirect: 'nd',
  vpci: 'pci',
};

/** What the parts of the guest are made from. @throws RangeError or TypeError for options that make no guest. */
export function guestParts(options: GuestOptions, drivers: DriverSettings): GuestParts {
  const { possible, present, online, isolated, nohzFull, nodes, packages, threadsPerCore } = resolveCpus(options.cpus);
  const { kernel, arch = 'x86_64', host = {} } = options;
  const topology = regularTopology(possible, { nodes, packages, threadsPerCore });
  const nrIrqs = options.nrIrqs ?? (arch === 'arm64' ? ARM64_NR_IRQS : archProbeNrIrqs(possible));
  const x86 = arch === 'x86_64' ? { dynirqLowerBound: GSI_TOP } : {};
  return {
    machine: { possible, present, online, isolated, topology, interruptNs: options.interruptTimeNs ?? 0 },
    irq: { nrIrqs, ...(kernel && { kernel }), ...x86 },
    arch,
    host: { ...host.latency, ...(host.version && { version: versionWire(host.version) }) },
    drivers,
    sysCpu: nohzFull.length > 0 ? { nohzFull: CpuMask.of(possible, nohzFull) } : {},
  };
}

/** What a scenario says of each device, for the host that offers it and the driver that serves it. */
export class DeviceSettings implements DriverSettings {
  private readonly byInstance = new Map<Guid, DeviceOptions>();
  private readonly prng: Prng;

  constructor(options: GuestOptions) {
    this.prng = new Prng(options.seed ?? 1);
  }

  /** The device as the host offers it; from then on its driver is told what the options say. */
  add(device: DeviceOptions): HostDeviceOptions {
    const instanceId = device.instance === undefined ? this.madeUpInstance(device.relid) : parseGuid(device.instance);
    this.byInstance.set(instanceId, device);
    const subChannelRelids = 'subChannels' in device ? device.subChannels : undefined;
    return {
      classId: classOf(device),
      instanceId,
      relid: device.relid,
      flags: device.driver === 'hv_sock' ? CHANNEL_FLAG.TLNPI_PROVIDER_OFFER : 0,
      ...(subChannelRelids && { subChannelRelids }),
    };
  }

  scsiHost(instanceId: Guid): number | undefined {
    const device = this.byInstance.get(instanceId);
    return device?.driver === 'storvsc' ? device.scsiHost : undefined;
  }

  netvscChannels(instanceId: Guid): number | undefined {
    const device = this.byInstance.get(instanceId);
    return device?.driver === 'netvsc' ? device.channels : undefined;
  }

  vpciDomain(instanceId: Guid): number | undefined {
    const device = this.byInstance.get(instanceId);
    return device?.driver === 'vpci' ? device.domain : undefined;
  }

  private madeUpInstance(relid: Relid): Guid {
    const digits = Array.from({ length: 3 }, () => this.prng.next().toString(16).padStart(8, '0')).join('');
    const tail = relid.toString(16).padStart(8, '0');
    const hex = digits + tail;
    const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)];
    return parseGuid(groups.join('-'));
  }
}

function classOf(device: DeviceOptions): Guid {
  if (device.driver === undefined) return parseGuid(device.class);
  if (device.driver === 'hv_sock') return parseGuid('00000000-facb-11e6-bd58-64006a7986d3');
  const name =
    device.driver === 'storvsc' ? controllerNames[device.controller ?? 'scsi'] : (classNames[device.driver] ?? device.driver);
  const known = deviceClassNamed(name)?.guid;
  if (known === undefined) throw new TypeError(`there is no device class for driver ${device.driver}`);
  return known;
}
