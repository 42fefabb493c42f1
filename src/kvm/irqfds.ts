import { errnoValue } from '../lib/errno.js';
import { Lock } from '../machine/lock.js';
import { type Procedure, SharedWord } from '../machine/step.js';
import type { EventfdCtx } from './eventfd.js';
import { KernelIrqfd } from './irqfd.js';
import type { Kvm } from './kvm.js';
import type { ResamplerLifetime, ResamplerLifetimeFactory } from './resampler-lifetime.js';

export const KVM_IRQFD_FLAG_DEASSIGN = 1 << 0;
export const KVM_IRQFD_FLAG_RESAMPLE = 1 << 1;

/** Argument of the ioctl KVM_IRQFD (struct kvm_irqfd). */
export interface KvmIrqfdArgs {
  readonly fd: number;
  readonly gsi: number;
  /** KVM_IRQFD_FLAG_*. */
  readonly flags?: number;
  /** With KVM_IRQFD_FLAG_RESAMPLE: the eventfd that tells when the guest has ended the interrupt. */
  readonly resamplefd?: number;
}

/**
 * The irqfds of a virtual machine (virt/kvm/eventfd.c).
 *
 * Access rules: `items` and each irqfd's `active` belong to `lock` (irqfds.lock, a spin lock).
 */
export class Irqfds {
  readonly lock = new Lock('irqfds.lock');
  readonly lifetime: ResamplerLifetime;
  private readonly items: KernelIrqfd[] = [];
  /** Irqfds whose shutdown is queued or runs: what is on the workqueue kvm-irqfd-cleanup. */
  private readonly cleanup = new Set<KernelIrqfd>();
  private readonly cleanupWord = new SharedWord('kvm-irqfd-cleanup');

  constructor(
    readonly kvm: Kvm,
    lifetime: ResamplerLifetimeFactory,
  ) {
    this.lifetime = lifetime(kvm);
  }

  /** The irqfds that are assigned, in order of assignment. */
  get assigned(): readonly KernelIrqfd[] {
    return this.items;
  }

  /** The ioctl KVM_IRQFD (kvm_irqfd): 0 or a negative errno. */
  *ioctl(args: KvmIrqfdArgs): Procedure<number> {
    const flags = args.flags ?? 0;
    if ((flags & ~(KVM_IRQFD_FLAG_DEASSIGN | KVM_IRQFD_FLAG_RESAMPLE)) !== 0) return errnoValue('EINVAL');
    if ((flags & KVM_IRQFD_FLAG_DEASSIGN) !== 0) return yield* this.deassign(args);
    return yield* this.assign(args, (flags & KVM_IRQFD_FLAG_RESAMPLE) !== 0);
  }

  /** kvm_irqfd_assign */
  private *assign(args: KvmIrqfdArgs, resample: boolean): Procedure<number> {
    const { kvm, lifetime } = this;
    if (!this.isAllowed(resample)) return errnoValue('EINVAL');
    const eventfd = kvm.files.get(args.fd);
    if (eventfd === undefined) return errnoValue('EBADF');
    let resamplefd: EventfdCtx | undefined;
    if (resample) {
      resamplefd = kvm.files.get(args.resamplefd ?? -1);
      if (resamplefd === undefined) return errnoValue('EBADF');
    }
    const irqfd = new KernelIrqfd(this, args.gsi, eventfd, resamplefd);
    if (resample) {
      const ret = yield* lifetime.assign(irqfd);
      if (ret < 0) return ret;
    }
    yield* this.lock.lock();
    if (this.items.some((other) => other.eventfd === eventfd)) {
      yield* this.lock.unlock();
      if (irqfd.resampler !== undefined) yield* lifetime.shutdown(irqfd, irqfd.resampler);
      return errnoValue('EBUSY');
    }
    // Held until the eventfd knows the irqfd, so that a shutdown in between finds all there is to undo.
    const ticket = yield* kvm.irqSrcu.readLockSteps();
    this.items.push(irqfd);
    irqfd.active = true;
    yield* this.lock.unlock();
    if (yield* eventfd.poll(irqfd)) yield* irqfd.inject.schedule();
    yield* kvm.irqSrcu.readUnlockSteps(ticket);
    return 0;
  }

  /** kvm_arch_irqfd_allowed: resampling needs an IO-APIC in the kernel whose EOIs it sees. */
  private isAllowed(resample: boolean): boolean {
    const { irqchip } = this.kvm;
    return resample ? irqchip === 'kernel' : irqchip !== 'none';
  }

  /** kvm_irqfd_deassign: 0 also if there is none such; no interrupt of it comes after this returned. */
  private *deassign(args: KvmIrqfdArgs): Procedure<number> {
    const eventfd = this.kvm.files.get(args.fd);
    if (eventfd === undefined) return errnoValue('EBADF');
    yield* this.lock.lock();
    for (const irqfd of [...this.items]) {
      if (irqfd.eventfd === eventfd && irqfd.gsi === args.gsi) yield* irqfd.deactivate();
    }
    yield* this.lock.unlock();
    yield* this.flushCleanup();
    return 0;
  }

  /** Takes down all irqfds: the virtual machine is going away (kvm_irqfd_release). */
  *release(): Procedure<void> {
    yield* this.lock.lock();
    for (const irqfd of [...this.items]) yield* irqfd.deactivate();
    yield* this.lock.unlock();
    yield* this.flushCleanup();
  }

  /** For KernelIrqfd only: it leaves the list, and its shutdown is about to be queued. */
  *remove(irqfd: KernelIrqfd): Procedure<void> {
    this.items.splice(this.items.indexOf(irqfd), 1);
    irqfd.active = false;
    yield this.cleanupWord.update;
    this.cleanup.add(irqfd);
  }

  /** For KernelIrqfd only: its shutdown is done. */
  *cleaned(irqfd: KernelIrqfd): Procedure<void> {
    yield this.cleanupWord.update;
    this.cleanup.delete(irqfd);
  }

  /** Waits for the shutdowns that are queued now (flush_workqueue). */
  private *flushCleanup(): Procedure<void> {
    yield this.cleanupWord.read;
    for (const irqfd of [...this.cleanup]) yield* irqfd.shutdown.flush();
  }
}
