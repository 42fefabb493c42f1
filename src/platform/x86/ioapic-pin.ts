import type { Hwirq } from '../../lib/brand.js';
import { noMsiMsg } from '../../irq/msi/msi-desc.js';

/** What the IO-APIC's messages come from, as far as a remapping unit knows: 00:14.0, as AMD's firmware has it. */
export const IOAPIC_REQUESTER = 0xa0;

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
