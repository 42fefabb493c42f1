import { PciBackend } from '../host/backends/pci.js';
import type { PassedThroughBus } from '../host/backends/passed-through-bus.js';
import { NetworkBackend } from '../host/backends/network.js';
import type { HostDevice } from '../host/device.js';
import type { HyperV } from '../host/hyperv.js';
import { devfnToSlot } from '../host/protocols/pci.js';
import { ErrnoError } from '../lib/errno.js';
import type { Redirection } from '../platform/pci/hyperv/bus-port.js';
import type { PciDeviceOptions } from '../scenario/options/pci.js';
import type { Guid } from '../vmbus/protocol/guid.js';
import { identityOf } from './pci-identity.js';

/** A function on a passed-through bus, as the scenario describes it. */
export interface PassedThroughFunction {
  readonly options: PciDeviceOptions;
  readonly serial: number;
}

/** The hardware on the PCI buses that the host passes through VMBus: which functions there are, and the host's half. */
export class PassedThrough {
  /** By the GUID of the bus, then slot and function. */
  private readonly functions = new Map<Guid, Map<number, PassedThroughFunction>>();
  private serials = 0;
  /** Adapters that have a virtual function, with its serial number. */
  private readonly adapters = new Map<HostDevice, number>();

  constructor(private readonly host: HyperV) {}

  /** The bus on which a function is to be, if there is a VMBus device for it. */
  busFor({ bus, instance, bdf }: PciDeviceOptions): HostDevice | undefined {
    if (bus === 'pci') return undefined;
    return this.host.devices.find(
      (device) =>
        device.backend instanceof PciBackend &&
        (instance !== undefined
          ? device.options.instanceId === instance.toLowerCase()
          : bdf?.startsWith(`${device.options.instanceId.slice(9, 13)}:`)),
    );
  }

  /**
   * Puts a function on a bus; a guest that has the bus in service hears of it.
   *
   * @returns its slot and function.
   * @throws RangeError if its slot is taken.
   */
  add(device: HostDevice, options: PciDeviceOptions): number {
    const backend = backendOf(device);
    const devfn = options.bdf === undefined ? freeDevfn(backend.bus(device)) : devfnOf(options.bdf);
    const identity = identityOf(options, true);
    this.serials += 1;
    const { serial = this.serials, node } = options;
    const description = {
      slot: devfnToSlot(devfn),
      vendor: identity.vendor,
      device: identity.device,
      revision: identity.revision,
      classCode: identity.classCode,
      subsystem: ((identity.subsystemDevice << 16) | identity.subsystemVendor) >>> 0,
      serial,
      ...(node !== undefined && { node }),
    };
    backend.plug(device, description, this.host);
    this.on(device.options.instanceId).set(devfn, { options, serial });
    this.tellAdapters();
    return devfn;
  }

  /** The host asks the guest to give a function up. @throws ErrnoError ENODEV if the guest has the bus not in service. */
  eject(instanceId: Guid, devfn: number): void {
    const device = this.deviceOf(instanceId);
    if (device !== undefined && backendOf(device).eject(device, devfnToSlot(devfn), this.host)) {
      this.functions.get(instanceId)?.delete(devfn);
      this.tellAdapters();
      return;
    }
    throw new ErrnoError('ENODEV', `PCI bus ${instanceId} is not in service`);
  }

  /** A network adapter has the function with this serial number beside it, whenever there is one. */
  pair(adapter: HostDevice, serial: number): void {
    this.adapters.set(adapter, serial);
    this.tellAdapters();
  }

  /** The host is about to take a device back, with the functions on it if it is a bus. */
  takeBack(device: HostDevice | undefined): void {
    if (device === undefined) return;
    this.adapters.delete(device);
    if (this.functions.delete(device.options.instanceId)) this.tellAdapters();
  }

  /** The function in a slot; undefined: nothing answers there. */
  at(instanceId: Guid, devfn: number): PassedThroughFunction | undefined {
    return this.functions.get(instanceId)?.get(devfn);
  }

  /** Where the host takes the messages of a bus. */
  redirection(instanceId: Guid): Redirection {
    return ({ data }) => {
      const device = this.deviceOf(instanceId);
      const found = device && backendOf(device).bus(device).redirectionOf(data);
      return found && { vector: found.vector, cpus: found.vps };
    };
  }

  /** Adapters hear whether their virtual functions are there. */
  private tellAdapters(): void {
    const all = [...this.functions.values()].flatMap((on) => [...on.values()]);
    for (const [adapter, serial] of this.adapters) {
      const { backend } = adapter;
      const isThere = all.some((one) => one.serial === serial);
      if (backend instanceof NetworkBackend) backend.setVf(adapter, serial, isThere, this.host);
    }
  }

  private on(instanceId: Guid): Map<number, PassedThroughFunction> {
    let on = this.functions.get(instanceId);
    if (on === undefined) {
      on = new Map();
      this.functions.set(instanceId, on);
    }
    return on;
  }

  private deviceOf(instanceId: Guid): HostDevice | undefined {
    return this.host.devices.find(({ options }) => options.instanceId === instanceId);
  }
}

/** @throws RangeError if the device is no PCI bus. */
function backendOf({ backend, options }: HostDevice): PciBackend {
  if (backend instanceof PciBackend) return backend;
  throw new RangeError(`${options.instanceId} is no PCI bus of irqlab's own`);
}

/** The first slot without a function that somebody has named. */
function freeDevfn(bus: PassedThroughBus): number {
  const taken = new Set(bus.named.map(({ slot }) => slot));
  let devfn = 0;
  while (taken.has(devfnToSlot(devfn))) devfn += 8;
  return devfn;
}

/** Slot and function of an address. */
export function devfnOf(bdf: string): number {
  const [, slot, func] = /:([0-9a-f]{2})\.([0-7])$/.exec(bdf) ?? [];
  return (Number.parseInt(slot ?? '0', 16) << 3) | Number(func ?? 0);
}
