import type { Clock } from '../machine/clock.js';
import { type Procedure, SharedObject, type Step } from '../machine/step.js';

/** What the host gives KVM to run on: a Machine, or an explorer that decides who goes on. */
export interface HostThreads {
  readonly clock: Clock;
  /** Starts a process context. */
  spawn(name: string, proc: Procedure<unknown>): unknown;
}

/**
 * A piece of work for a kernel worker (struct work_struct). Queued again before it began it runs once; queued while
 * it runs it runs once more, never twice at the same time.
 */
export class WorkItem extends SharedObject {
  private queued = false;
  private running = false;
  private readonly updateStep: Step = { object: this, kind: 'update' };
  private readonly flushStep: Step = { object: this, kind: 'wait' };

  constructor(
    private readonly threads: HostThreads,
    name: string,
    private readonly work: () => Procedure<void>,
  ) {
    super(name);
  }

  override blocks(step: Step): boolean {
    return step.kind === 'wait' && !this.isIdle;
  }

  /** True unless the work is queued or runs. */
  get isIdle(): boolean {
    return !this.queued && !this.running;
  }

  /** Queues the work; false if it is queued already (schedule_work, queue_work). */
  *schedule(): Procedure<boolean> {
    yield this.updateStep;
    if (this.queued) return false;
    this.queued = true;
    if (!this.running) this.threads.spawn(this.name, this.run());
    return true;
  }

  /** Waits until the work is neither queued nor running (flush_work). */
  *flush(): Procedure<void> {
    yield this.flushStep;
  }

  private *run(): Procedure<void> {
    do {
      yield this.updateStep;
      this.queued = false;
      this.running = true;
      yield* this.work();
      yield this.updateStep;
      this.running = false;
    } while (this.queued);
    this.wakeWaiters();
  }
}
