import { Completion, WaitQueue } from '../../machine/completion.js';
import { SharedVar } from '../../machine/shared-var.js';
import type { Procedure } from '../../machine/step.js';
import type { Task } from '../../machine/task.js';
import { warn, warnOnce } from '../messages/warn.js';
import type { Irq } from '../../lib/brand.js';
import type { CpuMask } from '../../machine/cpumask.js';
import type { IrqCore } from '../data/core.js';
import { irqSettingsIsPerCpuDevid } from '../data/settings.js';
import {
  type ActionThread,
  IRQ_HANDLED,
  IRQ_WAKE_THREAD,
  type IrqAction,
  irqForcedSecondaryHandler,
} from '../data/irqaction.js';
import { irqd } from '../data/irqdata.js';
import type { IrqDesc } from '../data/irqdesc.js';
import { irqs } from '../data/istate.js';
import { unmaskThreadedIrq } from './startup.js';

/** Size of a task's name with its end (TASK_COMM_LEN). */
const TASK_COMM_LEN = 16;

/**
 * The thread of an action (kernel/irq/manage.c irq_thread): runs its thread function whenever it is woken.
 *
 * ```
 * request_irq                  interrupt                    free_irq
 * kthread_create               RUNTHREAD = 1                unlink the action
 * action in the line's list    threads_active + 1           wait for the handlers
 * wake_up_process                                           kthread_stop: should_stop = 1
 * ```
 * Forbidden: a thread that never ran takes should_stop for the end and leaves threads_active behind, for which
 * synchronize_irq waits for ever. So request_irq waits until the thread has come to its function.
 */
export class IrqThread implements ActionThread {
  readonly runThread: SharedVar<boolean>;
  private readonly shouldStop: SharedVar<boolean>;
  private readonly woken: WaitQueue;
  private readonly ready: Completion;
  private readonly ended: Completion;
  private readonly name: string;
  private isStarted = false;
  private task: Task | undefined;
  /** The CPUs that it may run on, unless it follows its interrupt also while it sleeps. */
  private allowed: CpuMask;
  private isAsleep = true;

  /** A thread that does not run yet (kthread_create). `action` must have a thread function. */
  constructor(
    private readonly desc: IrqDesc,
    private readonly action: IrqAction,
    isSecondary = false,
  ) {
    this.name = `irq/${desc.irq}-${isSecondary ? 's-' : ''}${action.name ?? ''}`;
    this.allowed = desc.core.machine.possible;
    const { name } = this;
    this.runThread = new SharedVar(`IRQTF_RUNTHREAD of ${name}`, false);
    this.shouldStop = new SharedVar(`should_stop of ${name}`, false);
    this.woken = new WaitQueue(name, () => this.runThread.value || this.shouldStop.value, true);
    this.ready = new Completion(`IRQTF_READY of ${name}`);
    this.ended = new Completion(`end of ${name}`);
  }

  wakeUp(): void {
    this.woken.wakeUp();
  }

  get comm(): string {
    return this.name.slice(0, TASK_COMM_LEN - 1);
  }

  /** The interrupt's, as of when the thread last looked: before it runs, in newer kernels also while it sleeps. */
  get cpus(): CpuMask {
    const { data, core } = this.desc;
    const isUpToDate = this.isAsleep && this.isStarted && core.behaviour.sleepingThreadsMove;
    return isUpToDate ? data.effectiveAffinity : this.allowed;
  }

  *start(): Procedure<void> {
    this.wakeUpProcess();
    if (this.desc.core.behaviour.requestWaitsForThread) yield* this.ready.wait();
  }

  *stop(): Procedure<void> {
    yield* this.shouldStop.exchangeSteps(true);
    this.wakeUpProcess();
    this.woken.wakeUp();
    yield* this.ended.wait();
  }

  private wakeUpProcess(): void {
    if (this.isStarted) return;
    this.isStarted = true;
    const { core, data } = this.desc;
    const cpu = data.effectiveAffinity.first();
    this.task = core.machine.spawn(this.name, this.kthread(), cpu < 0 ? core.machine.thisCpu : cpu);
  }

  /** A thread that is stopped before it has run does not come to its function (kernel/kthread.c kthread). */
  private *kthread(): Procedure<void> {
    if (!(yield* this.shouldStop.getSteps())) yield* this.run();
    this.ended.complete();
  }

  private *run(): Procedure<void> {
    const { desc, action } = this;
    const { threadsActive, threadsHandled } = desc.cold;
    this.ready.completeAll();
    yield* this.checkAffinity();
    while (yield* this.waitForInterrupt()) {
      this.isAsleep = false;
      yield* this.checkAffinity();
      const ret = action.threadFn ? yield* action.threadFn(action.irq, action.devId) : 0;
      if (ret === IRQ_HANDLED) yield* threadsHandled.addSteps(1);
      if (action.handler !== irqForcedSecondaryHandler)
        yield* irqFinalizeOneshot(desc, action, this.runThread);
      if (ret === IRQ_WAKE_THREAD) yield* this.wakeSecondary();
      yield* threadsActive.subtractOneSteps();
      this.isAsleep = true;
    }
  }

