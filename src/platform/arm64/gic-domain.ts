import type { Irq } from '../../lib/brand.js';
import { handlePercpuDevidIrq } from '../../irq/line/percpu-flow.js';
import { irqSetChipAndHandler, irqSetStatusFlags } from '../../irq/management/chip.js';
import type { IrqCore } from '../../irq/core.js';
import { allocDescs } from '../../irq/mapping/alloc-descs.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import { type IrqDomain, irqResolveMapping } from '../../irq/data/revmap.js';
import { irqDomainCreateTree } from '../../irq/mapping/create-domain.js';
import { irqDisposeMapping, irqDomainAssociate } from '../../irq/mapping/irqdomain.js';
import { irqSetPercpuDevid } from '../../irq/management/percpu.js';
import { irqStatus } from '../../irq/data/settings.js';
import { GicChip } from './gicv3.js';

const NR_SGIS = 8;

/** The GICv3's irqdomain: interrupt ids to Linux IRQs. */
export class GicDomain {
  private readonly chip = new GicChip();
  private readonly domain: IrqDomain;

  constructor(private readonly core: IrqCore) {
    this.domain = irqDomainCreateTree(core, { name: 'irqchip@0x00000000ffff0000-1', ops: {} });
    for (let sgi = 0; sgi < NR_SGIS; sgi++) {
      const { irq } = this.mapPpi(sgi);
      irqSetStatusFlags(core, irq, irqStatus.HIDDEN);
    }
  }

  /**
   * Maps a per-CPU interrupt id, unless it is mapped, to the next free Linux IRQ (gic_irq_domain_map).
   *
   * @param at another Linux IRQ to take, in place of an inter-processor interrupt that has it.
   * @throws RangeError if `at` is taken otherwise.
   */
  mapPpi(intid: number, at?: Irq): IrqDesc {
    const { core } = this;
    const mapped = irqResolveMapping(this.domain, intid);
    if (mapped !== undefined) return mapped;
    if (at !== undefined && core.desc(at)?.data.domain === this.domain) irqDisposeMapping(core, at);
    const irq = at === undefined ? allocDescs(core, -1, 1, 1) : allocDescs(core, at, 0, 1);
    if (irq < 0) throw new RangeError(`IRQ ${at} is taken; choose another number`);
    irqDomainAssociate(this.domain, irq, intid);
    irqSetPercpuDevid(core, irq);
    irqSetChipAndHandler(core, irq, this.chip, handlePercpuDevidIrq, null);
    const desc = core.desc(irq);
    if (desc === undefined) throw new Error(`no IRQ for interrupt id ${intid}`);
    return desc;
  }
}
