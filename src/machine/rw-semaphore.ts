import { assert } from '../lib/assert.js';
import { type Procedure, SharedObject, type Step } from './step.js';

/**
 * Any number of readers, or one writer, who may sleep (struct percpu_rw_semaphore). Once a writer waits, further readers
 * wait for it.
 */
export class RwSemaphore extends SharedObject {
  private readers = 0;
  private isClaimed = false;
  private readonly acquireStep: Step = { object: this, kind: 'acquire' };
  private readonly emptyStep: Step = { object: this, kind: 'wait' };
  private readonly releaseStep: Step = { object: this, kind: 'release' };

  override blocks(step: Step): boolean {
    return step.kind === 'wait' ? this.readers > 0 : step.kind === 'acquire' && this.isClaimed;
  }

  /** Keeps writers away (percpu_down_read). */
  *readLock(): Procedure<void> {
    yield this.acquireStep;
    this.readers += 1;
  }

  *readUnlock(): Procedure<void> {
    yield this.releaseStep;
    assert(this.readers > 0, 'unlock of a semaphore that nobody reads', { semaphore: this.name });
    this.readers -= 1;
    this.wakeWaiters();
  }

  /** Keeps everybody away, once the readers have left (percpu_down_write). */
  *writeLock(): Procedure<void> {
    yield this.acquireStep;
    this.isClaimed = true;
    yield this.emptyStep;
  }

  *writeUnlock(): Procedure<void> {
    yield this.releaseStep;
    assert(this.isClaimed, 'unlock of a semaphore without a writer', { semaphore: this.name });
    this.isClaimed = false;
    this.wakeWaiters();
  }
}
