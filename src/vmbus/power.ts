import type { Ns } from '../lib/brand.js';
import { ErrnoError, errorOf } from '../lib/errno.js';
import { sleep } from '../machine/completion.js';
import { procedureOf } from '../machine/procedure-of.js';
import { inFrame, type Procedure } from '../machine/step.js';
import type { VmbusBus } from './bus.js';
import type { VmbusChannel } from './channel/channel.js';
import type { ChannelManagement } from './channel/mgmt.js';
import { vmbusNegotiateVersion, vmbusRequestOffers } from './connection/connect.js';
import type { VmbusConnection } from './connection/connection.js';
import type { VmbusDevice, VmbusDriver } from './driver.js';
import { CHANNELMSG, VERSION_WIN8_1 } from './protocol/channel-messages.js';
import { INVALID_RELID } from './relid-map.js';

/** How long a resume waits for devices to be offered again, in kernels that wait for each. */
const RESUME_TIMEOUT_NS: Ns = 10_000_000_000;
/** What the other phases of a suspend take, between that of the devices and that of the bus. */
const LATE_PHASES_NS: Ns = 20_000_000;
const DRAIN_POLL_NS: Ns = 1_000_000;

/**
 * VMBus and the guest's going to sleep: hibernation, and a new kernel by kexec (drivers/hv/vmbus_drv.c vmbus_suspend,
 * vmbus_resume, vmbus_bus_suspend, vmbus_bus_resume; channel_mgmt.c vmbus_initiate_unload).
 */
export class VmbusPower {
  /** Version of the protocol before the suspend (vmbus_proto_version): only this one is proposed when resuming. */
  private protocolVersion = 0;

  constructor(
    private readonly connection: VmbusConnection,
    private readonly bus: VmbusBus,
    private readonly management: ChannelManagement,
  ) {}

  /**
   * Has the host forget this guest, and waits until it has, if need be for ever. Hosts before Windows 8.1 cannot be
   * connected to again.
   */
  *initiateUnload(): Procedure<void> {
    const { connection } = this;
    if (connection.unloading()) yield* inFrame('vmbus_initiate_unload', connection.requestUnload());
  }

  /**
   * The machine is about to go: waits for probes that are under way, then for each device's lock, the one found last first
   * (device_shutdown). Of the drivers none but hyperv_drm has something to do then, which shows on the screen alone
   * (vmbus_shutdown).
   */
  *shutdown(): Procedure<void> {
    const { devices } = this.bus;
    for (const { probing } of devices) yield* inFrame('wait_for_device_probe', probing.wait());
    for (const { lock } of devices.toReversed()) {
      yield* lock.lock();
      yield* lock.unlock();
    }
  }

  /**
   * Suspends all devices, the one found last first, then the bus. If a device cannot be suspended, those that are
   * suspended already are resumed.
   *
   * @throws ErrnoError EOPNOTSUPP if a driver knows no suspend; EBUSY if devices are missing since the last resume; what
   *   a driver's suspend throws.
   */
  *suspend(): Procedure<void> {
    const { machine, state, version } = this.connection;
    if (state.kind !== 'connected') {
      throw new ErrnoError('EBUSY', 'the guest sleeps already, or has left its host; it cannot be suspended');
    }
    if (version < VERSION_WIN8_1) {
      throw new ErrnoError(
        'EOPNOTSUPP',
        'a host that speaks VMBus 2.4 never forgets a guest; it cannot be suspended',
      );
    }
    const suspended: VmbusDevice[] = [];
    this.bus.blockProbing();
    for (const { probing } of this.bus.devices) yield* inFrame('wait_for_device_probe', probing.wait());
    try {
      for (const device of this.bus.devices.toReversed()) {
        yield* suspendDevice(device);
        suspended.push(device);
      }
      yield* sleep(LATE_PHASES_NS);
      yield* this.busSuspend();
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      machine.log.prErr(`PM: Some devices failed to suspend, or early wake event detected`);
      this.connection.ignoreOffers(false);
      for (const device of suspended.toReversed()) yield* this.resumeDevice(device);
      yield* this.bus.unblockProbing();
      throw error;
    }
  }

  /**
   * Resumes the bus, then all devices in the order in which they were found. A device that fails to resume is said in
   * the log and does not keep others from it.
   *
   * @throws ErrnoError EINVAL without an earlier suspend, ECONNREFUSED if the host does not speak the version any more; EINVAL
   *   or ENXIO, by kernel, if it is so old that it does not even see the proposal.
   */
  *resume(): Procedure<void> {
    try {
      yield* this.busResume();
      for (const device of [...this.bus.devices]) yield* this.resumeDevice(device);
    } finally {
      // Whatever has failed (dpm_complete).
      yield* this.bus.unblockProbing();
    }
  }

