import type { IrqChip } from './irqdata.js';

/**
 * How wide the columns of /proc/interrupts are since 7.2 (kernel/irq/proc.c irq_proc_constraints): as wide as anything
 * ever had to be, so they never get narrower. Older kernels measure at each read.
 */
export class ProcConstraints {
  private prec = 4;
  private chip = 8;

  /** Width of the first column, 4 to 10. */
  get numPrec(): number {
    return this.prec;
  }

  /** Width of the chip column, 8 or more. */
  get chipWidth(): number {
    return this.chip;
  }

  /** There are so many interrupt numbers from now on (irq_proc_calc_prec). */
  calcPrec(totalNrIrqs: number): void {
    while (this.prec < 10 && 10 ** this.prec <= totalNrIrqs) this.prec += 1;
  }

  /** A line got this chip (irq_proc_update_chip). */
  updateChip(chip: IrqChip | null): void {
    const length = chip?.name?.length ?? 0;
    if (length > this.chip) this.chip = length;
  }
}
