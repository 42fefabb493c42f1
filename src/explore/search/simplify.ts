import type { Execution } from '../execution/execution.js';
import { type Finding, Judge, sameProperty } from '../execution/judge.js';
import { lowest } from '../execution/context-set.js';

/** An execution that breaks a property, and how hard it is to follow. */
interface Tried {
  readonly path: readonly number[];
  readonly finding: Finding;
  readonly switches: number;
}

/**
 * Makes an execution that breaks a property easier to follow: runs of steps of one context are put next to its other
 * runs, as long as the same property breaks, with fewer changes of context, or as many and fewer steps. The result
 * depends on the path only; it need not be the best there is.
 */
export function simplify<S>(
  execution: Execution<S>,
  finding: Finding,
  path: readonly number[],
  maxSteps: number,
): { readonly path: readonly number[]; readonly finding: Finding } {
  let best: Tried = { path, finding, switches: switchesOf(path) };
  for (let next: Tried | undefined = best; next !== undefined; ) {
    best = next;
    next = firstBetter(execution, best, maxSteps);
  }
  return best;
}

function firstBetter<S>(execution: Execution<S>, best: Tried, maxSteps: number): Tried | undefined {
  for (const candidate of rearranged(runsOf(best.path))) {
    const tried = attempt(execution, candidate, best.finding, maxSteps);
    if (tried === undefined || tried.switches > best.switches) continue;
    if (tried.switches < best.switches || tried.path.length < best.path.length) return tried;
  }
  return undefined;
}

/** A path as runs of steps of one context each. */
function runsOf(path: readonly number[]): readonly (readonly number[])[] {
  const runs: number[][] = [];
  for (const [at, pid] of path.entries()) {
    if (at > 0 && path[at - 1] === pid) runs[runs.length - 1].push(pid);
    else runs.push([pid]);
  }
  return runs;
}

/** The path with each run put behind the one before of its context, or that one before it; and with each run left out. */
function* rearranged(runs: readonly (readonly number[])[]): Generator<readonly number[], void, void> {
  for (let later = 0; later < runs.length; later++) {
    const [pid] = runs[later];
    const earlier = runs.findLastIndex((run, at) => at < later && run[0] === pid);
    const before = runs.slice(0, Math.max(earlier, 0));
    const between = runs.slice(earlier + 1, later);
    const after = runs.slice(later + 1);
    if (earlier >= 0) {
      yield [...before, runs[earlier], runs[later], ...between, ...after].flat();
      yield [...before, ...between, runs[earlier], runs[later], ...after].flat();
    }
    yield [...runs.slice(0, later), ...after].flat();
  }
}

/** Runs the wanted steps as far as they can be done, then what is left, the first context that can go on each time. */
function attempt<S>(
  execution: Execution<S>,
  wanted: readonly number[],
  finding: Finding,
  maxSteps: number,
): Tried | undefined {
  const judge = new Judge(execution);
  const path: number[] = [];
  let at = 0;
  execution.begin();
  let found = judge.afterStep();
  while (found.length === 0 && path.length < maxSteps) {
    const mask = execution.enabled();
    if (mask === 0) {
      found = judge.atEnd();
      break;
    }
    while (at < wanted.length && (mask & (1 << wanted[at])) === 0) at += 1;
    const pid = at < wanted.length ? wanted[at++] : lowest(mask);
    execution.perform(pid);
    path.push(pid);
    found = judge.afterStep();
  }
  const same = found.find((candidate) => sameProperty(candidate, finding));
  return same && { path, finding: same, switches: switchesOf(path) };
}

function switchesOf(path: readonly number[]): number {
  let switches = 0;
  for (let at = 1; at < path.length; at++) if (path[at] !== path[at - 1]) switches += 1;
  return switches;
}
