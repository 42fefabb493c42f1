import { allocDescsSteps, freeDescs } from '../irq/mapping/alloc-descs.js';
import type { IrqCore } from '../irq/core.js';
import type { Irq } from '../lib/brand.js';
import type { Procedure } from '../machine/step.js';

/**
 * Something has these numbers while devices get theirs.
 *
 * @throws RangeError for a number that the guest has given away already, or does not have.
 */
export function* takeIrqs(core: IrqCore, irqs: readonly Irq[]): Procedure<void> {
  for (const irq of irqs) {
    if ((yield* allocDescsSteps(core, irq, irq, 1)) >= 0) continue;
    const why = core.desc(irq) === undefined ? `the guest has no number ${irq}` : `IRQ ${irq} is there`;
    throw new RangeError(`goneIrqs: ${why}`);
  }
}

/** And has gone. */
export function giveIrqsBack(core: IrqCore, irqs: readonly Irq[]): void {
  for (const irq of irqs) freeDescs(core, irq, 1);
}
