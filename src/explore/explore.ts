import { DepthFirst } from './search/depth-first.js';
import { Execution } from './execution/execution.js';
import { markDecisiveReads } from './report/decisive.js';
import { byOutcome, cutLimit, executionsLimit, partLimit, STOPPED_LIMIT } from './report/merge.js';
import type { MemoryModel, Model } from './model.js';
import {
  DEFAULT_MAX_STEPS,
  DEFAULT_MINIMISE_EXECUTIONS,
  EXECUTIONS_BETWEEN_LOOKS,
  EXECUTIONS_BETWEEN_REPORTS,
  type ExploreOptions,
  type Strategy,
  strategyText,
} from './options.js';
import { PctChooser, RandomWalk, UniformChooser } from './search/random-walk.js';
import { recordTrace } from './report/recorder.js';
import { assertReplays } from './replay.js';
import { traceFileOf } from './report/trace-file.js';
import { sameProperty } from './execution/judge.js';
import { Reduction } from './search/reduction.js';
import type { Report, Violation } from './report/report.js';
import { SanitizedExecution } from './sanitize/sanitized-execution.js';
import type { DivisibleSearch, Search, SearchSetup } from './search/search.js';
import { StateSearch } from './search/states/state-search.js';
import { simplify } from './search/simplify.js';
import { type FoundPath, Tally } from './search/tally.js';
import type { Unit } from './search/unit.js';
import type { UnitResult } from './frontier.js';

/**
 * Explores a model, and on a violation looks for a minimal interleaving that shows one.
 *
 * @returns the verdict with all that it rests on; with a violation its trace.
 */
export function check<S>(model: Model<S>, options: ExploreOptions = {}): Report {
  const report = exploreShard(model, options);
  if (report.verdict === 'none') return report;
  const minimal = minimalViolation(model, options);
  if (minimal === undefined) return report;
  return leadWith(minimal, report, options);
}

/**
 * The report with a minimal violation in front, in place of one that breaks the same property; where all violations
 * were asked for, in place of the same one only.
 */
export function leadWith(
  minimal: Violation,
  report: Report,
  { stopAtFirst = true }: Pick<ExploreOptions, 'stopAtFirst'> = {},
): Report {
  const others = report.violations.filter(
    (other) => !sameProperty(other, minimal) || (!stopAtFirst && other.message !== minimal.message),
  );
  return { ...report, violations: [minimal, ...others] };
}

/**
 * Explores a model, or the part of the search that `options.shard` names, without looking for a minimal interleaving.
 * The reports of all parts are put together by mergeReports; minimalViolation is then the same however many parts.
 *
 * @throws NotInstrumentedError with `sanitize`, if the code was loaded as it is.
 * @throws UnseenStateError with strategy `states`, if what the model's setup returns cannot be looked into.
 * @throws RangeError for a part of a search by states.
 * @throws MixedStoresError with store buffers, if the model has plain stores that do not go through them beside some that do.
 */
export function exploreShard<S>(model: Model<S>, options: ExploreOptions = {}): Report {
  const { strategy = { kind: 'dpor' }, shard } = options;
  const make = (setup: SearchSetup<S>): Search => newSearch(strategy, setup);
  return explored(model, options, make, (search, tally) => {
    const limits = runSearch(search, tally, options);
    if (shard !== undefined && shard.count > 1) limits.push(partLimit(shard.index, shard.count));
    return limits;
  });
}

/**
 * Does a unit of a search.
 *
 * @param steps its budget: behind so many steps, those of repeated prefixes included, it ends and hands back the rest.
 * @throws RangeError for a strategy that has no units.
 * @throws what exploreShard throws.
 */
export function exploreUnit<S>(
  model: Model<S>,
  options: Omit<ExploreOptions, 'shard' | 'maxExecutions'>,
  unit: Unit,
  steps: number,
): UnitResult {
  const { strategy = { kind: 'dpor' }, shouldStop = () => false } = options;
  let stopped: string | undefined;
  let left: Pick<UnitResult, 'wanted' | 'rest'> = { wanted: [] };
  const looking = (): boolean | string => {
    const stop = shouldStop();
    if (stop !== false) stopped = stop === true ? STOPPED_LIMIT : stop;
    return stop;
  };
  const make = (setup: SearchSetup<S>): DivisibleSearch => newDivisibleSearch(strategy, { ...setup, unit });
  const report = explored(model, options, make, (search, tally) => {
    const limits = runSearch(search, tally, { ...options, shouldStop: looking }, steps);
    const rest = limits.length === 0 ? search.rest() : undefined;
    left = { wanted: search.wanted, ...(rest && { rest }) };
    return limits;
  });
  return { report, ...left, ...(stopped !== undefined && { stopped }) };
}

