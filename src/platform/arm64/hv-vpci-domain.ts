import type { Hwirq, Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { IrqCore } from '../../irq/core.js';
import { irqType } from '../../irq/data/irqaction.js';
import type { IrqChip, IrqData } from '../../irq/data/irqdata.js';
import { type IrqDomain, irqDomainGetIrqData, type IrqDomainOps } from '../../irq/data/revmap.js';
import {
  irqChipEoiParent,
  irqChipMaskParent,
  irqChipSetAffinityParent,
  irqChipUnmaskParent,
} from '../../irq/line/chip-parent.js';
import { irqDomainCreateHierarchy } from '../../irq/mapping/create-domain.js';
import { irqDomainAllocIrqsParent, irqDomainFreeIrqsParent } from '../../irq/mapping/hierarchy.js';
import { irqDomainResetIrqData, irqDomainSetHwirqAndChip } from '../../irq/mapping/hierarchy-data.js';

/** SPIs for passed-through devices (HV_PCI_MSI_SPI_START, HV_PCI_MSI_SPI_NR). */
const SPI_START = 64;
const SPI_COUNT = 1020 - SPI_START;

/** hv_arm64_msi_irq_chip: all that it does is the GIC's. */
const hvArm64MsiIrqChip: IrqChip = {
  name: 'MSI',
  symbol: 'hv_arm64_msi_irq_chip',
  irqSetAffinity: irqChipSetAffinityParent,
  irqEoi: irqChipEoiParent,
  irqMask: irqChipMaskParent,
  irqUnmask: irqChipUnmaskParent,
};

/**
 * Hyper-V on arm64 has no ITS: each message of a passed-through device is a shared interrupt of the GIC, which this
 * domain gives out (drivers/pci/controller/pci-hyperv.c hv_pci_domain_ops).
 */
export class HvVpciDomain implements IrqDomainOps {
  readonly domain: IrqDomain;
  private readonly taken = new Set<Hwirq>();

  constructor(
    private readonly core: IrqCore,
    gic: IrqDomain,
  ) {
    this.domain = irqDomainCreateHierarchy(core, {
      name: 'hv_vpci_arm64',
      size: SPI_COUNT,
      parent: gic,
      ops: this,
    });
  }

  /** hv_pci_vec_irq_domain_alloc */
  alloc(domain: IrqDomain, irq: Irq, count: number): number {
    const first = this.take(count);
    if (first < 0) return first;
    for (let i = 0; i < count; i++) {
      const ret = this.allocSpi(domain, irq + i, first + i);
      if (ret !== 0) {
        this.release(first, count);
        irqDomainFreeIrqsParent(domain, irq, i);
        return ret;
      }
      irqDomainSetHwirqAndChip(domain, irq + i, {
        hwirq: first + i,
        chip: hvArm64MsiIrqChip,
        chipData: this,
      });
    }
    return 0;
  }

  /** No firmware tells how the interrupt comes, so the GIC is told here (hv_pci_vec_irq_gic_domain_alloc). */
  private allocSpi(domain: IrqDomain, irq: Irq, spi: Hwirq): number {
    const gic = domain.parent;
    const fwspec = { fwnode: gic?.fwnode ?? null, param: [spi, irqType.EDGE_RISING] };
    const ret = irqDomainAllocIrqsParent(domain, irq, 1, fwspec);
    const d = gic === null || ret !== 0 ? null : irqDomainGetIrqData(gic, irq);
    return d === null ? ret : (d.chip.irqSetType?.(d, irqType.EDGE_RISING) ?? 0);
  }

  /** hv_pci_vec_irq_domain_free */
  free(domain: IrqDomain, irq: Irq, count: number): void {
    const first = irqDomainGetIrqData(domain, irq);
    if (first !== null) this.release(first.hwirq, count);
    for (let i = irq; i < irq + count; i++) {
      const d = irqDomainGetIrqData(domain, i);
      if (d !== null) irqDomainResetIrqData(d);
    }
    irqDomainFreeIrqsParent(domain, irq, count);
  }

  /** Some CPU, for the host's first answer; the GIC decides later (hv_pci_vec_irq_domain_activate). */
  activate(_domain: IrqDomain, d: IrqData): number {
    d.effectiveAffinity.clearAll();
    d.effectiveAffinity.set(this.core.machine.present.first());
    return 0;
  }

  /** A power of two of SPIs, at such a multiple from the first (bitmap_find_free_region); ENOSPC if there are none. */
  private take(count: number): Hwirq {
    const size = sizeFor(count);
    for (let index = 0; index + size <= SPI_COUNT; index += size) {
      const spis = Array.from({ length: size }, (_, i) => SPI_START + index + i);
      if (spis.some((spi) => this.taken.has(spi))) continue;
      for (const spi of spis) this.taken.add(spi);
      return SPI_START + index;
    }
    return errnoValue('ENOSPC');
  }

  /** bitmap_release_region */
  private release(first: Hwirq, count: number): void {
    for (let spi = first; spi < first + sizeFor(count); spi++) this.taken.delete(spi);
  }
}

/** The power of two that `count` SPIs take (get_count_order). */
function sizeFor(count: number): number {
  return 2 ** (32 - Math.clz32(count - 1));
}
