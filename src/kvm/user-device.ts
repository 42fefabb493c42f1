import { IRQ_HANDLED, IRQ_NONE, type IrqHandler } from '../irq/data/irqaction.js';
import type { Procedure } from '../machine/step.js';
import type { EventfdWaiter } from './eventfd.js';
import { KVM_IRQFD_FLAG_DEASSIGN, KVM_IRQFD_FLAG_RESAMPLE } from './irqfds.js';
import type { Kvm } from './kvm.js';
import { WorkItem } from './work.js';

/** Has work done whenever an eventfd is signalled, as an event loop of user space does. */
class EventLoopEntry implements EventfdWaiter {
  constructor(private readonly work: WorkItem) {}

  *wakeup(): Procedure<void> {
    yield* this.work.schedule();
  }

  *hangup(): Procedure<void> {}
}

/**
 * A level-triggered device in user space, as an assigned PCI device is to QEMU: its interrupt is an irqfd with
 * resampling. It wants service until the guest's driver has served all that it has.
 *
 * Access rules: `wanted` is looked at by guest and user space; the guest's access is the vCPU's entry, user space
 * yields kvm.guestWord.
 */
export class UserDevice {
  /** Things that the guest's driver has yet to do, one for each interrupt. */
  wanted = 0;
  /** Things that it did. */
  served = 0;
  readonly fd: number;
  readonly resamplefd: number;

  constructor(
    private readonly kvm: Kvm,
    readonly name: string,
    readonly gsi: number,
  ) {
    this.fd = kvm.files.eventfd(`${name} eventfd`);
    this.resamplefd = kvm.files.eventfd(`${name} resamplefd`);
  }

  /** Ties the device to its line: 0 or a negative errno. */
  assign(): Procedure<number> {
    const { fd, resamplefd, gsi } = this;
    return this.kvm.irqfds.ioctl({ fd, resamplefd, gsi, flags: KVM_IRQFD_FLAG_RESAMPLE });
  }

  /** Unties it. */
  deassign(): Procedure<number> {
    const { fd, gsi } = this;
    return this.kvm.irqfds.ioctl({ fd, gsi, flags: KVM_IRQFD_FLAG_DEASSIGN });
  }

  /**
   * Unties it and ties it again. What it signalled between is forgotten with the old irqfd, so that user space looks at
   * the device afterwards: 0 or a negative errno.
   */
  *reassign(): Procedure<number> {
    const { kvm } = this;
    yield* this.deassign();
    const ret = yield* this.assign();
    if (ret < 0) return ret;
    yield kvm.guestWord.read;
    if (this.wanted > 0) yield* kvm.files.open(this.fd).signal();
    return 0;
  }

  /** The device has `things` more for the driver, and says so. */
  *want(things = 1): Procedure<void> {
    yield this.kvm.guestWord.update;
    this.wanted += things;
    yield* this.kvm.files.open(this.fd).signal();
  }

  /** Waits until the guest has ended an interrupt; asserts the line again if the device still wants service. */
  *resample(): Procedure<void> {
    yield* this.kvm.files.open(this.resamplefd).read();
    yield this.kvm.guestWord.read;
    if (this.wanted > 0) yield* this.kvm.files.open(this.fd).signal();
  }

  /** What user space's thread does for the device all the time. */
  *resampleForever(): Procedure<void> {
    for (;;) yield* this.resample();
  }

  /** Has user space's event loop do so whenever there is something to read; no thread waits meanwhile. */
  *watch(): Procedure<void> {
    const { kvm, name, resamplefd } = this;
    const eventfd = kvm.files.open(resamplefd);
    const device = this;
    const work = new WorkItem(kvm.threads, `user space of ${name}`, function* () {
      if (eventfd.count > 0) yield* device.resample();
    });
    yield* eventfd.poll(new EventLoopEntry(work));
  }

  /** The guest driver's interrupt handler: does one thing of those that there are. */
  readonly handler: IrqHandler = () => {
    if (this.wanted === 0) return IRQ_NONE;
    this.wanted -= 1;
    this.served += 1;
    return IRQ_HANDLED;
  };

  /** True if the device wants service and nobody will see to it: the line is low and user space has nothing to read. */
  get isStarved(): boolean {
    const { kvm } = this;
    return this.wanted > 0 && !kvm.ioapic.isHigh(this.gsi) && kvm.files.open(this.resamplefd).count === 0;
  }
}
