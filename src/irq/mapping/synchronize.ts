import type { Procedure } from '../../machine/step.js';
import type { IrqDesc } from '../data/irqdesc.js';
import { synchronizeIrqDesc } from '../management/enable.js';

/** synchronize_irq of a line that is being unmapped. @primitive `synchronizeForUnmap` is its plain form. */
export function synchronizeForUnmapSteps(desc: IrqDesc): Procedure<void> {
  return synchronizeIrqDesc(desc);
}

/** In one go no hard handler can be in the middle of its work, and threads are left to free_irq. */
export function synchronizeForUnmap(_desc: IrqDesc): void {}
