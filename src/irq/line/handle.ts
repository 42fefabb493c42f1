import type { Hwirq, Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { IrqCore } from '../data/core.js';
import { IRQ_HANDLED, IRQ_WAKE_THREAD, type IrqAction } from '../data/irqaction.js';
import { irqd } from '../data/irqdata.js';
import type { IrqDesc } from '../data/irqdesc.js';
import { type IrqDomain, irqResolveMapping } from '../data/revmap.js';
import { irqs } from '../data/istate.js';
import { irqStatus } from '../data/settings.js';
import { noteInterrupt } from './spurious.js';
import { irqWakeThread } from './thread.js';
import { warnOnce } from '../messages/warn.js';

// Numbers of this module's own, for the code that runs at each interrupt.
const { IRQ_INPROGRESS, HANDLE_ENFORCE_IRQCTX } = irqd;
const { PENDING } = irqs;
const { NO_DEBUG } = irqStatus;

/**
 * Lets the line's flow handler handle an interrupt that came to this CPU (kernel/irq/irqdesc.c handle_irq_desc).
 * 0, or EPERM for a line that must be entered from hard interrupt context only.
 */
export function genericHandleIrqDesc(desc: IrqDesc): number {
  if ((desc.state & HANDLE_ENFORCE_IRQCTX) !== 0 && !inHardirq(desc)) return errnoValue('EPERM');
  desc.handleIrq(desc);
  return 0;
}

/** Out of line, so that the path of all other interrupts stays short. */
function inHardirq(desc: IrqDesc): boolean {
  const { machine } = desc.core;
  if (machine.cpus[machine.thisCpu].hardirq) return true;
  warnOnce(desc.core, 'irqdesc', 'handle_irq_desc');
  return false;
}

/** As genericHandleIrqDesc, by number; EINVAL if there is no such line (kernel/irq/irqdesc.c generic_handle_irq). */
export function genericHandleIrq(core: IrqCore, irq: Irq): number {
  const desc = core.desc(irq);
  return desc === undefined ? errnoValue('EINVAL') : genericHandleIrqDesc(desc);
}

/** As genericHandleIrqDesc, by the domain's number (kernel/irq/irqdesc.c generic_handle_domain_irq). */
export function genericHandleDomainIrq(domain: IrqDomain, hwirq: Hwirq): number {
  const desc = irqResolveMapping(domain, hwirq);
  return desc === undefined ? errnoValue('EINVAL') : genericHandleIrqDesc(desc);
}

/** Calls the handlers of all actions and wakes their threads (kernel/irq/handle.c __handle_irq_event_percpu). */
export function callHandlers(desc: IrqDesc): number {
  let retval = 0;
  for (let { action } = desc; action !== undefined; action = action.next) {
    const res = action.handler(desc.irq, action.devId);
    if (res === IRQ_WAKE_THREAD) wakeThread(desc, action);
    retval |= res;
  }
  return retval;
}

function wakeThread(desc: IrqDesc, action: IrqAction): void {
  if (action.threadFn !== null) {
    irqWakeThread(desc, action);
    return;
  }
  if (action.warned) return;
  action.warned = true;
  desc.core.machine.log.printk(
    `IRQ ${desc.irq} device ${action.name ?? '(null)'} returned IRQ_WAKE_THREAD but no thread function available.`,
  );
}

/** kernel/irq/handle.c handle_irq_event_percpu; the model has no entropy pool to feed. */
export function handleIrqEventPercpu(desc: IrqDesc): number {
  const retval = callHandlers(desc);
  // A handled interrupt of a line without unhandled ones is nothing to note.
  if (retval === IRQ_HANDLED && desc.irqsUnhandled === 0) return retval;
  if ((desc.status & NO_DEBUG) === 0) noteInterrupt(desc, retval);
  return retval;
}

/** Runs the actions with the line marked as in progress (kernel/irq/handle.c handle_irq_event). */
export function handleIrqEvent(desc: IrqDesc): number {
  desc.istate &= ~PENDING;
  desc.state |= IRQ_INPROGRESS;
  const retval = handleIrqEventPercpu(desc);
  desc.state &= ~IRQ_INPROGRESS;
  return retval;
}