/** @param run does the search. @returns what it left out, in words. */
function explored<S, T extends Search>(
  model: Model<S>,
  options: ExploreOptions,
  make: (setup: SearchSetup<S>) => T,
  run: (search: T, tally: Tally<S>) => string[],
): Report {
  const { memory = 'sc', strategy = { kind: 'dpor' }, nowMs } = options;
  const startMs = nowMs?.();
  const execution = newExecution(model, memory, options);
  const tally = new Tally(execution);
  const close = execution.open();
  try {
    const search = make(newSetup(execution, tally, options));
    const stopped = run(search, tally);
    const limits = [...search.limits, ...stopped];
    if (tally.cut > 0) {
      limits.push(cutLimit(tally.cut, options.maxSteps ?? DEFAULT_MAX_STEPS));
    }
    const unannounced = execution instanceof SanitizedExecution ? execution.unannounced : [];
    if (unannounced.length > 0) limits.push(UNANNOUNCED_LIMIT);
    const outcomes = [...tally.outcomes].map(([outcome, count]) => ({ outcome, count }));
    return {
      model: model.name,
      memory,
      strategy: strategyText(strategy),
      verdict: tally.violations.size > 0 ? 'found' : 'none',
      complete: limits.length === 0,
      limits,
      executions: tally.executions,
      redundant: tally.redundant,
      ...(search.states !== undefined && { states: search.states }),
      cut: tally.cut,
      steps: tally.steps,
      depth: tally.depth,
      ...(nowMs === undefined || startMs === undefined ? {} : { seconds: (nowMs() - startMs) / 1000 }),
      ...(model.outcome === undefined ? {} : { outcomes: outcomes.sort(byOutcome) }),
      ...(memory !== 'sc' && { buffered: [...execution.stage.stores.words].sort() }),
      ...(options.sanitize === true && { unannounced }),
      witnesses: tally.witnesses,
      violations: [...tally.violations.values()].map((found) => violationOf(execution, found, false)),
    };
  } finally {
    close();
  }
}

/**
 * Looks for the execution with the fewest preemptions and delayed stores that breaks a property, among those for the
 * fewest changes of lane, then the fewest steps. It depends on the model only, not on how a violation was found before.
 *
 * @returns undefined if nothing was found within the limit of executions, or before `shouldStop` ended the look for it; `minimal` is false if the limit was reached
 *   before all that could be better were looked at, or some of those were cut.
 */
export function minimalViolation<S>(model: Model<S>, options: ExploreOptions = {}): Violation | undefined {
  const { memory = 'sc', minimiseExecutions = DEFAULT_MINIMISE_EXECUTIONS, shouldStop } = options;
  if (minimiseExecutions === 0) return undefined;
  const execution = new Execution(model, memory);
  const close = execution.open();
  try {
    let left = minimiseExecutions;
    let cut = 0;
    for (let preemptions = 0; left > 0; preemptions++) {
      const tally = new Tally(execution);
      const setup = newSetup(execution, tally, { ...options, shard: undefined });
      const search = new DepthFirst(setup, { preemptions, minimise: true });
      let isDone = false;
      while (left > 0 && !isDone) {
        isDone = !search.next();
        left -= 1;
        if (left % EXECUTIONS_BETWEEN_LOOKS === 0 && (shouldStop?.() ?? false) !== false) left = 0;
      }
      cut += tally.cut;
      if (search.best !== undefined) return violationOf(execution, search.best, isDone && cut === 0);
      if (isDone && search.limits.length === 0) return undefined;
    }
  } finally {
    close();
  }
  return (shouldStop?.() ?? false) === false ? simplifiedViolation(model, options) : undefined;
}

/** For a space that is too large: any violation, made simpler; it does not depend on the parts of the search either. */
function simplifiedViolation<S>(
  model: Model<S>,
  { memory = 'sc', minimiseExecutions = DEFAULT_MINIMISE_EXECUTIONS, ...options }: ExploreOptions,
): Violation | undefined {
  const execution = new Execution(model, memory);
  const tally = new Tally(execution);
  const setup = newSetup(execution, tally, { ...options, shard: undefined, stopAtFirst: true });
  const close = execution.open();
  try {
    const search = new Reduction(setup);
    while (tally.violations.size === 0 && tally.executions < minimiseExecutions && search.next());
    const [found] = tally.violations.values();
    if (found === undefined) return undefined;
    return violationOf(execution, simplify(execution, found.finding, found.path, setup.maxSteps), false);
  } finally {
    close();
  }
}

