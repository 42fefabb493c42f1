import type { Irq } from '../../lib/brand.js';
import type { MsiMsg } from '../data/irqdata.js';
import type { IrqAffinityDesc } from '../data/irqdesc.js';

/** The device's side of its MSIs: what it writes to interrupt, and what it keeps back. */
export interface MsiHardware {
  /** From now on the interrupt is this message; zeros: none. */
  writeMsg(index: number, msg: MsiMsg): void;
  /** Keeps the interrupt back, or lets it go. */
  mask(index: number, masked: boolean): void;
}

export const noMsiMsg: MsiMsg = { addressHi: 0, addressLo: 0, data: 0 };

/** One message of a device, or several in a row (struct msi_desc). */
export class MsiDesc {
  /** The first Linux number; 0: none yet. */
  irq: Irq = 0;
  /** What was written to the device last. */
  msg = noMsiMsg;

  constructor(
    readonly hardware: MsiHardware,
    /** Number of the message in its device. */
    readonly index: number,
    /** Lines that it stands for: more than one only for MSI without X, whose messages differ in their data alone. */
    readonly nvecUsed = 1,
    /** One entry per line: CPUs that it is meant for; null: any. */
    readonly affinity: readonly IrqAffinityDesc[] | null = null,
    /** The device can keep it back. */
    readonly canMask = true,
    /** What the bus calls the device that sends it (pci_dev_id); 0 where nobody asks. */
    readonly requester = 0,
  ) {}
}
