import type { Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { Procedure } from '../../machine/step.js';
import type { IrqCore } from '../data/core.js';
import { IRQCHIP_STATE_ACTIVE, irqchipFlags } from '../data/irqchip.js';
import { irqd } from '../data/irqdata.js';
import type { IrqDesc } from '../data/irqdesc.js';
import { irqs } from '../data/istate.js';
import { irqSettingsIsPerCpuDevid, irqSettingsSet, irqStatus } from '../data/settings.js';
import { chipBusLock, chipBusSyncUnlock, irqDisable, irqStartup } from '../line/startup.js';
import { warn } from '../messages/warn.js';

/** The line, unless it is per-CPU with a dev_id, which these functions refuse (irq_get_desc_buslock, CHECK_GLOBAL). */
function globalDesc(core: IrqCore, irq: Irq): IrqDesc | undefined {
  const desc = core.desc(irq);
  return desc !== undefined && irqSettingsIsPerCpuDevid(desc) ? undefined : desc;
}

/**
 * Disables a line without waiting for its handlers; calls nest (kernel/irq/manage.c disable_irq_nosync). 0, or
 * EINVAL if there is no such line.
 */
export function disableIrqNosync(core: IrqCore, irq: Irq): number {
  const desc = globalDesc(core, irq);
  if (desc === undefined) return errnoValue('EINVAL');
  const { cold } = desc;
  chipBusLock(desc);
  if (cold.depth === 0) irqDisable(desc);
  cold.depth += 1;
  chipBusSyncUnlock(desc);
  return 0;
}

/** Disables a line and waits for its handlers and threads (kernel/irq/manage.c disable_irq). */
export function* disableIrq(core: IrqCore, irq: Irq): Procedure<void> {
  if (disableIrqNosync(core, irq) === 0) yield* synchronizeIrq(core, irq);
}

/**
 * Disables a line and waits for its hard handlers only (kernel/irq/manage.c disable_hardirq); those are never in the
 * middle while anything else runs in the model.
 *
 * @returns true if no thread of the line is active.
 */
export function disableHardirq(core: IrqCore, irq: Irq): boolean {
  if (disableIrqNosync(core, irq) !== 0) return false;
  const desc = core.desc(irq);
  return desc === undefined || desc.cold.threadsActive === 0;
}

/** Undoes one disable; the last one starts the line (kernel/irq/manage.c enable_irq). */
export function enableIrq(core: IrqCore, irq: Irq): void {
  const desc = globalDesc(core, irq);
  if (desc === undefined) return;
  chipBusLock(desc);
  enableIrqLocked(desc);
  chipBusSyncUnlock(desc);
}

/** Undoes one disable of a line whose bus is locked already (kernel/irq/manage.c __enable_irq). */
export function enableIrqLocked(desc: IrqDesc): void {
  const { cold } = desc;
  if (cold.depth === 0 || (cold.depth === 1 && (desc.istate & irqs.SUSPENDED) !== 0)) {
    warn(desc.core, 'manage', '__enable_irq', `Unbalanced enable for IRQ ${desc.irq}`);
  } else if (cold.depth === 1) {
    irqSettingsSet(desc, irqStatus.NOPROBE);
    irqStartup(desc, true, true);
  } else {
    cold.depth -= 1;
  }
}

/** Waits until no handler and no thread of the line runs (kernel/irq/manage.c synchronize_irq). */
export function* synchronizeIrq(core: IrqCore, irq: Irq): Procedure<void> {
  const desc = core.desc(irq);
  if (desc !== undefined) yield* synchronizeIrqDesc(desc);
}

/**
 * kernel/irq/manage.c __synchronize_irq. What the chip answers is not looked at, for it has nothing in flight: hard
 * handlers are in the middle of their work only where they run step by step.
 */
export function* synchronizeIrqDesc(desc: IrqDesc): Procedure<void> {
  desc.data.chip.irqGetIrqchipState?.(desc.data, IRQCHIP_STATE_ACTIVE);
  yield* desc.waitForHandlers.wait();
  yield* desc.cold.waitForThreads.wait();
}

/** Lets a line wake the machine from sleep, or not; calls nest (kernel/irq/manage.c irq_set_irq_wake). */
export function irqSetIrqWake(core: IrqCore, irq: Irq, on: boolean): number {
  const desc = globalDesc(core, irq);
  if (desc === undefined) return errnoValue('EINVAL');
  chipBusLock(desc);
  const ret = on ? wakeOn(desc) : wakeOff(desc);
  chipBusSyncUnlock(desc);
  return ret;
}

function wakeOn(desc: IrqDesc): number {
  const { cold } = desc;
  cold.wakeDepth += 1;
  if (cold.wakeDepth > 1) return 0;
  const ret = chipSetWake(desc, true);
  if (ret !== 0) cold.wakeDepth = 0;
  else desc.data.set(irqd.WAKEUP_STATE);
  return ret;
}

function wakeOff(desc: IrqDesc): number {
  const { cold } = desc;
  if (cold.wakeDepth === 0) {
    warn(desc.core, 'manage', 'irq_set_irq_wake', `Unbalanced IRQ ${desc.irq} wake disable`);
    return 0;
  }
  cold.wakeDepth -= 1;
  if (cold.wakeDepth > 0) return 0;
  const ret = chipSetWake(desc, false);
  if (ret !== 0) cold.wakeDepth = 1;
  else desc.data.clear(irqd.WAKEUP_STATE);
  return ret;
}

/** A chip that says so needs to hear nothing of it (kernel/irq/manage.c set_irq_wake_real). */
function chipSetWake(desc: IrqDesc, on: boolean): number {
  const { chip } = desc.data;
  if (((chip.flags ?? 0) & irqchipFlags.SKIP_SET_WAKE) !== 0) return 0;
  return chip.irqSetWake ? chip.irqSetWake(desc.data, on) : errnoValue('ENXIO');
}

/** True if the line is requested (kernel/irq/manage.c irq_has_action). */
export function irqHasAction(core: IrqCore, irq: Irq): boolean {
  return core.desc(irq)?.action !== undefined;
}
