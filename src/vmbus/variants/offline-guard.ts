import type { CpuId } from '../../lib/brand.js';
import type { CpuMask } from '../../machine/cpumask.js';
import type { SpinLock } from '../../machine/lock.js';
import type { Machine } from '../../machine/machine.js';
import { type Procedure, SharedWord } from '../../machine/step.js';

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

/** Before the RFC: the online mask alone, in which a CPU stays until its synic is off. */
export class NoGuard implements OfflineGuard {
  readonly onlineWord = new SharedWord('cpu_online_mask');

  constructor(private readonly machine: Machine) {}

  *lock(): Procedure<void> {}

  *unlock(): Procedure<void> {}

  *usable(allowed: CpuMask): Procedure<CpuMask> {
    yield this.onlineWord.read;
    return allowed.and(this.machine.online);
  }

  *close(_cpu: CpuId): Procedure<void> {}

  *open(_cpu: CpuId): Procedure<void> {}
}

/** A flag for each CPU, without a lock between looking at it and acting on it. */
export class FlagGuard implements OfflineGuard {
  private readonly word = new SharedWord('synic_online');

  /** @param synicOnline the flags. */
  constructor(private readonly synicOnline: CpuMask) {}

  *lock(): Procedure<void> {}

  *unlock(): Procedure<void> {}

  *usable(allowed: CpuMask): Procedure<CpuMask> {
    yield this.word.read;
    return allowed.and(this.synicOnline);
  }

  *close(cpu: CpuId): Procedure<void> {
    yield this.word.update;
    this.synicOnline.clear(cpu);
  }

  *open(cpu: CpuId): Procedure<void> {
    yield this.word.update;
    this.synicOnline.set(cpu);
  }
}

/** The RFC: the flag, and a spin lock that both sides hold from the flag to the end of what follows from it. */
export class FlagAndLockGuard extends FlagGuard {
  constructor(
    synicOnline: CpuMask,
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
