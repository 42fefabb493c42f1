import { errnoValue } from '../lib/errno.js';
import type { Procedure } from '../machine/step.js';
import type { EventfdCtx, EventfdTable } from './eventfd.js';
import { type IrqfdVm, KernelIrqfd } from './irqfd.js';
import { IrqfdList } from './irqfd-list.js';
import type { ResampledLines, ResamplerLifetime, ResamplerLifetimeFactory } from './resampler-lifetime.js';

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

/** Where the interrupt controllers are: nowhere yet, the local APICs in the kernel, or the IO-APIC too. */
export type KvmIrqchip = 'none' | 'split' | 'kernel';

/** The virtual machine that irqfds belong to. */
export interface VirtualMachine extends IrqfdVm, ResampledLines {
  readonly irqchip: KvmIrqchip;
  /** The file descriptors of the process that runs it. */
  readonly files: EventfdTable;
}

/** How a virtual machine's irqfds come and go (virt/kvm/eventfd.c). */
export class Irqfds {
  private readonly list = new IrqfdList<KernelIrqfd>();
  private readonly lifetime: ResamplerLifetime;

  constructor(
    private readonly kvm: VirtualMachine,
    lifetime: ResamplerLifetimeFactory,
  ) {
    this.lifetime = lifetime(kvm);
  }

  /** The irqfds that are assigned, in order of assignment. */
  get assigned(): readonly KernelIrqfd[] {
    return this.list.assigned;
  }

  /** The users of a line's irqfds look at their devices. @returns false if none resamples. */
  notifyResampler(gsi: number): Procedure<boolean> {
    return this.lifetime.notify(gsi);
  }

  /** The ioctl KVM_IRQFD (kvm_irqfd): 0 or a negative errno. */
  *ioctl(args: KvmIrqfdArgs): Procedure<number> {
    const flags = args.flags ?? 0;
    if ((flags & ~(KVM_IRQFD_FLAG_DEASSIGN | KVM_IRQFD_FLAG_RESAMPLE)) !== 0) return errnoValue('EINVAL');
    if ((flags & KVM_IRQFD_FLAG_DEASSIGN) !== 0) return yield* this.deassign(args);
    return yield* this.assign(args, (flags & KVM_IRQFD_FLAG_RESAMPLE) !== 0);
  }

  /** The resampler comes first: once the eventfd knows the irqfd, a signal may assert its line (kvm_irqfd_assign). */
  private *assign(args: KvmIrqfdArgs, resample: boolean): Procedure<number> {
    const { kvm, lifetime, list } = this;
    if (!this.isAllowed(resample)) return errnoValue('EINVAL');
    const eventfd = kvm.files.get(args.fd);
    if (eventfd === undefined) return errnoValue('EBADF');
    let resamplefd: EventfdCtx | undefined;
    if (resample) {
      resamplefd = kvm.files.get(args.resamplefd ?? -1);
      if (resamplefd === undefined) return errnoValue('EBADF');
    }
    const irqfd = new KernelIrqfd(kvm, list, lifetime, args.gsi, eventfd, resamplefd);
    if (resample) {
      const ret = yield* lifetime.assign(irqfd);
      if (ret < 0) return ret;
    }
    yield* list.lock.lock();
    if (list.assigned.some((other) => other.eventfd === eventfd)) {
      yield* list.lock.unlock();
      if (irqfd.resampler !== undefined) yield* lifetime.shutdown(irqfd, irqfd.resampler);
      return errnoValue('EBUSY');
    }
    // Held until the eventfd knows the irqfd, so that a shutdown in between finds all there is to undo.
    const ticket = yield* kvm.irqSrcu.readLockSteps();
    list.add(irqfd);
    yield* list.lock.unlock();
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
    const { kvm, list } = this;
    const eventfd = kvm.files.get(args.fd);
    if (eventfd === undefined) return errnoValue('EBADF');
    yield* list.lock.lock();
    for (const irqfd of [...list.assigned]) {
      if (irqfd.eventfd === eventfd && irqfd.gsi === args.gsi) yield* irqfd.deactivate();
    }
    yield* list.lock.unlock();
    yield* list.flushCleanup();
    return 0;
  }

  /** Takes down all irqfds: the virtual machine is going away (kvm_irqfd_release). */
  *release(): Procedure<void> {
    const { list } = this;
    yield* list.lock.lock();
    for (const irqfd of [...list.assigned]) yield* irqfd.deactivate();
    yield* list.lock.unlock();
    yield* list.flushCleanup();
  }
}
