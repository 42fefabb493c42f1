import { leadWith } from '../../explore/explore.js';
import { mergeReports } from '../../explore/report/merge.js';
import type { Progress } from '../../explore/options.js';
import type { Report, Violation } from '../../explore/report/report.js';
import { hasUnits, newUnitSearch, searchInUnits, type UnitSearch } from './in-units.js';
import { type Search, StoppedError, type TaskRunner } from './task.js';

/**
 * Searches with all threads of the runner, and looks for a minimal interleaving if a property is violated.
 * Verdict and interleaving do not depend on the number of threads.
 *
 * @param units where units are done and kept; default: in the threads, if there are several.
 */
export async function searchWith(
  runner: TaskRunner,
  search: Search,
  onProgress: (progress: Progress) => void,
  units?: UnitSearch,
): Promise<Report> {
  const report =
    search.shard === undefined ? await allParts(runner, search, onProgress, units) : await part();
  return search.shard === undefined ? withMinimal(runner, search, report) : report;

  function part(): Promise<Report> {
    return runner.run({ kind: 'search', search }, onProgress);
  }
}

/** The report with a minimal interleaving in place of the first one found, unless the search was for something else. */
export async function withMinimal(runner: TaskRunner, search: Search, report: Report): Promise<Report> {
  if (report.verdict === 'none' || search.sanitize === true) return report;
  const minimal = await minimalOf(runner, search);
  if (minimal === undefined) return report;
  return leadWith(minimal, report);
}

/** undefined if there is none, or the runner was stopped before it was found: the one found first is there then. */
async function minimalOf(runner: TaskRunner, search: Search): Promise<Violation | undefined> {
  try {
    return await runner.run({ kind: 'minimise', search });
  } catch (error) {
    if (error instanceof StoppedError) return undefined;
    throw error;
  }
}

async function allParts(
  runner: TaskRunner,
  search: Search,
  onProgress: (progress: Progress) => void,
  units?: UnitSearch,
): Promise<Report> {
  if (units !== undefined) return searchInUnits(units, search, onProgress);
  const { strategy } = search;
  // A search by states is one: each thread would go to all states.
  const count = strategy.kind === 'states' ? 1 : runner.workers;
  if (count === 1) return runner.run({ kind: 'search', search }, onProgress);
  if (hasUnits(strategy)) return searchInUnits(newUnitSearch(runner, search), search, onProgress);
  // Random executions: each thread takes every so manieth.
  const latest: Progress[] = [];
  const parts = Array.from({ length: count }, (_, index) =>
    runner.run({ kind: 'search', search: shareOf(search, index, count) }, (progress) => {
      latest[index] = progress;
      onProgress(sum(Object.values(latest)));
    }),
  );
  return mergeReports(await Promise.all(parts));
}

/** What one of `count` threads does, so that all together do as many executions as were asked for. */
function shareOf(search: Search, index: number, count: number): Search {
  const { maxExecutions } = search;
  const shard = { index, count };
  if (maxExecutions === undefined) return { ...search, shard };
  return {
    ...search,
    shard,
    maxExecutions: Math.max(1, Math.floor((maxExecutions + count - 1 - index) / count)),
  };
}

function sum(parts: readonly Progress[]): Progress {
  let executions = 0;
  let steps = 0;
  let seconds = 0;
  for (const part of parts) {
    executions += part.executions;
    steps += part.steps;
    seconds = Math.max(seconds, part.seconds ?? 0);
  }
  return { executions, steps, seconds };
}
