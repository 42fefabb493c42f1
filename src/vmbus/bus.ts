import { ErrnoError, errnoValue } from '../lib/errno.js';
import { kworkers } from '../machine/kworkers.js';
import { procedureOf } from '../machine/procedure-of.js';
import { inFrame, type Procedure } from '../machine/step.js';
import type { VmbusChannel } from './channel/channel.js';
import type { ChannelOperations } from './channel/open.js';
import type { VmbusConnection } from './connection/connection.js';
import { deviceOf, VmbusDevice, type VmbusDriver } from './driver.js';
import type { Guid } from './protocol/guid.js';

/** Where the devices are in sysfs: below the bus' ACPI device. */
export const VMBUS_PATH = '/devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0004:00/VMBUS:00';

/** The VMBus as a bus of the driver core: which device goes with which driver (drivers/hv/vmbus_drv.c). */
export class VmbusBus {
  /** Devices in the order in which they were found. */
  readonly devices: VmbusDevice[] = [];
  private readonly byInstance = new Map<string, VmbusDevice>();
  /** Drivers that have registered, in that order, which is also the one in which they are asked. */
  readonly drivers: VmbusDriver[] = [];
  /** False if the user wants new devices left without a driver (drivers_autoprobe). */
  autoprobe = true;
  /** Drivers whose modules are loaded. */
  private readonly announced = new Set<VmbusDriver>();
  /** Devices that have drivers, in the order in which they were bound. */
  private readonly bound: VmbusDevice[] = [];
  /** Classes that a driver serves beside its own since the user said so (struct hv_driver dynids). */
  private readonly dynamicIds = new Map<VmbusDriver, Set<Guid>>();
  /** Devices whose probes wait for the end of a suspend; undefined outside one. */
  private deferred: Set<VmbusDevice> | undefined;

  constructor(
    private readonly connection: VmbusConnection,
    private readonly operations: ChannelOperations,
  ) {}

  /** The device with an instance id, which is its name on the bus. */
  device(instanceId: string): VmbusDevice | undefined {
    return this.byInstance.get(instanceId);
  }

  /**
   * Takes a driver into service and binds it to the devices that wait for one (__vmbus_driver_register).
   *
   * @param beside has a context of its own do what the driver's probes wait for.
   */
  *registerDriver(driver: VmbusDriver, beside?: (attach: Procedure<void>) => void): Procedure<void> {
    if (!this.connection.parameters.load(driver.name, this.connection.machine.log)) return;
    if (driver.loadedByHand !== true) this.announce(driver);
    this.drivers.push(driver);
    if (beside === undefined || driver.probesAsynchronously) yield* this.attach(driver);
    else beside(this.attach(driver));
  }

  /** Takes a driver out of service, and its devices from it, the one bound last first (vmbus_driver_unregister). */
  *unregisterDriver(driver: VmbusDriver): Procedure<void> {
    const { log } = this.connection.machine;
    if (driver.farewell !== undefined) log.printk(driver.farewell);
    log.printk(`hv_vmbus: unregistering driver ${driver.name}`);
    const at = this.drivers.indexOf(driver);
    if (at >= 0) this.drivers.splice(at, 1);
    for (const device of this.bound.toReversed()) if (device.driver === driver) yield* this.unbind(device);
    this.dynamicIds.delete(driver);
    this.announced.delete(driver);
  }

  /** The driver's module is loaded, and the user knows that it is. */
  isLoaded(driver: VmbusDriver): boolean {
    return this.announced.has(driver);
  }

  /** No device has it open. */
  isIdle(driver: VmbusDriver): boolean {
    return !this.bound.some((device) => device.driver === driver && driver.isInUse?.(device) === true);
  }

  /** The bus goes, once it has no device any more, and with it drivers that nobody has heard of (bus_unregister). */
  clear(): void {
    this.drivers.length = 0;
    this.autoprobe = true;
  }

  /** What the log says of a driver when its module is loaded. */
  announce(driver: VmbusDriver): void {
    if (this.announced.has(driver)) return;
    this.announced.add(driver);
    const { greeting, name } = driver;
    const { log } = this.connection.machine;
    if (greeting !== undefined) log.printk(greeting);
    log.printk(`hv_vmbus: registering driver ${name}`);
  }

  /** Binds a driver to all devices that wait for it (driver_attach). */
  private *attach(driver: VmbusDriver): Procedure<void> {
    for (const device of [...this.devices]) {
      const waits = device.driver === undefined && this.devices.includes(device);
      if (waits && this.matches(driver, device)) yield* this.bind(device, driver);
    }
  }

