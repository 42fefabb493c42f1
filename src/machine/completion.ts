import type { Ns } from '../lib/brand.js';
import { type Procedure, SharedObject, type Step } from './step.js';

/** Lets contexts wait until something has been done elsewhere (struct completion). */
export class Completion extends SharedObject {
  private done = 0;
  private readonly waitStep: Step = { object: this, kind: 'wait' };

  override blocks(step: Step): boolean {
    return step.kind === 'wait' && this.done === 0;
  }

  get isDone(): boolean {
    return this.done > 0;
  }

  /** Lets one waiter go on (complete). */
  complete(): void {
    this.done += 1;
    this.wakeWaiters();
  }

  /** Lets all waiters go on, now and later (complete_all). */
  completeAll(): void {
    this.done = Number.POSITIVE_INFINITY;
    this.wakeWaiters();
  }

  /** Forgets all earlier calls of complete (reinit_completion). */
  reinit(): void {
    this.done = 0;
  }

  /** Waits for complete (wait_for_completion). */
  *wait(): Procedure<void> {
    yield this.waitStep;
    this.done -= 1;
  }

  /** Waits for complete, at most `ns` ns; false if the time was over first (wait_for_completion_timeout). */
  *waitTimeout(ns: Ns): Procedure<boolean> {
    yield { object: this, kind: 'wait', ns };
    if (this.done === 0) return false;
    this.done -= 1;
    return true;
  }
}

/** Lets contexts wait until a condition holds that others change (wait_event). */
export class WaitQueue extends SharedObject {
  private readonly waitStep: Step = { object: this, kind: 'wait' };

  constructor(
    name: string,
    private readonly condition: () => boolean,
  ) {
    super(name);
  }

  override blocks(step: Step): boolean {
    return step.kind === 'wait' && !this.condition();
  }

  /** To be called after each change that the condition looks at (wake_up). */
  wakeUp(): void {
    this.wakeWaiters();
  }

  /** Waits until the condition holds. */
  *wait(): Procedure<void> {
    yield this.waitStep;
  }

  /** Waits until the condition holds, at most `ns` ns; false if it does not hold then (wait_event_timeout). */
  *waitTimeout(ns: Ns): Procedure<boolean> {
    yield { object: this, kind: 'wait', ns };
    return this.condition();
  }
}

class Timer extends SharedObject {
  override blocks(): boolean {
    return true;
  }
}

const timer = new Timer('time');

/** Sleeps for `ns` ns of virtual time (usleep_range, msleep). */
export function* sleep(ns: Ns): Procedure<void> {
  yield { object: timer, kind: 'sleep', ns };
}
