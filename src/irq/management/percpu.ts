import type { Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import { CpuMask } from '../../machine/cpumask.js';
import type { Procedure } from '../../machine/step.js';
import { irqSetStatusFlags } from './chip.js';
import type { IrqCore } from '../data/core.js';
import { IRQF_NO_SUSPEND, IRQF_PERCPU, IrqAction, type IrqHandler, irqType } from '../data/irqaction.js';
import { irqPercpuDisable, irqPercpuEnable } from '../line/percpu-enable.js';
import { setupIrq } from './request.js';
import { irqSettingsCanRequest, irqSettingsIsPerCpuDevid, irqStatus } from '../data/settings.js';
import { chipBusLock, chipBusSyncUnlock } from '../line/startup.js';
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
export function* requestPercpuIrq(
  core: IrqCore,
  irq: Irq,
  handler: IrqHandler,
  name: string,
  percpuDevId: unknown,
): Procedure<number> {
  if (percpuDevId === null || percpuDevId === undefined) return errnoValue('EINVAL');
  const desc = core.desc(irq);
  if (desc === undefined || !irqSettingsCanRequest(desc) || !irqSettingsIsPerCpuDevid(desc)) {
    return errnoValue('EINVAL');
  }
  return yield* setupIrq(
    core,
    desc,
    new IrqAction(handler, null, IRQF_PERCPU | IRQF_NO_SUSPEND, name, percpuDevId),
  );
}

/** Removes the handler of a per-CPU line; no CPU may have it enabled (kernel/irq/manage.c free_percpu_irq). */
export function* freePercpuIrq(core: IrqCore, irq: Irq, percpuDevId: unknown): Procedure<void> {
  const desc = core.desc(irq);
  if (desc === undefined || !irqSettingsIsPerCpuDevid(desc)) return;
  yield* desc.cold.requestMutex.lock();
  chipBusLock(desc);
  const { action } = desc;
  if (action === undefined || action.devId !== percpuDevId) {
    warn(core, 'manage', '__free_percpu_irq', `Trying to free already-free IRQ ${irq}`);
  } else if (desc.percpuEnabled !== null && !desc.percpuEnabled.isEmpty) {
    const cpu = desc.percpuEnabled.first();
    warn(core, 'manage', '__free_percpu_irq', `percpu IRQ ${irq} still enabled on CPU${cpu}!`);
  } else {
    desc.action = undefined;
    yield* core.proc.unregisterHandlerSteps(desc, action);
  }
  chipBusSyncUnlock(desc);
  yield* desc.cold.requestMutex.unlock();
}

/** Enables a per-CPU line on this CPU (kernel/irq/manage.c enable_percpu_irq). */
export function enablePercpuIrq(core: IrqCore, irq: Irq, type: number = irqType.NONE): void {
  const desc = core.desc(irq);
  if (desc === undefined || !irqSettingsIsPerCpuDevid(desc)) return;
  const trigger = type & irqType.SENSE_MASK || desc.data.triggerType;
  if (trigger !== irqType.NONE && irqSetTrigger(desc, trigger) !== 0) {
    warn(core, 'manage', 'enable_percpu_irq', `failed to set type for IRQ${irq}`);
    return;
  }
  irqPercpuEnable(desc, core.machine.thisCpu);
}

/** Disables a per-CPU line on this CPU (kernel/irq/manage.c disable_percpu_irq). */
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
