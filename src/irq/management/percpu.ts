import type { Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import { CpuMask } from '../../machine/cpumask.js';
import type { Procedure } from '../../machine/step.js';
import { irqSetStatusFlags } from './chip.js';
import type { IrqCore } from '../data/core.js';
import type { IrqDesc } from '../data/irqdesc.js';
import {
  IRQF_NO_SUSPEND,
  IRQF_PERCPU,
  IRQF_SHARED,
  IrqAction,
  type IrqHandler,
  irqType,
} from '../data/irqaction.js';
import { irqs } from '../data/istate.js';
import { irqPercpuDisable, irqPercpuEnable } from '../line/percpu-enable.js';
import { setupIrq } from './request.js';
import { irqSettingsCanRequest, irqSettingsIsPerCpuDevid, irqStatus } from '../data/settings.js';
import { irqSetTrigger } from '../line/trigger.js';
import { warn } from '../messages/warn.js';

/** Makes a line one that each CPU has for itself, with its own dev_id (kernel/irq/irqdesc.c irq_set_percpu_devid). */
export function irqSetPercpuDevid(core: IrqCore, irq: Irq): number {
  const desc = core.desc(irq);
  if (desc === undefined || desc.percpuEnabled !== null) return errnoValue('EINVAL');
  desc.percpuEnabled = new CpuMask(core.machine.nrCpuIds);
  const { NOAUTOEN, PER_CPU, NOTHREAD, NOPROBE, PER_CPU_DEVID } = irqStatus;
  irqSetStatusFlags(core, irq, NOAUTOEN | PER_CPU | NOTHREAD | NOPROBE | PER_CPU_DEVID);
  return 0;
}

/**
 * Installs the handler of a per-CPU line for all CPUs; each enables it for itself (kernel/irq/manage.c
 * request_percpu_irq).
 *
 * @param percpuDevId what the handler gets; the model does not keep one per CPU, its handlers can ask for the CPU.
 */
export function requestPercpuIrq(
  core: IrqCore,
  irq: Irq,
  handler: IrqHandler,
  name: string,
  percpuDevId: unknown,
): Procedure<number> {
  return requestPercpuIrqAffinity(core, irq, handler, name, undefined, percpuDevId);
}

/**
 * As requestPercpuIrq, for the CPUs of `affinity` only: others may request the line for other CPUs (kernel/irq/manage.c
 * request_percpu_irq_affinity, of kernels that have it).
 *
 * @param affinity undefined: all CPUs.
 */
export function* requestPercpuIrqAffinity(
  core: IrqCore,
  irq: Irq,
  handler: IrqHandler,
  name: string,
  affinity: CpuMask | undefined,
  percpuDevId: unknown,
): Procedure<number> {
  if (percpuDevId === null || percpuDevId === undefined) return errnoValue('EINVAL');
  const desc = core.desc(irq);
  if (desc === undefined || !irqSettingsCanRequest(desc) || !irqSettingsIsPerCpuDevid(desc)) {
    return errnoValue('EINVAL');
  }
  return yield* setupIrq(core, desc, createPercpuAction(core, handler, 0, name, affinity, percpuDevId));
}

/** An action for the CPUs of `affinity` only; undefined: all (kernel/irq/manage.c create_percpu_irqaction). */
export function createPercpuAction(
  core: IrqCore,
  handler: IrqHandler,
  flags: number,
  name: string,
  affinity: CpuMask | undefined,
  percpuDevId: unknown,
): IrqAction {
  const isShared = affinity !== undefined && !affinity.equals(core.machine.possible);
  const all = flags | IRQF_PERCPU | IRQF_NO_SUSPEND | (isShared ? IRQF_SHARED : 0);
  const action = new IrqAction(handler, percpuDevId, { threadFn: null, flags: all, name });
  if (isShared) action.affinity = affinity;
  return action;
}

/** Removes the handler of a per-CPU line; no CPU may have it enabled (kernel/irq/manage.c free_percpu_irq). */
export function* freePercpuIrq(core: IrqCore, irq: Irq, percpuDevId: unknown): Procedure<void> {
  const desc = core.desc(irq);
  if (desc === undefined || !irqSettingsIsPerCpuDevid(desc)) return;
  yield* desc.cold.requestMutex.lock();
  yield* desc.data.busLockSteps();
  yield* freePercpuAction(core, desc, percpuDevId);
  yield* desc.data.busSyncUnlockSteps();
  yield* desc.cold.requestMutex.unlock();
}

/** kernel/irq/manage.c __free_percpu_irq. */
export function* freePercpuAction(core: IrqCore, desc: IrqDesc, percpuDevId: unknown): Procedure<void> {
  const { machine } = core;
  yield* desc.lock.spinLockIrqsave(machine.runningCpu);
  const action = unlinkPercpu(core, desc, percpuDevId);
  yield* desc.lock.spinUnlockIrqrestore(machine.runningCpu);
  if (action !== undefined) yield* core.proc.unregisterHandlerSteps(desc, action);
}

/** Takes the action out; undefined: it may not go. */
function unlinkPercpu(core: IrqCore, desc: IrqDesc, percpuDevId: unknown): IrqAction | undefined {
  const { irq, percpuEnabled } = desc;
  const action = desc.actionOf(percpuDevId);
  if (action === undefined) {
    warn(core, 'manage', '__free_percpu_irq', `Trying to free already-free IRQ ${irq}`);
    return undefined;
  }
  const enabled = percpuEnabled?.firstAnd(action.affinity ?? core.machine.possible) ?? -1;
  if (enabled >= 0) {
    warn(core, 'manage', '__free_percpu_irq', `percpu IRQ ${irq} still enabled on CPU${enabled}!`);
    return undefined;
  }
  desc.unlink(action);
  if (desc.action === undefined) desc.istate &= ~irqs.NMI;
  return action;
}

/** Enables a per-CPU line on this CPU (kernel/irq/manage.c enable_percpu_irq). */
export function* enablePercpuIrqSteps(core: IrqCore, irq: Irq, type: number = irqType.NONE): Procedure<void> {
  const desc = core.desc(irq);
  if (desc === undefined || !irqSettingsIsPerCpuDevid(desc)) return;
  const cpu = core.machine.runningCpu;
  yield* desc.lock.spinLockIrqsave(cpu);
  enablePercpu(core, desc, type);
  yield* desc.lock.spinUnlockIrqrestore(cpu);
}

/** Generated by `npm run twins`: `enablePercpuIrqSteps` in one go. */
export function enablePercpuIrq(core: IrqCore, irq: Irq, type: number = irqType.NONE): void {
  const desc = core.desc(irq);
  if (desc === undefined || !irqSettingsIsPerCpuDevid(desc)) return;
  enablePercpu(core, desc, type);
}

function enablePercpu(core: IrqCore, desc: IrqDesc, type: number): void {
  const { irq } = desc;
  const trigger = type & irqType.SENSE_MASK || desc.data.triggerType;
  if (trigger !== irqType.NONE && irqSetTrigger(desc, trigger) !== 0) {
    warn(core, 'manage', 'enable_percpu_irq', `failed to set type for IRQ${irq}`);
    return;
  }
  irqPercpuEnable(desc, core.machine.thisCpu);
}

/** Disables a per-CPU line on this CPU (kernel/irq/manage.c disable_percpu_irq). */
export function* disablePercpuIrqSteps(core: IrqCore, irq: Irq): Procedure<void> {
  const desc = core.desc(irq);
  if (desc === undefined || !irqSettingsIsPerCpuDevid(desc)) return;
  const cpu = core.machine.runningCpu;
  yield* desc.lock.spinLockIrqsave(cpu);
  irqPercpuDisable(desc, core.machine.thisCpu);
  yield* desc.lock.spinUnlockIrqrestore(cpu);
}

/** Generated by `npm run twins`: `disablePercpuIrqSteps` in one go. */
export function disablePercpuIrq(core: IrqCore, irq: Irq): void {
  const desc = core.desc(irq);
  if (desc === undefined || !irqSettingsIsPerCpuDevid(desc)) return;
  irqPercpuDisable(desc, core.machine.thisCpu);
}

/** True if this CPU has the line enabled (kernel/irq/manage.c irq_percpu_is_enabled). */
export function irqPercpuIsEnabled(core: IrqCore, irq: Irq): boolean {
  const desc = core.desc(irq);
  return desc?.percpuEnabled?.has(core.machine.thisCpu) ?? false;
}
