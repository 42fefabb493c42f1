import type { IrqAction } from './irqaction.js';
import type { IrqDesc } from './irqdesc.js';

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
