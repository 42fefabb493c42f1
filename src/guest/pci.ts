import type { CpuId, Ns } from '../lib/brand.js';
import { ErrnoError, errnoCode } from '../lib/errno.js';
import { type PciDriver, type PciMachine, submitTo } from '../devices/pci/driver.js';
import type { Completed, Queue } from '../devices/pci/queue.js';
import type { PciCore, PciRootBus } from '../drivers/index.js';
import { netClassDevice } from '../machine/class-device.js';
import { type NetDevice, type NetDeviceOptions, netDevices } from '../machine/net-devices.js';
import { inFrame, type Procedure } from '../machine/step.js';
import { addressOf, addressWord } from '../host/protocols/network.js';
import type { PciPresence } from '../platform/pci/pci-functions.js';
import type { PciBus, PciFunction } from '../platform/pci/pci-function.js';
import {
  FIRST_SLOT,
  hypervAddress,
  instanceDomain,
  type PciDeviceOptions,
  pciDeviceName,
  slotAddress,
} from '../scenario/options/pci.js';
import { VMBUS_DEVICES } from '../view/sys/vmbus-devices.js';
import { devfnOf, type PassedThrough } from './passed-through.js';
import type { Guid } from '../vmbus/protocol/guid.js';
import { linesOf, msixOf, pciDriverFor } from './pci-devices.js';
import { identityOf, kernelDriverOf } from './pci-identity.js';

/** How long a device takes for one request unless its options say so. */
const LATENCY_NS: Ns = 100_000;

/** A function that the kernel has found. */
export interface FoundFunction {
  readonly options: PciDeviceOptions;
  readonly presence: PciPresence;
  /** Of a function that the host passes through. */
  readonly root: PciRootBus | undefined;
  /** Undefined: nobody has taken it into service. */
  driver: PciDriver | undefined;
  /** What its driver has made of a network adapter. */
  netDevice: NetDevice | undefined;
}

/** The guest's PCI functions, those that Hyper-V passes through as well, with their drivers. */
export class GuestPci implements PciCore {
  private readonly found = new Map<PciFunction, FoundFunction>();
  /** Takes lines away that a scenario has for functions of a PCI domain without saying more of them. */
  linesOfDomain: (number: number) => Procedure<void> = function* none() {};

  /**
   * @param machine gives what drivers work with; called when there is a device.
   * @param passedThrough what is on the buses of pci-hyperv.
   */
  constructor(
    private readonly machine: () => PciMachine,
    readonly passedThrough: PassedThrough,
  ) {}

  /** The bus of functions that do not say theirs. */
  defaultBus(): PciBus {
    return this.machine().msi.defaultBus;
  }

  /** Names of the devices in service, in the order in which they came. */
  get names(): readonly string[] {
    return this.drivers().map(({ name }) => name);
  }

  /** The device of this name or address, as its driver has it. @throws RangeError if there is none. */
  device(name: string): PciDriver {
    return this.inService(name);
  }

  /**
   * A function comes, and its driver takes it into service.
   *
   * @returns what the kernel calls the device.
   * @throws ErrnoError what the driver's probe fails with; RangeError if its address or name is taken.
   */
  *plug(options: PciDeviceOptions): Procedure<string> {
    const { found, ret } = yield* this.discover(options);
    if (found.driver !== undefined) return found.driver.name;
    const { name } = found.presence.func;
    yield* this.drop(found);
    throw new ErrnoError(
      errnoCode(ret),
      `${kernelDriverOf(options) ?? options.driver} at ${name} cannot be taken into service`,
    );
  }

  /**
   * A function is there when the kernel starts: it stays, with a driver or without.
   *
   * @throws RangeError if its address or name is taken.
   */
  *discover(options: PciDeviceOptions): Procedure<{ readonly found: FoundFunction; readonly ret: number }> {
    const { msi } = this.machine();
    const { instance, bus = msi.defaultBus, bdf = this.freeAddress(bus, instance), node = -1 } = options;
    if (msi.functions.at(bdf) !== undefined) throw new RangeError(`there is a PCI device at ${bdf} already`);
    const isOnHyperv = bus === 'hyperv';
    const identity = identityOf(options, isOnHyperv);
    const domain = bdf.slice(0, bdf.indexOf(':'));
    const guid = instance?.toLowerCase() ?? `00000000-${domain}-0000-0000-000000000000`;
    const parent = isOnHyperv ? `${VMBUS_DEVICES}/${guid}` : undefined;
    const lines = linesOf(options);
    const func = { name: bdf, node, msix: msixOf(options), lines, bus, instance, identity, parent };
    const found = this.add(func, options);
    return { found, ret: yield* this.probe(found) };
  }

