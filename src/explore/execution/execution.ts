import { accessOf, NO_ACCESS, pendingStore, readerOf } from './access.js';
import { Arm64Cpu } from '../../machine/arm64-memory.js';
import { mightSleep } from '../../machine/completion.js';
import { type BufferedStore, runWithStoreBuffer, type StoreBuffer } from '../../machine/memory.js';
import {
  peekObjectId,
  type Procedure,
  restartObjectIds,
  type Step,
  watchChanges,
} from '../../machine/step.js';
import { type Context, contextKind, type Lane, NO_DEADLINE } from './context.js';
import type { MemoryModel, Model } from '../model.js';
import { refuseMixture } from './mixed-stores.js';
import { canMove, isSwitch, sleeps } from './rules.js';
import { Stage } from './stage.js';

/** Whether a wait is over depends on all that its condition looks at, which belongs to its step. */
function lookAtCondition({ step }: Context): void {
  if (step?.kind === 'wait') step.object.blocks(step);
}

/** The load that comes next on the CPU reads an older store. */
function goBack(lane: Lane): void {
  const step = readerOf(lane)?.step;
  if (step !== undefined && lane.buffer instanceof Arm64Cpu) lane.buffer.goBack(step);
}

/** True if the task keeps interrupts or tasklets away: a new one of the same CPU gets to its first step without that. */
function isAtomicTask(context: Context, lane: Lane): boolean {
  if (!lane.keepsTaskletsAway || lane.hardirq !== undefined || lane.softirq !== undefined) return false;
  const mover = lane.owner ?? lane.current;
  return mover === undefined || mover === context;
}

/**
 * One execution of a model at a time: what can be done next, and doing it. Which of the enabled contexts moves is for
 * others to choose. A context moves by doing the step that it yielded and running up to its next one.
 */
export class Execution<S> {
  readonly stage: Stage;
  /** What the contexts did wrong: the errors that they threw, in order. */
  readonly errors: unknown[] = [];
  /** True if the last call of `enabled` let virtual time pass. */
  timePassed = false;
  /** True if somebody hears what each step touches, so that none is known without being run. */
  readonly isHeard: boolean = false;
  /** The number of the first object that a setup makes. */
  readonly firstId = peekObjectId();
  private state: S | undefined;
  private readonly buffered: boolean;

  constructor(
    readonly model: Model<S>,
    memory: MemoryModel,
  ) {
    this.stage = new Stage(memory);
    this.buffered = memory !== 'sc';
  }

  /** Has this execution's stage told of what the contexts change. @returns what undoes it. */
  open(): () => void {
    const previous = watchChanges(this.stage);
    return () => {
      watchChanges(previous);
      runWithStoreBuffer(undefined);
    };
  }

  /** Builds the world anew, with every task before its first step. */
  begin(): S {
    const { stage } = this;
    restartObjectIds(this.firstId);
    if (this.errors.length !== 0) this.errors.length = 0;
    stage.reset();
    const state = this.model.setup(stage);
    this.state = state;
    this.startFresh();
    stage.changeCount = 0;
    return state;
  }

  /** What the model's setup returned for the present execution. */
  get current(): S {
    return this.state as S;
  }

  /** The contexts that can move now, as bits; none: the execution has ended. Virtual time passes if it must. */
  enabled(): number {
    this.timePassed = false;
    this.stage.finishMove();
    const mask = this.runnable();
    return mask !== 0 || !this.stage.usesVirtualTime ? mask : this.passTime();
  }

  /** The contexts that have something to do but cannot do it now. */
  blocked(): readonly Context[] {
    const { contexts, count } = this.stage;
    return contexts
      .slice(0, count)
      .filter(
        (context) =>
          !context.isPhantom && context.step !== undefined && !canMove(this.stage, context, context.step),
      );
  }

  /** Lets context `pid` do its step and run to its next one. */
  perform(pid: number): void {
    const { stage } = this;
    stage.finishMove();
    const context = stage.contexts[pid];
    const { lane } = context;
    stage.changeCount = 0;
    if (context.kind === contextKind.COMMIT) {
      this.commit(context, lane);
      return;
    }
    stage.access = accessOf(context);
    if (context.kind === contextKind.EARLY) {
      goBack(lane);
      return;
    }
    stage.checkpointOf = undefined;
    if (stage.touched !== undefined && context.step !== undefined) {
      stage.touched.set(context.step.object.id, context.step.object);
    }
    if (this.buffered && context.step?.kind === 'write' && stage.access !== NO_ACCESS) {
      stage.stores.noteAtOnce(context.step.object.name);
    }
    lookAtCondition(context);
    if (this.buffered) this.beginStep(context, lane);
    if (context.proc === undefined) this.enter(context, lane);
    else if (context.kind === contextKind.TASK) lane.current = context;
    context.deadlineNs = NO_DEADLINE;
    this.advance(context, lane);
    if (stage.freshCount !== 0) this.startFresh();
  }

  /** What the condition of the context's next step looks at, as accesses; nothing unless it waits for one. */
  looksOf(context: Context): readonly number[] {
    const { stage } = this;
    stage.changeCount = 0;
    stage.access = accessOf(context);
    lookAtCondition(context);
    const looks = stage.changes.slice(0, stage.changeCount);
    stage.changeCount = 0;
    return looks;
  }

  /** True if more than the object of the context's next step, and plain state, decides whether it can be made now. */
  looksElsewhere(context: Context): boolean {
    const { stage } = this;
    const { step } = context;
    const { touched } = stage;
    stage.changeCount = 0;
    stage.access = accessOf(context);
    stage.touched = undefined;
    step?.object.blocks(step);
    stage.touched = touched;
    const looks = stage.changeCount !== 0;
    stage.changeCount = 0;
    return looks;
  }

