import type { Hwirq } from '../../lib/brand.js';
import { noMsiMsg } from '../../irq/msi/msi-desc.js';

/** What the kernel keeps of a pin (arch/x86/kernel/apic/io_apic.c struct mp_chip_data). */
export class IoapicPin {
  /** Somebody has said how the pin is triggered; before it is what ISA has. */
  isClaimed = false;
  masked = true;
  /** What the pin sends. */
  msg = noMsiMsg;

  constructor(
    readonly pin: Hwirq,
    public level: boolean,
  ) {}
}
