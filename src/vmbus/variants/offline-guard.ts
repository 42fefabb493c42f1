import type { CpuId } from '../../lib/brand.js';
import type { CpuMask, SharedCpuMask } from '../../machine/cpumask.js';
import type { SpinLock } from '../../machine/lock.js';
import type { Machine } from '../../machine/machine.js';
import type { Procedure } from '../../machine/step.js';

/** What keeps channels from being given to a CPU that is going offline (RFC patch 12). */
export interface OfflineGuard {
  /** Around the choice of a channel's new CPU, and around the search for a CPU's channels. */
  lock(): Procedure<void>;
  unlock(): Procedure<void>;
  /** Those of `allowed` that may be given a channel. */
  usable(allowed: CpuMask): Procedure<CpuMask>;
  /** From now on no channel may be given to `cpu`. */
  close(cpu: CpuId): Procedure<void>;
  open(cpu: CpuId): Procedure<void>;
}

/**
 * Before the RFC: the online mask alone, in which a CPU stays until its synic is off; writers of `cpu` files hold
 * cpus_read_lock. Compared with target_cpu_store and hv_synic_cleanup of 6.1, 6.12 and 7.2.
 */
export class NoGuard implements OfflineGuard {
  constructor(private readonly machine: Machine) {}

  *lock(): Procedure<void> {}

  *unlock(): Procedure<void> {}

  *usable(allowed: CpuMask): Procedure<CpuMask> {
    yield this.machine.online.shared.read;
    return allowed.and(this.machine.online);
  }

  *close(_cpu: CpuId): Procedure<void> {}

  *open(_cpu: CpuId): Procedure<void> {}
}

/** A flag for each CPU, without a lock between looking at it and acting on it: RFC patch 12 without its lock, nobody's code. */
export class FlagGuard implements OfflineGuard {
  /** @param synicOnline the flags. */
  constructor(private readonly synicOnline: SharedCpuMask) {}

  *lock(): Procedure<void> {}

  *unlock(): Procedure<void> {}

  *usable(allowed: CpuMask): Procedure<CpuMask> {
    yield this.synicOnline.shared.read;
    return allowed.and(this.synicOnline);
  }

  *close(cpu: CpuId): Procedure<void> {
    yield this.synicOnline.shared.update;
    this.synicOnline.clear(cpu);
  }

  *open(cpu: CpuId): Procedure<void> {
    yield this.synicOnline.shared.update;
    this.synicOnline.set(cpu);
  }
}

/** RFC patch 12, as posted: the flag, and a spin lock that both sides hold from the flag to the end of what follows from it. */
export class FlagAndLockGuard extends FlagGuard {
  constructor(
    synicOnline: SharedCpuMask,
    private readonly setAffinityLock: SpinLock,
  ) {
    super(synicOnline);
  }

  override lock(): Procedure<void> {
    return this.setAffinityLock.spinLock();
  }

  override unlock(): Procedure<void> {
    return this.setAffinityLock.spinUnlock();
  }
}
