import type { IrqCore } from './core.js';
import type { IrqAction } from './data/irqaction.js';
import type { IrqDesc } from './data/irqdesc.js';

/** The calls that the interrupt layer makes into /proc/irq (kernel/irq/proc.c), so that its directories come and go. */
export interface IrqProc {
  /** The line's directory is wanted; called at each successful request. */
  registerIrq(desc: IrqDesc): void;
  /** The descriptor goes away, and its directory with it. */
  unregisterIrq(desc: IrqDesc): void;
  /** An action was added: its own directory. */
  registerHandler(desc: IrqDesc, action: IrqAction): void;
  unregisterHandler(desc: IrqDesc, action: IrqAction): void;
}

/** For an interrupt layer without /proc. */
export const noIrqProc: IrqProc = {
  registerIrq: () => {},
  unregisterIrq: () => {},
  registerHandler: () => {},
  unregisterHandler: () => {},
};

/** Shows the lines that exist when /proc/irq is made (kernel/irq/proc.c init_irq_proc). */
export function initIrqProc(core: IrqCore): void {
  for (const desc of core.descs()) core.proc.registerIrq(desc);
}