  private runnable(): number {
    const { stage } = this;
    const { contexts, count } = stage;
    let mask = 0;
    for (let pid = 0; pid < count; pid++) {
      const context = contexts[pid];
      const { step } = context;
      if (step !== undefined && canMove(stage, context, step)) mask |= 1 << pid;
    }
    return mask;
  }

  /** Lets time pass until somebody who waits for it can go on. @returns who can move then. */
  private passTime(): number {
    const { stage } = this;
    for (;;) {
      let next = Number.POSITIVE_INFINITY;
      for (let pid = 0; pid < stage.count; pid++) {
        const { step, deadlineNs } = stage.contexts[pid];
        if (step !== undefined && deadlineNs > stage.nowNs && deadlineNs < next) next = deadlineNs;
      }
      if (next === Number.POSITIVE_INFINITY) return 0;
      stage.nowNs = next;
      this.timePassed = true;
      const mask = this.runnable();
      if (mask !== 0) return mask;
    }
  }

  /** Runs the model's code up to its next step. */
  protected resume(proc: Procedure<unknown>): IteratorResult<Step, unknown> {
    return proc.next();
  }

  /** Makes the procedure of an interrupt or tasklet that begins. */
  protected makeProc({ make }: Context): Procedure<unknown> | undefined {
    return make?.();
  }

  protected commitStore(buffer: StoreBuffer, store: BufferedStore): void {
    buffer.commit(store);
  }

  private commit(context: Context, lane: Lane): void {
    const { buffer } = lane;
    const store = pendingStore(context);
    if (buffer === undefined || store === undefined) return;
    const { stage } = this;
    stage.access = accessOf(context);
    stage.touched?.set(store.id, store);
    this.commitStore(buffer, store);
    stage.noteStores(lane);
  }

  /** Tells the CPU's memory what comes, once no other context's stores are on their way. */
  private beginStep(context: Context, lane: Lane): void {
    const { buffer } = lane;
    const { step } = context;
    if (buffer === undefined || step === undefined) return;
    if (context.proc === undefined || isSwitch(context)) buffer.sync();
    buffer.begin(step);
  }

  private enter(context: Context, lane: Lane): void {
    context.raised = false;
    context.due = false;
    context.proc = this.makeProc(context);
    if (context.kind === contextKind.HARDIRQ) {
      lane.hardirq = context;
      lane.machineCpu?.setHardirq(true);
    } else {
      lane.softirq = context;
      if (context.entry !== undefined) context.entry.running = true;
      lane.machineCpu?.setSoftirq(true);
    }
  }

  private startFresh(): void {
    const { stage } = this;
    for (let i = 0; i < stage.freshCount; i++) this.advance(stage.fresh[i], stage.fresh[i].lane);
    stage.freshCount = 0;
  }

  private advance(context: Context, lane: Lane): void {
    const { stage } = this;
    const { proc } = context;
    if (proc === undefined) return;
    stage.running = context;
    if (this.buffered) runWithStoreBuffer(lane.buffer);
    if (lane.cpu >= 0) for (const machine of stage.machines) machine.thisCpu = lane.cpu;
    try {
      const next = this.resume(proc);
      if (next.done === true) this.end(context, lane);
      else this.pause(context, lane, next.value);
    } catch (error) {
      this.errors.push(error);
      this.end(context, lane);
    }
    if (this.buffered) this.afterStores(lane);
  }

  private pause(context: Context, lane: Lane, step: Step): void {
    context.step = step;
    if (step.ns !== undefined && context.virtualTime) context.deadlineNs = this.stage.nowNs + step.ns;
    const isAtomic = context.kind !== contextKind.TASK || isAtomicTask(context, lane);
    if (isAtomic && sleeps(step)) {
      const what = `${context.name}, ${step.kind} of ${step.object.name}`;
      throw new Error(
        step.object === mightSleep.object
          ? `sleeping function called from invalid context: ${context.name}`
          : `scheduling while atomic: ${what}`,
      );
    }
  }

  private end(context: Context, lane: Lane): void {
    context.proc = undefined;
    context.step = context.raised ? context.entry?.enter : undefined;
    switch (context.kind) {
      case contextKind.HARDIRQ:
        lane.hardirq = undefined;
        lane.machineCpu?.setHardirq(false);
        lane.mustDrain = lane.buffer !== undefined && lane.buffer.size !== 0;
        break;
      case contextKind.SOFTIRQ:
        lane.softirq = undefined;
        lane.machineCpu?.setSoftirq(false);
        lane.softirqDue = this.anyTaskletDue(lane);
        if (context.entry !== undefined) {
          context.entry.running = false;
          if (context.tasklet !== undefined) context.entry.changed();
        }
        break;
      default:
        if (lane.cpu >= 0 && isAtomicTask(context, lane)) {
          lane.owner = undefined;
          lane.irqsOff = 0;
          lane.bhOff = 0;
          if (this.errors.length === 0)
            throw new Error(`${context.name} ended with interrupts or tasklets disabled`);
        }
    }
  }

  private anyTaskletDue(lane: Lane): boolean {
    const { contexts, count } = this.stage;
    for (let pid = 0; pid < count; pid++) if (contexts[pid].lane === lane && contexts[pid].due) return true;
    return false;
  }

  private afterStores(lane: Lane): void {
    this.stage.noteStores(lane);
    runWithStoreBuffer(undefined);
    refuseMixture(this.model.name, this.stage.stores);
  }
}
