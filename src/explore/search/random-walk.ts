import { counted } from '../../lib/counted.js';
import { Prng } from '../../lib/prng.js';
import { bits, lowest } from '../execution/context-set.js';
import type { Search, SearchSetup } from './search.js';

/** Chooses who moves, without looking back. */
interface Chooser {
  begin(run: number): void;
  choose(mask: number, at: number): number;
  readonly description: string;
}

/** Any context that can move, all alike. */
export class UniformChooser implements Chooser {
  readonly description = 'a random sample';
  private prng = new Prng(0);

  constructor(private readonly seed: number) {}

  begin(run: number): void {
    this.prng = new Prng(mixSeed(this.seed, run));
  }

  choose(mask: number): number {
    let skip = this.prng.below(bits(mask));
    let rest = mask;
    while (skip > 0) {
      rest &= rest - 1;
      skip -= 1;
    }
    return lowest(rest);
  }
}

/**
 * Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatti, ASPLOS 2010): random priorities, the
 * highest that can move does; at d - 1 random steps the mover falls below all others. Finds a bug of depth d with
 * probability at least 1 / (n k^(d-1)). Deviates in that k is not given but taken from a first execution.
 */
export class PctChooser implements Chooser {
  readonly description: string;
  private prng = new Prng(0);
  private readonly priorities: number[] = [];
  private readonly falls: number[] = [];

  constructor(
    private readonly depth: number,
    private readonly seed: number,
    private readonly typicalSteps: number,
  ) {
    this.description = `a random sample by priorities of depth ${depth}`;
  }

  begin(run: number): void {
    this.prng = new Prng(mixSeed(this.seed, run));
    this.priorities.length = 0;
    this.falls.length = 0;
    const steps = Math.max(1, this.typicalSteps);
    for (let i = 1; i < this.depth; i++) this.falls.push(this.prng.below(steps));
  }

  choose(mask: number, at: number): number {
    let mover = this.highest(mask);
    for (let i = 0; i < this.falls.length; i++) {
      if (this.falls[i] !== at) continue;
      this.priorities[mover] = -1 - i;
      mover = this.highest(mask);
    }
    return mover;
  }

  private highest(mask: number): number {
    let best = lowest(mask);
    for (let rest = mask; rest !== 0; rest &= rest - 1) {
      const pid = lowest(rest);
      if (this.priority(pid) > this.priority(best)) best = pid;
    }
    return best;
  }

  private priority(pid: number): number {
    // Contexts may appear in the course of an execution: each gets its priority when it is first looked at.
    while (this.priorities.length <= pid) this.priorities.push(this.prng.below(0x40000000));
    return this.priorities[pid];
  }
}

function mixSeed(seed: number, run: number): number {
  return (Math.imul(seed, 0x9e3779b1) + run) >>> 0;
}

/** Runs a number of executions chosen at random, each from a seed of its own. */
export class RandomWalk<S> implements Search {
  private run: number;
  private readonly chosen: Int32Array;

  constructor(
    private readonly setup: SearchSetup<S>,
    private readonly chooser: Chooser,
    private readonly runs: number,
  ) {
    this.chosen = new Int32Array(setup.maxSteps + 1);
    this.run = setup.shard?.index ?? 0;
  }

  get limits(): readonly string[] {
    return [`${this.chooser.description} of ${counted(this.runs, 'execution')}`];
  }

  next(): boolean {
    if (this.run >= this.runs) return false;
    this.chooser.begin(this.run);
    this.run += this.setup.shard?.count ?? 1;
    this.walk();
    return true;
  }

  private walk(): void {
    const { execution, tally, maxSteps, stopAtFirst } = this.setup;
    const { chosen } = this;
    execution.begin();
    tally.began(chosen);
    let at = 0;
    while (tally.broken === undefined || !stopAtFirst) {
      const mask = execution.enabled();
      if (mask === 0) {
        tally.cameToEnd(at, chosen);
        break;
      }
      if (at === maxSteps) {
        tally.wasCut(at);
        return;
      }
      chosen[at] = this.chooser.choose(mask, at);
      execution.perform(chosen[at]);
      at += 1;
      tally.stepped(at, chosen);
    }
    tally.ended(at);
  }
}
