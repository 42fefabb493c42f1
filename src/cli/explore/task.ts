import { UsageError } from '../../command/usage-error.js';
import { MixedStoresError } from '../../explore/execution/mixed-stores.js';
import { exploreShard, exploreUnit, minimalViolation } from '../../explore/explore.js';
import { NotInstrumentedError } from '../../explore/sanitize/sanitized-execution.js';
import type { MemoryModel } from '../../explore/model.js';
import type { Progress, Strategy } from '../../explore/options.js';
import { UnrepeatableModelError } from '../../explore/replay.js';
import { secondsLimit } from '../../explore/report/merge.js';
import type { Report, Violation } from '../../explore/report/report.js';
import { UnseenStateError } from '../../explore/search/states/plain-state.js';
import type { Shard } from '../../explore/search/search.js';
import type { UnitResult } from '../../explore/frontier.js';
import type { Unit } from '../../explore/search/unit.js';
import type { Race, RaceVariant } from '../../races/race.js';

/** What is searched, and how. Plain data, so that another thread can do it. */
export interface Search {
  readonly race: string;
  readonly variant: string;
  readonly memory: MemoryModel;
  readonly strategy: Strategy;
  /** Looks for unannounced accesses, in all executions, not only up to the first violation. */
  readonly sanitize?: boolean;
  readonly maxExecutions?: number;
  readonly maxSteps?: number;
  readonly seconds?: number;
  /** When `seconds` are over, for all threads: by Date.now(). */
  readonly untilMs?: number;
  readonly shard?: Shard;
}

export type Task =
  | { readonly kind: 'search'; readonly search: Search }
  | {
      readonly kind: 'unit';
      readonly search: Search;
      readonly unit: Unit;
      readonly steps: number;
    }
  | { readonly kind: 'minimise'; readonly search: Search }
  | { readonly kind: 'findings'; readonly race: string };

export type TaskOf<K extends Task['kind']> = Extract<Task, { readonly kind: K }>;

/** Result of each kind of task. */
export interface TaskResults {
  readonly search: Report;
  readonly unit: UnitResult;
  readonly minimise: Violation | undefined;
  readonly findings: readonly string[];
}

export interface TaskHooks {
  readonly onProgress?: (progress: Progress) => void;
  readonly shouldStop?: () => boolean;
}

/** Runs a task about one of `races` in this thread. */
export function runTask<K extends Task['kind']>(
  races: readonly Race[],
  task: TaskOf<K>,
  hooks: TaskHooks,
): TaskResults[K];
export function runTask(
  races: readonly Race[],
  task: Task,
  { onProgress, shouldStop }: TaskHooks,
): TaskResults[Task['kind']] {
  try {
    return resultOf(races, task, { onProgress, shouldStop });
  } catch (error) {
    const isOfModel =
      error instanceof MixedStoresError ||
      error instanceof UnrepeatableModelError ||
      error instanceof UnseenStateError ||
      error instanceof NotInstrumentedError;
    throw isOfModel ? new UsageError(error.message) : error;
  }
}

function resultOf(
  races: readonly Race[],
  task: Task,
  { onProgress, shouldStop }: TaskHooks,
): TaskResults[Task['kind']] {
  if (task.kind === 'findings') return races.find(({ id }) => id === task.race)?.findings?.() ?? [];
  const { search } = task;
  const {
    memory,
    strategy,
    maxExecutions,
    maxSteps,
    seconds,
    untilMs = Number.POSITIVE_INFINITY,
    shard,
    sanitize = false,
  } = search;
  const variant = variantOf(races, search);
  const { minimiseExecutions } = variant;
  if (task.kind === 'minimise')
    return minimalViolation(variant.model(), { memory, maxSteps, minimiseExecutions, shouldStop });
  const options = {
    memory,
    strategy,
    maxSteps,
    sanitize,
    stopAtFirst: !sanitize,
    shouldStop: () =>
      seconds !== undefined && Date.now() > untilMs ? secondsLimit(seconds) : (shouldStop?.() ?? false),
  };
  if (task.kind === 'unit') return exploreUnit(variant.model(), options, task.unit, task.steps);
  const nowMs = (): number => performance.now();
  return exploreShard(variant.model(), { ...options, shard, maxExecutions, nowMs, onProgress });
}

/** @throws RangeError if there is no such race or variant. */
function variantOf(races: readonly Race[], { race, variant }: Pick<Search, 'race' | 'variant'>): RaceVariant {
  const found = races.find(({ id }) => id === race)?.variants.find(({ name }) => name === variant);
  if (found === undefined) throw new RangeError(`there is no race ${race}/${variant}`);
  return found;
}

const NO_ANSWER =
  'given up without a report, since the search did not answer within a second: does a context run on without a yield?';

/** A task was given up, or never begun, because the runner was stopped. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';

  constructor(readonly hasBegun: boolean) {
    super(hasBegun ? NO_ANSWER : 'stopped before it had begun');
  }
}

/** Runs tasks, several at a time if it can. */
export interface TaskRunner {
  /** The races that tasks can be about. */
  readonly races: readonly Race[];
  /** How many tasks run at the same time. */
  readonly workers: number;
  /** @throws StoppedError if the runner is stopped before there is a result. */
  run<K extends Task['kind']>(
    task: TaskOf<K>,
    onProgress?: (progress: Progress) => void,
  ): Promise<TaskResults[K]>;
  /** Ends all searches; each reports what it knows so far. Tasks that wait for a thread are not begun. */
  stop(): void;
  readonly isStopped: boolean;
  /** Frees the threads; no more tasks will come. */
  close(): Promise<void>;
}
