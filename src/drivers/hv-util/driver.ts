import { ErrnoError } from '../../lib/errno.js';
import type { KernelLog } from '../../machine/log.js';
import type { Procedure } from '../../machine/step.js';
import { callbackMode } from '../../vmbus/channel/channel.js';
import { ChannelOperations } from '../../vmbus/channel/open.js';
import type { VmbusDevice, VmbusDriver } from '../../vmbus/driver.js';
import { deviceClassId } from '../../vmbus/protocol/class-ids.js';
import { VERSION_WIN8_1 } from '../../vmbus/protocol/versions.js';
import { DEVICE_PARAMETERS, type DeviceParameters } from '../device-parameters.js';
import { inject, injectable } from '../injection.js';
import { services } from './services.js';
import { UtilSession } from './session.js';

/** 12 KiB of data and the header (HV_UTIL_RING_SEND_SIZE). */
const RING_PAGES = 4;

/**
 * The integration services (drivers/hv/hv_util.c): the host begins, the guest turns each message into the answer. The
 * daemons behind KVP, VSS and file copy answer at once where they run; a request to shut down is answered and not obeyed.
 * The device's driverData is its UtilSession.
 */
@injectable()
export class UtilDriver implements VmbusDriver {
  readonly name = 'hv_utils';
  readonly greeting = 'hv_utils: Registering HyperV Utility Driver';
  readonly farewell = 'hv_utils: De-Registered HyperV Utility Driver';
  readonly probesAsynchronously = true;
  readonly classIds = Object.keys(services)
    .filter((name) => name !== 'fcopy' || this.operations.kernel.fcopyInUtils)
    .map(deviceClassId);

  constructor(
    @inject(ChannelOperations) private readonly operations: ChannelOperations,
    @inject(DEVICE_PARAMETERS) private readonly parameters: DeviceParameters,
  ) {}

  /** util_probe: these messages need no batched reading. */
  *probe(device: VmbusDevice): Procedure<void> {
    const { channel, instanceId } = device;
    const { operations } = this;
    const service = services[channel.deviceClass.name];
    if (service === undefined)
      throw new ErrnoError('ENODEV', `hv_utils has no service for channel ${channel.relid}`);
    this.initService(service.daemon, channel.machine.log);
    channel.callbackMode = callbackMode.direct;
    const hasDaemon = this.parameters.hasDaemon(instanceId);
    device.driverData = new UtilSession(operations, channel, service, hasDaemon);
    yield* this.open(device);
    if (service.daemon === 'vss' && hasDaemon) {
      channel.machine.log.printk('hv_utils: VSS: userspace daemon ver. 129 connected');
    }
  }

  *remove(device: VmbusDevice): Procedure<void> {
    sessionOf(device)?.ended();
    yield* this.operations.close(device.channel);
  }

  *suspend(device: VmbusDevice): Procedure<void> {
    sessionOf(device)?.suspended();
    yield* this.operations.close(device.channel);
  }

  *resume(device: VmbusDevice): Procedure<void> {
    yield* this.open(device);
  }

  private *open(device: VmbusDevice): Procedure<void> {
    const callback = (): void => sessionOf(device)?.onChannel();
    yield* this.operations.open(device.channel, { callback, ringPages: RING_PAGES });
  }

  /** hv_vss_init: hosts before Windows Server 2012 R2 have no backup that Linux knows. */
  private initService(daemon: string | undefined, log: KernelLog): void {
    const { operations } = this;
    if (daemon !== 'vss' || operations.protocolVersion >= VERSION_WIN8_1) return;
    const text = "Integration service 'Backup (volume snapshot)' not supported on this host version.";
    log.printk(`hv_utils: ${text}`);
    throw new ErrnoError(operations.kernel.utilInitErrno, 'backups of a host need VMBus 3.0');
  }
}

function sessionOf({ driverData }: VmbusDevice): UtilSession | undefined {
  return driverData instanceof UtilSession ? driverData : undefined;
}
