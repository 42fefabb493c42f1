import {
  handlePercpuDemuxIrq,
  handlePercpuDevidIrq,
  handlePercpuIrqNostat,
  handlePercpuIrqNostatShown,
} from '../irq/line/percpu-flow.js';
import type { IrqFlowHandler } from '../irq/data/irqdesc.js';

/**
 * How the interrupts of a line that only demultiplexes others are counted: what the review of the RFC's patch 6 weighs.
 * A plug-in point of the design.
 */
export interface LineAccounting {
  /** Flow handler, where the line is a Linux IRQ (arm64). */
  readonly flow: IrqFlowHandler;
  /** True if the line has no row in /proc/interrupts. */
  readonly hidden: boolean;
  /** False if the total of /proc/stat leaves the line out. */
  readonly inStat: boolean;
  /** Where it is none (x86): whether an interrupt counts whose handler says `wanted`. */
  counts(wanted: boolean): boolean;
}

/** Each interrupt counts, so that it and those behind it are counted twice: the kernel before the RFC (sysvec_hyperv_callback of arch/x86/kernel/cpu/mshyperv.c, handle_percpu_devid_irq). */
export class PercpuAccounting implements LineAccounting {
  readonly flow = handlePercpuDevidIrq;
  readonly hidden = false;
  readonly inStat = true;

  counts(_wanted: boolean): boolean {
    return true;
  }
}

/** An interrupt counts if it had something of its own to handle: RFC patch 6, and on x86 patch 9. */
export class PercpuDemuxAccounting implements LineAccounting {
  readonly flow = handlePercpuDemuxIrq;
  readonly hidden = false;
  readonly inStat = true;

  counts(wanted: boolean): boolean {
    return wanted;
  }
}

/** What the RFC proposes. */
export const percpuDemux: LineAccounting = new PercpuDemuxAccounting();

/** Each interrupt counts in /proc/interrupts and none in the total of /proc/stat: proposed in the review. */
export class NostatVisibleAccounting implements LineAccounting {
  readonly flow = handlePercpuIrqNostatShown;
  readonly hidden = false;
  readonly inStat = false;

  counts(_wanted: boolean): boolean {
    return true;
  }
}

/** No interrupt counts, and the line is hidden (IRQ_HIDDEN; no HYP row on x86): proposed in the review, and agreed. */
export class NostatHiddenAccounting implements LineAccounting {
  readonly flow = handlePercpuIrqNostat;
  readonly hidden = true;
  readonly inStat = false;

  counts(_wanted: boolean): boolean {
    return false;
  }
}
