import type { IrqChip, IrqData } from '../data/irqdata.js';
import type { IrqFlowHandler } from '../data/irqdesc.js';
import type { IrqDomain } from '../data/revmap.js';

/** Registers of a controller, 32 bits wide each (readl and writel on its reg_base). */
export interface RegisterFile {
  /** The register at `offset` bytes, 0 to 2^32 - 1. */
  readl(offset: number): number;
  writel(value: number, offset: number): void;
}

/** How generic chips are set up (enum irq_gc_flags, without the one for lockdep). */
export const irqGc = {
  /** The mask cache begins with what is in the register. */
  INIT_MASK_CACHE: 1 << 0,
  /** Each chip type has a mask cache of its own. */
  MASK_CACHE_PER_TYPE: 1 << 2,
  /** The chip's owner sets the mask bits of the lines. */
  NO_MASK: 1 << 3,
  /** The registers are big-endian. */
  BE_IO: 1 << 4,
} as const;

/** Offsets of a chip type's registers, in bytes; those that it lacks are 0 (struct irq_chip_regs). */
export interface IrqChipRegs {
  enable: number;
  disable: number;
  mask: number;
  ack: number;
  eoi: number;
  type: number;
}

/**
 * The chip of a generic chip's lines of one flow type: level, edge (struct irq_chip_type with its struct irq_chip).
 * Its owner gives it callbacks, those of callbacks.ts or others.
 */
export class IrqChipType implements IrqChip {
  name: string | null = null;
  flags = 0;
  readonly regs: IrqChipRegs = { enable: 0, disable: 0, mask: 0, ack: 0, eoi: 0, type: 0 };
  /** The trigger types, bits of irqType, that it is for. */
  type = 0;
  handler: IrqFlowHandler | null = null;
  /** What was written last to the mask register; several types may share one. */
  maskCache: { value: number } = { value: 0 };
  irqMask?: (d: IrqData) => void;
  irqUnmask?: (d: IrqData) => void;
  irqAck?: (d: IrqData) => void;
  irqMaskAck?: (d: IrqData) => void;
  irqEoi?: (d: IrqData) => void;
  irqEnable?: (d: IrqData) => void;
  irqDisable?: (d: IrqData) => void;
  irqSetType?: (d: IrqData, type: number) => number;
  irqSetWake?: (d: IrqData, on: boolean) => number;
  irqSuspend?: (d: IrqData) => void;
  irqResume?: (d: IrqData) => void;
  irqPmShutdown?: (d: IrqData) => void;
  /** Sets `d.mask`; missing: the bit of the line's number within the chip. */
  irqCalcMask?: (d: IrqData) => void;
}

/**
 * A controller, or a part of it, of up to 32 lines that differ in a bit of its registers (struct irq_chip_generic).
 *
 * Access rules: its registers and caches are guarded by a raw spinlock in Linux (gc->lock); here each callback of a
 * chip is one step.
 */
export class IrqChipGeneric {
  /** First Linux number of its lines, or with a domain the first hwirq. */
  readonly irqBase: number;
  irqCnt = 0;
  regs: RegisterFile | null;
  bigEndian = false;
  domain: IrqDomain | null = null;
  /** Lines that may wake the machine, and those that are to, as bits. */
  wakeEnabled = 0;
  wakeActive = 0;
  /** Lines of a domain's chip that are mapped, and that cannot be. */
  installed = 0;
  unused = 0;
  readonly maskCache = { value: 0 };
  readonly chipTypes: readonly IrqChipType[];
  suspend?: (gc: IrqChipGeneric) => void;
  resume?: (gc: IrqChipGeneric) => void;

  /**
   * @param namesAll kernels before 6.7 name only the first type (kernel/irq/generic-chip.c irq_init_generic_chip).
   */
  constructor(
    name: string,
    numCt: number,
    irqBase: number,
    regs: RegisterFile | null,
    handler: IrqFlowHandler | null,
    namesAll: boolean,
  ) {
    this.irqBase = irqBase;
    this.regs = regs;
    this.chipTypes = Array.from({ length: numCt }, () => new IrqChipType());
    for (const [at, type] of this.chipTypes.entries()) if (at === 0 || namesAll) type.name = name;
    this.chipTypes[0].handler = handler;
  }

  /** irq_reg_readl. */
  readl(offset: number): number {
    const value = this.registers.readl(offset);
    return this.bigEndian ? swapBytes(value) : value >>> 0;
  }

  /** irq_reg_writel. */
  writel(value: number, offset: number): void {
    this.registers.writel(this.bigEndian ? swapBytes(value) : value >>> 0, offset);
  }

  private get registers(): RegisterFile {
    if (this.regs === null)
      throw new TypeError(`generic chip ${this.chipTypes[0].name} has no registers yet`);
    return this.regs;
  }
}

function swapBytes(value: number): number {
  const swapped =
    ((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | ((value >>> 24) & 0xff);
  return swapped >>> 0;
}
