import { MemoryWord } from '../../machine/memory.js';
import { labelSteps } from '../../machine/step.js';
import { type Context, contextKind } from '../execution/context.js';
import type { Execution } from '../execution/execution.js';
import type { Trace, TraceStep } from './report.js';
import { pendingStore, readerOf } from '../execution/access.js';

/** What the context is about to do, in words: the text by which a replay knows it again. */
export function actionOf(context: Context): string {
  const { step } = context;
  if (step === undefined) return 'nothing';
  const store = pendingStore(context);
  if (store !== undefined) return `flush ${store.name}`;
  if (context.kind === contextKind.EARLY) {
    return `read ${readerOf(context.lane)?.step?.object.name ?? 'nothing'} earlier`;
  }
  const { kind, object, found } = step;
  if (context.proc === undefined) return 'begins';
  switch (kind) {
    case 'barrier':
      return object.name;
    case 'sleep':
      return step.ns === undefined ? object.name : `sleep ${step.ns} ns`;
    case 'wait':
      return `wait for ${object.name}`;
    case 'read':
      return found === undefined ? `read ${object.name}` : `spin on ${object.name}`;
    default:
      return `${kind} ${object.name}`;
  }
}

/** Does the context's next step and writes it down. @param previous the step before. */
export function recordStep<S>(
  execution: Execution<S>,
  pid: number,
  previous: TraceStep | undefined,
): TraceStep {
  const context = execution.stage.contexts[pid];
  const { lane, step, name } = context;
  const { buffer } = lane;
  const action = actionOf(context);
  const store = pendingStore(context);
  const isFlush = store !== undefined;
  const before = isFlush ? buffer?.oldestValue(store) : valueSeen(context, 'read');
  const isAtOnce =
    isFlush &&
    buffer?.isYoungest(store) === true &&
    previous?.lane === lane.index &&
    previous.buffered === true;
  const stores = buffer?.stores;
  execution.perform(pid);
  const isWord = step?.object instanceof MemoryWord && !context.isPhantom;
  const value = before ?? (isWord && step.kind !== 'read' ? seenBy(context, step.object) : undefined);
  return {
    lane: lane.index,
    pid,
    context: name,
    action,
    ...(value === undefined ? {} : { value }),
    ...(step?.label === undefined ? {} : { label: step.label }),
    ...(isFlush ? { flush: isAtOnce ? 'at once' : 'delayed' } : {}),
    ...(buffer?.stores === stores ? {} : { buffered: true }),
    ...(context.kind === contextKind.EARLY ? { early: true } : {}),
  };
}

/** Runs an execution along `path` and writes it down. */
export function recordTrace<S>(execution: Execution<S>, path: readonly number[]): Trace {
  labelSteps(true);
  try {
    execution.begin();
    const steps: TraceStep[] = [];
    for (const pid of path) {
      execution.enabled();
      steps.push(recordStep(execution, pid, steps[steps.length - 1]));
    }
    return { lanes: execution.stage.usedLanes().map(({ name }) => name), steps };
  } finally {
    labelSteps(false);
  }
}

function valueSeen(context: Context, kind: 'read'): number | undefined {
  const { step } = context;
  if (step === undefined || step.kind !== kind || !(step.object instanceof MemoryWord)) return undefined;
  return seenBy(context, step.object);
}

function seenBy({ lane }: Context, word: MemoryWord): number {
  return word.seenBy(lane.buffer);
}
