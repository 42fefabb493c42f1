import type { CpuMask } from '../../machine/cpumask.js';
import { IRQ_SET_MASK_OK } from '../../irq/data/irqchip.js';
import { type IrqChip, type IrqData, irqDataUpdateEffectiveAffinity } from '../../irq/data/irqdata.js';

/**
 * A controller that is known by its name only, such as a GPIO expander or an event channel of another hypervisor: it
 * needs no vector of its own, and its interrupts go to the first CPU asked for, at once.
 */
export class PlainChip implements IrqChip {
  readonly irqPrintChip?: () => string;
  readonly irqSetAffinity?: (d: IrqData, dest: CpuMask) => number;

  /** @param printed what it writes into /proc/interrupts instead of its name. */
  constructor(
    readonly name: string,
    printed?: string,
  ) {
    if (printed !== undefined) this.irqPrintChip = () => printed;
    // The PIC has no say in where its interrupts go.
    if (name !== 'XT-PIC') this.irqSetAffinity = toFirst;
  }

  irqMask(): void {}

  irqUnmask(): void {}

  irqAck(): void {}

  irqEoi(): void {}
}

function toFirst(d: IrqData, dest: CpuMask): number {
  const target = dest.clone();
  target.clearAll();
  target.set(dest.first());
  irqDataUpdateEffectiveAffinity(d, target);
  return IRQ_SET_MASK_OK;
}
