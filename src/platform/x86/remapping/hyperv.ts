import type { Irq } from '../../../lib/brand.js';
import { errnoValue } from '../../../lib/errno.js';
import { CpuMask } from '../../../machine/cpumask.js';
import type { IrqCore } from '../../../irq/core.js';
import { IRQ_SET_MASK_OK, IRQ_SET_MASK_OK_DONE } from '../../../irq/data/irqchip.js';
import type { IrqChip, IrqData, MsiMsg } from '../../../irq/data/irqdata.js';
import { type IrqDomain, irqDomainGetIrqData, type IrqDomainOps } from '../../../irq/data/revmap.js';
import { irqChipSetAffinityParent } from '../../../irq/line/chip-parent.js';
import { irqDomainCreateHierarchy } from '../../../irq/mapping/create-domain.js';
import { irqDomainAllocIrqsParent, irqDomainFreeIrqsCommon } from '../../../irq/mapping/hierarchy.js';
import { lineOf } from '../vectors.js';
import type { InterruptRemapping, RemappingParts } from './unit.js';

/** Pins of Hyper-V's IO-APIC (IOAPIC_REMAPPING_ENTRY). */
const IOAPIC_REMAPPING_ENTRY = 24;
/** The IO-APIC can name APIC ids below this: its messages have 8 bits for them. */
const APIC_IDS = 256;

/** Nothing is remapped: the chip sees to it that the IO-APIC is never told of a CPU that it cannot name. */
class HypervRemappingChip implements IrqChip {
  readonly name = 'HYPERV-IR';
  readonly symbol = 'hyperv_ir_chip';

  constructor(
    private readonly reachable: CpuMask,
    private readonly parts: RemappingParts,
  ) {}

  irqAck(d: IrqData): void {
    this.parts.apics.ackIrq(d);
  }

  irqSetAffinity(d: IrqData, dest: CpuMask, force: boolean): number {
    if (!dest.andNot(this.reachable).isEmpty) return errnoValue('EINVAL');
    const ret = irqChipSetAffinityParent(d, dest, force);
    if (ret < 0 || ret === IRQ_SET_MASK_OK_DONE) return ret;
    this.parts.vectors.moves.scheduleCleanup(lineOf(d));
    return IRQ_SET_MASK_OK;
  }
}

/**
 * What a guest of Hyper-V has in place of remapping when its host does not offer APIC ids of 15 bits in messages: a
 * domain between the vectors and the IO-APIC alone, whose lines go to CPUs with an APIC id below 256
 * (drivers/iommu/hyperv-iommu.c, drivers/iommu/hyperv/hv-irq-remap-x86.c of 7.2; not the part for root partitions). The
 * model's APIC ids are CPU numbers. Moves wait for an interrupt before 6.15: nobody says IRQ_MOVE_PCNTXT.
 */
export class HypervRemapping implements InterruptRemapping, IrqDomainOps {
  readonly takesPciMessages = false;
  readonly domain: IrqDomain;
  private readonly chip: HypervRemappingChip;
  /** ioapic_max_cpumask */
  private readonly reachable: CpuMask;

  constructor(core: IrqCore, parts: RemappingParts) {
    const { nrCpuIds, possible } = core.machine;
    const named = Array.from({ length: Math.min(possible.weight, APIC_IDS) }, (_, cpu) => cpu);
    this.reachable = CpuMask.of(nrCpuIds, named);
    this.chip = new HypervRemappingChip(this.reachable, parts);
    this.domain = irqDomainCreateHierarchy(core, {
      name: 'HYPERV-IR-0',
      size: IOAPIC_REMAPPING_ENTRY,
      parent: parts.parent,
      ops: this,
    });
  }

  alloc(domain: IrqDomain, irq: Irq, count: number, arg: unknown): number {
    const ret = irqDomainAllocIrqsParent(domain, irq, count, arg);
    if (ret < 0) return ret;
    const d = irqDomainGetIrqData(domain, irq);
    if (d === null) throw new Error(`IRQ ${irq} has no level in ${domain.name}`);
    d.setChip(this.chip);
    d.affinity.copyFrom(this.reachable);
    return 0;
  }

  free(domain: IrqDomain, irq: Irq, count: number): void {
    irqDomainFreeIrqsCommon(domain, irq, count);
  }

  remap(msg: MsiMsg): MsiMsg {
    return msg;
  }
}
