import { labelSteps } from '../machine/step.js';
import { markDecisiveReads } from './report/decisive.js';
import { Execution } from './execution/execution.js';
import { type Finding, Judge, sameFinding, sameProperty } from './execution/judge.js';
import type { Context } from './execution/context.js';
import type { Stage } from './execution/stage.js';
import type { Model } from './model.js';
import { actionOf, recordStep } from './report/recorder.js';
import type { Trace, TraceStep, Violation } from './report/report.js';
import type { TraceFile } from './report/trace-file.js';

/** Where an execution no longer follows its trace. */
export interface Divergence {
  /** Steps done before, as in the trace. */
  readonly after: number;
  readonly expected: string;
  readonly actual: string;
}

/** What came of a replay. */
export interface ReplayResult {
  /** What was run, as far as it followed the trace. */
  readonly trace: Trace;
  /** The violation, if it came out again. */
  readonly violation?: Violation;
  /** Undefined if the trace was followed to its end and broke the same property. */
  readonly divergence?: Divergence;
}

/** Is told of an execution as it is repeated. */
export interface ReplayWatcher {
  /** All is there, and nothing has moved. */
  begun(stage: Stage): void;
  /** A context is going to do its step. */
  before(context: Context): void;
  after(step: TraceStep): void;
}

/** How an execution is replayed. */
export interface ReplayOptions {
  readonly watcher?: ReplayWatcher;
  /** Called before the first step (without a step) and after each, with the model's description of its state. */
  readonly onStep?: (state: readonly string[], step: TraceStep | undefined) => void;
}

/** Runs a saved trace again. */
export function replay<S>(model: Model<S>, file: TraceFile, options: ReplayOptions = {}): ReplayResult {
  const execution = new Execution(model, file.memory);
  const close = execution.open();
  labelSteps(true);
  try {
    return marked(execution, file, follow(execution, file, options));
  } finally {
    labelSteps(false);
    close();
  }
}

/** A model does not do the same in every execution, so that no search of it means anything. */
export class UnrepeatableModelError extends Error {
  override readonly name = 'UnrepeatableModelError';
}

/**
 * Runs a trace that a search has just found once more. No trace leaves the explorer without.
 *
 * @throws UnrepeatableModelError if it does not break the same property.
 */
export function assertReplays<S>(model: Model<S>, file: TraceFile): void {
  const execution = new Execution(model, file.memory);
  const close = execution.open();
  try {
    const { divergence, violation } = follow(execution, file, {});
    if (violation?.message === file.message) return;
    const after = divergence?.after ?? file.steps.length;
    const expected = divergence?.expected ?? file.message;
    const actual = divergence?.actual ?? violation?.message;
    throw new UnrepeatableModelError(
      `${file.model}: a violation was found, but its trace breaks nothing, or something else, when it is run again: ` +
        `expected after ${after} of ${file.steps.length} steps: ${expected}; actual: ${actual}. ` +
        'A model must do the same in every execution: build all state in setup, use no clock and no random numbers',
    );
  } finally {
    close();
  }
}

function follow<S>(
  execution: Execution<S>,
  file: TraceFile,
  { onStep, watcher }: ReplayOptions,
): ReplayResult {
  const judge = new Judge(execution);
  const { kind, property, message } = file;
  const wanted: Finding = { kind, property, message };
  const isWanted = (finding: Finding): boolean => sameFinding(finding, wanted);
  const steps: TraceStep[] = [];
  const tell = (step?: TraceStep): void => {
    onStep?.(execution.model.describe?.(execution.current) ?? [], step);
  };
  const result = (divergence: Divergence | undefined): ReplayResult => {
    const trace = { lanes: execution.stage.usedLanes().map(({ name }) => name), steps };
    return divergence === undefined ? { trace } : { trace, divergence };
  };
  execution.begin();
  watcher?.begun(execution.stage);
  tell();
  let findings = judge.afterStep();
  for (const saved of file.steps) {
    const expected = `${saved.lane}, ${saved.context}: ${saved.action}`;
    const early = findings.find(isWanted);
    if (early !== undefined) {
      return result({ after: steps.length, expected, actual: describeFinding(early) });
    }
    const mask = execution.enabled();
    const canMove = (mask & (1 << saved.pid)) !== 0;
    if (!canMove || describe(execution, saved.pid) !== expected) {
      const actual = canMove ? describe(execution, saved.pid) : whyNot(execution, saved.pid, mask);
      return result({ after: steps.length, expected, actual });
    }
    watcher?.before(execution.stage.contexts[saved.pid]);
    const step = recordStep(execution, saved.pid, steps[steps.length - 1]);
    steps.push(step);
    watcher?.after(step);
    tell(step);
    findings = judge.afterStep();
  }
  if (execution.enabled() === 0) findings = [...findings, ...judge.atEnd()];
  const found = findings.find(isWanted) ?? findings.find((finding) => sameProperty(finding, wanted));
  if (found !== undefined) {
    const { trace } = result(undefined);
    return { trace, violation: { ...found, trace, minimal: file.minimal } };
  }
  const actual = findings.length === 0 ? 'no property is broken' : describeFinding(findings[0]);
  return result({ after: steps.length, expected: describeFinding(wanted), actual });
}

/** Marks what decided a violation that came out again. */
function marked<S>(execution: Execution<S>, file: TraceFile, result: ReplayResult): ReplayResult {
  const { violation } = result;
  if (violation === undefined) return result;
  const path = file.steps.map(({ pid }) => pid);
  const trace = markDecisiveReads(execution, violation, path, result.trace);
  return { trace, violation: { ...violation, trace } };
}

function describe<S>(execution: Execution<S>, pid: number): string {
  const context = execution.stage.contexts[pid];
  return `${context.lane.name}, ${context.name}: ${actionOf(context)}`;
}

/** Why the context cannot move. */
function whyNot<S>(execution: Execution<S>, pid: number, mask: number): string {
  const { stage } = execution;
  const waits = pid < stage.count && stage.contexts[pid].step !== undefined;
  return `${waits ? `${describe(execution, pid)} has to wait; ` : ''}${whoCanMove(execution, mask)}`;
}

function whoCanMove<S>(execution: Execution<S>, mask: number): string {
  if (mask === 0) return 'nothing can go on';
  const movers: string[] = [];
  for (let pid = 0; pid < execution.stage.count; pid++) {
    if ((mask & (1 << pid)) !== 0) movers.push(describe(execution, pid));
  }
  return `only these can go on: ${movers.join('; ')}`;
}

function describeFinding({ kind, property, message }: Finding): string {
  return kind === property ? `${kind}: ${message}` : `${kind} "${property}": ${message}`;
}
