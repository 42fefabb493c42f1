import type { Hwirq, Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { Machine } from '../../machine/machine.js';
import { handleFasteoiIrq } from '../../irq/line/flow.js';
import { genericHandleDomainIrq } from '../../irq/line/handle.js';
import { handlePercpuDevidIrq } from '../../irq/line/percpu-flow.js';
import { irqSetChipAndHandler } from '../../irq/management/chip.js';
import type { IrqCore } from '../../irq/core.js';
import { irqType } from '../../irq/data/irqaction.js';
import { irqd } from '../../irq/data/irqdata.js';
import { allocDescs, freeDescs } from '../../irq/mapping/alloc-descs.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import { type IrqDomain, irqResolveMapping } from '../../irq/data/revmap.js';
import { irqDomainCreateTree } from '../../irq/mapping/create-domain.js';
import { irqDisposeMapping, irqDomainAssociate } from '../../irq/mapping/irqdomain.js';
import { irqSetPercpuDevid } from '../../irq/management/percpu.js';
import { Gic } from './gic.js';
import { GicChip } from './gicv3.js';
import { intidRange, isInRedistributor } from './intid.js';

/** The GICv3's irqdomain: interrupt ids to Linux IRQs. */
export class GicDomain {
  readonly gic: Gic;
  private readonly chip: GicChip;
  private readonly domain: IrqDomain;

  constructor(
    machine: Machine,
    private readonly core: IrqCore,
  ) {
    this.gic = new Gic(machine, (intid) => this.handle(intid));
    this.chip = new GicChip(this.gic);
    this.domain = irqDomainCreateTree(core, {
      name: 'irqchip@0x00000000ffff0000-1',
      ops: { map: (_domain, irq, intid) => this.setUp(irq, intid) },
    });
  }

  /**
   * Maps an interrupt id, unless it is mapped, to the next free Linux IRQ (kernel/irq/irqdomain.c
   * irq_create_fwspec_mapping).
   *
   * @param type what the firmware says of the line (IRQ_TYPE_*); 0 for SGIs, which no table lists.
   * @param at another Linux IRQ to take.
   * @throws RangeError if `at` is taken, or there is no such interrupt id.
   */
  map(intid: Hwirq, type: number, at?: Irq): IrqDesc {
    const { core } = this;
    const mapped = irqResolveMapping(this.domain, intid);
    if (mapped !== undefined) {
      if (at === undefined || mapped.irq === at) return mapped;
      throw new RangeError(
        `interrupt ${intid} of the GICv3 is IRQ ${mapped.irq} already, and cannot be ${at}`,
      );
    }
    if (at !== undefined) this.vacate(at);
    const irq = at === undefined ? allocDescs(core, -1, 1, 1) : allocDescs(core, at, 0, 1);
    if (irq < 0) throw new RangeError(`IRQ ${at} is taken; choose another number`);
    const desc = core.desc(irq);
    if (desc === undefined || irqDomainAssociate(this.domain, irq, intid) !== 0)
      throw new RangeError(`GICv3 has no interrupt ${intid}; its lines are 16-1019, 1056-1119 and 4096-5119`);
    if (type !== irqType.NONE) desc.data.triggerType = type;
    return desc;
  }

  /** An IRQ that exists and that nobody has requested makes room. */
  private vacate(irq: Irq): void {
    const { core } = this;
    const present = core.desc(irq);
    if (present === undefined || present.action !== undefined) return;
    if (present.data.domain === null) freeDescs(core, irq, 1);
    else irqDisposeMapping(core, irq);
  }

  /** Gives a line its chip and flow handler (drivers/irqchip/irq-gic-v3.c gic_irq_domain_map). */
  private setUp(irq: Irq, intid: Hwirq): number {
    const { core, chip } = this;
    const desc = core.desc(irq);
    const range = intidRange(intid);
    if (desc === undefined || range === 'invalid' || (range === 'LPI' && !this.gic.hasLpis))
      return errnoValue('EPERM');
    if (isInRedistributor(intid)) {
      irqSetPercpuDevid(core, irq);
      irqSetChipAndHandler(core, irq, chip, handlePercpuDevidIrq, null);
    } else {
      irqSetChipAndHandler(core, irq, chip, handleFasteoiIrq, null);
      if (range !== 'LPI') desc.data.set(irqd.SINGLE_TARGET);
    }
    desc.data.set(irqd.HANDLE_ENFORCE_IRQCTX);
    return 0;
  }

  /** An interrupt that nobody knows is ended, or its CPU would get no other (drivers/irqchip/irq-gic-v3.c __gic_handle_irq). */
  private handle(intid: Hwirq): void {
    if (genericHandleDomainIrq(this.domain, intid) !== 0) this.gic.deactivate(intid);
  }
}