  /** Has a driver serve one more class of devices (vmbus_add_dynid); 0 or a negative errno. */
  *addId(driver: VmbusDriver, classId: Guid): Procedure<number> {
    const ids = this.dynamicIds.get(driver) ?? new Set();
    if (ids.has(classId)) return errnoValue('EEXIST');
    if (driver.loadedByHand === true) this.announce(driver);
    this.dynamicIds.set(driver, ids.add(classId));
    yield* this.attach(driver);
    return 0;
  }

  /** Undoes addId; devices that are bound stay so (remove_id_store). 0 or a negative errno. */
  removeId(driver: VmbusDriver, classId: Guid): number {
    return this.dynamicIds.get(driver)?.delete(classId) ? 0 : errnoValue('ENODEV');
  }

  /** Binds a device by hand (drivers/base/bus.c bind_store); 0 or a negative errno. */
  *bindByHand(device: VmbusDevice, driver: VmbusDriver): Procedure<number> {
    if (!this.matches(driver, device)) return errnoValue('ENODEV');
    if (device.driver !== undefined) return errnoValue('EBUSY');
    if (this.deferred !== undefined) return errnoValue('EAGAIN');
    yield* this.bind(device, driver, false);
    return device.driver === undefined ? device.probeError : 0;
  }

  /** Takes a device from its driver by hand; the device stays (drivers/base/bus.c unbind_store). */
  *unbind(device: VmbusDevice): Procedure<void> {
    yield* device.probing.wait();
    yield* device.lock.lock();
    // Its driver until the end: sub-channels may come meanwhile.
    if (device.driver !== undefined) yield* removeBy(device.driver, device);
    this.leave(device);
    yield* device.lock.unlock();
  }

  /**
   * Whether a driver serves a device: sockets have a driver of their own, driver_override names one, else class ids
   * decide, those of new_id included (drivers/hv/vmbus_drv.c vmbus_match, hv_vmbus_get_id).
   */
  private matches(driver: VmbusDriver, { channel, classId, driverOverride }: VmbusDevice): boolean {
    if (channel.isHvSock) return driver.hvsock === true;
    if (driverOverride !== null) return driverOverride === driver.name;
    return driver.classIds.includes(classId) || (this.dynamicIds.get(driver)?.has(classId) ?? false);
  }

  /**
   * Makes a device of a new primary channel and binds the driver of its class (vmbus_device_register). Its name is the
   * instance id, and there may be one device of a name only.
   *
   * @returns 0 or a negative errno.
   */
  *register(channel: VmbusChannel): Procedure<number> {
    const { classId, instanceId } = channel.offer;
    if (this.byInstance.has(instanceId)) {
      const { log } = this.connection.machine;
      log.printk(`sysfs: cannot create duplicate filename '${VMBUS_PATH}/${instanceId}'`);
      log.prErr(
        `kobject: kobject_add_internal failed for ${instanceId} with -EEXIST, don't try to register things with the same name in the same directory.`,
      );
      log.prErr('hv_vmbus: Unable to register child device');
      return errnoValue('EEXIST');
    }
    const device = new VmbusDevice(classId, instanceId, channel);
    channel.device = device;
    this.devices.push(device);
    this.byInstance.set(instanceId, device);
    if (this.autoprobe) yield* this.probeFor(device);
    return 0;
  }

  /**
   * While the guest is being suspended no driver takes a device into service, whether the device is new or the driver
   * (device_block_probing, really_probe).
   */
  blockProbing(): void {
    this.deferred ??= new Set();
  }

  /** Devices that would have had a driver meanwhile get theirs (device_unblock_probing). */
  *unblockProbing(): Procedure<void> {
    const deferred = this.deferred ?? new Set();
    this.deferred = undefined;
    for (const device of deferred) if (this.devices.includes(device)) yield* this.probeFor(device);
  }

  /** Looks for a driver for a device that has none (device_attach). */
  *probeFor(device: VmbusDevice): Procedure<void> {
    if (device.driver !== undefined) return;
    const driver = this.drivers.find((candidate) => this.matches(candidate, device));
    if (driver !== undefined) yield* this.bind(device, driver);
  }

