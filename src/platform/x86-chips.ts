import { errnoValue } from '../lib/errno.js';
import type { CpuMask } from '../machine/cpumask.js';
import { IRQ_SET_MASK_OK, type IrqChip } from '../irq/irqchip.js';
import type { IrqData } from '../irq/irqdata.js';
import { irqMoveIrq } from '../irq/migration.js';
import type { VectorMatrix } from './vectors.js';

/**
 * A chip whose interrupts need a vector on the CPU they go to: the IO-APIC, PCI-MSI. Changes of affinity wait for the
 * next interrupt, where ack or eoi carries them out (arch/x86/kernel/apic/vector.c apic_set_affinity, apic_ack_irq).
 */
export class VectorChip implements IrqChip {
  constructor(
    readonly name: string,
    private readonly vectors: VectorMatrix,
  ) {}

  irqShutdown(data: IrqData): void {
    this.vectors.release(data.irq);
  }

  irqMask(): void {}

  irqUnmask(): void {}

  irqAck(data: IrqData): void {
    irqMoveIrq(data);
  }

  irqEoi(data: IrqData): void {
    irqMoveIrq(data);
  }

  irqSetAffinity(data: IrqData, dest: CpuMask): number {
    const cpu = this.vectors.assign(data.irq, dest);
    if (cpu < 0) return errnoValue('ENOSPC');
    data.effectiveAffinity.clearAll();
    data.effectiveAffinity.set(cpu);
    return IRQ_SET_MASK_OK;
  }
}