  /** A function goes; its driver gives its interrupts back. @throws RangeError if there is no such device. */
  *unplug(name: string): Procedure<void> {
    yield* this.drop(this.find(name));
  }

  /**
   * The host asks the guest to give a function up.
   *
   * @returns false if it is on no bus of pci-hyperv's.
   * @throws RangeError if there is no such device.
   */
  eject(name: string): boolean {
    const { root, presence } = this.find(name);
    if (root === undefined) return false;
    this.passedThrough.eject(root.instanceId, devfnOf(presence.func.name));
    return true;
  }

  /** What the function in a slot of a passed-through bus is called, or its address; `` if the guest has not found it. */
  nameBehind(instanceId: Guid, devfn: number): string {
    for (const { root, presence, driver } of this.found.values()) {
      const { name } = presence.func;
      if (root?.instanceId === instanceId && devfnOf(name) === devfn) return driver?.name ?? name;
    }
    return '';
  }

  /** Looks for drivers of all functions that have none (pci_rescan_bus). */
  *rescan(): Procedure<void> {
    for (const found of [...this.found.values()]) if (found.driver === undefined) yield* this.probe(found);
  }

  /** A CPU submits a request. @returns false if there is no device of this name that takes any. */
  submit(name: string, cpu: CpuId, completed: Completed): boolean {
    const found = this.named(name);
    return this.give(found, found?.driver?.queueOf?.(cpu), completed);
  }

  /** A frame comes, or goes. @returns false if there is no network adapter of this name. */
  frame(name: string, direction: 'rx' | 'tx', flow: number): boolean {
    return this.frameOf(this.named(name), direction, flow);
  }

  private frameOf(found: FoundFunction | undefined, direction: 'rx' | 'tx', flow: number): boolean {
    const queue = found?.driver?.queueOfFlow?.(direction, flow);
    return this.give(found, queue, () => {}, direction === 'rx' ? 0 : undefined);
  }

