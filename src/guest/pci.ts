import type { CpuId, Ns } from '../lib/brand.js';
import { ErrnoError, errnoCode } from '../lib/errno.js';
import { type PciDriver, type PciMachine, submitTo } from '../devices/pci/driver.js';
import { ManaDevice } from '../devices/pci/mana.js';
import { MsixDevice } from '../devices/pci/msix.js';
import { NvmeDevice } from '../devices/pci/nvme.js';
import type { PciBus, PciFunction } from '../platform/pci/pci-msi.js';
import { VirtioBlkDevice } from '../devices/pci/virtio-blk.js';
import { VirtioNetDevice } from '../devices/pci/virtio-net.js';
import type { Completed, Queue } from '../devices/pci/queue.js';
import type { Procedure } from '../machine/step.js';
import {
  FIRST_SLOT,
  hypervAddress,
  instanceDomain,
  type PciDeviceOptions,
  pciDeviceName,
  slotAddress,
} from '../scenario/options/pci.js';

/** How long a device takes for one request unless its options say so. */
const LATENCY_NS: Ns = 100_000;

/** A device that is in service. */
interface Plugged {
  readonly driver: PciDriver;
  readonly latencyNs: Ns;
}

/** The guest's PCI functions outside Hyper-V's own, with their drivers. */
export class GuestPci {
  private readonly plugged = new Map<string, Plugged>();

  /** @param machine gives what drivers work with; called when there is a device. */
  constructor(private readonly machine: () => PciMachine) {}

  /** The bus of functions that do not say theirs. */
  defaultBus(): PciBus {
    return this.machine().msi.defaultBus;
  }

  /** Names of the devices, in the order in which they came. */
  get names(): readonly string[] {
    return [...this.plugged.keys()];
  }

  /** The device of this name, as its driver has it. @throws RangeError if there is none. */
  device(name: string): PciDriver {
    return this.find(name).driver;
  }

  /**
   * A function comes, and its driver takes it into service.
   *
   * @returns what the kernel calls the device.
   * @throws ErrnoError what the driver's probe fails with; RangeError if its address or name is taken.
   */
  *plug(options: PciDeviceOptions): Procedure<string> {
    const driver = this.driverFor(options);
    const ret = yield* driver.probe();
    if (ret !== 0) {
      yield* this.machine().msi.remove(driver.pci);
      throw new ErrnoError(
        errnoCode(ret),
        `${driver.name} at ${driver.pci.name} cannot be taken into service`,
      );
    }
    this.plugged.set(driver.name, { driver, latencyNs: options.latencyNs ?? LATENCY_NS });
    return driver.name;
  }

  /** A function goes; its driver gives its interrupts back. @throws RangeError if there is no such device. */
  *unplug(name: string): Procedure<void> {
    const { driver } = this.find(name);
    this.plugged.delete(driver.name);
    yield* driver.remove();
    yield* this.machine().msi.remove(driver.pci);
  }

  /** A CPU submits a request. @returns false if there is no device of this name that takes any. */
  submit(name: string, cpu: CpuId, completed: Completed): boolean {
    const device = this.plugged.get(name);
    return this.give(device, device?.driver.queueOf?.(cpu), completed);
  }

  /** A frame comes, or goes. @returns false if there is no network adapter of this name. */
  frame(name: string, direction: 'rx' | 'tx', flow: number): boolean {
    const device = this.plugged.get(name);
    const queue = device?.driver.queueOfFlow?.(direction, flow);
    return this.give(device, queue, () => {}, direction === 'rx' ? 0 : undefined);
  }

  /**
   * Changes the number of queues in use, as `ethtool -L` does.
   *
   * @throws ErrnoError EOPNOTSUPP if the driver can't, EINVAL for an impossible number; RangeError without such a device.
   */
  *setQueues(name: string, count: number): Procedure<void> {
    const { driver } = this.find(name);
    const ret = driver.setQueues === undefined ? undefined : yield* driver.setQueues(count);
    if (ret === undefined)
      throw new ErrnoError('EOPNOTSUPP', `${driver.name} cannot change its number of queues`);
    if (ret !== 0) {
      throw new ErrnoError(
        errnoCode(ret),
        `${driver.name} has ${driver.queues.length / 2} pairs of queues, not ${count}`,
      );
    }
  }

  private give(
    device: Plugged | undefined,
    queue: Queue | undefined,
    completed: Completed,
    ns?: Ns,
  ): boolean {
    if (device === undefined || queue === undefined) return false;
    submitTo(this.machine(), queue, ns ?? device.latencyNs, completed);
    return true;
  }

  private find(name: string): Plugged {
    const plugged = this.plugged.get(name) ?? this.at(name);
    if (plugged !== undefined) return plugged;
    throw new RangeError(`the guest has no PCI device ${name}; there are ${this.names.join(' ') || 'none'}`);
  }

  private at(bdf: string): Plugged | undefined {
    return [...this.plugged.values()].find(({ driver }) => driver.pci.name === bdf);
  }

  private driverFor(options: PciDeviceOptions): PciDriver {
    const machine = this.machine();
    const { driver, names, node = -1, instance, bus = machine.msi.defaultBus } = options;
    const { queues = names?.length ?? 1, bdf = this.freeAddress(bus, instance) } = options;
    if (this.at(bdf) !== undefined) throw new RangeError(`there is a PCI device at ${bdf} already`);
    const name = pciDeviceName(options, new Set(this.plugged.keys()));
    if (this.plugged.has(name)) throw new RangeError(`there is a PCI device ${name} already`);
    const at = (msix: number): PciFunction => ({
      name: bdf,
      node,
      msix: options.vectors ?? msix,
      bus,
      instance,
    });
    const number = Number(/\d+$/.exec(name)?.[0] ?? 0);
    switch (driver) {
      case 'nvme':
        return new NvmeDevice(machine, at(queues + 1), number, queues);
      case 'virtio-blk':
        return new VirtioBlkDevice(machine, at(queues + 1), number, queues);
      case 'virtio-net':
        return new VirtioNetDevice(machine, at(2 * queues + 1), number, queues);
      case 'mana':
        return new ManaDevice(machine, at(queues + 1), name);
      case 'msix': {
        const spread = options.managed ? { preVectors: 0, postVectors: 0 } : undefined;
        const all = names ?? Array.from({ length: queues }, (_, i) => `${name}-${i}`);
        return new MsixDevice(machine, at(all.length), name, all, spread);
      }
    }
  }

  private freeAddress(bus: PciBus, instance: string | undefined): string {
    if (bus === 'pci') return this.freeSlot();
    let domain = instance === undefined ? 1 : instanceDomain(instance);
    while (this.at(hypervAddress(domain)) !== undefined) domain += 1;
    return hypervAddress(domain);
  }

  private freeSlot(): string {
    let slot = FIRST_SLOT;
    while (this.at(slotAddress(slot)) !== undefined) slot += 1;
    return slotAddress(slot);
  }
}