/** What steps share without announcing it may have been taken for independent. */
const UNANNOUNCED_LIMIT = 'unannounced accesses';

function newExecution<S>(model: Model<S>, memory: MemoryModel, options: ExploreOptions): Execution<S> {
  const { sanitize = false, maxSteps = DEFAULT_MAX_STEPS, strategy } = options;
  return sanitize
    ? new SanitizedExecution(model, memory, maxSteps, strategy?.kind === 'states')
    : new Execution(model, memory);
}

function newSetup<S>(execution: Execution<S>, tally: Tally<S>, options: ExploreOptions): SearchSetup<S> {
  const { maxSteps = DEFAULT_MAX_STEPS, stopAtFirst = true, shard } = options;
  return { execution, tally, maxSteps, stopAtFirst, shard, unit: undefined };
}

function newSearch<S>(strategy: Strategy, setup: SearchSetup<S>): Search {
  switch (strategy.kind) {
    case 'dfs':
    case 'dpor':
    case 'bounded':
      return newDivisibleSearch(strategy, setup);
    case 'states':
      if ((setup.shard?.count ?? 1) > 1)
        throw new RangeError('a search by states is not done in parts: leave out `shard`');
      return new StateSearch(setup);
    case 'random':
      return new RandomWalk(setup, new UniformChooser(strategy.seed), strategy.executions);
    case 'pct': {
      const steps = typicalSteps(setup);
      return new RandomWalk(setup, new PctChooser(strategy.depth, strategy.seed, steps), strategy.executions);
    }
  }
}

function newDivisibleSearch<S>(strategy: Strategy, setup: SearchSetup<S>): DivisibleSearch {
  switch (strategy.kind) {
    case 'dfs':
      return new DepthFirst(setup);
    case 'dpor':
      return new Reduction(setup);
    case 'bounded':
      return new DepthFirst(setup, { preemptions: strategy.preemptions });
    default:
      throw new RangeError(`a search with strategy ${strategy.kind} has no units`);
  }
}

/** Steps of the execution in which each context runs as far as it can. */
function typicalSteps<S>({ execution, maxSteps }: SearchSetup<S>): number {
  execution.begin();
  let at = 0;
  let last = 0;
  for (; at < maxSteps; at++) {
    const mask = execution.enabled();
    if (mask === 0) break;
    if ((mask & (1 << last)) === 0) last = 31 - Math.clz32(mask);
    execution.perform(last);
  }
  return at;
}

/** Runs the search until it is done, its budget is spent, or something stops it. @returns what stopped it, in words. */
function runSearch<S>(
  search: Search,
  tally: Tally<S>,
  options: ExploreOptions,
  steps = Number.POSITIVE_INFINITY,
): string[] {
  const {
    maxExecutions = Number.POSITIVE_INFINITY,
    stopAtFirst = true,
    nowMs,
    shouldStop,
    onProgress,
  } = options;
  const startMs = nowMs?.();
  let since = 0;
  while (search.next()) {
    if (stopAtFirst && tally.violations.size !== 0) return ['stopped at the first violation'];
    if (tally.executions >= maxExecutions) return [executionsLimit(maxExecutions)];
    if (tally.steps >= steps) return [];
    since += 1;
    if (since % EXECUTIONS_BETWEEN_LOOKS !== 0) continue;
    if (onProgress !== undefined && since % EXECUTIONS_BETWEEN_REPORTS === 0) {
      const seconds = nowMs === undefined || startMs === undefined ? undefined : (nowMs() - startMs) / 1000;
      onProgress({ executions: tally.executions, steps: tally.steps, seconds });
    }
    const stop = shouldStop?.() ?? false;
    if (stop !== false) return [stop === true ? STOPPED_LIMIT : stop];
  }
  return [];
}

function violationOf<S>(execution: Execution<S>, { finding, path }: FoundPath, minimal: boolean): Violation {
  const { model, stage } = execution;
  const trace = markDecisiveReads(execution, finding, path, recordTrace(execution, path));
  const violation = { ...finding, trace, minimal };
  assertReplays(model, traceFileOf({ model: model.name, memory: stage.memory }, violation));
  return violation;
}
