import type { Execution } from '../execution/execution.js';
import type { Tally } from './tally.js';
import type { Unit, Wanted } from './unit.js';

/** Part `index` of `count` of a search. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** What all searches are made of. */
export interface SearchSetup<S> {
  readonly execution: Execution<S>;
  readonly tally: Tally<S>;
  /** An execution with more steps is cut. */
  readonly maxSteps: number;
  readonly stopAtFirst: boolean;
  readonly shard: Shard | undefined;
  /** The piece of the search to do; undefined: all of it. */
  readonly unit: Unit | undefined;
}

/** A way of choosing executions. */
export interface Search {
  /** Runs the next execution. @returns false if there was none left. */
  next(): boolean;
  /** What kept the search from covering everything, as far as it depends on the way of searching. */
  readonly limits: readonly string[];
  /** How many states were reached, if it tells them apart. */
  readonly states?: number;
}

/** Searches whose work can be handed to others in units. */
export interface DivisibleSearch extends Search {
  /** What is left, as a unit; undefined if nothing is. Behind it the search does not go on. */
  rest(): Unit | undefined;
  /** What is to be tried in states of others. */
  readonly wanted: readonly Wanted[];
}

/** How many real choices a prefix has that goes to one shard as a whole. */
const SHARD_CHOICES = 5;

/** Deals the prefixes of a search out to shards: each new one to the next shard in turn. */
export class ShardDealer {
  private prefixes = 0;

  constructor(private readonly shard: Shard | undefined) {}

  /** True if choices made here are not dealt out yet, so that every shard has to make them all. */
  isShared(choices: number): boolean {
    return this.shard !== undefined && choices < SHARD_CHOICES;
  }

  /**
   * False if the new state `at` begins a part of the search that is another shard's.
   *
   * @param choices before each state.
   * @param enabled contexts in the state; 0 at an execution's end.
   */
  takes(at: number, choices: Int32Array, enabled: number): boolean {
    if (this.shard === undefined) return true;
    const endsPrefix = choices[at] === SHARD_CHOICES && (at === 0 || choices[at - 1] !== SHARD_CHOICES);
    const isShort = enabled === 0 && choices[at] < SHARD_CHOICES;
    return (!endsPrefix && !isShort) || this.deal(this.shard);
  }

  /** A prefix not seen before. @returns true if it is this shard's. */
  private deal({ index, count }: Shard): boolean {
    const mine = this.prefixes % count === index;
    this.prefixes += 1;
    return mine;
  }
}
