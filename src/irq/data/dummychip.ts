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

/** Stands for no chip at all, which a level of a hierarchy has until its domain gives it one. */
export const unsetChip: IrqChip = { name: null };

/** Marks the first level of a hierarchy that a line has no use for (ERR_PTR(-ENOTCONN)). */
export const disconnectedChip: IrqChip = { name: null };
