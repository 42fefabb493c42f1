import type { MemoryModel } from './model.js';
import type { Shard } from './search/search.js';

/** How executions are chosen. */
export type Strategy =
  /** Every execution. */
  | { readonly kind: 'dfs' }
  /** One execution or more of every class that differs only in the order of independent steps. */
  | { readonly kind: 'dpor' }
  /** Every state once: an execution that comes to one that was there before goes no further. */
  | { readonly kind: 'states' }
  /** Every execution with at most so many preemptions. */
  | { readonly kind: 'bounded'; readonly preemptions: number }
  /** So many random executions. */
  | { readonly kind: 'random'; readonly seed: number; readonly executions: number }
  /** So many executions by random priorities that change at depth - 1 steps. */
  | { readonly kind: 'pct'; readonly depth: number; readonly seed: number; readonly executions: number };

/** Where a search is. */
export interface Progress {
  readonly executions: number;
  readonly steps: number;
  readonly seconds: number | undefined;
}

/** How a model is searched. */
export interface ExploreOptions {
  /** Default: sc. */
  readonly memory?: MemoryModel;
  /** Default: dpor. */
  readonly strategy?: Strategy;
  /** Executions with more steps are cut; default 1000. */
  readonly maxSteps?: number;
  /** The search stops after so many executions; default: no limit. */
  readonly maxExecutions?: number;
  /** False: go on after the first violation, to find all of them and all outcomes. Default: true. */
  readonly stopAtFirst?: boolean;
  /** Part of the search to do; default: all of it. Parts of one search are put together by mergeReports. */
  readonly shard?: Shard;
  /** Executions that the look for a minimal interleaving may take; default 200000; 0: none is looked for. */
  readonly minimiseExecutions?: number;
  /**
   * Records what each step reads and writes, and reports what steps share without announcing it. The model's code must
   * be instrumented for that: see docs/explorer.md. Default: false.
   */
  readonly sanitize?: boolean;
  /** A clock in milliseconds, such as performance.now: the explorer itself has none. */
  readonly nowMs?: () => number;
  /** Asked every now and then; true, or why in words, ends the search with what is known so far. */
  readonly shouldStop?: () => boolean | string;
  /** Told every now and then how far the search has come. */
  readonly onProgress?: (progress: Progress) => void;
}

/** How many executions pass between two calls of onProgress, and of shouldStop. */
export const EXECUTIONS_BETWEEN_REPORTS = 1024;
export const EXECUTIONS_BETWEEN_LOOKS = 16;
export const DEFAULT_MAX_STEPS = 1000;
export const DEFAULT_MINIMISE_EXECUTIONS = 200_000;

/** Says in words how executions are chosen. */
export function strategyText(strategy: Strategy): string {
  switch (strategy.kind) {
    case 'dfs':
      return 'depth first';
    case 'dpor':
      return 'depth first with partial-order reduction and sleep sets';
    case 'states':
      return 'depth first, each state once, with sleep sets, under the fingerprint';
    case 'bounded':
      return `depth first with at most ${strategy.preemptions} preemptions`;
    case 'random':
      return `random, seed ${strategy.seed}`;
    case 'pct':
      return `random priorities (PCT), depth ${strategy.depth}, seed ${strategy.seed}`;
  }
}