  private *bind(device: VmbusDevice, driver: VmbusDriver, mayWait = true): Procedure<void> {
    if (this.deferred !== undefined) {
      this.deferred.add(device);
      return;
    }
    const { channel } = device;
    if (driver.loadedByHand === true) this.announce(driver);
    // From here on the device waits for its probe before it goes, even if the probe's turn has yet to come.
    device.driver = driver;
    this.bound.push(device);
    device.probing.reinit();
    if (driver.probesAsynchronously && mayWait) {
      const { machine, irq } = this.connection;
      const workers = kworkers(machine, undefined);
      const worker = workers.take();
      const name = `probe of channel ${channel.relid}`;
      const identity = { ...worker, workqueue: irq.behaviour.asyncWorkqueue };
      machine.spawn(
        name,
        this.probeAsync(device, driver, () => workers.giveBack(worker)),
        undefined,
        identity,
      );
    } else yield* this.probe(device, driver);
  }

  /** __driver_attach_async_helper, by a worker of async_schedule. */
  private *probeAsync(device: VmbusDevice, driver: VmbusDriver, ended: () => void): Procedure<void> {
    try {
      yield* inFrame('async_run_entry_fn', this.probe(device, driver));
    } finally {
      ended();
    }
  }

  /**
   * Tells a device's driver of a new sub-channel (sc_creation_callback). One that it has not asked for stays closed;
   * Linux has only netvsc look at that.
   */
  *addSubChannel(primary: VmbusChannel, channel: VmbusChannel): Procedure<void> {
    // Who makes the device lists the channel as open in the same step.
    primary.stateVar.announceRead();
    const device = deviceOf(primary);
    const asked = device?.subChannelsAsked ?? 0;
    if (channel.offer.subChannelIndex > asked) this.connection.refuse('offer-sub-channel-nobody-asked-for');
    else if (device?.driver?.subChannelOffered !== undefined) {
      const offered = device.driver.subChannelOffered(device, channel);
      yield* procedureOf(offered, device.driver, 'subChannelOffered(device, channel)');
    }
  }

  /** Takes the device of a primary channel away, if nobody else has (vmbus_device_unregister). */
  *removeDevice(channel: VmbusChannel): Procedure<void> {
    channel.assertLive('vmbus_device_unregister');
    // Who makes the device lists the channel as open in the same step.
    channel.stateVar.announceRead();
    const device = deviceOf(channel);
    if (device === undefined) return;
    device.probing.announceRead();
    // The directory of its channels goes first, and with it kernfs waits for writes there (kset_unregister).
    for (const one of this.connection.withSubChannels(channel)) yield* one.filesWritten();
    yield* device.probing.wait();
    yield* device.lock.lock();
    if (device.driver !== undefined) yield* removeBy(device.driver, device);
    this.leave(device);
    const at = this.devices.indexOf(device);
    if (at >= 0) this.devices.splice(at, 1);
    if (this.byInstance.get(device.instanceId) === device) this.byInstance.delete(device.instanceId);
    yield* device.lock.unlock();
  }

  /** Takes a channel without a device away. */
  *removeChannel(channel: VmbusChannel): Procedure<void> {
    yield* this.connection.channelMutex.lock();
    yield* this.operations.processChannelRemoval(channel);
    yield* this.connection.channelMutex.unlock();
  }

  /** The device has no driver any more. */
  private leave(device: VmbusDevice): void {
    device.driver = undefined;
    const at = this.bound.indexOf(device);
    if (at >= 0) this.bound.splice(at, 1);
  }

  /** call_driver_probe (drivers/base/dd.c), which says nothing where the driver has found no device of its. */
  private tellOfProbeFailure({ name }: VmbusDriver, { instanceId }: VmbusDevice, error: ErrnoError): void {
    if (error.code === 'ENODEV' || error.code === 'ENXIO') return;
    const { machine, behaviour } = this.connection;
    const text =
      behaviour.probeFailure === 'probe of'
        ? `${name}: probe of ${instanceId} failed with error ${error.errno}`
        : `${name} ${instanceId}: probe with driver ${name} failed with error ${error.errno}`;
    machine.log.printk(text);
  }

  private *probe(device: VmbusDevice, driver: VmbusDriver): Procedure<void> {
    if (this.deferred !== undefined) {
      this.leave(device);
      this.deferred.add(device);
      device.probing.completeAll();
      return;
    }
    try {
      yield* inFrame('vmbus_probe', procedureOf(driver.probe(device), driver, 'probe(device)'));
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      this.leave(device);
      device.probeError = error.errno;
      this.connection.machine.log.prErr(
        `hv_vmbus: probe failed for device ${device.instanceId} (${error.errno})`,
      );
      this.tellOfProbeFailure(driver, device, error);
    }
    device.probing.completeAll();
  }
}

function removeBy(driver: VmbusDriver, device: VmbusDevice): Procedure<void> {
  device.classDevices = [];
  return inFrame('vmbus_remove', procedureOf(driver.remove(device), driver, 'remove(device)'));
}
