import { SharedWord, type Procedure, type Step } from '../../../src/machine/step.js';
import type { RingBuffer, RingHeader, RingWord } from '../../../src/vmbus/ring/index.js';

/** A CPU's view of the header words with a store buffer, as on x86: own stores are seen at once, others' later. */
export class BufferedHeader implements RingHeader {
  readonly barrierStep: Step | undefined;
  private readonly fence = new SharedWord('fence');
  private readonly stores: { readonly word: RingWord; readonly value: number }[] = [];

  /** @param fenced false models code that forgot its barriers. */
  constructor(
    private readonly ring: RingBuffer,
    fenced: boolean,
  ) {
    this.barrierStep = fenced ? this.fence.update : undefined;
  }

  get drained(): boolean {
    return this.stores.length === 0;
  }

  load(word: RingWord): number {
    return this.stores.findLast((store) => store.word === word)?.value ?? this.ring.load(word);
  }

  store(word: RingWord, value: number): void {
    this.stores.push({ word, value });
  }

  /** Makes the oldest store visible to the other CPUs. */
  drainOne(): void {
    const oldest = this.stores.shift();
    if (oldest !== undefined) this.ring.store(oldest.word, oldest.value);
  }

  readStep(word: RingWord): Step {
    return this.ring.readStep(word);
  }

  writeStep(word: RingWord): Step {
    return this.ring.writeStep(word);
  }
}

/** A procedure and, if its CPU has a store buffer, that CPU's header. */
export interface Thread {
  readonly proc: Procedure<unknown>;
  readonly header?: BufferedHeader;
}

class Running {
  private pending: Step | undefined;
  private done = false;

  constructor(private readonly thread: Thread) {
    this.advance();
  }

  /** Everything this thread and its store buffer could do next. */
  addMoves(moves: (() => void)[]): void {
    const { header } = this.thread;
    const waits = header !== undefined && this.pending === header.barrierStep && !header.drained;
    if (!this.done && !waits) moves.push(() => this.advance());
    if (header !== undefined && !header.drained) moves.push(() => header.drainOne());
  }

  private advance(): void {
    const next = this.thread.proc.next();
    this.done = next.done === true;
    this.pending = next.done ? undefined : next.value;
  }
}

/** Runs the threads to their end; `choose` picks one of `count` moves. */
export function runSchedule(threads: readonly Thread[], choose: (count: number) => number): void {
  const running = threads.map((thread) => new Running(thread));
  for (;;) {
    const moves: (() => void)[] = [];
    for (const thread of running) thread.addMoves(moves);
    if (moves.length === 0) return;
    moves[choose(moves.length)]();
  }
}

/**
 * Runs every schedule once.
 *
 * @param make sets up a fresh run: its threads, and what to look at in the end.
 * @returns what each schedule's `end` gave.
 */
export function everySchedule<T>(make: () => { readonly threads: readonly Thread[]; end(): T }): T[] {
  const results: T[] = [];
  let path: number[] = [];
  for (;;) {
    const counts: number[] = [];
    const { threads, end } = make();
    runSchedule(threads, (count) => {
      const choice = path[counts.length] ?? 0;
      counts.push(count);
      return choice;
    });
    results.push(end());
    const taken = counts.map((_, i) => path[i] ?? 0);
    while (taken.length > 0 && taken[taken.length - 1] + 1 >= counts[taken.length - 1]) taken.pop();
    if (taken.length === 0) return results;
    taken[taken.length - 1] += 1;
    path = taken;
  }
}
