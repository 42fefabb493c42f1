import type { Irq } from '../../lib/brand.js';
import type { Procedure } from '../../machine/step.js';
import { printkOnce } from '../messages/warn.js';
import type { IrqCore } from '../data/core.js';
import { callHandlers, handleIrqEvent, handleIrqEventPercpu } from './handle.js';
import { IRQ_NONE, type IrqAction } from '../data/irqaction.js';
import { type IrqChip, irqd } from '../data/irqdata.js';
import { irqchipFlags } from '../data/irqchip.js';
import type { IrqDesc } from '../data/irqdesc.js';
import { irqs } from '../data/istate.js';
import { kstatIncrIrqsThisCpu, kstatIncrOutsideStat, kstatIncrThisCpuOnly } from '../data/kstat.js';
import { irqPercpuDisable } from './percpu-enable.js';
import { checkIrqResend } from './resend.js';
import { irqStatus } from '../data/settings.js';
import { noteInterrupt } from './spurious.js';
import { maskAckIrq, maskIrq, unmaskIrq } from './startup.js';

// Numbers of this module's own, for the code that runs at each interrupt.
const { IRQ_DISABLED, IRQ_MASKED, IRQ_INPROGRESS } = irqd;
const { PENDING, ONESHOT } = irqs;
const IN_PROGRESS = IRQ_INPROGRESS | irqd.WAKEUP_ARMED;
const NOT_WAITING = ~(irqs.REPLAY | irqs.WAITING);

/**
 * False while the line is handled already, on this CPU or another (kernel/irq/chip.c irq_may_run). The model does
 * not poll lost interrupts, so there is never a poll to wait for, and does not suspend.
 */
function mayRun(desc: IrqDesc): boolean {
  return (desc.state & IN_PROGRESS) === 0;
}

/** Nobody takes the interrupt now: it has no action or is disabled. */
function isDead(desc: IrqDesc): boolean {
  return desc.action === undefined || (desc.state & IRQ_DISABLED) !== 0;
}

/** What handle_simple_irq does before the handlers: true if they are to run; then the interrupt is counted. */
function startSimple(desc: IrqDesc): boolean {
  if ((desc.state & IN_PROGRESS) !== 0) return false;
  desc.istate &= NOT_WAITING;
  if (desc.action === undefined || (desc.state & IRQ_DISABLED) !== 0) {
    desc.istate |= PENDING;
    return false;
  }
  kstatIncrIrqsThisCpu(desc);
  return true;
}

/** For interrupts that need nothing done in hardware, such as demultiplexed ones (kernel/irq/chip.c handle_simple_irq). */
export function handleSimpleIrq(desc: IrqDesc): void {
  if (startSimple(desc)) handleIrqEvent(desc);
}

/**
 * The same step by step: descriptor lock, then without it the handlers (kernel/irq/handle.c handle_irq_event).
 *
 * @param handle runs an action's handler step by step.
 */
export function* handleSimpleIrqSteps(
  desc: IrqDesc,
  handle: (action: IrqAction) => Procedure<number>,
): Procedure<void> {
  yield* desc.lock.lock();
  const starts = startSimple(desc);
  if (starts) {
    desc.istate &= ~PENDING;
    desc.state |= IRQ_INPROGRESS;
  }
  yield* desc.lock.unlock();
  if (!starts) return;
  let retval = IRQ_NONE;
  for (let { action } = desc; action !== undefined; action = action.next) retval |= yield* handle(action);
  if ((desc.status & irqStatus.NO_DEBUG) === 0) noteInterrupt(desc, retval);
  yield* desc.lock.lock();
  desc.state &= ~IRQ_INPROGRESS;
  yield* desc.lock.unlock();
  desc.handlersDone();
}

