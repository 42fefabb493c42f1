import { ErrnoError } from '../lib/errno.js';
import type { Proc } from '../machine/step.js';
import type { VmbusChannel } from './channel.js';
import type { ChannelOperations } from './channel-open.js';
import type { VmbusConnection } from './connection.js';
import { VmbusDevice, type VmbusDriver } from './driver.js';

/** The VMBus as a bus of the driver core: which device goes with which driver (drivers/hv/vmbus_drv.c). */
export class VmbusBus {
  /** Devices in the order in which they were found. */
  readonly devices: VmbusDevice[] = [];

  constructor(
    private readonly connection: VmbusConnection,
    private readonly operations: ChannelOperations,
    readonly drivers: readonly VmbusDriver[],
  ) {}

  /** Makes a device of a new primary channel and binds the driver of its class (vmbus_device_register). */
  *register(channel: VmbusChannel): Proc<void> {
    const { classId, instanceId } = channel.offer;
    const device = new VmbusDevice(classId, instanceId, channel);
    channel.device = device;
    this.devices.push(device);
    const driver = this.drivers.find((candidate) => matches(candidate, channel));
    if (driver === undefined) return;
    // From here on the device waits for its probe before it goes, even if the probe's turn has yet to come.
    device.driver = driver;
    device.probing.reinit();
    if (driver.probesAsynchronously) {
      channel.machine.spawn(`probe of channel ${channel.relid}`, this.probe(device, driver));
    } else yield* this.probe(device, driver);
  }

  /** Tells a device's driver of a new sub-channel (sc_creation_callback). */
  *addSubChannel(primary: VmbusChannel, channel: VmbusChannel): Proc<void> {
    const device = primary.device;
    if (device?.driver?.subChannelOffered === undefined) return;
    yield* device.driver.subChannelOffered(device, channel);
  }

  /** Takes the device of a rescinded primary channel away, and the channel with it (vmbus_device_unregister). */
  *unregister(channel: VmbusChannel): Proc<void> {
    const { device } = channel;
    if (device !== undefined) {
      yield* device.probing.wait();
      if (device.driver !== undefined) yield* device.driver.remove(device);
      device.driver = undefined;
      const at = this.devices.indexOf(device);
      if (at >= 0) this.devices.splice(at, 1);
    }
    yield* this.connection.channelMutex.lock();
    yield* this.operations.processChannelRemoval(channel);
    yield* this.connection.channelMutex.unlock();
  }

  private *probe(device: VmbusDevice, driver: VmbusDriver): Proc<void> {
    try {
      yield* driver.probe(device);
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      device.driver = undefined;
      this.connection.machine.log.printk(
        `hv_vmbus: probe failed for device ${device.instanceId} (${error.errno})`,
      );
    }
    device.probing.completeAll();
  }
}

/** drivers/hv/vmbus_drv.c vmbus_match */
function matches(driver: VmbusDriver, channel: VmbusChannel): boolean {
  return channel.isHvSock ? driver.hvsock === true : driver.classIds.includes(channel.offer.classId);
}
