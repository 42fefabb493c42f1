import type { Procedure } from '../machine/step.js';
import type { ResampledIrqfd, Resampler } from './resampler.js';
import { type ResamplerLifetimeFactory, Resamplers } from './resampler-lifetime.js';
import { KVM_IRQFD_RESAMPLE_IRQ_SOURCE_ID } from './source-ids.js';

/**
 * What Linux does (virt/kvm/eventfd.c kvm_irqfd_assign, irqfd_resampler_shutdown): one source id for all; the resampler
 * lock, a mutex, is held until the last irqfd's resampler is unregistered and the line de-asserted.
 */
export class SharedIdUnderLock extends Resamplers {
  *assign(irqfd: ResampledIrqfd): Procedure<number> {
    const { kvm, lock } = this;
    yield* lock.lock();
    let resampler = this.find(irqfd.gsi);
    if (resampler === undefined) {
      resampler = this.add(irqfd.gsi, KVM_IRQFD_RESAMPLE_IRQ_SOURCE_ID);
      yield* kvm.ackNotifiers.register(resampler.notifier);
    }
    irqfd.resampler = resampler;
    yield* this.link(resampler, irqfd.link);
    yield* kvm.irqSrcu.synchronize();
    yield* lock.unlock();
    return 0;
  }

  *shutdown(irqfd: ResampledIrqfd, resampler: Resampler): Procedure<void> {
    const { kvm, lock } = this;
    yield* lock.lock();
    yield* this.unlink(resampler, irqfd.link);
    yield* kvm.irqSrcu.synchronize();
    if (resampler.irqfds.isEmpty) {
      this.remove(resampler);
      yield* kvm.ackNotifiers.unregister(resampler.notifier);
      yield* this.lastDeassert(resampler);
    }
    yield* lock.unlock();
  }

  /** The line goes down with its last irqfd, whatever that one left it at. */
  protected *lastDeassert({ sourceId, gsi }: Resampler): Procedure<void> {
    yield* this.kvm.setIrq(sourceId, gsi, false);
  }
}

/** The same without the last de-assert: the line stays as the irqfd left it, and nobody is there to end that. */
export class SharedIdNeverDeasserted extends SharedIdUnderLock {
  protected override *lastDeassert(): Procedure<void> {}
}

/** Where the lock is a spin lock: the ack notifier comes and goes under a mutex, so outside of it. */
abstract class SpinLocked extends Resamplers {
  /** A source id for a resampler that may have to be made; or a negative errno. */
  protected abstract requestId(): Procedure<number>;
  protected abstract freeId(id: number): Procedure<void>;

  *assign(irqfd: ResampledIrqfd): Procedure<number> {
    const { kvm, lock } = this;
    const id = yield* this.requestId();
    if (id < 0) return id;
    yield* lock.lock();
    const found = this.find(irqfd.gsi);
    const resampler = found ?? this.add(irqfd.gsi, id);
    irqfd.resampler = resampler;
    yield* this.link(resampler, irqfd.link);
    yield* lock.unlock();
    if (found === undefined) yield* kvm.ackNotifiers.register(resampler.notifier);
    else yield* this.freeId(id);
    yield* kvm.irqSrcu.synchronize();
    return 0;
  }

  abstract override shutdown(irqfd: ResampledIrqfd, resampler: Resampler): Procedure<void>;
}

/**
 * What the 2012 posting (v9 of level irqfd support) found that it could not do: one source id for all, while the ack
 * notifier cannot be unregistered under the spin lock.
 *
 * ```
 * deassign A                    assign B            EOI                        user space of B
 * lock; A off; line 0; unlock
 *                               lock; new; unlock
 *                               register
 *                                                   B's: line 0, notify B
 *                                                                              read; line 1
 *                                                   A's: line 0, nobody to notify
 * wait; unregister
 * ```
 * Forbidden, and it happens: the line is de-asserted and B, whose device wants service, is not told
 * (races/level-irqfd).
 */
export class SharedIdUnregisterOutside extends SpinLocked {
  protected *requestId(): Procedure<number> {
    return KVM_IRQFD_RESAMPLE_IRQ_SOURCE_ID;
  }

  protected *freeId(): Procedure<void> {}

  *shutdown(irqfd: ResampledIrqfd, resampler: Resampler): Procedure<void> {
    const { kvm, lock } = this;
    yield* lock.lock();
    yield* this.unlink(resampler, irqfd.link);
    const last = resampler.irqfds.isEmpty;
    if (last) {
      this.remove(resampler);
      yield* kvm.setIrq(resampler.sourceId, resampler.gsi, false);
    }
    yield* lock.unlock();
    yield* kvm.irqSrcu.synchronize();
    if (last) yield* kvm.ackNotifiers.unregister(resampler.notifier);
  }
}

/** What the 2012 posting (v9) does instead: a source id for each resampler, as long as there are some left. */
export class OwnSourceId extends SpinLocked {
  protected requestId(): Procedure<number> {
    return this.kvm.sourceIds.request();
  }

  protected freeId(id: number): Procedure<void> {
    return this.kvm.sourceIds.free(id);
  }

