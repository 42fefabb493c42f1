import { Completion, WaitQueue } from '../../machine/completion.js';
import type { Procedure } from '../../machine/step.js';
import { IRQ_HANDLED, type IrqAction } from '../data/irqaction.js';
import { chipBusLock, chipBusSyncUnlock, unmaskThreadedIrq } from './startup.js';
import { irqd } from '../data/irqdata.js';
import type { IrqDesc } from '../data/irqdesc.js';
import { irqs } from '../data/istate.js';

/** The thread of an action (kernel/irq/manage.c irq_thread): runs its thread function whenever it is woken. */
export class IrqThread {
  private stopping = false;
  private readonly woken: WaitQueue;
  private readonly ended: Completion;

  /** Starts the thread. `action` must have a thread function. */
  constructor(
    private readonly desc: IrqDesc,
    private readonly action: IrqAction,
  ) {
    const name = `irq/${desc.irq}-${action.name ?? ''}`;
    this.woken = new WaitQueue(name, () => action.runThread || this.stopping);
    this.ended = new Completion(`end of ${name}`);
    desc.core.machine.spawn(name, this.run());
  }

  /** The thread has something to do, see IrqAction.runThread. */
  wakeUp(): void {
    this.woken.wakeUp();
  }

  /** Ends the thread after the work it has been woken for (kthread_stop). */
  *stop(): Procedure<void> {
    this.stopping = true;
    this.woken.wakeUp();
    yield* this.ended.wait();
  }

  private *run(): Procedure<void> {
    const { desc, action } = this;
    for (;;) {
      yield* this.woken.wait();
      if (!action.runThread) break;
      desc.announce();
      action.runThread = false;
      const ret = action.threadFn ? yield* action.threadFn(action.irq, action.devId) : 0;
      desc.announce();
      if (ret === IRQ_HANDLED) desc.cold.threadsHandled = (desc.cold.threadsHandled + 1) & 0x7fffffff;
      irqFinalizeOneshot(desc, action);
      desc.cold.threadDone();
    }
    this.ended.complete();
  }
}

/** Wakes the thread of `action`, from the hard interrupt handler (kernel/irq/handle.c __irq_wake_thread). */
export function irqWakeThread(desc: IrqDesc, action: IrqAction): void {
  desc.announce();
  if (action.runThread) return;
  action.runThread = true;
  desc.threadsOneshot |= action.threadMask;
  desc.cold.threadsActive += 1;
  action.thread?.wakeUp();
}

/**
 * Unmasks a oneshot line when the last of its threads has ended (kernel/irq/manage.c irq_finalize_oneshot). A hard
 * interrupt is never in progress while a thread runs in the model, so there is nothing to wait for.
 */
function irqFinalizeOneshot(desc: IrqDesc, action: IrqAction): void {
  if ((desc.istate & irqs.ONESHOT) === 0) return;
  chipBusLock(desc);
  if (!action.runThread) {
    desc.threadsOneshot &= ~action.threadMask;
    if (
      desc.threadsOneshot === 0 &&
      (desc.data.state & (irqd.IRQ_DISABLED | irqd.IRQ_MASKED)) === irqd.IRQ_MASKED
    ) {
      unmaskThreadedIrq(desc);
    }
  }
  chipBusSyncUnlock(desc);
}