  /**
   * Changes the number of queues in use, as `ethtool -L` does.
   *
   * @throws ErrnoError EOPNOTSUPP if the driver can't, EINVAL for an impossible number; RangeError without such a device.
   */
  *setQueues(name: string, count: number): Procedure<void> {
    const driver = this.inService(name);
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

  // What pci-hyperv calls.

  attach(bus: PciRootBus): void {
    const { number, instanceId } = bus;
    this.machine().msi.hypervBuses?.attach(
      number,
      instanceId,
      bus,
      this.passedThrough.redirection(instanceId),
    );
  }

  detach({ number }: PciRootBus): void {
    this.machine().msi.hypervBuses?.detach(number);
  }

  restore({ number }: PciRootBus): void {
    this.machine().msi.hypervBuses?.restore(number);
  }

  *scan(bus: PciRootBus, addDevices: boolean): Procedure<void> {
    const { msi } = this.machine();
    for (const { devfn, node } of bus.functions()) {
      const name = bdfOf(bus.number, devfn);
      const there = this.passedThrough.at(bus.instanceId, devfn);
      if (there === undefined || msi.functions.at(name) !== undefined) continue;
      const { options, serial } = there;
      const func: PciFunction = {
        name,
        node,
        msix: msixOf(options),
        lines: linesOf(options),
        bus: 'hyperv',
        instance: bus.instanceId,
        identity: identityOf(options, true),
        parent: `${VMBUS_DEVICES}/${bus.instanceId}`,
        slot: String(serial),
      };
      this.add(func, options, bus);
    }
    if (!addDevices) return;
    for (const found of [...this.found.values()]) if (found.root === bus) yield* this.probe(found);
  }

  *remove(bus: PciRootBus, devfn: number): Procedure<void> {
    const func = this.machine().msi.functions.at(bdfOf(bus.number, devfn))?.func;
    const found = func && this.found.get(func);
    if (found?.root === bus) yield* this.drop(found);
  }

  *removeAll(bus: PciRootBus): Procedure<void> {
    for (const found of [...this.found.values()]) if (found.root === bus) yield* this.drop(found);
    yield* this.linesOfDomain(bus.number);
  }

  private add(func: PciFunction, options: PciDeviceOptions, root?: PciRootBus): FoundFunction {
    const presence = this.machine().msi.functions.add(func);
    const found = { options, presence, root, driver: undefined, netDevice: undefined };
    this.found.set(func, found);
    return found;
  }

  /** Binds a function to its driver; 0 or what the probe failed with (pci_device_probe). */
  private *probe(found: FoundFunction): Procedure<number> {
    const { options, presence } = found;
    const taken = new Set(this.names);
    const name = pciDeviceName(options, taken);
    if (taken.has(name)) {
      this.forget(found);
      throw new RangeError(`there is a PCI device ${name} already`);
    }
    const driver = pciDriverFor(this.machine(), presence.func, name, options);
    const ret = yield* driver.probe();
    if (ret !== 0) return ret;
    found.driver = driver;
    presence.driver = kernelDriverOf(options);
    presence.classDevices = driver.classDevices ?? [];
    if (driver.queueOfFlow !== undefined) yield* this.registerNetdev(found);
    return 0;
  }

  /** A network adapter's driver makes an interface of it (register_netdev). */
  private *registerNetdev(found: FoundFunction): Procedure<void> {
    const { presence, root } = found;
    const { func, driver = '' } = presence;
    const netdevs = netDevices(this.machine().core.machine);
    const address = root && func.slot && addressOf(addressWord({ vf: Number(func.slot) }));
    const options: NetDeviceOptions = {
      ...(address && { address }),
      pci: { label: `${driver} ${func.name}`, slot: func.slot },
      frame: (direction, hash) => this.frameOf(found, direction, hash),
    };
    yield* inFrame('rtnl_lock', netdevs.rtnl.lock());
    found.netDevice = yield* netdevs.register(options);
    presence.classDevices = [...presence.classDevices, netClassDevice(found.netDevice)];
    yield* netdevs.rtnl.unlock();
  }

  /** unregister_netdev */
  private *unregisterNetdev(found: FoundFunction): Procedure<void> {
    const { netDevice } = found;
    if (netDevice === undefined) return;
    const netdevs = netDevices(this.machine().core.machine);
    yield* inFrame('rtnl_lock', netdevs.rtnl.lock());
    yield* netdevs.unregister(netDevice);
    found.netDevice = undefined;
    yield* netdevs.rtnl.unlock();
  }

  private *drop(found: FoundFunction): Procedure<void> {
    const { driver, presence } = found;
    yield* this.unregisterNetdev(found);
    found.driver = undefined;
    presence.driver = undefined;
    presence.classDevices = [];
    if (driver !== undefined) yield* driver.remove();
    yield* this.machine().msi.remove(presence.func);
    this.forget(found);
  }

  private forget({ presence: { func } }: FoundFunction): void {
    this.found.delete(func);
    this.machine().msi.functions.remove(func);
  }

  private give(
    found: FoundFunction | undefined,
    queue: Queue | undefined,
    completed: Completed,
    ns?: Ns,
  ): boolean {
    if (found === undefined || queue === undefined) return false;
    submitTo(this.machine(), queue, ns ?? found.options.latencyNs ?? LATENCY_NS, completed);
    return true;
  }

  private drivers(): PciDriver[] {
    return [...this.found.values()].flatMap(({ driver }) => driver ?? []);
  }

  private named(name: string): FoundFunction | undefined {
    for (const found of this.found.values()) if (found.driver?.name === name) return found;
    return undefined;
  }

  private inService(name: string): PciDriver {
    const { driver } = this.find(name);
    if (driver !== undefined) return driver;
    throw new RangeError(`PCI device ${name} has no driver; look for one with /sys/bus/pci/rescan`);
  }

  private find(name: string): FoundFunction {
    const at = this.machine().msi.functions.at(name)?.func;
    const found = this.named(name) ?? (at && this.found.get(at));
    if (found !== undefined) return found;
    throw new RangeError(`the guest has no PCI device ${name}; there are ${this.names.join(' ') || 'none'}`);
  }

  private freeAddress(bus: PciBus, instance: string | undefined): string {
    const { functions } = this.machine().msi;
    if (bus === 'pci') {
      let slot = FIRST_SLOT;
      while (functions.at(slotAddress(slot)) !== undefined) slot += 1;
      return slotAddress(slot);
    }
    let domain = instance === undefined ? 1 : instanceDomain(instance);
    while (functions.at(hypervAddress(domain)) !== undefined) domain += 1;
    return hypervAddress(domain);
  }
}

/** Address of a function of a passed-through bus, which has bus number 0. */
function bdfOf(domain: number, devfn: number): string {
  const slot = (devfn >>> 3).toString(16).padStart(2, '0');
  return `${domain.toString(16).padStart(4, '0')}:00:${slot}.${devfn & 7}`;
}