  *shutdown(irqfd: ResampledIrqfd, resampler: Resampler): Procedure<void> {
    const { kvm, lock } = this;
    yield* lock.lock();
    yield* this.unlink(resampler, irqfd.link);
    const last = resampler.irqfds.isEmpty;
    if (last) this.remove(resampler);
    yield* lock.unlock();
    yield* kvm.irqSrcu.synchronize();
    if (!last) return;
    yield* kvm.ackNotifiers.unregister(resampler.notifier);
    yield* kvm.setIrq(resampler.sourceId, resampler.gsi, false);
    yield* kvm.sourceIds.free(resampler.sourceId);
  }
}

/**
 * What a patch of March 2026 proposes against a deadlock ("KVM: irqfd: fix deadlock by moving synchronize_srcu out of
 * resampler_lock", v2): as Linux, but the lock is given back before each grace period, so also before the last
 * de-assert.
 *
 * ```
 * deassign A                         assign B                 device of B
 * lock; A off; resampler off; unlock
 *                                    lock; new; unlock
 *                                    register; wait
 *                                                             signal: line 1
 * unregister A's; wait
 * line 0, nobody to notify
 * ```
 */
export class SharedIdLockDropped extends Resamplers {
  *assign(irqfd: ResampledIrqfd): Procedure<number> {
    const { kvm, lock } = this;
    yield* lock.lock();
    let resampler = this.find(irqfd.gsi);
    if (resampler === undefined) {
      resampler = this.add(irqfd.gsi, KVM_IRQFD_RESAMPLE_IRQ_SOURCE_ID);
      yield* kvm.ackNotifiers.register(resampler.notifier);
    }
    irqfd.resampler = resampler;
    yield* this.link(resampler, irqfd.link);
    yield* lock.unlock();
    yield* kvm.irqSrcu.synchronize();
    return 0;
  }

  *shutdown(irqfd: ResampledIrqfd, resampler: Resampler): Procedure<void> {
    const { kvm, lock } = this;
    yield* lock.lock();
    yield* this.unlink(resampler, irqfd.link);
    const last = resampler.irqfds.isEmpty;
    if (last) this.remove(resampler);
    yield* lock.unlock();
    if (!last) {
      yield* kvm.irqSrcu.synchronize();
      return;
    }
    yield* kvm.ackNotifiers.unregister(resampler.notifier);
    yield* kvm.setIrq(resampler.sourceId, resampler.gsi, false);
  }
}

/**
 * What the thread of 2012 asks whether it would do: one source id for all; most of it, the unregistering of the ack
 * notifier without a lock of its own among it, under kvm->irq_lock, and the grace period after it. It does, since who
 * assigns an irqfd waits for a grace period before anybody can signal it:
 *
 * ```
 * vCPU: EOI of A's interrupt          deassign A                        assign B; B's device
 * walks the ack notifiers: A's
 *                                     irq_lock; A off; unregister A's;
 *                                     line 0; unlock; wait
 *                                                                       irq_lock; new; register; unlock
 *                                                                       wait
 * A's: line 0, nobody to notify
 *                                                                       signal: line 1
 * ```
 * Forbidden: B asserts the line before the old notifier de-asserts it (races/level-irqfd).
 */
export class SharedIdUnderIrqLock extends Resamplers {
  *assign(irqfd: ResampledIrqfd): Procedure<number> {
    const { kvm } = this;
    yield* kvm.irqLock.lock();
    let resampler = this.find(irqfd.gsi);
    if (resampler === undefined) {
      resampler = this.add(irqfd.gsi, KVM_IRQFD_RESAMPLE_IRQ_SOURCE_ID);
      yield* kvm.ackNotifiers.registerLocked(resampler.notifier);
    }
    irqfd.resampler = resampler;
    yield* this.link(resampler, irqfd.link);
    yield* kvm.irqLock.unlock();
    yield* this.awaitOldNotifiers();
    return 0;
  }

  *shutdown(irqfd: ResampledIrqfd, resampler: Resampler): Procedure<void> {
    const { kvm } = this;
    yield* kvm.irqLock.lock();
    yield* this.unlink(resampler, irqfd.link);
    if (resampler.irqfds.isEmpty) {
      this.remove(resampler);
      yield* kvm.ackNotifiers.unregisterLocked(resampler.notifier);
      yield* kvm.setIrq(resampler.sourceId, resampler.gsi, false);
    }
    yield* kvm.irqLock.unlock();
    yield* kvm.irqSrcu.synchronize();
  }

  protected awaitOldNotifiers(): Procedure<void> {
    return this.kvm.irqSrcu.synchronize();
  }
}

/** The same without the grace period of who assigns: there are never two notifiers, but the old one may still run. */
export class SharedIdAssignedAtOnce extends SharedIdUnderIrqLock {
  protected override *awaitOldNotifiers(): Procedure<void> {}
}

/** The variants by name; `sharedIdUnderLock` is the default. */
export const resamplerLifetimes = {
  sharedIdUnderLock: (kvm) => new SharedIdUnderLock(kvm),
  sharedIdUnregisterOutside: (kvm) => new SharedIdUnregisterOutside(kvm),
  ownSourceId: (kvm) => new OwnSourceId(kvm),
  sharedIdLockDropped: (kvm) => new SharedIdLockDropped(kvm),
  sharedIdUnderIrqLock: (kvm) => new SharedIdUnderIrqLock(kvm),
} as const satisfies Readonly<Record<string, ResamplerLifetimeFactory>>;

export type ResamplerLifetimeName = keyof typeof resamplerLifetimes;
