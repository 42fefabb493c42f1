import { assert } from '../lib/assert.js';
import type { Cpu } from './cpu.js';
import { type BufferedStore, storeBuffered } from './memory.js';
import { type Procedure, SharedObject, type Step } from './step.js';

/** Mutual exclusion: one holder at a time. Spin locks must not be held over a step that blocks; mutexes may. */
export class Lock extends SharedObject implements BufferedStore {
  private held = false;
  private readonly acquireStep: Step = { object: this, kind: 'acquire' };
  private readonly releaseStep: Step = { object: this, kind: 'release' };

  override blocks(step: Step): boolean {
    return step.kind === 'acquire' && this.held;
  }

  /** Taking is a locked instruction; giving back is a plain store, which the CPU may delay. */
  override drains(step: Step): boolean {
    return step.kind === 'acquire';
  }

  override buffers(step: Step): boolean {
    return step.kind === 'release';
  }

  get isHeld(): boolean {
    return this.held;
  }

  /** Takes the lock, waiting for its holder. */
  *lock(): Procedure<void> {
    yield this.acquireStep;
    assert(!this.held, 'lock taken twice', { lock: this.name });
    this.held = true;
  }

  /** Gives the lock back. */
  *unlock(): Procedure<void> {
    yield this.releaseStep;
    assert(this.held, 'unlock of a lock that is not held', { lock: this.name });
    storeBuffered(this, 0);
  }

  /** As `lock`, with interrupts of the present CPU off, for locks that interrupts take, too (spin_lock_irqsave). */
  *lockIrqsave(cpu: Cpu): Procedure<void> {
    cpu.localIrqDisable();
    yield* this.lock();
  }

  /** Undoes lockIrqsave (spin_unlock_irqrestore). */
  *unlockIrqrestore(cpu: Cpu): Procedure<void> {
    yield* this.unlock();
    cpu.localIrqEnable();
  }

  /** For the store buffer: the unlocking store has become visible. */
  commitStore(): void {
    this.held = false;
    this.wakeWaiters();
  }
}
