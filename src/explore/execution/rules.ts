import { Arm64Cpu } from '../../machine/arm64-memory.js';
import { runWithStoreBuffer } from '../../machine/memory.js';
import type { Step } from '../../machine/step.js';
import { type Context, contextKind, type Lane } from './context.js';
import { pendingStore, readerOf } from './access.js';
import type { Stage } from './stage.js';

// Who may move. A CPU runs one context at a time; an interrupt begins at any step of a tasklet or task unless interrupts
// are off, does not nest, and waits for the CPU's stores to become visible, as does its return (Intel SDM vol. 3, 12.10
// "Store Buffer"); tasklets run after the interrupt, before a task goes on.

/** True if a task without preemption lets others run before it does `step`. */
export function givesWay({ kind }: Step): boolean {
  return kind === 'wait' || kind === 'sleep' || kind === 'acquire';
}

/** True if the context can do `step`, its next one, now. */
export function canMove(stage: Stage, context: Context, step: Step): boolean {
  const { lane } = context;
  if (context.isPhantom) return phantomCanMove(stage, context, lane);
  const isBuffered = stage.memory !== 'sc';
  if (
    lane.cpu >= 0 &&
    (lane.contexts > 1 || lane.machineCpu !== undefined) &&
    !hasCpu(stage, context, lane)
  ) {
    return false;
  }
  if (isBuffered && !memoryAllows(context, step, lane)) return false;
  if (step.ns !== undefined) {
    if (!context.virtualTime || context.deadlineNs <= stage.nowNs) return true;
    if (step.kind === 'sleep') return false;
  }
  if (!isBuffered || step.found === undefined) return !step.object.blocks(step);
  runWithStoreBuffer(lane.buffer);
  const blocks = step.object.blocks(step);
  runWithStoreBuffer(undefined);
  return !blocks;
}

/** True if a store can reach memory; or if the load that comes next on the CPU may read an older store. */
function phantomCanMove(stage: Stage, context: Context, lane: Lane): boolean {
  const { buffer } = lane;
  if (context.kind === contextKind.COMMIT) {
    const store = pendingStore(context);
    return store !== undefined && buffer?.mayCommit(store) === true;
  }
  const reader = readerOf(lane);
  if (reader?.step === undefined || !(buffer instanceof Arm64Cpu)) return false;
  if (!buffer.allows(reader.step) || buffer.olderFor(reader.step) < 0) return false;
  return lane.cpu < 0 || hasCpu(stage, reader, lane);
}

/** The contexts that would not have to wait for the CPU of `lane` if they had something to do there, as bits. */
export function withCpu(stage: Stage, lane: Lane): number {
  const { contexts, count } = stage;
  if (lane.cpu < 0) return -1;
  let mask = 0;
  for (let pid = 0; pid < count; pid++) {
    const context = contexts[pid];
    if (context.lane !== lane) continue;
    if ((context.isPhantom && stage.memory === 'arm64') || hasCpu(stage, context, lane)) mask |= 1 << pid;
  }
  return mask;
}

function hasCpu(stage: Stage, context: Context, lane: Lane): boolean {
  switch (context.kind) {
    case contextKind.HARDIRQ:
      if (context.proc !== undefined) return true;
      return lane.hardirq === undefined && !lane.irqsDisabled;
    case contextKind.SOFTIRQ:
      if (lane.hardirq !== undefined) return false;
      return context.proc !== undefined || (lane.softirq === undefined && !lane.keepsTaskletsAway);
    default:
      return taskHasCpu(stage, context, lane);
  }
}

function taskHasCpu(stage: Stage, context: Context, lane: Lane): boolean {
  if (lane.hardirq !== undefined || lane.softirq !== undefined) return false;
  const { owner, current } = lane;
  if (owner !== undefined && owner !== context) return false;
  if (lane.softirqDue && !lane.keepsTaskletsAway) return false;
  if (current === undefined || current === context) return true;
  if (lane.irqsDisabled) return false;
  if (stage.preemptible) return true;
  return current.step === undefined || givesWay(current.step);
}

/** True if the context's CPU can do `step` only once all its stores are visible. */
export function waitsForStores(context: Context, step: Step): boolean {
  const { lane } = context;
  if (lane.mustDrain || context.proc === undefined || step.object.drains(step)) return true;
  return isSwitch(context);
}

/** True if another task has run on the CPU. */
export function isSwitch(context: Context): boolean {
  const { lane } = context;
  if (lane.cpu < 0 || context.kind !== contextKind.TASK) return false;
  return lane.current !== undefined && lane.current !== context;
}

/** True unless stores of the CPU must become visible first. */
function memoryAllows(context: Context, step: Step, lane: Lane): boolean {
  const { buffer } = lane;
  if (buffer === undefined) return true;
  if (!buffer.allows(step)) return false;
  return buffer.size === 0 || !(lane.mustDrain || context.proc === undefined || isSwitch(context));
}

/** True for a step that no tasklet, interrupt or holder of a spin lock may do. */
export function sleeps(step: Step): boolean {
  return step.kind === 'wait' || step.kind === 'sleep';
}
