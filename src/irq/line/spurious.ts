import { ADDRESS } from '../messages/symbols.js';
import { IRQ_HANDLED, IRQ_NONE, IRQ_WAKE_THREAD, type IrqAction } from '../data/irqaction.js';
import type { IrqDesc } from '../data/irqdesc.js';
import { irqs } from '../data/istate.js';
import { irqSettingsIsPolled } from '../data/settings.js';
import { irqDisable } from './startup.js';

/** The kernel's unit of time, of which 1/HZ s make one (HZ=250). */
const JIFFY_NS = 4_000_000;
const HZ = 250;
/** Marks threadsHandledLast: the verdict on the last thread waking is still open. */
const SPURIOUS_DEFERRED = 0x80000000;

/** Time in jiffies since the machine's start. */
function jiffies(desc: IrqDesc): number {
  return Math.floor(desc.core.machine.clock.now / JIFFY_NS);
}

/**
 * Watches for lines that fire and fire and nobody handles (kernel/irq/spurious.c note_interrupt); after 99,900
 * unhandled ones of 100,000 the line is disabled. The model has no irqpoll and does not poll the line later.
 */
export function noteInterrupt(desc: IrqDesc, actionRet: number): void {
  const { cold } = desc;
  // Not all of this is done with desc->lock held.
  desc.announce();
  if ((desc.istate & irqs.POLL_INPROGRESS) !== 0 || irqSettingsIsPolled(desc)) return;
  if (isBad(actionRet)) {
    reportBadReturn(desc, actionRet);
    return;
  }
  const ret = (actionRet & IRQ_WAKE_THREAD) !== 0 ? threadVerdict(desc, actionRet) : actionRet;
  if (ret < 0) return;
  if (ret === IRQ_NONE) countUnhandled(desc);
  if (desc.irqsUnhandled === 0) return;
  cold.irqCount += 1;
  if (cold.irqCount < 100_000) return;
  cold.irqCount = 0;
  if (desc.irqsUnhandled > 99_900) disableSpurious(desc);
  desc.irqsUnhandled = 0;
}

/**
 * What an interrupt that woke a thread counts as. The thread answers later, so the verdict on one interrupt falls at
 * the next; -1 while it is open.
 */
function threadVerdict(desc: IrqDesc, actionRet: number): number {
  const { cold } = desc;
  if (actionRet !== IRQ_WAKE_THREAD) {
    cold.threadsHandledLast = (cold.threadsHandledLast & ~SPURIOUS_DEFERRED) >>> 0;
    return actionRet;
  }
  if ((cold.threadsHandledLast & SPURIOUS_DEFERRED) === 0) {
    cold.threadsHandledLast = (cold.threadsHandledLast | SPURIOUS_DEFERRED) >>> 0;
    return -1;
  }
  const handled = (cold.threadsHandled.get() | SPURIOUS_DEFERRED) >>> 0;
  if (handled === cold.threadsHandledLast) return IRQ_NONE;
  cold.threadsHandledLast = handled;
  return IRQ_HANDLED;
}

function countUnhandled(desc: IrqDesc): void {
  const { cold } = desc;
  const now = jiffies(desc);
  if (now > cold.lastUnhandled + HZ / 10) desc.irqsUnhandled = 1;
  else desc.irqsUnhandled += 1;
  cold.lastUnhandled = now;
}

function disableSpurious(desc: IrqDesc): void {
  reportBadIrq(desc, IRQ_NONE);
  desc.core.machine.log.printk(`Disabling IRQ #${desc.irq}`);
  desc.istate |= irqs.SPURIOUS_DISABLED;
  desc.cold.depth += 1;
  irqDisable(desc);
}

function isBad(actionRet: number): boolean {
  return actionRet < 0 || actionRet > (IRQ_HANDLED | IRQ_WAKE_THREAD);
}

function reportBadReturn(desc: IrqDesc, actionRet: number): void {
  if (desc.core.saidBefore.isAmongFirst(100, 'report_bad_irq')) reportBadIrq(desc, actionRet);
}

/**
 * Says in the log why the interrupt is taken for bad, and who its handlers are (kernel/irq/spurious.c __report_bad_irq,
 * without the stack dump).
 */
function reportBadIrq(desc: IrqDesc, actionRet: number): void {
  const { log } = desc.core.machine;
  if (isBad(actionRet))
    log.printk(`irq event ${desc.irq}: bogus return value ${(actionRet >>> 0).toString(16)}`);
  else log.printk(`irq ${desc.irq}: nobody cared (try booting with the "irqpoll" option)`);
  log.printk('handlers:');
  for (const action of desc.actions()) log.printk(handlerLine(action));
}

function handlerLine(action: IrqAction): string {
  const handler = `[${ADDRESS}] ${action.handler.name}`;
  return action.threadFn ? `${handler} threaded [${ADDRESS}] ${action.threadFn.name}` : handler;
}
