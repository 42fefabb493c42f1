import { type IrqData, irqd } from '../data/irqdata.js';

/**
 * Gets all controllers of a line ready for its interrupts, the one at the CPU first (kernel/irq/irqdomain.c
 * irq_domain_activate_irq). A level that refuses has those before it undone.
 *
 * @param d the outermost level.
 * @param reserve a line that nobody has requested yet: a promise of what it needs will do.
 * @returns 0 or a negative errno.
 */
export function irqDomainActivateIrq(d: IrqData, reserve: boolean): number {
  const ret = d.has(irqd.ACTIVATED) ? 0 : activateLevels(d, reserve);
  if (ret === 0) d.set(irqd.ACTIVATED);
  return ret;
}

/** Gives back what the line holds of its controllers, such as a vector (irq_domain_deactivate_irq). */
export function irqDomainDeactivateIrq(d: IrqData): void {
  if (!d.has(irqd.ACTIVATED)) return;
  deactivateLevels(d);
  d.clear(irqd.ACTIVATED);
}

function activateLevels(d: IrqData, reserve: boolean): number {
  const { domain, parentData } = d;
  if (domain === null) return 0;
  let ret = 0;
  if (parentData !== null) ret = activateLevels(parentData, reserve);
  if (ret !== 0) return ret;
  ret = domain.activate(d, reserve);
  if (ret !== 0 && parentData !== null) deactivateLevels(parentData);
  return ret;
}

function deactivateLevels(d: IrqData): void {
  d.domain?.deactivate(d);
  if (d.domain !== null && d.parentData !== null) deactivateLevels(d.parentData);
}
