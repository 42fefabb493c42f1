import type { KernelVersion } from '../irq/kernel.js';
import type { InterruptsForm } from '../view/interrupts/table.js';

/** The oldest modelled kernel that prints a form of /proc/interrupts; for forms before all of them, the oldest. */
export const kernelOfForm: Readonly<Record<InterruptsForm, KernelVersion>> = {
  '2.6.18': '6.1',
  '3.18': '6.1',
  '6.1': '6.1',
  '6.12': '6.12',
  '6.13': '6.18',
  '7.2': '7.2',
};
