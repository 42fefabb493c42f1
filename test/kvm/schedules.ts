import type { HostThreads } from '../../src/kvm/index.js';
import { Clock } from '../../src/machine/clock.js';
import type { Procedure, Step } from '../../src/machine/step.js';

/** Threads that one may step through in any order; those that they spawn join them. */
export class Threads implements HostThreads {
  readonly clock = new Clock();
  readonly all: Thread[] = [];

  spawn(name: string, proc: Procedure<unknown>): Thread {
    const thread = new Thread(name, proc);
    this.all.push(thread);
    return thread;
  }

  /** Positions in `all` of the threads that can go on. */
  enabled(): number[] {
    return this.all.flatMap((thread, at) => (thread.isEnabled ? [at] : []));
  }

  /** Steps thread after thread, in order, until none can go on. */
  settle(): void {
    for (;;) {
      const next = this.all.find((thread) => thread.isEnabled);
      if (next === undefined) return;
      next.move();
    }
  }

  /** Steps the last thread called `name` until it is about to do `kind` on an object called `object`, once more. */
  until(name: string, kind: Step['kind'], object: string): void {
    const thread = this.named(name);
    do thread.move();
    while (thread.step !== undefined && !(thread.step.kind === kind && thread.step.object.name === object));
    if (thread.step === undefined) throw new Error(`${name} never came to ${kind} of ${object}`);
  }

  /** Steps the last thread called `name` until it ends or cannot go on. */
  finish(name: string): void {
    const thread = this.named(name);
    while (thread.isEnabled) thread.move();
  }

  private named(name: string): Thread {
    const thread = this.all.findLast((candidate) => candidate.name === name);
    if (thread === undefined) throw new Error(`no thread ${name}`);
    return thread;
  }
}

export class Thread {
  /** What it is about to do; undefined once it has ended. */
  step: Step | undefined;
  steps = 0;

  constructor(
    readonly name: string,
    private readonly proc: Procedure<unknown>,
  ) {
    this.advance();
  }

  get isEnabled(): boolean {
    return this.step !== undefined && !this.step.object.blocks(this.step);
  }

  move(): void {
    if (!this.isEnabled)
      throw new Error(`${this.name} cannot go on: ${this.step?.kind} ${this.step?.object.name}`);
    this.steps += 1;
    this.advance();
  }

  private advance(): void {
    const next = this.proc.next();
    this.step = next.done ? undefined : next.value;
  }
}
