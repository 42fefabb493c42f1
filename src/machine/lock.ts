import { assert } from '../lib/assert.js';
import { type Proc, SharedObject, type Step } from './step.js';

/** Mutual exclusion: one holder at a time. Spin locks must not be held over a step that blocks; mutexes may. */
export class Lock extends SharedObject {
  private held = false;
  private readonly acquireStep: Step = { object: this, kind: 'acquire' };
  private readonly releaseStep: Step = { object: this, kind: 'release' };

  override blocks(step: Step): boolean {
    return step.kind === 'acquire' && this.held;
  }

  get isHeld(): boolean {
    return this.held;
  }

  /** Takes the lock, waiting for its holder. */
  *lock(): Proc<void> {
    yield this.acquireStep;
    assert(!this.held, 'lock taken twice', { lock: this.name });
    this.held = true;
  }

  /** Gives the lock back. */
  *unlock(): Proc<void> {
    yield this.releaseStep;
    assert(this.held, 'unlock of a lock that is not held', { lock: this.name });
    this.held = false;
    this.wakeWaiters();
  }
}
