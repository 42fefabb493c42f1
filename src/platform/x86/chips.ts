import type { CpuId } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import { CpuMask } from '../../machine/cpumask.js';
import type { Machine } from '../../machine/machine.js';
import { cpusOfNode } from '../../machine/topology.js';
import { IRQ_SET_MASK_OK } from '../../irq/data/irqchip.js';
import type { IrqChip, IrqData } from '../../irq/data/irqdata.js';
import type { IrqDomain, IrqDomainOps } from '../../irq/data/revmap.js';
import { irqMoveIrq } from '../../irq/affinity/migration.js';
import type { VectorMatrix } from './vectors.js';

/**
 * A chip whose interrupts need a vector on the CPU they go to: the IO-APIC, PCI-MSI. Changes of affinity wait for the
 * next interrupt, where ack or eoi carries them out (arch/x86/kernel/apic/vector.c apic_set_affinity, apic_ack_irq).
 */
export class VectorChip implements IrqChip {
  readonly irqPrintChip?: () => string;

  /** @param printed what it writes into /proc/interrupts instead of its name. */
  constructor(
    readonly name: string,
    private readonly vectors: VectorMatrix,
    printed?: string,
    readonly flags = 0,
  ) {
    if (printed !== undefined) this.irqPrintChip = () => printed;
  }

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
    setEffective(data, cpu);
    return IRQ_SET_MASK_OK;
  }
}

/** Gives an interrupt its vector when it is requested, and takes it back when it is freed. */
export class VectorDomainOps implements IrqDomainOps {
  constructor(
    private readonly machine: Machine,
    private readonly vectors: VectorMatrix,
  ) {}

  /**
   * arch/x86/kernel/apic/vector.c activate_reserved, assign_irq_vector_any_locked: on the interrupt's node if it has
   * one, else anywhere in its affinity, else anywhere.
   */
  activate(_domain: IrqDomain, data: IrqData): number {
    const { affinity, irq } = data;
    for (const mask of this.choices(data)) {
      const cpu = this.vectors.assign(irq, mask);
      if (cpu < 0) continue;
      setEffective(data, cpu);
      if (!affinity.has(cpu)) {
        this.machine.log.printk(`irq ${irq}: Affinity broken due to vector space exhaustion.`);
      }
      return 0;
    }
    return errnoValue('ENOSPC');
  }

  /** Gives the interrupt's vector back (arch/x86/kernel/apic/vector.c x86_vector_deactivate). */
  deactivate(_domain: IrqDomain, data: IrqData): void {
    this.vectors.release(data.irq);
  }

  private choices({ affinity, node }: IrqData): CpuMask[] {
    const { nrCpuIds, online, topology } = this.machine;
    if (node < 0) return [affinity, online];
    const near = CpuMask.of(nrCpuIds, cpusOfNode(topology, node));
    return [affinity.and(near), near, affinity, online];
  }
}

function setEffective(data: IrqData, cpu: CpuId): void {
  data.effectiveAffinity.clearAll();
  data.effectiveAffinity.set(cpu);
}
