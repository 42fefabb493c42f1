import type { Ns } from '../lib/brand.js';
import type { Clock } from './clock.js';
import { type BufferedStore, drainStores, ownStore, storeBuffered } from './memory.js';
import { type Procedure, SharedObject, SharedWord, type Snapshot, type Step } from './step.js';

/** Lets contexts wait until something has been done elsewhere (struct completion). */
export class Completion extends SharedObject implements BufferedStore {
  private done = 0;
  private readonly waitStep: Step = { object: this, kind: 'wait' };
  private readonly pollStep: Step = { object: this, kind: 'wait', polls: true };

  override blocks(step: Step): boolean {
    return step.kind === 'wait' && this.done === 0;
  }

  override snapshot(): Snapshot {
    return this.done;
  }

  /** True if a waiter could go on (completion_done, which takes the lock of the wait queue if so). */
  get isDone(): boolean {
    this.announceRead();
    const isDone = (ownStore(this) ?? this.done) > 0;
    if (isDone) drainStores();
    return isDone;
  }

  /** Lets one waiter go on (complete, which takes the lock of the wait queue: a locked instruction). */
  complete(): void {
    drainStores();
    this.signal();
  }

  /** Lets one waiter go on, whatever the CPU's earlier stores have come to. */
  protected signal(): void {
    this.done += 1;
    this.wakeWaiters();
  }

  /** Lets all waiters go on, now and later (complete_all, likewise). */
  completeAll(): void {
    drainStores();
    this.done = Number.POSITIVE_INFINITY;
    this.wakeWaiters();
  }

  /** Forgets all earlier calls of complete (reinit_completion: a plain store). */
  reinit(): void {
    storeBuffered(this, 0);
  }

  /** For the store buffer: the store of reinit has become visible. */
  commitStore(value: number): void {
    this.done = value;
    this.announce();
  }

  /** Waits for complete (wait_for_completion). */
  *wait(): Procedure<void> {
    yield this.waitStep;
    this.done -= 1;
  }

  /** Looks each `ns` ns whether all may go on, and sleeps in between (msleep). */
  poll(ns: Ns, clock: Clock): Procedure<void> {
    return lookEach(this.pollStep, ns, clock);
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
  /** What `wait` yields, for procedures that have nothing to wait for where they run in one go. */
  readonly waitStep: Step;

  /** @param interruptible a signal would end the wait (wait_event_interruptible). */
  constructor(
    name: string,
    private readonly condition: () => boolean,
    interruptible = false,
  ) {
    super(name);
    this.waitStep = interruptible
      ? { object: this, kind: 'wait', interruptible }
      : { object: this, kind: 'wait' };
  }

  override blocks(step: Step): boolean {
    return step.kind === 'wait' && !this.condition();
  }

  /** Nothing: what the condition looks at is elsewhere. */
  override snapshot(): Snapshot {
    return 0;
  }

  /** To be called after each change that the condition looks at (wake_up, which takes the lock of the wait queue). */
  wakeUp(): void {
    drainStores();
    this.wakeWaiters();
  }

  /** Waits until the condition holds. */
  *wait(): Procedure<void> {
    yield this.waitStep;
  }

  /** Looks each `ns` ns whether the condition holds, and sleeps in between (msleep). */
  poll(ns: Ns, clock: Clock): Procedure<void> {
    return lookEach({ object: this, kind: 'wait', polls: true }, ns, clock);
  }

  /** Waits until the condition holds, at most `ns` ns; false if it does not hold then (wait_event_timeout). */
  *waitTimeout(ns: Ns): Procedure<boolean> {
    yield { ...this.waitStep, ns };
    return this.condition();
  }
}

class Timer extends SharedObject {
  override blocks(): boolean {
    return true;
  }
}

const timer = new Timer('time');

/** The step of a function that may sleep, whether or not it does: an explorer refuses it where nobody may (might_sleep). */
export const mightSleep: Step = { object: new SharedWord('might_sleep'), kind: 'sleep' };

/** Sleeps for `ns` ns of virtual time (usleep_range, msleep). */
export function* sleep(ns: Ns): Procedure<void> {
  yield { object: timer, kind: 'sleep', ns };
}

/** Goes on at the first look that finds `step` possible: now, or a whole number of `ns` ns later. */
function* lookEach(step: Step, ns: Ns, clock: Clock): Procedure<void> {
  const began = clock.now;
  for (;;) {
    yield step;
    const late = (clock.now - began) % ns;
    if (late === 0) return;
    yield* sleep(ns - late);
  }
}
