import type { HostThreads } from '../../src/kvm/index.js';
import { Clock } from '../../src/machine/clock.js';
import { peekObjectId, type Proc, restartObjectIds, type Step } from '../../src/machine/step.js';

/** Threads that one may step through in any order; those that they spawn join them. */
export class Threads implements HostThreads {
  readonly clock = new Clock();
  readonly all: Thread[] = [];

  spawn(name: string, proc: Proc<unknown>): Thread {
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

  /** Steps the last thread called `name` until it ends or can not go on. */
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
    private readonly proc: Proc<unknown>,
  ) {
    this.advance();
  }

  get isEnabled(): boolean {
    return this.step !== undefined && !this.step.object.blocks(this.step);
  }

  move(): void {
    if (!this.isEnabled) throw new Error(`${this.name} can not go on: ${this.step?.kind} ${this.step?.object.name}`);
    this.steps += 1;
    this.advance();
  }

  private advance(): void {
    const next = this.proc.next();
    this.step = next.done ? undefined : next.value;
  }
}

/** A world to explore: its threads, and what is wrong when none can go on any more. */
export interface World {
  readonly threads: Threads;
  verdict(): string | undefined;
}

export interface Outcome {
  /** Distinct states seen. */
  readonly states: number;
  /** Executions that ended. */
  readonly ended: number;
  /** What was wrong, each with the shortest schedule that shows it: runs of a thread's steps. */
  readonly violations: ReadonlyMap<string, string>;
}

/**
 * Runs every schedule with at most `preemptions` switches away from a thread that could go on. Schedules that order
 * all conflicting accesses alike lead to the same state, which is entered once for each rest of preemptions.
 */
export function exploreSchedules(build: () => World, preemptions: number): Outcome {
  const firstId = peekObjectId();
  const seen = new Set<string>();
  const violations = new Map<string, string>();
  const pending: number[][] = [[]];
  let ended = 0;
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    restartObjectIds(firstId);
    const world = build();
    const { threads } = world;
    const history = new History();
    let last = -1;
    let left = preemptions;
    const moves: string[] = [];
    for (let at = 0; ; at++) {
      const enabled = threads.enabled();
      if (enabled.length === 0) {
        ended += 1;
        const verdict = world.verdict();
        const schedule = summary(moves);
        const known = verdict === undefined ? undefined : violations.get(verdict);
        if (verdict !== undefined && (known === undefined || schedule.length < known.length)) {
          violations.set(verdict, schedule);
        }
        break;
      }
      const goesOn = enabled.includes(last);
      let choice = path[at];
      if (choice === undefined) {
        const key = `${history.key(threads)} ${last} ${left}`;
        if (seen.has(key)) break;
        seen.add(key);
        choice = goesOn ? last : enabled[0];
        for (const other of enabled) {
          if (other !== choice && (!goesOn || left > 0)) pending.push([...path.slice(0, at), other]);
        }
        path[at] = choice;
      }
      if (goesOn && choice !== last) left -= 1;
      last = choice;
      const thread = threads.all[choice];
      moves.push(thread.name);
      history.add(choice, thread);
      thread.move();
    }
  }
  return { states: seen.size, ended, violations };
}

/** The order of conflicting accesses so far, as numbers. */
class History {
  private readonly objects = new Map<number, { order: number; reads: number }>();

  add(pid: number, thread: Thread): void {
    const { step } = thread;
    if (step === undefined) return;
    const { id } = step.object;
    const known = this.objects.get(id) ?? { order: 0, reads: 0 };
    const access = mix(mix(pid + 1, thread.steps), known.order);
    if (step.kind === 'read') this.objects.set(id, { order: known.order, reads: (known.reads + access) | 0 });
    else this.objects.set(id, { order: mix(access, known.reads), reads: 0 });
  }

  key(threads: Threads): string {
    const objects = [...this.objects].sort(([a], [b]) => a - b);
    const orders = objects.map(([id, { order, reads }]) => `${id}:${order},${reads}`);
    return `${threads.all.map((thread) => `${thread.name}${thread.steps}`).join()} ${orders.join()}`;
  }
}

function mix(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return h ^ (h >>> 13);
}

function summary(moves: readonly string[]): string {
  const runs: string[] = [];
  for (let from = 0; from < moves.length; ) {
    let to = from;
    while (moves[to] === moves[from]) to += 1;
    runs.push(`${moves[from]} x${to - from}`);
    from = to;
  }
  return runs.join(', ');
}
