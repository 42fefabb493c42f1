import type { IrqCore } from '../data/core.js';
import { IrqDomain, type IrqDomainExtras, type IrqDomainOps } from '../data/revmap.js';
import { warn } from '../messages/warn.js';

/** What an irqdomain is made of (struct irq_domain_info). */
export interface IrqDomainOptions extends IrqDomainExtras {
  /** Shown in /sys/kernel/irq and in messages. */
  readonly name: string;
  readonly ops: IrqDomainOps;
  /** The controller's own. */
  readonly hostData?: unknown;
}

/** A domain for hwirqs 0 to size - 1, looked up in an array (irq_domain_create_linear). */
export function irqDomainCreateLinear(
  core: IrqCore,
  options: IrqDomainOptions & { readonly size: number },
): IrqDomain {
  const { name, ops, hostData, size } = options;
  return new IrqDomain(core, name, ops, hostData, size, size, false, options);
}

/** A domain for any hwirqs, looked up in a tree (irq_domain_create_tree). */
export function irqDomainCreateTree(core: IrqCore, options: IrqDomainOptions): IrqDomain {
  const { name, ops, hostData } = options;
  return new IrqDomain(core, name, ops, hostData, 0, Number.POSITIVE_INFINITY, false, options);
}

/** A domain whose hwirqs are Linux interrupt numbers, below `maxIrq` (irq_domain_create_nomap). */
export function irqDomainCreateNomap(
  core: IrqCore,
  options: IrqDomainOptions & { readonly maxIrq: number },
): IrqDomain {
  const { name, ops, hostData, maxIrq } = options;
  return new IrqDomain(core, name, ops, hostData, 0, maxIrq, true, options);
}

/**
 * A domain whose lines go through `parent` and on to its parents; 0 as size: looked up in a tree
 * (irq_domain_create_hierarchy).
 */
export function irqDomainCreateHierarchy(
  core: IrqCore,
  options: IrqDomainOptions & { readonly size: number; readonly parent: IrqDomain | null },
): IrqDomain {
  return options.size === 0 ? irqDomainCreateTree(core, options) : irqDomainCreateLinear(core, options);
}

/**
 * Takes a domain away; its mappings must be disposed before, which the kernel only sees of those in the tree
 * (kernel/irq/irqdomain.c irq_domain_remove).
 */
export function irqDomainRemove(domain: IrqDomain): void {
  const { core } = domain;
  if (domain.tree.size !== 0) warn(core, 'irqdomain', 'irq_domain_remove');
  if (core.defaultDomain === domain) core.defaultDomain = null;
  core.removeDomain(domain);
}
