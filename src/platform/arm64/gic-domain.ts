import type { Hwirq, Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { Machine } from '../../machine/machine.js';
import { handleFasteoiIrq } from '../../irq/line/flow.js';
import { genericHandleDomainIrq } from '../../irq/line/handle.js';
import { handlePercpuDevidIrq } from '../../irq/line/percpu-flow.js';
import { irqSetHandler } from '../../irq/management/chip.js';
import type { IrqCore } from '../../irq/core.js';
import { irqType } from '../../irq/data/irqaction.js';
import { irqd } from '../../irq/data/irqdata.js';
import { freeDescs } from '../../irq/mapping/alloc-descs.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import {
  type FwspecMeaning,
  type IrqDomain,
  irqDomainGetIrqData,
  type IrqFwspec,
  irqResolveMapping,
} from '../../irq/data/revmap.js';
import { irqDomainCreateTree } from '../../irq/mapping/create-domain.js';
import { irqDomainAllocIrqs } from '../../irq/mapping/hierarchy.js';
import { irqDomainResetIrqData, irqDomainSetInfo } from '../../irq/mapping/hierarchy-data.js';
import { irqDisposeMapping } from '../../irq/mapping/irqdomain.js';
import { irqSetPercpuDevid } from '../../irq/management/percpu.js';
import { Gic } from './gic.js';
import { GicChip } from './gicv3.js';
import { intidRange, isInRedistributor } from './intid.js';

/** The GICv3's irqdomain: interrupt ids to Linux IRQs. */
export class GicDomain {
  readonly gic: Gic;
  private readonly chip: GicChip;
  readonly domain: IrqDomain;

  constructor(
    machine: Machine,
    private readonly core: IrqCore,
  ) {
    this.gic = new Gic(machine, (intid) => this.handle(intid));
    this.chip = new GicChip(this.gic);
    this.domain = irqDomainCreateTree(core, {
      name: 'irqchip@0x00000000ffff0000-1',
      fwnode: {},
      ops: {
        translate: (_domain, fwspec) => translate(fwspec),
        alloc: (_domain, irq, count, arg) => this.alloc(irq, count, arg as IrqFwspec),
        free: (domain, irq, count) => this.free(domain, irq, count),
      },
    });
  }

  /** gic_irq_domain_alloc */
  private alloc(irq: Irq, count: number, fwspec: IrqFwspec): number {
    const { hwirq } = translate(fwspec);
    for (let i = 0; i < count; i++) {
      const ret = this.setUp(irq + i, hwirq + i);
      if (ret !== 0) return ret;
    }
    return 0;
  }

  /** gic_irq_domain_free */
  private free(domain: IrqDomain, irq: Irq, count: number): void {
    for (let i = irq; i < irq + count; i++) {
      const d = irqDomainGetIrqData(domain, i);
      irqSetHandler(this.core, i, null, false, null);
      if (d !== null) irqDomainResetIrqData(d);
    }
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
    const { domain } = this;
    const fwspec: IrqFwspec = { fwnode: domain.fwnode, param: [intid, type] };
    const irq = irqDomainAllocIrqs(domain, 1, fwspec, { irq: at });
    if (irq === errnoValue('EPERM'))
      throw new RangeError(`GICv3 has no interrupt ${intid}; its lines are 16-1019, 1056-1119 and 4096-5119`);
    const desc = irq < 0 ? undefined : core.desc(irq);
    if (desc === undefined) throw new RangeError(`IRQ ${at} is taken; choose another number`);
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
    const { core, chip, domain } = this;
    const desc = core.desc(irq);
    const range = intidRange(intid);
    if (desc === undefined || range === 'invalid' || (range === 'LPI' && !this.gic.hasLpis))
      return errnoValue('EPERM');
    const isPrivate = isInRedistributor(intid);
    if (isPrivate) irqSetPercpuDevid(core, irq);
    const handler = isPrivate ? handlePercpuDevidIrq : handleFasteoiIrq;
    irqDomainSetInfo(domain, irq, { hwirq: intid, chip, handler, handlerName: null });
    if (!isPrivate && range !== 'LPI') desc.data.set(irqd.SINGLE_TARGET);
    desc.data.set(irqd.HANDLE_ENFORCE_IRQCTX);
    return 0;
  }

  /** An interrupt that nobody knows is ended, or its CPU would get no other (drivers/irqchip/irq-gic-v3.c __gic_handle_irq). */
  private handle(intid: Hwirq): void {
    if (genericHandleDomainIrq(this.domain, intid) !== 0) this.gic.deactivate(intid);
  }
}

/** The interrupt id comes first, then its trigger type (gic_irq_domain_translate, of ACPI). */
function translate({ param }: IrqFwspec): FwspecMeaning {
  const [hwirq, type = irqType.NONE] = param;
  return { hwirq, type };
}
