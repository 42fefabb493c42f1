import { errnoValue } from '../../lib/errno.js';
import type { IrqData } from '../data/irqdata.js';
import type { IrqDesc } from '../data/irqdesc.js';
import { IrqChipGeneric, IrqChipType } from './chip-type.js';

// Callbacks for chips whose lines are bits of registers (kernel/irq/generic-chip.c).

/** The controller of a line, and the type of its chip. */
function partsOf(d: IrqData): { gc: IrqChipGeneric; ct: IrqChipType } {
  const { chipData: gc, chip: ct } = d;
  if (!(gc instanceof IrqChipGeneric && ct instanceof IrqChipType)) {
    throw new TypeError(`IRQ ${d.irq} is not a line of a generic chip`);
  }
  return { gc, ct };
}

/** Nothing (irq_gc_noop). */
export function irqGcNoop(): void {}

/** Masks by the line's bit in a register of its own for that (irq_gc_mask_disable_reg). */
export function irqGcMaskDisableReg(d: IrqData): void {
  const { gc, ct } = partsOf(d);
  gc.writel(d.mask, ct.regs.disable);
  ct.maskCache.value = (ct.maskCache.value & ~d.mask) >>> 0;
}

/** Unmasks by the line's bit in a register of its own for that (irq_gc_unmask_enable_reg). */
export function irqGcUnmaskEnableReg(d: IrqData): void {
  const { gc, ct } = partsOf(d);
  gc.writel(d.mask, ct.regs.enable);
  ct.maskCache.value = (ct.maskCache.value | d.mask) >>> 0;
}

/** Sets the line's bit in the mask register (irq_gc_mask_set_bit): masks, or unmasks, as the chip understands it. */
export function irqGcMaskSetBit(d: IrqData): void {
  const { gc, ct } = partsOf(d);
  ct.maskCache.value = (ct.maskCache.value | d.mask) >>> 0;
  gc.writel(ct.maskCache.value, ct.regs.mask);
}

/** Clears the line's bit in the mask register (irq_gc_mask_clr_bit). */
export function irqGcMaskClrBit(d: IrqData): void {
  const { gc, ct } = partsOf(d);
  ct.maskCache.value = (ct.maskCache.value & ~d.mask) >>> 0;
  gc.writel(ct.maskCache.value, ct.regs.mask);
}

/** Acknowledges by a one (irq_gc_ack_set_bit). */
export function irqGcAckSetBit(d: IrqData): void {
  const { gc, ct } = partsOf(d);
  gc.writel(d.mask, ct.regs.ack);
}

/** Acknowledges by a zero, with ones for the other lines (irq_gc_ack_clr_bit). */
export function irqGcAckClrBit(d: IrqData): void {
  const { gc, ct } = partsOf(d);
  gc.writel(~d.mask, ct.regs.ack);
}

/** Masks by a register of its own, and acknowledges by a one (irq_gc_mask_disable_and_ack_set). */
export function irqGcMaskDisableAndAckSet(d: IrqData): void {
  irqGcMaskDisableReg(d);
  irqGcAckSetBit(d);
}

/** Ends the interrupt by a one (irq_gc_eoi). */
export function irqGcEoi(d: IrqData): void {
  const { gc, ct } = partsOf(d);
  gc.writel(d.mask, ct.regs.eoi);
}

/** Notes that the line is to wake the machine, or not to; EINVAL for one that cannot (irq_gc_set_wake). */
export function irqGcSetWake(d: IrqData, on: boolean): number {
  const { gc } = partsOf(d);
  if ((d.mask & gc.wakeEnabled) === 0) return errnoValue('EINVAL');
  gc.wakeActive = (on ? gc.wakeActive | d.mask : gc.wakeActive & ~d.mask) >>> 0;
  return 0;
}

/**
 * Gives the line the chip and the flow handler that its controller has for trigger `type`; for a chip's irqSetType
 * (irq_setup_alt_chip). 0, or EINVAL if there is none.
 */
export function irqSetupAltChip(desc: IrqDesc, type: number): number {
  const { gc } = partsOf(desc.data);
  const chip = gc.chipTypes.find((candidate) => (candidate.type & type) !== 0);
  if (chip === undefined) return errnoValue('EINVAL');
  desc.data.setChip(chip);
  if (chip.handler !== null) desc.handleIrq = chip.handler;
  return 0;
}