  /** Goes where its interrupt goes (irq_thread_check_affinity). */
  private *checkAffinity(): Procedure<void> {
    const { desc, task } = this;
    const { effectiveAffinity } = desc.data;
    desc.announceRead();
    this.allowed = effectiveAffinity.clone();
    if (task !== undefined) yield* desc.core.machine.setCpusAllowed(task, this.allowed);
  }

  /** A handler forced into this thread wants its own thread function called, which has a thread beside (irq_wake_secondary). */
  private *wakeSecondary(): Procedure<void> {
    const { desc, action } = this;
    const { machine } = desc.core;
    if (action.secondary === undefined) {
      // The compiler puts irq_wake_secondary into irq_thread, whose name is printed then.
      warnOnce(desc.core, 'manage', 'irq_thread', undefined, 'irq_wake_secondary');
      return;
    }
    yield* desc.lock.spinLockIrqsave(machine.runningCpu);
    yield* wakeActionThreadSteps(desc, action.secondary);
    yield* desc.lock.spinUnlockIrqrestore(machine.runningCpu);
  }

  /** False if the thread is to end; it runs one last time for what it was woken for (irq_wait_for_interrupt). */
  private *waitForInterrupt(): Procedure<boolean> {
    yield* this.woken.wait();
    return yield* this.runThread.exchangeSteps(false);
  }
}

/** Wakes the thread of `action`, from the hard interrupt handler (kernel/irq/handle.c __irq_wake_thread). */
export function* wakeActionThreadSteps(desc: IrqDesc, action: IrqAction): Procedure<void> {
  const { thread } = action;
  if (thread === undefined) return;
  if (yield* thread.runThread.exchangeSteps(true)) return;
  desc.threadsOneshot |= action.threadMask;
  desc.cold.threadsOneshotHigh |= action.threadMaskHigh;
  yield* desc.cold.threadsActive.addSteps(1);
  thread.wakeUp();
}

/** Generated by `npm run twins`: `wakeActionThreadSteps` in one go. */
export function wakeActionThread(desc: IrqDesc, action: IrqAction): void {
  const { thread } = action;
  if (thread === undefined) return;
  if (thread.runThread.exchange(true)) return;
  desc.threadsOneshot |= action.threadMask;
  desc.cold.threadsOneshotHigh |= action.threadMaskHigh;
  desc.cold.threadsActive.add(1);
  thread.wakeUp();
}

/**
 * Unmasks a oneshot line when the last of its threads has ended (kernel/irq/manage.c irq_finalize_oneshot). Not while
 * the hard handler still runs, which may be slower than its thread on another CPU: an interrupt that comes then would
 * mask the line and leave.
 */
function* irqFinalizeOneshot(
  desc: IrqDesc,
  action: IrqAction,
  runThread: SharedVar<boolean>,
): Procedure<void> {
  if ((desc.istate & irqs.ONESHOT) === 0) return;
  const { machine } = desc.core;
  for (;;) {
    yield* desc.data.busLockSteps();
    yield* desc.lock.spinLockIrqsave(machine.runningCpu);
    if ((desc.state & irqd.IRQ_INPROGRESS) === 0) break;
    yield* desc.lock.spinUnlockIrqrestore(machine.runningCpu);
    yield* desc.data.busSyncUnlockSteps();
    yield* desc.waitForHandlers.spin();
  }
  if (!runThread.get()) {
    desc.threadsOneshot &= ~action.threadMask;
    desc.cold.threadsOneshotHigh &= ~action.threadMaskHigh;
    if (
      desc.threadsOneshot === 0 &&
      desc.cold.threadsOneshotHigh === 0 &&
      (desc.state & (irqd.IRQ_DISABLED | irqd.IRQ_MASKED)) === irqd.IRQ_MASKED
    ) {
      unmaskThreadedIrq(desc);
    }
  }
  yield* desc.lock.spinUnlockIrqrestore(machine.runningCpu);
  yield* desc.data.busSyncUnlockSteps();
}

/** Wakes the thread of the action of `devId`, if it has one (kernel/irq/manage.c irq_wake_thread). */
export function* irqWakeThreadSteps(core: IrqCore, irq: Irq, devId: unknown): Procedure<void> {
  const desc = core.desc(irq);
  if (desc === undefined) return;
  if (irqSettingsIsPerCpuDevid(desc)) {
    warn(core, 'manage', 'irq_wake_thread');
    return;
  }
  const cpu = core.machine.runningCpu;
  yield* desc.lock.spinLockIrqsave(cpu);
  const action = desc.actionOf(devId);
  if (action !== undefined) yield* wakeActionThreadSteps(desc, action);
  yield* desc.lock.spinUnlockIrqrestore(cpu);
}

/** Generated by `npm run twins`: `irqWakeThreadSteps` in one go. */
export function irqWakeThread(core: IrqCore, irq: Irq, devId: unknown): void {
  const desc = core.desc(irq);
  if (desc === undefined) return;
  if (irqSettingsIsPerCpuDevid(desc)) {
    warn(core, 'manage', 'irq_wake_thread');
    return;
  }
  const action = desc.actionOf(devId);
  if (action !== undefined) wakeActionThread(desc, action);
}
