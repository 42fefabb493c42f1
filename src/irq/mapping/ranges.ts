import type { Hwirq, Irq } from '../../lib/brand.js';
import type { IrqCore } from '../data/core.js';
import { IrqDomain } from '../data/revmap.js';
import { allocDescs } from './alloc-descs.js';
import type { IrqDomainOptions } from './create-domain.js';
import { irqDomainAssociate } from './irqdomain.js';

// Domains whose hwirqs are mapped to a range of fixed Linux numbers when the domain is made.

/**
 * A linear domain of hwirqs 0 to size - 1 (kernel/irq/irqdomain.c irq_domain_create_simple).
 *
 * @param options firstIrq: the hwirqs' numbers start there, and are allocated if they are not yet; 0: each is mapped when
 *   it is wanted.
 */
export function irqDomainCreateSimple(
  core: IrqCore,
  options: IrqDomainOptions & { readonly size: number; readonly firstIrq: Irq },
): IrqDomain {
  const { name, ops, hostData, size, firstIrq } = options;
  const domain = new IrqDomain(core, name, ops, hostData, size, size, false);
  if (firstIrq <= 0) return domain;
  if (allocDescs(core, firstIrq, firstIrq, size) < 0) {
    core.machine.log.printk(`Cannot allocate irq_descs @ IRQ${firstIrq}, assuming pre-allocated`);
  }
  irqDomainAssociateMany(domain, firstIrq, 0, size);
  return domain;
}

/**
 * A domain of `size` hwirqs from `firstHwirq` on, with the Linux numbers from `firstIrq` on, which must be allocated
 * (kernel/irq/irqdomain.c irq_domain_create_legacy).
 */
export function irqDomainCreateLegacy(
  core: IrqCore,
  options: IrqDomainOptions & { readonly size: number; readonly firstIrq: Irq; readonly firstHwirq: Hwirq },
): IrqDomain {
  const { name, ops, hostData, size, firstIrq, firstHwirq } = options;
  const end = firstHwirq + size;
  const domain = new IrqDomain(core, name, ops, hostData, end, end, false);
  irqDomainAssociateMany(domain, firstIrq, firstHwirq, size);
  return domain;
}

/** Maps `count` hwirqs to as many numbers (kernel/irq/irqdomain.c irq_domain_associate_many). */
export function irqDomainAssociateMany(domain: IrqDomain, irq: Irq, hwirq: Hwirq, count: number): void {
  for (let i = 0; i < count; i++) irqDomainAssociate(domain, irq + i, hwirq + i);
}
