import type { Irq } from '../../lib/brand.js';
import type { Procedure } from '../../machine/step.js';
import type { IrqCore } from '../data/core.js';
import { irqchipFlags } from '../data/irqchip.js';
import { irqd } from '../data/irqdata.js';
import { irqs } from '../data/istate.js';
import { irqSettingsIsNestedThread, irqSettingsIsPerCpuDevid } from '../data/settings.js';
import { maskIrq } from '../line/startup.js';
import { disableIrqLocked, enableIrqLockedSteps, synchronizeIrqDesc } from './enable.js';
import type { IrqDesc } from '../data/irqdesc.js';

/**
 * Puts the lines to sleep before the machine suspends (kernel/irq/pm.c suspend_device_irqs): disabled, unless somebody
 * needs them meanwhile (IRQF_NO_SUSPEND), or armed, if they wake the machine. Waits for their handlers.
 */
export function* suspendDeviceIrqs(core: IrqCore): Procedure<void> {
  for (const desc of core.descs()) {
    if (irqSettingsIsNestedThread(desc)) continue;
    yield* desc.lock.spinLockIrqsave(core.machine.runningCpu);
    const isSuspended = yield* suspendDeviceIrq(desc);
    yield* desc.lock.spinUnlockIrqrestore(core.machine.runningCpu);
    if (isSuspended) yield* synchronizeIrqDesc(desc);
  }
}

/** kernel/irq/pm.c suspend_device_irq; true if handlers are to be waited for. */
function* suspendDeviceIrq(desc: IrqDesc): Procedure<boolean> {
  const { data } = desc;
  const flags = data.chip.flags ?? 0;
  if (desc.action === undefined || desc.isChained || desc.cold.noSuspendDepth !== 0) return false;
  if (data.has(irqd.WAKEUP_STATE)) {
    data.set(irqd.WAKEUP_ARMED);
    if ((flags & irqchipFlags.ENABLE_WAKEUP_ON_SUSPEND) !== 0 && data.has(irqd.IRQ_DISABLED)) {
      yield* enableIrqLockedSteps(desc);
      data.set(irqd.IRQ_ENABLED_ON_SUSPEND);
    }
    return true;
  }
  desc.istate |= irqs.SUSPENDED;
  disableIrqLocked(desc);
  if ((flags & irqchipFlags.MASK_ON_SUSPEND) !== 0) maskIrq(desc);
  return true;
}

/** Undoes suspendDeviceIrqs, for all lines (kernel/irq/pm.c resume_device_irqs). */
export function* resumeDeviceIrqs(core: IrqCore): Procedure<void> {
  for (const desc of core.descs()) {
    if (irqSettingsIsNestedThread(desc)) continue;
    yield* desc.lock.spinLockIrqsave(core.machine.runningCpu);
    yield* resumeIrq(desc);
    yield* desc.lock.spinUnlockIrqrestore(core.machine.runningCpu);
  }
}

/** kernel/irq/pm.c resume_irq. A line with IRQF_FORCE_RESUME is enabled as if it had been disabled. */
function* resumeIrq(desc: IrqDesc): Procedure<void> {
  const { data } = desc;
  data.clear(irqd.WAKEUP_ARMED);
  if (data.has(irqd.IRQ_ENABLED_ON_SUSPEND)) {
    disableIrqLocked(desc);
    data.clear(irqd.IRQ_ENABLED_ON_SUSPEND);
  }
  if ((desc.istate & irqs.SUSPENDED) === 0) {
    if (desc.cold.forceResumeDepth === 0) return;
    desc.cold.depth += 1;
    data.set(irqd.IRQ_DISABLED | irqd.IRQ_MASKED);
  }
  desc.istate &= ~irqs.SUSPENDED;
  yield* enableIrqLockedSteps(desc);
}

/** A line that has woken the machine, which then goes on sleeping, may wake it again (kernel/irq/pm.c rearm_wake_irq). */
export function* rearmWakeIrq(core: IrqCore, irq: Irq): Procedure<void> {
  const desc = core.desc(irq);
  if (desc === undefined || irqSettingsIsPerCpuDevid(desc)) return;
  yield* desc.data.busLockSteps();
  yield* desc.lock.spinLockIrqsave(core.machine.runningCpu);
  if ((desc.istate & irqs.SUSPENDED) !== 0 && desc.data.has(irqd.WAKEUP_STATE)) {
    desc.istate &= ~irqs.SUSPENDED;
    desc.data.set(irqd.WAKEUP_ARMED);
    yield* enableIrqLockedSteps(desc);
  }
  yield* desc.lock.spinUnlockIrqrestore(core.machine.runningCpu);
  yield* desc.data.busSyncUnlockSteps();
}
