import type { IrqChip } from './irqdata.js';

const nothing = (): void => {};

/** The chip of a descriptor that has none; it cannot be requested (kernel/irq/dummychip.c no_irq_chip). */
export const noIrqChip: IrqChip = {
  name: 'none',
  symbol: 'no_irq_chip',
  irqStartup: () => 0,
  irqShutdown: nothing,
  irqEnable: nothing,
  irqDisable: nothing,
  irqAck: nothing,
};

/** A chip that needs nothing done (kernel/irq/dummychip.c dummy_irq_chip). */
export const dummyIrqChip: IrqChip = {
  name: 'dummy',
  symbol: 'dummy_irq_chip',
  irqStartup: () => 0,
  irqShutdown: nothing,
  irqEnable: nothing,
  irqDisable: nothing,
  irqAck: nothing,
  irqMask: nothing,
  irqUnmask: nothing,
};
