import { ErrnoError } from '../../lib/errno.js';
import type { ClassDevice } from '../../machine/class-device.js';
import type { Procedure } from '../../machine/step.js';
import { callbackMode } from '../../vmbus/channel/channel.js';
import { ChannelOperations } from '../../vmbus/channel/open.js';
import type { VmbusDevice, VmbusDriver } from '../../vmbus/driver.js';
import { deviceClassId } from '../../vmbus/protocol/class-ids.js';
import type { Guid } from '../../vmbus/protocol/guid.js';
import { devPrintk } from '../dev-printk.js';
import { inject, injectable } from '../injection.js';
import { UioHvGeneric } from './uio-hv-generic.js';

/** 2 MiB of data and the header (SZ_2M, VMBUS_RING_SIZE). */
const RING_PAGES = 513;
/** RECV_BUFFER_SIZE and SEND_BUFFER_SIZE of a network adapter, in pages. */
const NIC_BUFFERS = [7936, 4096] as const;
const NIC_CLASS_ID = deviceClassId('nic');

/** A buffer that the program in user space shares with the host. */
interface SharedBuffer {
  readonly pfn: number;
  readonly gpadl: number;
}

/** A VMBus device whose channel a program in user space has (struct hv_uio_private_data). */
export class UioDevice {
  private uio: UioHvGeneric | undefined;
  private users = 0;
  private readonly buffers: SharedBuffer[] = [];

  constructor(
    private readonly operations: ChannelOperations,
    private readonly device: VmbusDevice,
    /** Number of its /dev/uio. */
    readonly minor: number,
  ) {}

  /** How often the channel has interrupted since the device is bound (struct uio_device event). */
  get events(): number {
    return this.uio?.eventCount ?? 0;
  }

  get isOpen(): boolean {
    return this.users > 0;
  }

  /** What sysfs and /dev show of it (drivers/uio/uio.c). */
  get classDevice(): ClassDevice {
    return {
      className: 'uio',
      name: `uio${this.minor}`,
      files: {
        event: () => `${this.events}\n`,
        name: () => 'uio_hv_generic\n',
        version: () => '0.02.1\n',
        uevent: () => `DEVNAME=uio${this.minor}\n`,
      },
    };
  }

  /** Receive and send buffers of a network adapter are the host's from the probe on (hv_uio_probe). */
  *shareBuffers(): Procedure<void> {
    if (this.device.classId !== NIC_CLASS_ID) return;
    const { memory } = this.operations;
    for (const pages of NIC_BUFFERS) {
      const { pfn } = memory.allocate(pages);
      try {
        const gpadl = yield* this.operations.establishGpadl(this.device.channel, pfn, pages);
        this.buffers.push({ pfn, gpadl });
      } catch (error) {
        memory.free(pfn);
        throw error;
      }
    }
  }

  /** The first open() of /dev/uio opens the channel (hv_uio_open). */
  *open(): Procedure<void> {
    this.users += 1;
    if (this.users > 1) return;
    const { operations, device } = this;
    const { channel } = device;
    channel.callbackMode = callbackMode.isr;
    try {
      yield* operations.open(channel, {
        callback: (from) => this.uio?.callback(from),
        ringPages: RING_PAGES,
      });
    } catch (error) {
      this.users -= 1;
      throw error;
    }
    const { rings } = channel;
    if (rings === undefined) return;
    const masking = operations.kernel.uioMasksInterrupts ? 'driver-too' : 'user-space';
    const before = this.events;
    this.uio = new UioHvGeneric(rings.inbound, masking, () => operations.setEvent(channel), before);
    yield* this.uio.open();
  }

  /** The last close() closes it (hv_uio_release). @throws ErrnoError EBADF if it is not open. */
  *release(): Procedure<void> {
    this.opened();
    this.users -= 1;
    if (this.users === 0) yield* this.operations.close(this.device.channel);
  }

  /** write() of 1 or 0 to /dev/uio. @throws ErrnoError EBADF if it is not open. */
  *irqControl(on: boolean): Procedure<void> {
    yield* this.opened().irqControl(on);
  }

  /** The device goes (hv_uio_remove): whoever has it open has nothing of it any more. */
  *remove(): Procedure<void> {
    this.users = 0;
    const { operations, device } = this;
    yield* operations.close(device.channel);
    for (const { pfn, gpadl } of this.buffers.splice(0)) {
      yield* operations.teardownGpadl(device.channel, gpadl);
      operations.memory.free(pfn);
    }
  }

  private opened(): UioHvGeneric {
    const { uio } = this;
    if (this.users > 0 && uio !== undefined) return uio;
    throw new ErrnoError('EBADF', `/dev/uio${this.minor} is not open`);
  }
}

/**
 * Devices for programs in user space (drivers/uio/uio_hv_generic.c), such as DPDK's: bound by new_id or driver_override.
 * The device's driverData is its UioDevice.
 */
@injectable()
export class UioDriver implements VmbusDriver {
  readonly name = 'uio_hv_generic';
  readonly classIds: readonly Guid[];
  readonly loadedByHand = true;
  private readonly minors = new Set<number>();

  constructor(@inject(ChannelOperations) private readonly operations: ChannelOperations) {
    this.classIds = operations.kernel.uioServesFcopy ? [deviceClassId('fcopy')] : [];
  }

  *probe(device: VmbusDevice): Procedure<void> {
    let minor = 0;
    while (this.minors.has(minor)) minor += 1;
    this.minors.add(minor);
    const uio = new UioDevice(this.operations, device, minor);
    try {
      yield* uio.shareBuffers();
    } catch (error) {
      yield* uio.remove();
      this.minors.delete(minor);
      if (error instanceof ErrnoError) devPrintk(this, device, 'hv_uio register failed');
      throw error;
    }
    device.driverData = uio;
    device.classDevices = [uio.classDevice];
  }

  *remove(device: VmbusDevice): Procedure<void> {
    const { driverData } = device;
    if (!(driverData instanceof UioDevice)) return;
    yield* driverData.remove();
    this.minors.delete(driverData.minor);
    device.driverData = undefined;
  }

  /** A program that has it open has the module, too (uio_open). */
  isInUse({ driverData }: VmbusDevice): boolean {
    return driverData instanceof UioDevice && driverData.isOpen;
  }
}
