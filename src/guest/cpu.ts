import type { CpuId } from '../lib/brand.js';
import { ErrnoError } from '../lib/errno.js';
import type { Machine } from '../machine/machine.js';

/** A CPU of the guest. */
export class GuestCpu {
  constructor(
    private readonly machine: Machine,
    readonly number: CpuId,
  ) {}

  /** True if the CPU is plugged in. */
  get isPresent(): boolean {
    return this.machine.present.has(this.number);
  }

  /**
   * The CPU is plugged in: it is present from then on, and offline until somebody brings it online. Nothing to do for one
   * that is there.
   *
   * @throws RangeError on arm64, and before Linux 6.9 for a CPU that would not get this number.
   */
  plug(): void {
    this.machine.call(`CPU ${this.number} plugged in`, this.machine.cpuPlug.plug(this.number));
  }

  /**
   * The host asks for the CPU back: it goes offline and is gone.
   *
   * @throws ErrnoError EBUSY if it cannot go offline; RangeError on arm64, and for a CPU that is not plugged in.
   */
  unplug(): void {
    this.machine.call(`CPU ${this.number} unplugged`, this.machine.cpuPlug.unplug(this.number));
  }

  get isOnline(): boolean {
    return this.machine.online.has(this.number);
  }

  /**
   * Takes the CPU offline; returns when that is done. Nothing to do for an offline CPU.
   *
   * @throws ErrnoError EBUSY for the last online CPU, for CPU 0 (the VMBus connect CPU) and while a channel targets
   *   the CPU; ENOSPC if the other CPUs have too few vectors left.
   */
  offline(): void {
    this.machine.call(`CPU ${this.number} offline`, this.machine.hotplug.cpuDown(this.number));
  }

  /** As offline, for a guest that begins without the CPU. @throws RangeError if it cannot go offline. */
  leave(): void {
    try {
      this.offline();
    } catch (error) {
      if (error instanceof ErrnoError) throw new RangeError(error.message);
      throw error;
    }
  }

  /** Brings the CPU online; returns when that is done. @throws ErrnoError EINVAL if it is not plugged in. */
  online(): void {
    this.machine.call(`CPU ${this.number} online`, this.machine.hotplug.cpuUp(this.number));
  }

  /** Keeps interrupts of this CPU pending until `enableInterrupts`, as code under local_irq_disable does. */
  disableInterrupts(): void {
    this.machine.cpu(this.number).localIrqDisable();
  }

  /** Undoes one disableInterrupts; what is pending is handled before this returns. */
  enableInterrupts(): void {
    this.machine.cpu(this.number).localIrqEnable();
    this.machine.settle();
  }
}
