import type { Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { Procedure } from '../../machine/step.js';
import type { IrqCore } from '../data/core.js';
import {
  IRQF_COND_SUSPEND,
  IRQF_IRQPOLL,
  IRQF_NO_AUTOEN,
  IRQF_NO_THREAD,
  IRQF_NOBALANCING,
  IRQF_PERCPU,
  IRQF_SHARED,
  IrqAction,
  type IrqHandler,
} from '../data/irqaction.js';
import { irqchipFlags } from '../data/irqchip.js';
import type { IrqDesc } from '../data/irqdesc.js';
import { irqs } from '../data/istate.js';
import {
  irqSettingsCanAutoenable,
  irqSettingsCanRequest,
  irqSettingsClear,
  irqSettingsIsPerCpuDevid,
  irqStatus,
} from '../data/settings.js';
import { irqDomainDeactivateIrq } from '../line/activate.js';
import { irqShutdownSteps } from '../line/startup.js';
import { warn } from '../messages/warn.js';
import { disableIrqNosyncSteps } from './enable.js';
import { irqPmRemoveAction } from './pm.js';
import { IRQ_NOTCONNECTED, setupIrq } from './request.js';

/** True if the line is used for NMIs (kernel/irq/internals.h irq_is_nmi). */
export function irqIsNmi(desc: IrqDesc): boolean {
  return (desc.istate & irqs.NMI) !== 0;
}

/** True if the chip can deliver NMIs, which none behind a slow bus can (kernel/irq/manage.c irq_supports_nmi). */
export function irqSupportsNmi({ data }: IrqDesc): boolean {
  const { chip } = data;
  // Only the innermost chip can tell an NMI from others.
  if (data.parentData !== null) return false;
  const { irqBusLock, irqBusLockSteps, irqBusSyncUnlock, irqBusSyncUnlockSteps } = chip;
  if (irqBusLock || irqBusLockSteps || irqBusSyncUnlock || irqBusSyncUnlockSteps) return false;
  return ((chip.flags ?? 0) & irqchipFlags.SUPPORTS_NMI) !== 0;
}

/** Has the chip deliver the line as an NMI (irq_nmi_setup). */
export function irqNmiSetup({ data }: IrqDesc): number {
  return data.chip.irqNmiSetup?.(data) ?? errnoValue('EINVAL');
}

/** No longer (irq_nmi_teardown). */
export function irqNmiTeardown({ data }: IrqDesc): void {
  data.chip.irqNmiTeardown?.(data);
}

/**
 * Adds a handler to a line, to be called as a non-maskable interrupt (kernel/irq/manage.c request_nmi); 0 or a negative
 * errno. The line is the handler's alone, per-CPU (IRQF_PERCPU) and not enabled: enableNmi does that.
 */
export function* requestNmi(
  core: IrqCore,
  irq: Irq,
  handler: IrqHandler | null,
  flags: number,
  name: string,
  devId: unknown,
): Procedure<number> {
  if (irq === IRQ_NOTCONNECTED) return errnoValue('ENOTCONN');
  const refused = IRQF_SHARED | IRQF_COND_SUSPEND | IRQF_IRQPOLL;
  if ((flags & refused) !== 0 || (flags & IRQF_PERCPU) === 0 || handler === null) return errnoValue('EINVAL');
  const desc = core.desc(irq);
  if (desc === undefined || !canBeNmi(desc, flags)) return errnoValue('EINVAL');
  const action = new IrqAction(handler, devId, {
    threadFn: null,
    flags: flags | IRQF_NO_THREAD | IRQF_NOBALANCING,
    name,
  });
  const ret = yield* setupIrq(core, desc, action);
  if (ret !== 0) return ret;
  const { machine } = core;
  yield* desc.lock.spinLockIrqsave(machine.runningCpu);
  desc.istate |= irqs.NMI;
  const setUp = irqNmiSetup(desc);
  yield* desc.lock.spinUnlockIrqrestore(machine.runningCpu);
  if (setUp === 0) return 0;
  yield* cleanUp(core, desc, core.behaviour.nmiTeardownAfterFailedSetup);
  return errnoValue('EINVAL');
}

function canBeNmi(desc: IrqDesc, flags: number): boolean {
  if (irqSettingsCanAutoenable(desc) && (flags & IRQF_NO_AUTOEN) === 0) return false;
  if (!irqSettingsCanRequest(desc)) return false;
  if (irqSettingsIsPerCpuDevid(desc)) {
    warn(desc.core, 'manage', 'request_nmi');
    return false;
  }
  return irqSupportsNmi(desc);
}

/**
 * Takes the handler of requestNmi away (kernel/irq/manage.c free_nmi).
 *
 * @returns the name it was requested with; null if there is none.
 */
export function* freeNmi(core: IrqCore, irq: Irq): Procedure<string | null> {
  const desc = core.desc(irq);
  if (desc === undefined) return null;
  if (!irqIsNmi(desc) || irqSettingsIsPerCpuDevid(desc)) {
    warn(core, 'manage', 'free_nmi');
    return null;
  }
  if (desc.cold.depth === 0) {
    warn(core, 'manage', 'free_nmi');
    yield* disableIrqNosyncSteps(core, irq);
  }
  return yield* cleanUp(core, desc, true);
}

/** kernel/irq/manage.c __cleanup_nmi. Who calls sees to it that no NMI comes any more: nobody is waited for. */
function* cleanUp(core: IrqCore, desc: IrqDesc, tearDown: boolean): Procedure<string | null> {
  const { data } = desc;
  const { machine } = core;
  yield* desc.lock.spinLockIrqsave(machine.runningCpu);
  if (tearDown) irqNmiTeardown(desc);
  desc.istate &= ~irqs.NMI;
  const { action } = desc;
  if (action === undefined) warn(core, 'manage', '__cleanup_nmi');
  else {
    desc.unlink(action);
    irqPmRemoveAction(desc, action);
  }
  irqSettingsClear(desc, irqStatus.DISABLE_UNLAZY);
  yield* irqShutdownSteps(desc);
  irqDomainDeactivateIrq(data);
  yield* desc.lock.spinUnlockIrqrestore(machine.runningCpu);
  if (action !== undefined) yield* core.proc.unregisterHandlerSteps(desc, action);
  data.chip.irqReleaseResources?.(data);
  return action?.name ?? null;
}

export {
  /** Undoes one disable (kernel/irq/manage.c enable_nmi). */
  enableIrq as enableNmi,
  /** Disables the line without waiting for its handler; calls nest (kernel/irq/manage.c disable_nmi_nosync). */
  disableIrqNosync as disableNmiNosync,
} from './enable.js';
