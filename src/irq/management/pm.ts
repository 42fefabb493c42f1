import { type IrqAction, IRQF_COND_SUSPEND, IRQF_FORCE_RESUME, IRQF_NO_SUSPEND } from '../data/irqaction.js';
import type { IrqDesc } from '../data/irqdesc.js';
import { warnOnce } from '../messages/warn.js';

/**
 * Counts what the sharers of a line want of a suspend: it goes only one way for all of them, so they must agree
 * (kernel/irq/pm.c irq_pm_install_action).
 */
export function irqPmInstallAction(desc: IrqDesc, action: IrqAction): void {
  const { cold } = desc;
  cold.nrActions += 1;
  if ((action.flags & IRQF_FORCE_RESUME) !== 0) cold.forceResumeDepth += 1;
  if (cold.forceResumeDepth !== 0 && cold.forceResumeDepth !== cold.nrActions) {
    warnOnce(desc.core, 'pm', 'irq_pm_install_action', undefined, 'force resume');
  }
  if ((action.flags & IRQF_NO_SUSPEND) !== 0) cold.noSuspendDepth += 1;
  else if ((action.flags & IRQF_COND_SUSPEND) !== 0) cold.condSuspendDepth += 1;
  if (cold.noSuspendDepth !== 0 && cold.noSuspendDepth + cold.condSuspendDepth !== cold.nrActions) {
    warnOnce(desc.core, 'pm', 'irq_pm_install_action', undefined, 'no suspend');
  }
}

/** Takes the action out of those counts (kernel/irq/pm.c irq_pm_remove_action). */
export function irqPmRemoveAction(desc: IrqDesc, action: IrqAction): void {
  const { cold } = desc;
  cold.nrActions -= 1;
  if ((action.flags & IRQF_FORCE_RESUME) !== 0) cold.forceResumeDepth -= 1;
  if ((action.flags & IRQF_NO_SUSPEND) !== 0) cold.noSuspendDepth -= 1;
  else if ((action.flags & IRQF_COND_SUSPEND) !== 0) cold.condSuspendDepth -= 1;
}
