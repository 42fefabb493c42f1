import type { Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { Procedure } from '../../machine/step.js';
import type { IrqCore } from '../data/core.js';
import {
  IRQ_NONE,
  IRQF_COND_ONESHOT,
  IRQF_COND_SUSPEND,
  IRQF_IRQPOLL,
  IRQF_NO_AUTOEN,
  IRQF_NO_DEBUG,
  IRQF_NO_SUSPEND,
  IRQF_NOBALANCING,
  IRQF_ONESHOT,
  IRQF_PERCPU,
  IRQF_PROBE_SHARED,
  IRQF_SHARED,
  IRQF_TRIGGER_MASK,
  IrqAction,
  type IrqHandler,
  irqDefaultPrimaryHandler,
  irqForcedSecondaryHandler,
  IRQF_NO_THREAD,
  type ThreadFn,
} from '../data/irqaction.js';
import { irqchipFlags } from '../data/irqchip.js';
import { noIrqChip } from '../data/dummychip.js';
import { irqd } from '../data/irqdata.js';
import type { IrqDesc } from '../data/irqdesc.js';
import { assertLine } from '../data/line-rules.js';
import { irqs } from '../data/istate.js';
import { enableIrqLockedSteps } from './enable.js';
import { irqPmInstallAction } from './pm.js';
import {
  irqSettingsCanAutoenable,
  irqSettingsCanRequest,
  irqSettingsCanThread,
  irqSettingsIsNestedThread,
  irqSettingsIsPerCpuDevid,
  irqSettingsSet,
  irqStatus,
} from '../data/settings.js';
import { irqActivate, irqStartupSteps } from '../line/startup.js';
import { IrqThread } from '../line/thread.js';
import { irqSetTrigger } from '../line/trigger.js';
import { warn, warnOnce } from '../messages/warn.js';

/** The number that stands for no interrupt (include/linux/interrupt.h). */
export const IRQ_NOTCONNECTED = 0x80000000;

/** Adds a handler to a line (include/linux/interrupt.h request_irq); 0 or a negative errno. */
export function requestIrq(
  core: IrqCore,
  irq: Irq,
  handler: IrqHandler,
  flags: number,
  name: string,
  devId: unknown,
): Procedure<number> {
  const cond = core.behaviour.condOneshot ? IRQF_COND_ONESHOT : 0;
  return requestThreadedIrq(core, irq, handler, null, flags | cond, name, devId);
}

/**
 * Adds a handler and a thread function to a line (kernel/irq/manage.c request_threaded_irq); 0 or a negative errno.
 *
 * @param handler null: only wakes the thread.
 * @param flags IRQF_*.
 */
export function* requestThreadedIrq(
  core: IrqCore,
  irq: Irq,
  handler: IrqHandler | null,
  threadFn: ThreadFn | null,
  flags: number,
  name: string,
  devId: unknown,
): Procedure<number> {
  if (irq === IRQ_NOTCONNECTED) return errnoValue('ENOTCONN');
  if (!flagsAreSane(flags, devId)) return errnoValue('EINVAL');
  const desc = core.desc(irq);
  if (desc === undefined || !irqSettingsCanRequest(desc)) return errnoValue('EINVAL');
  if (irqSettingsIsPerCpuDevid(desc)) {
    warn(core, 'manage', 'request_threaded_irq');
    return errnoValue('EINVAL');
  }
  if (handler === null && threadFn === null) return errnoValue('EINVAL');
  return yield* setupIrq(
    core,
    desc,
    new IrqAction(handler ?? irqDefaultPrimaryHandler, devId, { threadFn, flags, name }),
  );
}

function flagsAreSane(flags: number, devId: unknown): boolean {
  const shared = (flags & IRQF_SHARED) !== 0;
  const condSuspend = (flags & IRQF_COND_SUSPEND) !== 0;
  if (shared && (devId === null || devId === undefined || (flags & IRQF_NO_AUTOEN) !== 0)) return false;
  return !condSuspend || (shared && (flags & IRQF_NO_SUSPEND) === 0);
}

/** Adds an action to a line, the first one starts it (kernel/irq/manage.c __setup_irq). */
export function* setupIrq(core: IrqCore, desc: IrqDesc, action: IrqAction): Procedure<number> {
  const { data } = desc;
  if (data.chip === noIrqChip) return errnoValue('ENOSYS');
  const added = prepareAction(desc, action);
  if (added === undefined) return errnoValue('EINVAL');
  const { machine } = core;
  yield* desc.cold.requestMutex.lock();
  yield* data.busLockSteps();
  let ret = requestResources(desc, added);
  if (ret === 0) {
    yield* desc.lock.spinLockIrqsave(machine.runningCpu);
    ret = yield* joinLine(desc, added);
    yield* desc.lock.spinUnlockIrqrestore(machine.runningCpu);
    if (ret !== 0 && desc.action === undefined) data.chip.irqReleaseResources?.(data);
  }
  yield* data.busSyncUnlockSteps();
  yield* desc.cold.requestMutex.unlock();
  if (ret < 0) {
    yield* added.stopThreads();
    return ret;
  }
  yield* added.startThreads();
  yield* core.proc.registerIrqSteps(desc);
  yield* core.proc.registerHandlerSteps(desc, added);
  return 0;
}

/** What the line's settings make of the action; undefined: they refuse it. */
function prepareAction(desc: IrqDesc, action: IrqAction): IrqAction | undefined {
  const { chip } = desc.data;
  let added = action;
  if (irqSettingsIsNestedThread(desc)) {
    if (action.threadFn === null) return undefined;
    added = new IrqAction(nestedPrimaryHandler(desc), action.devId, action);
  }
  added.irq = desc.irq;
  if ((added.flags & IRQF_TRIGGER_MASK) === 0) added.flags |= desc.data.triggerType;
  if (
    desc.core.behaviour.oneshotWantsThread &&
    (added.flags & IRQF_ONESHOT) !== 0 &&
    added.threadFn === null
  ) {
    warnOnce(desc.core, 'manage', '__setup_irq', undefined, 'oneshot without thread');
  }
  if (desc.core.threadirqs && !irqSettingsIsNestedThread(desc)) added = forceThreading(desc, added);
  if (added.threadFn && !irqSettingsIsNestedThread(desc)) added.thread = new IrqThread(desc, added);
  if (added.secondary) added.secondary.thread = new IrqThread(desc, added.secondary, true);
  if (((chip.flags ?? 0) & irqchipFlags.ONESHOT_SAFE) !== 0) added.flags &= ~IRQF_ONESHOT;
  return added;
}

/** Has the handler run in a thread, and its own thread function in another (irq_setup_forced_threading). */
function forceThreading(desc: IrqDesc, action: IrqAction): IrqAction {
  const { handler, threadFn, flags, name, devId } = action;
  const excused = IRQF_NO_THREAD | IRQF_PERCPU | IRQF_ONESHOT;
  if (!irqSettingsCanThread(desc) || (flags & excused) !== 0 || handler === irqDefaultPrimaryHandler)
    return action;
  const inThread: ThreadFn = (irq, dev) => action.handlerSteps(irq, dev);
  Object.defineProperty(inThread, 'name', { value: handler.name });
  const forced = new IrqAction(irqDefaultPrimaryHandler, devId, {
    threadFn: inThread,
    flags: flags | IRQF_ONESHOT,
    name,
  });
  forced.irq = action.irq;
  if (threadFn === null) return forced;
  forced.secondary = new IrqAction(irqForcedSecondaryHandler, devId, { threadFn, flags: 0, name });
  forced.secondary.irq = action.irq;
  return forced;
}

/** A nested line's interrupts come up in its parent's thread; there is no hard one (irq_nested_primary_handler). */
function nestedPrimaryHandler(desc: IrqDesc): IrqHandler {
  return (irq) => {
    warn(desc.core, 'manage', 'irq_nested_primary_handler', `Primary handler called for nested irq ${irq}`);
    return IRQ_NONE;
  };
}

/** The first action requests what the controller has to give (irq_request_resources). */
function requestResources(desc: IrqDesc, action: IrqAction): number {
  const { core, data } = desc;
  if (desc.action !== undefined) return 0;
  const ret = data.chip.irqRequestResources?.(data) ?? 0;
  if (ret !== 0) {
    core.machine.log.prErr(
      `genirq: Failed to request resources for ${action.name ?? '(null)'} (irq ${desc.irq}) on irqchip ${data.chip.name ?? '(null)'}`,
    );
  }
  return ret;
}

function* joinLine(desc: IrqDesc, action: IrqAction): Procedure<number> {
  const first = desc.action;
  let last: IrqAction | undefined;
  if (first !== undefined) {
    if (refusesNmiSharing(desc)) {
      desc.core.machine.log.prErr(
        `genirq: Invalid attempt to share NMI for ${action.name ?? '(null)'} (irq ${desc.irq}) on irqchip ${desc.data.chip.name ?? '(null)'}.`,
      );
      return errnoValue('EINVAL');
    }
    if (irqSettingsIsPerCpuDevid(desc) && overlaps(desc, first, action)) {
      desc.core.machine.log.prErr(
        `genirq: Overlapping affinities for ${action.name ?? '(null)'} (irq ${desc.irq}) on irqchip ${desc.data.chip.name ?? '(null)'}.`,
      );
      return errnoValue('EINVAL');
    }
    if (!mayShare(desc, first, action)) {
      reportMismatch(desc, first, action);
      return errnoValue('EBUSY');
    }
    for (last = first; ; last = last.next) {
      if (last.next === undefined) break;
    }
  }
  let ret = chooseThreadMask(desc, action);
  if (ret !== 0) return ret;
  if (first === undefined) {
    ret = yield* startFirst(desc, action);
    if (ret !== 0) return ret;
  }
  desc.actionList.announce();
  if (last === undefined) desc.action = action;
  else last.next = action;
  if (desc.irq === 0 || (action.flags & IRQF_IRQPOLL) !== 0) desc.notesHandled = true;
  irqPmInstallAction(desc, action);
  desc.cold.irqCount = 0;
  desc.irqsUnhandled = 0;
  if (first !== undefined && (desc.istate & irqs.SPURIOUS_DISABLED) !== 0) {
    desc.istate &= ~irqs.SPURIOUS_DISABLED;
    yield* enableIrqLockedSteps(desc);
  }
  assertLine(desc, '__setup_irq');
  return 0;
}

/** A line of NMIs is one requester's alone; per-CPU ones can be shared by CPU where others can. */
function refusesNmiSharing(desc: IrqDesc): boolean {
  if ((desc.istate & irqs.NMI) === 0) return false;
  return !(irqSettingsIsPerCpuDevid(desc) && desc.core.behaviour.percpuSharing);
}

/** Sharers of a per-CPU line must have CPUs and dev_ids of their own (valid_percpu_irqaction). */
function overlaps({ core }: IrqDesc, first: IrqAction, added: IrqAction): boolean {
  if (!core.behaviour.percpuSharing) return false;
  for (let old: IrqAction | undefined = first; old !== undefined; old = old.next) {
    if (old.devId === added.devId || old.affinity === undefined || added.affinity === undefined) return true;
    if (old.affinity.intersects(added.affinity)) return true;
  }
  return false;
}

function mayShare(desc: IrqDesc, old: IrqAction, action: IrqAction): boolean {
  const { core, data } = desc;
  const type = action.flags & IRQF_TRIGGER_MASK;
  if (!data.has(irqd.DEFAULT_TRIGGER_SET)) data.triggerType = type;
  if ((old.flags & action.flags & IRQF_SHARED) === 0 || data.triggerType !== type) return false;
  if (
    core.behaviour.condOneshot &&
    (old.flags & IRQF_ONESHOT) !== 0 &&
    (action.flags & IRQF_COND_ONESHOT) !== 0
  ) {
    action.flags |= IRQF_ONESHOT;
  } else if (((old.flags ^ action.flags) & IRQF_ONESHOT) !== 0) {
    return false;
  }
  return ((old.flags ^ action.flags) & IRQF_PERCPU) === 0;
}

function reportMismatch(desc: IrqDesc, old: IrqAction, action: IrqAction): void {
  if ((action.flags & IRQF_PROBE_SHARED) !== 0) return;
  desc.core.machine.log.prErr(
    `genirq: Flags mismatch irq ${desc.irq}. ${hex8(action.flags)} (${action.name ?? '(null)'}) vs. ${hex8(old.flags)} (${old.name ?? '(null)'})`,
  );
}

function hex8(flags: number): string {
  return (flags >>> 0).toString(16).padStart(8, '0');
}

/** Gives a oneshot action its bit in the line's mask of threads, which is as wide as a long: 64 bits. */
function chooseThreadMask(desc: IrqDesc, action: IrqAction): number {
  if ((action.flags & IRQF_ONESHOT) !== 0) {
    let low = 0;
    let high = 0;
    for (const { threadMask, threadMaskHigh } of desc.actions()) {
      low |= threadMask;
      high |= threadMaskHigh;
    }
    if (low !== -1) action.threadMask = ~low & (low + 1);
    else if (high !== -1) action.threadMaskHigh = ~high & (high + 1);
    else return errnoValue('EBUSY');
    return 0;
  }
  const oneshotSafe = ((desc.data.chip.flags ?? 0) & irqchipFlags.ONESHOT_SAFE) !== 0;
  if (action.handler !== irqDefaultPrimaryHandler || oneshotSafe) return 0;
  desc.core.machine.log.prErr(
    `genirq: Threaded irq requested with handler=NULL and !ONESHOT for ${action.name ?? '(null)'} (irq ${desc.irq})`,
  );
  return errnoValue('EINVAL');
}

/** The part of __setup_irq for a line's first action. */
function* startFirst(desc: IrqDesc, action: IrqAction): Procedure<number> {
  const { data } = desc;
  const { flags } = action;
  if ((flags & IRQF_TRIGGER_MASK) !== 0) {
    const ret = irqSetTrigger(desc, flags & IRQF_TRIGGER_MASK);
    if (ret !== 0) return ret;
  }
  const activated = irqActivate(desc);
  if (activated !== 0) return activated;
  desc.istate &= ~(irqs.AUTODETECT | irqs.SPURIOUS_DISABLED | irqs.ONESHOT | irqs.WAITING);
  data.clear(irqd.IRQ_INPROGRESS);
  if ((flags & IRQF_PERCPU) !== 0) {
    data.set(irqd.PER_CPU);
    irqSettingsSet(desc, irqStatus.PER_CPU);
    if ((flags & IRQF_NO_DEBUG) !== 0) irqSettingsSet(desc, irqStatus.NO_DEBUG);
  }
  if (desc.core.noirqdebug) irqSettingsSet(desc, irqStatus.NO_DEBUG);
  if ((flags & IRQF_ONESHOT) !== 0) desc.istate |= irqs.ONESHOT;
  if ((flags & IRQF_NOBALANCING) !== 0) {
    irqSettingsSet(desc, irqStatus.NO_BALANCING);
    data.set(irqd.NO_BALANCING);
  }
  if ((flags & IRQF_NO_AUTOEN) === 0 && irqSettingsCanAutoenable(desc)) {
    yield* irqStartupSteps(desc, true, false);
  } else {
    if ((flags & IRQF_SHARED) !== 0) warnOnce(desc.core, 'manage', '__setup_irq');
    desc.cold.depth = 1;
  }
  return 0;
}
