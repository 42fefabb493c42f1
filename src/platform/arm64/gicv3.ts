import type { CpuMask } from '../../machine/cpumask.js';
import { IRQ_SET_MASK_OK } from '../../irq/data/irqchip.js';
import type { IrqChip, IrqData } from '../../irq/data/irqdata.js';

/** The GICv3 as a chip (drivers/irqchip/irq-gic-v3.c): a shared interrupt goes to the lowest CPU of its mask. */
export class GicChip implements IrqChip {
  readonly irqPrintChip?: () => string;

  /** @param printed what it writes into /proc/interrupts instead of its name. */
  constructor(
    readonly name = 'GICv3',
    printed?: string,
  ) {
    if (printed !== undefined) this.irqPrintChip = () => printed;
  }

  irqMask(): void {}

  irqUnmask(): void {}

  irqEoi(): void {}

  irqSetType(): number {
    return 0;
  }

  /** One CPU of the mask takes the interrupt: the GIC routes to a single one (gic_set_affinity). */
  irqSetAffinity(data: IrqData, dest: CpuMask): number {
    data.effectiveAffinity.clearAll();
    data.effectiveAffinity.set(dest.first());
    return IRQ_SET_MASK_OK;
  }
}
