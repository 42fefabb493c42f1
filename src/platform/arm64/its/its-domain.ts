import type { Irq } from '../../../lib/brand.js';
import { errnoValue } from '../../../lib/errno.js';
import type { IrqCore } from '../../../irq/core.js';
import { irqType } from '../../../irq/data/irqaction.js';
import type { IrqData } from '../../../irq/data/irqdata.js';
import {
  type IrqDomain,
  irqDomainFlags,
  irqDomainGetIrqData,
  type IrqDomainOps,
} from '../../../irq/data/revmap.js';
import { irqDomainCreateHierarchy } from '../../../irq/mapping/create-domain.js';
import { irqDomainAllocIrqsParent, irqDomainFreeIrqsParent } from '../../../irq/mapping/hierarchy.js';
import { irqDomainResetIrqData, irqDomainSetHwirqAndChip } from '../../../irq/mapping/hierarchy-data.js';
import type { MsiAllocInfo } from '../../../irq/msi/msi-domain.js';
import type { Gic } from '../gic.js';
import { ItsDevice } from './device.js';
import { ItsChip } from './its-chip.js';
import type { Its } from './its.js';

/** Where the ITS is, as its domain's name tells: as QEMU's `virt` machine has it. */
const NAME = 'irqchip@0x0000000008080000';
/** What the name gets appended: DOMAIN_BUS_NEXUS. */
const BUS_TOKEN = 5;

/** The ITS' irqdomain, between the GIC and the devices' messages (drivers/irqchip/irq-gic-v3-its.c its_domain_ops). */
export class ItsDomain implements IrqDomainOps {
  /** Name of the controller, without what tells its domains apart. */
  readonly controller = NAME;
  readonly domain: IrqDomain;
  private readonly chip: ItsChip;

  constructor(
    core: IrqCore,
    private readonly its: Its,
    gic: { readonly gic: Gic; readonly domain: IrqDomain },
  ) {
    const { MSI_PARENT, ISOLATED_MSI } = irqDomainFlags;
    this.chip = new ItsChip(its, gic.gic);
    this.domain = irqDomainCreateHierarchy(core, {
      name: `${NAME}-${BUS_TOKEN}`,
      size: 0,
      parent: gic.domain,
      flags: ISOLATED_MSI | (core.behaviour.perDeviceItsDomains ? MSI_PARENT : 0),
      ops: this,
    });
  }

  /** its_irq_domain_alloc */
  alloc(domain: IrqDomain, irq: Irq, count: number, arg: unknown): number {
    const { desc } = arg as MsiAllocInfo;
    const device = this.its.device(desc.requester);
    if (device === undefined) return errnoValue('EINVAL');
    const lpi = device.alloc(count);
    if (lpi < 0) return lpi;
    const fwnode = domain.parent?.fwnode ?? null;
    for (let i = 0; i < count; i++) {
      const fwspec = { fwnode, param: [lpi + i, irqType.EDGE_RISING] };
      const ret = irqDomainAllocIrqsParent(domain, irq + i, 1, fwspec);
      if (ret !== 0) return ret;
      irqDomainSetHwirqAndChip(domain, irq + i, { hwirq: lpi + i, chip: this.chip, chipData: device });
      const d = irqDomainGetIrqData(domain, irq + i);
      if (d !== null) this.its.setUpLine(d);
    }
    return 0;
  }

  /** its_irq_domain_free: before 6.16 a device's table goes with its last message. */
  free(domain: IrqDomain, irq: Irq, count: number): void {
    for (let i = irq; i < irq + count; i++) {
      const d = irqDomainGetIrqData(domain, i);
      if (d === null || !(d.chipData instanceof ItsDevice)) continue;
      const device = d.chipData;
      device.release(d.hwirq, 1);
      irqDomainResetIrqData(d);
      if (!domain.core.behaviour.itsTablesStay) this.its.teardown(device);
    }
    irqDomainFreeIrqsParent(domain, irq, count);
  }

  activate(_domain: IrqDomain, d: IrqData): number {
    return this.its.activate(d);
  }

  deactivate(_domain: IrqDomain, d: IrqData): void {
    this.its.deactivate(d);
  }
}
