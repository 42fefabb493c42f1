import { assert } from '../lib/assert.js';
import type { Cpu } from './cpu.js';
import { type BufferedStore, storeBuffered } from './memory.js';
import {
  type Procedure,
  type RunningContext,
  runningContext,
  SharedObject,
  type Snapshot,
  type Step,
} from './step.js';

/** Mutual exclusion: one holder at a time, who may sleep (struct mutex). */
export class Lock extends SharedObject implements BufferedStore {
  private held = false;
  private holder: RunningContext | undefined;
  private readonly acquireStep: Step = { object: this, kind: 'acquire', order: 'acquire' };
  private readonly releaseStep: Step = { object: this, kind: 'release', order: 'release' };
  private readonly tryStep: Step = { object: this, kind: 'update', order: 'acquire' };

  override blocks(step: Step): boolean {
    return step.kind === 'acquire' && this.held;
  }

  /** Taking is a locked instruction; giving back is a plain store, which the CPU may delay. */
  override drains(step: Step): boolean {
    return step.kind !== 'release';
  }

  override buffers(step: Step): boolean {
    return step.kind === 'release';
  }

  override heldBy(): RunningContext | undefined {
    return this.holder;
  }

  override snapshot(): Snapshot {
    return this.held;
  }

  get isHeld(): boolean {
    this.announceRead();
    return this.held;
  }

  /** Takes the lock, waiting for its holder. */
  *lock(): Procedure<void> {
    yield this.acquireStep;
    assert(!this.held, 'lock taken twice', { lock: this.name });
    this.held = true;
    this.holder = runningContext();
  }

  /** Takes the lock if nobody holds it (mutex_trylock). @returns whether it did. */
  *tryLock(): Procedure<boolean> {
    yield this.tryStep;
    if (this.held) return false;
    this.held = true;
    this.holder = runningContext();
    return true;
  }

  /** Waits until nobody holds the lock, which somebody else may take at once: in the place of trying over and over. */
  *untilFree(): Procedure<void> {
    yield { object: this, kind: 'acquire', order: 'acquire', interruptible: true };
  }

  /** Gives the lock back. */
  *unlock(): Procedure<void> {
    yield this.releaseStep;
    assert(this.held, 'unlock of a lock that is not held', { lock: this.name });
    storeBuffered(this, 0);
  }

  /** For the store buffer: the unlocking store has become visible. */
  commitStore(): void {
    this.held = false;
    this.holder = undefined;
    this.wakeWaiters();
  }
}

/**
 * A mutex that is held for a few lines only, in which its holder does not sleep as the model runs them: what runs in one
 * go has all that it gives, so its calls fall away in the plain form of a procedure, as those of a SpinLock do.
 */
export class Mutex extends Lock {
  /** Takes the mutex, waiting for its holder (mutex_lock). */
  mutexLock(): Procedure<void> {
    return this.lock();
  }

  /** Gives the mutex back (mutex_unlock). */
  mutexUnlock(): Procedure<void> {
    return this.unlock();
  }
}

/**
 * A lock whose holder must not sleep (spinlock_t, raw_spinlock_t). Whatever runs in one go has all that such a lock
 * gives, since nothing of another CPU comes between two of its steps: a holder that runs step by step gives the lock
 * back before it may sleep. So these calls fall away where tools/twins.js makes the plain form of a procedure.
 */
export class SpinLock extends Lock {
  /** Takes the lock; while another CPU holds it, the caller does not go on (spin_lock). */
  spinLock(): Procedure<void> {
    return this.lock();
  }

  /** Gives the lock back, with a plain store that the CPU may delay (spin_unlock). */
  spinUnlock(): Procedure<void> {
    return this.unlock();
  }

  /** As spinLock with interrupts of the present CPU off, for locks that interrupts take, too (spin_lock_irqsave). */
  *spinLockIrqsave(cpu: Cpu): Procedure<void> {
    cpu.localIrqDisable();
    yield* this.spinLock();
    cpu.preemptDepth += 1;
  }

  /** Undoes spinLockIrqsave (spin_unlock_irqrestore). */
  *spinUnlockIrqrestore(cpu: Cpu): Procedure<void> {
    cpu.preemptDepth -= 1;
    yield* this.spinUnlock();
    cpu.localIrqEnable();
  }
}
