import type { CpuId, Ns } from '../lib/brand.js';
import type { Clock } from './clock.js';
import { HUNG_LIMIT_NS, HungError, type WaitingContext } from './hung.js';
import type { Procedure } from './step.js';
import type { Task, TaskIdentity } from './task.js';

/**
 * Work that time has to go by for, in turns: after each event that it lets happen it yields, and whoever has it done may
 * do something else, or look at the real time, before it goes on.
 */
export type Turns<T> = Generator<undefined, T, undefined>;

/** Does work to its end, turn by turn with nothing between. @returns what it returns; throws what it throws. */
export function atOnce<T>(turns: Turns<T>): T {
  for (;;) {
    const next = turns.next();
    if (next.done) return next.value;
  }
}

/** What it needs of a machine. */
export interface TurnMachine {
  readonly clock: Clock;
  start(name: string, proc: Procedure<unknown>, cpu?: CpuId, identity?: TaskIdentity): Task;
  settle(): void;
  waiting(): WaitingContext[];
}

/** Machine.run in turns. */
export function* runInTurns<T>(
  machine: TurnMachine,
  name: string,
  proc: Procedure<T>,
  cpu?: CpuId,
  identity?: TaskIdentity,
): Turns<T> {
  const { clock } = machine;
  const task = machine.start(name, proc, cpu, identity);
  const end = clock.now + HUNG_LIMIT_NS;
  while (task.state !== 'done') {
    const late = clock.now > end;
    if (late || !clock.runNext()) {
      const waitsFor = task.blockedOn?.object.name ?? 'its turn';
      const why = late ? 'waits for ever' : 'nothing is left to happen';
      throw new HungError(name, waitsFor, why, machine.waiting());
    }
    machine.settle();
    yield;
  }
  if (task.failed) throw task.error;
  return task.result as T;
}

/** Lets time go by up to `endNs` in turns. */
export function* elapseInTurns(
  machine: { elapseWhile(end: Ns, mayGoOn: () => boolean): boolean },
  endNs: Ns,
): Turns<void> {
  let events = 0;
  const once = (): boolean => events++ === 0;
  while (!machine.elapseWhile(endNs, once)) {
    events = 0;
    yield;
  }
}

/** Who called has asked for the work of the call in turns, and gets it instead of having it done. */
class InTurns extends Error {
  constructor(readonly turns: Turns<unknown>) {
    super('work that was asked for in turns is done at once');
  }
}

/**
 * Calls that return when their work is done, for those who can wait, and the same calls' work in turns, for a live guest
 * that has others to serve meanwhile.
 */
export class Calls {
  private inTurns = false;

  /** The end of a call: does its work at once, or leaves it to the one who asked for it in turns. */
  finish<T>(turns: Turns<T>): T {
    if (this.inTurns) throw new InTurns(turns);
    return atOnce(turns);
  }

  /**
   * The work of a call in turns.
   *
   * @param call ends with a call of this guest's: what comes behind one that takes time is not done.
   * @returns what it returns if it took no time; else undefined.
   */
  *inTurnsOf<T>(call: () => T): Turns<T | undefined> {
    this.inTurns = true;
    let turns: Turns<unknown>;
    try {
      return call();
    } catch (error) {
      if (!(error instanceof InTurns)) throw error;
      ({ turns } = error);
    } finally {
      this.inTurns = false;
    }
    yield* turns;
    return undefined;
  }
}
