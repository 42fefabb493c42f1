import type { Execution } from '../execution/execution.js';
import { History } from '../search/history.js';
import { type Finding, Judge, sameProperty } from '../execution/judge.js';
import type { Trace } from './report.js';
import { lowest } from '../execution/context-set.js';
import { accessOf } from '../execution/access.js';

/**
 * Marks the reads that decided a violation: those that compete with a write of another lane, where the execution with
 * just these two in the other order breaks nothing. Without such a read, the last step in whose place another context
 * could have moved so that nothing broke; without such a step, the one with which it broke.
 */
export function markDecisiveReads<S>(
  execution: Execution<S>,
  finding: Finding,
  path: readonly number[],
  trace: Trace,
): Trace {
  const pairs = competingPairs(execution, path);
  const decisive = new Set<number>();
  for (const { read, write, afters } of pairs) {
    if (decisive.has(read)) continue;
    const order = reversed(path, Math.min(read, write), Math.max(read, write), afters);
    if (!breaks(execution, finding, order)) decisive.add(read);
  }
  if (decisive.size === 0) decisive.add(lastChoice(execution, finding, path));
  const shown = new Set([...decisive].map((at) => shownAs(trace, at)));
  return {
    lanes: trace.lanes,
    steps: trace.steps.map((step, at) => (shown.has(at) ? { ...step, decisive: true } : step)),
  };
}

/** That a read was early is no row of its own: the read is marked. */
function shownAs({ steps }: Trace, at: number): number {
  const marked = steps.at(at);
  if (marked?.early !== true) return at;
  return steps.findIndex(
    (step, i) => i > at && step.lane === marked.lane && step.early !== true && step.flush === undefined,
  );
}

/** The last step of the path where the choice of another context would have broken nothing; else the last step. */
function lastChoice<S>(execution: Execution<S>, finding: Finding, path: readonly number[]): number {
  const masks: number[] = [];
  execution.begin();
  for (const pid of path) {
    masks.push(execution.enabled());
    execution.perform(pid);
  }
  for (let at = path.length - 1; at >= 0; at--) {
    for (let rest = masks[at] & ~(1 << path[at]); rest !== 0; rest &= rest - 1) {
      const order = [...path.slice(0, at), lowest(rest), ...path.slice(at)];
      if (!breaks(execution, finding, order)) return at;
    }
  }
  return path.length - 1;
}

interface Pair {
  readonly read: number;
  readonly write: number;
  /** The steps between the two that happen after the first. */
  readonly afters: ReadonlySet<number>;
}

/** Each read of the path with the nearest write before and behind it that another lane does to the same object. */
function competingPairs<S>(execution: Execution<S>, path: readonly number[]): Pair[] {
  const history = new History(execution, path.length);
  const codes: number[] = [];
  const lanes: number[] = [];
  execution.begin();
  history.begin();
  path.forEach((pid, at) => {
    execution.enabled();
    if (execution.timePassed) history.timePassed.push(at);
    const context = execution.stage.contexts[pid];
    codes.push(accessOf(context));
    lanes.push(context.lane.index);
    history.performNew(at, pid);
  });
  const isWrite = (at: number, read: number): boolean =>
    codes[at] === codes[read] + 1 && lanes[at] !== lanes[read];
  const pairs: Pair[] = [];
  const add = (read: number, write: number): void => {
    const first = Math.min(read, write);
    const last = Math.max(read, write);
    const afters = new Set<number>();
    for (let k = first + 1; k < last; k++) if (history.isStepBefore(first, k)) afters.add(k);
    pairs.push({ read, write, afters });
  };
  codes.forEach((code, read) => {
    if (code < 0 || (code & 1) !== 0) return;
    for (let at = read + 1; at < path.length; at++) {
      if (!isWrite(at, read)) continue;
      add(read, at);
      break;
    }
    for (let at = read - 1; at >= 0; at--) {
      if (!isWrite(at, read)) continue;
      add(read, at);
      break;
    }
  });
  return pairs;
}

/** The path with step `last` before step `first`, as far as what is in between allows. */
function reversed(
  path: readonly number[],
  first: number,
  last: number,
  afters: ReadonlySet<number>,
): number[] {
  const between: number[] = [];
  const behind: number[] = [];
  for (let k = first + 1; k < last; k++) (afters.has(k) ? behind : between).push(path[k]);
  return [...path.slice(0, first), ...between, path[last], path[first], ...behind, ...path.slice(last + 1)];
}

/** Runs along `order` as far as that is possible, then to the end. @returns true if the same property breaks. */
function breaks<S>(execution: Execution<S>, finding: Finding, order: readonly number[]): boolean {
  const isIt = (found: Finding): boolean => sameProperty(found, finding);
  const judge = new Judge(execution);
  const left = [...order];
  execution.begin();
  // An execution that was finite can become endless in another order; then nothing can be said about the read.
  for (let steps = 0; steps < 10 * order.length + 100; steps++) {
    const mask = execution.enabled();
    if (mask === 0) return judge.atEnd().some(isIt);
    const next = left.findIndex((pid) => (mask & (1 << pid)) !== 0);
    const pid = next < 0 ? lowest(mask) : left[next];
    if (next >= 0) left.splice(next, 1);
    execution.perform(pid);
    if (judge.afterStep().some(isIt)) return true;
  }
  return true;
}
