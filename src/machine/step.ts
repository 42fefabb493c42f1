import type { Ns } from '../lib/brand.js';
import type { Task } from './task.js';

/**
 * What a step is about to do with its object. `read`, `write` and `update` (read-modify-write) are accesses to a
 * shared word; `acquire` and `wait` may block; `sleep` blocks for a time.
 */
export type StepKind = 'read' | 'write' | 'update' | 'acquire' | 'release' | 'wait' | 'sleep';

/**
 * What a process context is about to do, yielded just before it does it. Between two yields a context runs
 * undisturbed. Steps that do not carry a time are made once by their object and yielded again and again.
 */
export interface Step {
  readonly object: SharedObject;
  readonly kind: StepKind;
  /** For `sleep`, and for a `wait` with a time limit: how long, in ns. */
  readonly ns?: Ns;
}

/**
 * A procedure of the kernel or the host in process context: it yields each step that another context could see,
 * and may sleep. It returns when the procedure has finished.
 */
export type Proc<T> = Generator<Step, T, void>;

/** Something that several contexts use: a word, a lock, a completion. */
export abstract class SharedObject {
  /** Tasks that wait until this object changes. */
  readonly waiters: Task[] = [];

  constructor(readonly name: string) {}

  /** True while `step` on this object can not be done. */
  abstract blocks(step: Step): boolean;

  /** Lets every waiting task look again whether it can go on. Called after each change that may unblock. */
  protected wakeWaiters(): void {
    const { waiters } = this;
    if (waiters.length === 0) return;
    for (const task of waiters.splice(0)) task.wake();
  }
}

/** A shared word or flag whose owner stores it in a field of its own; the steps only name it. */
export class SharedWord extends SharedObject {
  readonly read: Step = { object: this, kind: 'read' };
  readonly write: Step = { object: this, kind: 'write' };
  readonly update: Step = { object: this, kind: 'update' };

  override blocks(): boolean {
    return false;
  }
}

/** Runs a procedure that must not sleep here (under a spin lock, in an interrupt) to its end at once. */
export function runAtomic<T>(proc: Proc<T>): T {
  for (;;) {
    const next = proc.next();
    if (next.done) return next.value;
    const { object, kind } = next.value;
    if (object.blocks(next.value)) {
      throw new Error(`scheduling while atomic: ${kind} of ${object.name}`);
    }
  }
}
