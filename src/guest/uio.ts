import { UioDevice } from '../drivers/uio/driver.js';
import type { Relid } from '../lib/brand.js';
import type { Machine } from '../machine/machine.js';
import type { VmbusDevice } from '../vmbus/driver.js';
import { bool } from './arguments.js';
import { checkArgument } from './check-argument.js';

/** A program in user space that has a device through /dev/uio. */
export class GuestUio {
  constructor(
    private readonly machine: Machine,
    /** The device as the guest's kernel has it. */
    readonly device: UioDevice,
  ) {}

  /** The device that uio_hv_generic has. @throws RangeError if it has none with this channel. */
  static of(machine: Machine, relid: Relid, device: VmbusDevice | undefined): GuestUio {
    const data = device?.driverData;
    if (data instanceof UioDevice) return new GuestUio(machine, data);
    throw new RangeError(`uio_hv_generic has no device with channel ${relid}; bind one by new_id and bind`);
  }

  /** Interrupts that the program could read. */
  get events(): number {
    return this.device.events;
  }

  /** open() of /dev/uio; the first opens the channel. @throws ErrnoError as ChannelOperations.open. */
  open(): void {
    this.machine.call('uio_open', this.device.open());
  }

  /** close(); the last closes the channel. @throws ErrnoError EBADF if it is not open. */
  close(): void {
    this.machine.call('uio_release', this.device.release());
  }

  /** write() of 1 or 0: interrupts on or off. @throws ErrnoError EBADF if it is not open. */
  irqControl(on: boolean): void {
    checkArgument('on', bool, on);
    this.machine.call('uio_write', this.device.irqControl(on));
  }
}
