import type { IrqDesc } from '../data/irqdesc.js';

// What a chained flow handler does before and after it hands its interrupts on.

/** Tells the chip that the interrupt has been taken (include/linux/irqchip/chained_irq.h chained_irq_enter). */
export function chainedIrqEnter({ data }: IrqDesc): void {
  const { chip } = data;
  if (chip.irqEoi) return;
  if (chip.irqMaskAck) {
    chip.irqMaskAck(data);
    return;
  }
  chip.irqMask?.(data);
  chip.irqAck?.(data);
}

/** Tells the chip that the interrupts have been handled (chained_irq_exit). */
export function chainedIrqExit({ data }: IrqDesc): void {
  const { chip } = data;
  if (chip.irqEoi) chip.irqEoi(data);
  else chip.irqUnmask?.(data);
}