  /**
   * Lets begun work end, has sockets rescinded, and gives up all relids, for the host offers other ones at the resume;
   * then the host forgets the guest (vmbus_bus_suspend).
   */
  private *busSuspend(): Procedure<void> {
    const { connection } = this;
    connection.ignoreOffers(true);
    yield* this.drainWorkqueues();
    for (const channel of connection.primaries) {
      if (channel.isHvSock) this.forceRescinded(channel);
    }
    yield* connection.waitForChannelsToEnd();
    if (connection.behaviour.resumeWaitsForEachDevice && connection.missing().length > 0) {
      connection.machine.log.prErr('hv_vmbus: Can not suspend due to a previous failed resuming');
      throw new ErrnoError(
        'EBUSY',
        'devices are missing since the last resume; the guest cannot be suspended again',
      );
    }
    yield* connection.channelMutex.lock();
    for (const channel of connection.primaries) {
      if (channel.relid === INVALID_RELID) {
        // Missing since the last resume, in kernels that let it be.
        connection.machine.log.warn('drivers/hv/channel_mgmt.c', 'vmbus_channel_unmap_relid');
        continue;
      }
      yield* connection.relids.unmap(channel);
      channel.offer = { ...channel.offer, childRelid: INVALID_RELID };
    }
    yield* connection.channelMutex.unlock();
    this.protocolVersion = connection.version;
    yield* this.initiateUnload();
  }

  /**
   * Connects with the version of before and asks for the offers again; devices that do not come back are only said in
   * the log. Kernels that wait for each device wait in vain if there is none at all (vmbus_bus_resume).
   */
  private *busResume(): Procedure<void> {
    const { connection } = this;
    const { log } = connection.machine;
    connection.ignoreOffers(false);
    if (this.protocolVersion === 0) {
      log.printk('hv_vmbus: Invalid proto version = 0x0');
      throw new ErrnoError('EINVAL', 'the guest has not been suspended; there is nothing to resume');
    }
    connection.connecting();
    const ret = yield* vmbusNegotiateVersion(connection, this.protocolVersion);
    if (ret !== 0) {
      connection.disconnected();
      throw errorOf(ret, 'the host does not speak the version that the guest was suspended with');
    }
    connection.connectedWith(this.protocolVersion);
    const { resumeWaitsForEachDevice } = connection.behaviour;
    const hasNone = connection.missing().length === 0;
    if (resumeWaitsForEachDevice && hasNone) log.warn('drivers/hv/vmbus_drv.c', 'vmbus_bus_resume');
    yield* inFrame('vmbus_request_offers', vmbusRequestOffers(connection));
    if (resumeWaitsForEachDevice) {
      if (hasNone) yield* sleep(RESUME_TIMEOUT_NS);
      if (hasNone || !(yield* connection.waitForMissing(RESUME_TIMEOUT_NS))) {
        log.prErr('hv_vmbus: Some vmbus device is missing after suspending?');
      }
      return;
    }
    for (const { offer } of connection.missing()) {
      log.printk(`hv_vmbus: channel ${offer.classId}/${offer.instanceId} not present after resume.`);
    }
  }

  /** The host takes part in no hibernation with hv_sock, so their rescind is made up (vmbus_force_channel_rescinded). */
  private forceRescinded({ relid }: VmbusChannel): void {
    const { workQueue } = this.connection;
    workQueue.queue(
      () => this.management.onRescind({ type: CHANNELMSG.RESCIND_CHANNELOFFER, childRelid: relid }),
      undefined,
      { func: 'vmbus_onmessage_work' },
    );
  }

  private *drainWorkqueues(): Procedure<void> {
    const { rescindWorkQueue, workQueue, primaryChannelQueue, subChannelQueue } = this.connection;
    for (const queue of [rescindWorkQueue, workQueue, primaryChannelQueue, subChannelQueue]) {
      while (!queue.isIdle) yield* sleep(DRAIN_POLL_NS);
    }
  }

  /** Has the driver resume its device; what it fails with is only said in the log (vmbus_resume). */
  private *resumeDevice(device: VmbusDevice): Procedure<void> {
    yield* device.lock.lock();
    const { driver } = device;
    try {
      if (driver !== undefined) yield* resumeByDriver(device, driver);
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      this.connection.machine.log.printk(
        `${driver?.name} ${device.instanceId}: PM: failed to restore: error ${error.errno}`,
      );
    }
    yield* device.lock.unlock();
  }
}

/** Has the driver suspend its device; a device without a driver has nothing to suspend (vmbus_suspend). */
function* suspendDevice(device: VmbusDevice): Procedure<void> {
  yield* device.probing.wait();
  yield* device.lock.lock();
  try {
    const { driver } = device;
    if (driver === undefined) return;
    if (driver.suspend === undefined) throw notSupported(device);
    yield* procedureOf(driver.suspend(device), driver, 'suspend(device)');
  } finally {
    yield* device.lock.unlock();
  }
}

function* resumeByDriver(device: VmbusDevice, driver: VmbusDriver): Procedure<void> {
  if (driver.resume === undefined) throw notSupported(device);
  yield* procedureOf(driver.resume(device), driver, 'resume(device)');
}

function notSupported({ driver, instanceId }: VmbusDevice): ErrnoError {
  return new ErrnoError('EOPNOTSUPP', `driver ${driver?.name} of device ${instanceId} knows no hibernation`);
}
