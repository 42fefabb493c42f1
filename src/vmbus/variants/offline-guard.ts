import type { CpuId } from '../../lib/brand.js';
import type { CpuMask } from '../../machine/cpumask.js';
import type { Lock } from '../../machine/lock.js';
import type { Machine } from '../../machine/machine.js';
import { type Proc, SharedWord } from '../../machine/step.js';

/** What keeps channels from being given to a CPU that is going offline (RFC patch 12). */
export interface OfflineGuard {
  /** Around the choice of a channel's new CPU, and around the search for a CPU's channels. */
  lock(): Proc<void>;
  unlock(): Proc<void>;
  /** Those of `allowed` that may be given a channel. */
  usable(allowed: CpuMask): Proc<CpuMask>;
  /** From now on no channel may be given to `cpu`. */
  close(cpu: CpuId): Proc<void>;
  open(cpu: CpuId): Proc<void>;
}

/** Before the RFC: the online mask alone, in which a CPU stays until its synic is off. */
export class NoGuard implements OfflineGuard {
  readonly onlineWord = new SharedWord('cpu_online_mask');

  constructor(private readonly machine: Machine) {}

  *lock(): Proc<void> {}

  *unlock(): Proc<void> {}

  *usable(allowed: CpuMask): Proc<CpuMask> {
    yield this.onlineWord.read;
    return allowed.and(this.machine.online);
  }

  *close(_cpu: CpuId): Proc<void> {}

  *open(_cpu: CpuId): Proc<void> {}
}

/** A flag for each CPU, without a lock between looking at it and acting on it. */
export class FlagGuard implements OfflineGuard {
  private readonly word = new SharedWord('synic_online');

  /** @param synicOnline the flags. */
  constructor(private readonly synicOnline: CpuMask) {}

  *lock(): Proc<void> {}

  *unlock(): Proc<void> {}

  *usable(allowed: CpuMask): Proc<CpuMask> {
    yield this.word.read;
    return allowed.and(this.synicOnline);
  }

  *close(cpu: CpuId): Proc<void> {
    yield this.word.update;
    this.synicOnline.clear(cpu);
  }

  *open(cpu: CpuId): Proc<void> {
    yield this.word.update;
    this.synicOnline.set(cpu);
  }
}

/** The RFC: the flag, and a spin lock that both sides hold from the flag to the end of what follows from it. */
export class FlagAndLockGuard extends FlagGuard {
  constructor(
    synicOnline: CpuMask,
    private readonly spinLock: Lock,
  ) {
    super(synicOnline);
  }

  override lock(): Proc<void> {
    return this.spinLock.lock();
  }

  override unlock(): Proc<void> {
    return this.spinLock.unlock();
  }
}
