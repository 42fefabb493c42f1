import type { Progress, Strategy } from '../../explore/options.js';
import { executionsLimit, joinReports } from '../../explore/report/merge.js';
import type { Report } from '../../explore/report/report.js';
import { Frontier, type NumberedUnit, type SavedFrontier, type UnitResult } from '../../explore/frontier.js';
import { type Search, StoppedError, type TaskRunner } from './task.js';

type UnitStrategy = Extract<Strategy, { readonly kind: 'dfs' | 'dpor' | 'bounded' }>;

/** True if a search can be done in units, by several that tell each other what they find. */
export function hasUnits(strategy: Strategy): strategy is UnitStrategy {
  const { kind } = strategy;
  return kind === 'dfs' || kind === 'dpor' || kind === 'bounded';
}

/** Does units somewhere, several at a time. */
export interface UnitRunner {
  /** How many units it is given at a time. */
  readonly width: number;
  /** @throws StoppedError if it is stopped before the unit was begun. */
  run(unit: NumberedUnit): Promise<UnitResult>;
}

/** A search in units: what is left of it, and who does that. */
export interface UnitSearch {
  readonly frontier: Frontier;
  readonly runner: UnitRunner;
  /** Called when the frontier has changed. */
  readonly onUnit?: () => void;
}

/** A search whose units the threads of a runner do. @param saved what is left of it; default: all. */
export function newUnitSearch(threads: TaskRunner, search: Search, saved?: SavedFrontier): UnitSearch {
  const { maxExecutions, sanitize = false } = search;
  const runner: UnitRunner = {
    width: threads.workers,
    run: ({ unit, steps }) => threads.run({ kind: 'unit', search, unit, steps }),
  };
  return { frontier: new Frontier({ stopAtFirst: !sanitize, maxExecutions }, saved), runner };
}

/**
 * Searches in units. What comes of it does not depend on how many do them, or how fast.
 *
 * @returns what is known so far if the runner was stopped, of units that did not come to their end, too.
 * @throws StoppedError if nothing is known.
 */
export async function searchInUnits(
  { frontier, runner, onUnit }: UnitSearch,
  { maxExecutions }: Search,
  onProgress: (progress: Progress) => void,
): Promise<Report> {
  const startMs = performance.now();
  const seconds = (): number => (performance.now() - startMs) / 1000;
  const busy = new Set<Promise<void>>();
  const stopped: Report[] = [];
  let isStopped = false;
  const doOne = async (numbered: NumberedUnit): Promise<void> => {
    try {
      const result = await runner.run(numbered);
      if (result.stopped !== undefined) {
        isStopped = true;
        stopped.push(result.report);
        return;
      }
      frontier.give(numbered.number, result);
    } catch (error) {
      if (!(error instanceof StoppedError) || error.hasBegun) throw error;
      isStopped = true;
      return;
    }
    const { executions = 0, steps = 0 } = frontier.report ?? {};
    onProgress({ executions, steps, seconds: seconds() });
    onUnit?.();
  };
  const next = (): NumberedUnit | undefined =>
    busy.size < runner.width && !isStopped ? frontier.take() : undefined;
  while (!frontier.isDone && !isStopped) {
    for (let unit = next(); unit !== undefined; unit = next()) {
      const doing = doOne(unit).finally(() => busy.delete(doing));
      // Told by the race below, if it is not over by then.
      doing.catch(() => {});
      busy.add(doing);
    }
    await Promise.race(busy);
  }
  if (isStopped) await Promise.all(busy);
  const reports = frontier.report === undefined ? stopped : [frontier.report, ...stopped];
  if (reports.length === 0) throw new StoppedError(false);
  const known = joinReports(reports);
  const isEnough = maxExecutions !== undefined && known.executions >= maxExecutions;
  const limits =
    isEnough && known.verdict === 'none'
      ? [...known.limits, executionsLimit(known.executions)]
      : known.limits;
  return { ...known, limits, complete: limits.length === 0, seconds: seconds() };
}
