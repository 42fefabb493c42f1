import { assert } from '../lib/assert.js';
import { type Procedure, type RunningContext, runningContext, SharedObject, type Step } from './step.js';

/** A writer waits until the readers before it have left. */
class ReadersGone extends SharedObject {
  readonly step: Step = { object: this, kind: 'wait' };
  readers = 0;
  /** The reader that came last. */
  holder: RunningContext | undefined;

  override heldBy(): RunningContext | undefined {
    return this.holder;
  }

  override blocks(): boolean {
    return this.readers !== 0;
  }

  left(): void {
    this.readers -= 1;
    this.wakeWaiters();
  }
}

/**
 * Several readers at once, or one writer (struct percpu_rw_semaphore). A writer first keeps new readers out, then waits
 * for those inside to leave (percpu_down_write).
 */
export class PercpuRwSem extends SharedObject {
  private written = false;
  private holder: RunningContext | undefined;
  private readonly inside: ReadersGone;
  private readonly acquireStep: Step = { object: this, kind: 'acquire' };
  private readonly releaseStep: Step = { object: this, kind: 'release' };

  constructor(name: string) {
    super(name);
    this.inside = new ReadersGone(`readers of ${name}`);
  }

  override blocks(step: Step): boolean {
    return step.kind === 'acquire' && this.written;
  }

  override heldBy(): RunningContext | undefined {
    return this.holder;
  }

  /** percpu_down_read. */
  *readLock(): Procedure<void> {
    yield this.acquireStep;
    this.inside.announce();
    this.inside.readers += 1;
    this.inside.holder = runningContext();
  }

  /** percpu_up_read. */
  *readUnlock(): Procedure<void> {
    yield this.releaseStep;
    assert(this.inside.readers > 0, 'read lock that nobody holds given back', { lock: this.name });
    this.inside.left();
  }

  /** percpu_down_write. */
  *writeLock(): Procedure<void> {
    yield this.acquireStep;
    this.written = true;
    this.holder = runningContext();
    yield this.inside.step;
  }

  /** percpu_up_write. */
  *writeUnlock(): Procedure<void> {
    yield this.releaseStep;
    assert(this.written, 'write lock that nobody holds given back', { lock: this.name });
    this.written = false;
    this.holder = undefined;
    this.wakeWaiters();
  }
}
