import { assert } from '../lib/assert.js';
import { RcuNode } from '../machine/rcu.js';
import type { Procedure } from '../machine/step.js';
import type { EventfdCtx, EventfdWaiter } from './eventfd.js';
import type { IrqfdList } from './irqfd-list.js';
import type { IrqLines, ResampledIrqfd, Resampler } from './resampler.js';
import type { ResamplerLifetime } from './resampler-lifetime.js';
import { KVM_USERSPACE_IRQ_SOURCE_ID } from './source-ids.js';
import { type HostThreads, WorkItem } from './work.js';

/** What an irqfd needs of its virtual machine. */
export interface IrqfdVm extends IrqLines {
  readonly threads: HostThreads;
}

/**
 * An eventfd that asserts a line when it is signalled (virt/kvm/eventfd.c struct kvm_kernel_irqfd). With a resample
 * eventfd the line stays asserted until the guest has ended the interrupt, of which the resample eventfd then tells.
 */
export class KernelIrqfd implements EventfdWaiter, ResampledIrqfd {
  /** True while it is on the list of irqfds; belongs to irqfds.lock (irqfd_is_active). */
  active = false;
  /** Set while it is being assigned, before anybody else knows it. */
  resampler: Resampler | undefined;
  /** Its place on the resampler's list. */
  readonly link: RcuNode<ResampledIrqfd> = new RcuNode<ResampledIrqfd>(this);
  readonly inject: WorkItem;
  readonly shutdown: WorkItem;

  constructor(
    private readonly kvm: IrqfdVm,
    private readonly list: IrqfdList<KernelIrqfd>,
    private readonly lifetime: ResamplerLifetime,
    readonly gsi: number,
    readonly eventfd: EventfdCtx,
    readonly resamplefd: EventfdCtx | undefined,
  ) {
    const { threads } = kvm;
    this.inject = new WorkItem(threads, `irqfd_inject ${eventfd.name}`, () => this.injectWork());
    this.shutdown = new WorkItem(threads, `irqfd_shutdown ${eventfd.name}`, () => this.shutdownWork());
  }

  /** The eventfd was signalled (irqfd_wakeup with EPOLLIN). Lines of an IO-APIC cannot be set in atomic context. */
  *wakeup(): Procedure<void> {
    this.eventfd.doRead();
    yield* this.inject.schedule();
  }

  /** The eventfd was closed (irqfd_wakeup with EPOLLHUP). */
  *hangup(): Procedure<void> {
    const { lock } = this.list;
    yield* lock.lock();
    if (this.active) yield* this.deactivate();
    yield* lock.unlock();
  }

  /** Leaves the list of irqfds and has the rest taken down later; irqfds.lock is held (irqfd_deactivate). */
  *deactivate(): Procedure<void> {
    assert(this.active, 'irqfd deactivated twice', { eventfd: this.eventfd.name, gsi: this.gsi });
    yield* this.list.remove(this);
    yield* this.shutdown.schedule();
  }

  /** Without resampling nobody would lower the line, so it is a pulse: an edge (irqfd_inject). */
  private *injectWork(): Procedure<void> {
    const { kvm } = this;
    if (this.resampler !== undefined) {
      yield* kvm.setIrq(this.resampler.sourceId, this.gsi, true, this);
      return;
    }
    yield* kvm.setIrq(KVM_USERSPACE_IRQ_SOURCE_ID, this.gsi, true);
    yield* kvm.setIrq(KVM_USERSPACE_IRQ_SOURCE_ID, this.gsi, false);
  }

  /** First nobody can signal it any more, then its last injection ends, then its line goes down (irqfd_shutdown). */
  private *shutdownWork(): Procedure<void> {
    const { kvm, lifetime } = this;
    // Whoever assigned it may still be about to hook it to its eventfd.
    yield* kvm.irqSrcu.synchronize();
    yield* this.eventfd.removeWaiter(this);
    yield* this.inject.flush();
    if (this.resampler !== undefined) yield* lifetime.shutdown(this, this.resampler);
    yield* this.list.cleaned(this);
  }
}