/** As simple, but counts and watches nothing: the caller does that (kernel/irq/chip.c handle_untracked_irq). */
export function handleUntrackedIrq(desc: IrqDesc): void {
  if (!mayRun(desc)) return;
  desc.istate &= NOT_WAITING;
  if (isDead(desc)) {
    desc.istate |= PENDING;
    return;
  }
  desc.istate &= ~PENDING;
  desc.state |= IRQ_INPROGRESS;
  callHandlers(desc);
  desc.state &= ~IRQ_INPROGRESS;
}

/** For lines that stay active until the device is served: masked meanwhile (kernel/irq/chip.c handle_level_irq). */
export function handleLevelIrq(desc: IrqDesc): void {
  maskAckIrq(desc);
  if (!mayRun(desc)) return;
  desc.istate &= NOT_WAITING;
  if (isDead(desc)) {
    desc.istate |= PENDING;
    return;
  }
  kstatIncrIrqsThisCpu(desc);
  handleIrqEvent(desc);
  if (mayUnmask(desc)) unmaskIrq(desc);
}

/** Masked, enabled and no thread to wait for: what cond_unmask_irq asks. */
function mayUnmask(desc: IrqDesc): boolean {
  return (desc.state & (IRQ_DISABLED | IRQ_MASKED)) === IRQ_MASKED && desc.threadsOneshot === 0;
}

/** For controllers that only want to hear of the end of the interrupt (kernel/irq/chip.c handle_fasteoi_irq). */
export function handleFasteoiIrq(desc: IrqDesc): void {
  const { data } = desc;
  const { chip } = data;
  if (!mayRun(desc)) {
    if (data.has(irqd.RESEND_WHEN_IN_PROGRESS)) desc.istate |= PENDING;
    eoiUnhandled(desc, chip);
    return;
  }
  desc.istate &= NOT_WAITING;
  if (isDead(desc)) {
    desc.istate |= PENDING;
    maskIrq(desc);
    eoiUnhandled(desc, chip);
    return;
  }
  kstatIncrIrqsThisCpu(desc);
  if ((desc.istate & ONESHOT) !== 0) maskIrq(desc);
  handleIrqEvent(desc);
  condUnmaskEoiIrq(desc, chip);
  if ((desc.istate & PENDING) !== 0 && desc.core.behaviour.fasteoiResendsPending) checkIrqResend(desc, false);
}

function eoiUnhandled(desc: IrqDesc, chip: IrqChip): void {
  if (((chip.flags ?? 0) & irqchipFlags.EOI_IF_HANDLED) === 0) callEoi(desc, chip);
}

/** kernel/irq/chip.c cond_unmask_eoi_irq */
function condUnmaskEoiIrq(desc: IrqDesc, chip: IrqChip): void {
  if ((desc.istate & ONESHOT) === 0) {
    callEoi(desc, chip);
  } else if (mayUnmask(desc)) {
    callEoi(desc, chip);
    unmaskIrq(desc);
  } else if (((chip.flags ?? 0) & irqchipFlags.EOI_THREADED) === 0) {
    callEoi(desc, chip);
  }
}

/** The kernel does not ask whether the chip has an eoi: without one it would jump to address 0. */
function callEoi(desc: IrqDesc, chip: IrqChip): void {
  if (!chip.irqEoi)
    throw new TypeError(`chip ${chip.name ?? '-'} has no irqEoi, which handleFasteoiIrq needs`);
  chip.irqEoi(desc.data);
}

/**
 * For interrupts that are one edge each: one that comes while the line is handled is remembered and handled in turn
 * (kernel/irq/chip.c handle_edge_irq).
 */
export function handleEdgeIrq(desc: IrqDesc): void {
  const { data } = desc;
  const { chip } = data;
  desc.istate &= NOT_WAITING;
  if (!mayRun(desc) || isDead(desc)) {
    desc.istate |= PENDING;
    maskAckIrq(desc);
    return;
  }
  kstatIncrIrqsThisCpu(desc);
  if (!chip.irqAck) throw new TypeError(`chip ${chip.name ?? '-'} has no irqAck, which handleEdgeIrq needs`);
  chip.irqAck(data);
  do {
    if (desc.action === undefined) {
      maskIrq(desc);
      return;
    }
    if ((desc.istate & PENDING) !== 0 && (data.state & (IRQ_DISABLED | IRQ_MASKED)) === IRQ_MASKED) {
      unmaskIrq(desc);
    }
    handleIrqEvent(desc);
  } while ((desc.istate & PENDING) !== 0 && (data.state & IRQ_DISABLED) === 0);
}

