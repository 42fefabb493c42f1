import { assert } from '../lib/assert.js';
import { drainStores } from './memory.js';
import { SharedCounter } from './shared-var.js';
import type { Procedure, Step } from './step.js';

/** A counter with a wait queue, for those who wait until it is zero (an atomic_t that wait_event looks at). */
export class WaitCounter extends SharedCounter {
  private readonly waitStep: Step = { object: this, kind: 'wait' };

  override blocks(step: Step): boolean {
    return step.kind === 'wait' && this.current !== 0;
  }

  /** Counts one down; at zero those who wait go on (atomic_dec_and_test, wake_up). */
  subtractOne(): void {
    drainStores();
    this.announce();
    if (this.current <= 0)
      assert(false, 'a count goes below zero', { counter: this.name, count: this.current });
    this.current -= 1;
    if (this.current === 0) this.wakeWaiters();
  }

  /** @primitive `subtractOne` is its plain form. */
  *subtractOneSteps(): Procedure<void> {
    yield this.update;
    this.subtractOne();
  }

  /** Waits until it is zero (wait_event). */
  *waitForZero(): Procedure<void> {
    yield this.waitStep;
  }
}
