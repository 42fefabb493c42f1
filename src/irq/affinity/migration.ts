import { errnoValue } from '../../lib/errno.js';
import { irqDoSetAffinity } from './affinity.js';
import { type IrqData, irqd } from '../data/irqdata.js';
import type { IrqDesc } from '../data/irqdesc.js';
import { warn } from '../messages/warn.js';

/**
 * Makes a waiting affinity change, from the chip's ack or eoi (include/linux/irq.h irq_move_irq): moving is only
 * safe while the interrupt is masked, and there it is handled just now.
 */
export function irqMoveIrq(d: IrqData): void {
  if ((d.state & irqd.SETAFFINITY_PENDING) !== 0) moveIrq(d);
}

/** A disabled line is left for when it is enabled and comes again (kernel/irq/migration.c __irq_move_irq). */
function moveIrq(level: IrqData): void {
  const d = level.desc.data;
  if (d.has(irqd.IRQ_DISABLED)) return;
  const masked = d.has(irqd.IRQ_MASKED) && d.desc.core.behaviour.moveKeepsMask;
  if (!masked) d.chip.irqMask?.(d);
  irqMoveMaskedIrq(d);
  if (!masked) d.chip.irqUnmask?.(d);
}

/**
 * Makes the waiting change of a line that is masked, so that no interrupt can be on its way to the old CPU; a chip that
 * is busy gets it again with the next one (kernel/irq/migration.c irq_move_masked_irq).
 */
export function irqMoveMaskedIrq(level: IrqData): void {
  const { desc } = level;
  const d = desc.data;
  if (!d.has(irqd.SETAFFINITY_PENDING)) return;
  d.clear(irqd.SETAFFINITY_PENDING);
  if (d.has(irqd.PER_CPU)) {
    warn(desc.core, 'migration', 'irq_move_masked_irq');
    return;
  }
  if (desc.cold.pendingMask.isEmpty || !d.chip.irqSetAffinity) return;
  if (desc.cold.pendingMask.intersects(desc.core.machine.online)) {
    if (irqDoSetAffinity(d, desc.cold.pendingMask, false) === errnoValue('EBUSY')) {
      d.set(irqd.SETAFFINITY_PENDING);
      return;
    }
  }
  desc.cold.pendingMask.clearAll();
}

/**
 * Whether a waiting change is still good while a CPU goes away; one without an online CPU is dropped
 * (kernel/irq/migration.c irq_fixup_move_pending).
 */
export function irqFixupMovePending(desc: IrqDesc, forceClear: boolean): boolean {
  const { data } = desc;
  if (!data.has(irqd.SETAFFINITY_PENDING)) return false;
  if (!desc.cold.pendingMask.intersects(desc.core.machine.online)) {
    data.clear(irqd.SETAFFINITY_PENDING);
    return false;
  }
  if (forceClear) data.clear(irqd.SETAFFINITY_PENDING);
  return true;
}