/** For an interrupt that each CPU has for itself (kernel/irq/chip.c handle_percpu_irq); not in the line's total. */
export function handlePercpuIrq(desc: IrqDesc): void {
  const { data } = desc;
  const { chip } = data;
  kstatIncrThisCpuOnly(desc);
  if (chip.irqAck) chip.irqAck(data);
  handleIrqEventPercpu(desc);
  if (chip.irqEoi) chip.irqEoi(data);
}

/**
 * As percpu, for an interrupt that only demultiplexes others: counted on its CPU only if it had something of its own
 * to handle (the RFC "VMBus channel interrupts as Linux IRQs", June 2024, patch 6: handle_percpu_demux_irq).
 */
export function handlePercpuDemuxIrq(desc: IrqDesc): void {
  const { data } = desc;
  const { chip } = data;
  if (chip.irqAck) chip.irqAck(data);
  if (callHandlers(desc) !== IRQ_NONE) kstatIncrThisCpuOnly(desc);
  if (chip.irqEoi) chip.irqEoi(data);
}

/**
 * As percpu, but /proc/stat's total leaves its counts out (proposed in the review of the same patch): the interrupts
 * behind it are in there.
 */
export function handlePercpuIrqNostatShown(desc: IrqDesc): void {
  kstatIncrOutsideStat(desc);
  handlePercpuIrqNostat(desc);
}

/**
 * As percpu, but counts nothing at all (proposed in the review of the same patch as handle_percpu_irq_nostat): the
 * interrupts behind it are counted instead.
 */
export function handlePercpuIrqNostat(desc: IrqDesc): void {
  const { data } = desc;
  const { chip } = data;
  if (chip.irqAck) chip.irqAck(data);
  callHandlers(desc);
  if (chip.irqEoi) chip.irqEoi(data);
}

/** For an interrupt whose handler gets the CPU's own dev_id (kernel/irq/chip.c handle_percpu_devid_irq). */
export function handlePercpuDevidIrq(desc: IrqDesc): void {
  const { data, action } = desc;
  const { chip } = data;
  kstatIncrThisCpuOnly(desc);
  if (chip.irqAck) chip.irqAck(data);
  if (action) action.handler(desc.irq, action.devId);
  else spuriousPercpu(desc);
  if (chip.irqEoi) chip.irqEoi(data);
}

function spuriousPercpu(desc: IrqDesc): void {
  const { core } = desc;
  const cpu = core.machine.thisCpu;
  const enabled = desc.percpuEnabled?.has(cpu) ?? false;
  if (enabled) irqPercpuDisable(desc, cpu);
  const unmasked = enabled ? ' and unmasked' : '';
  printkOnce(core, 'spurious percpu', `genirq: Spurious${unmasked} percpu IRQ${desc.irq} on CPU${cpu}`);
}

/** For an interrupt that a thread of another one finds; runs in that thread (kernel/irq/chip.c handle_nested_irq). */
export function* handleNestedIrq(core: IrqCore, irq: Irq): Procedure<void> {
  const desc = core.desc(irq);
  if (desc === undefined) return;
  desc.istate &= NOT_WAITING;
  if (isDead(desc)) {
    desc.istate |= PENDING;
    return;
  }
  kstatIncrIrqsThisCpu(desc);
  desc.threadsActive += 1;
  let ret = IRQ_NONE;
  for (let { action } = desc; action !== undefined; action = action.next) {
    if (action.threadFn) ret |= yield* action.threadFn(action.irq, action.devId);
  }
  if ((desc.status & irqStatus.NO_DEBUG) === 0) noteInterrupt(desc, ret);
  desc.threadDone();
}
