import type { Hwirq, Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import { irqClearStatusFlags, irqSetChipAndHandler, irqSetStatusFlags } from '../management/chip.js';
import type { IrqCore } from '../data/core.js';
import type { LineDomain } from '../data/irqdata.js';
import { allocDescs, freeDescs } from './alloc-descs.js';
import type { IrqAffinityDesc, IrqDesc } from '../data/irqdesc.js';
import { IrqDomain, type IrqDomainOps, irqFindMapping } from '../data/revmap.js';
import { irqStatus } from '../data/settings.js';
import { warn } from '../messages/warn.js';

export interface IrqDomainOptions {
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
  return new IrqDomain(core, name, ops, hostData, size, size, false);
}

/** A domain for any hwirqs, looked up in a tree (irq_domain_create_tree). */
export function irqDomainCreateTree(core: IrqCore, options: IrqDomainOptions): IrqDomain {
  const { name, ops, hostData } = options;
  return new IrqDomain(core, name, ops, hostData, 0, Number.POSITIVE_INFINITY, false);
}

/** A domain whose hwirqs are Linux interrupt numbers, below `maxIrq` (irq_domain_create_nomap). */
export function irqDomainCreateNomap(
  core: IrqCore,
  options: IrqDomainOptions & { readonly maxIrq: number },
): IrqDomain {
  const { name, ops, hostData, maxIrq } = options;
  return new IrqDomain(core, name, ops, hostData, 0, maxIrq, true);
}

/** Takes a domain away; its mappings must be disposed before (irq_domain_remove). */
export function irqDomainRemove(domain: IrqDomain): void {
  const { core } = domain;
  if (domain.mapcount !== 0) warn(core, 'irqdomain', 'irq_domain_remove');
  const at = core.domains.indexOf(domain);
  if (at >= 0) core.domains.splice(at, 1);
}

/** Gives `hwirq` a Linux number, or finds the one it has; 0 if that fails (irq_create_mapping_affinity). */
export function irqCreateMapping(
  domain: IrqDomain,
  hwirq: Hwirq,
  affinity: IrqAffinityDesc | null = null,
): Irq {
  const found = irqFindMapping(domain, hwirq);
  if (found !== 0) return found;
  const { core } = domain;
  const irq = domainAllocDesc(core, hwirq, affinity);
  if (irq <= 0) return 0;
  if (irqDomainAssociate(domain, irq, hwirq) !== 0) {
    freeDescs(core, irq, 1);
    return 0;
  }
  return irq;
}

/** Numbers start at the hwirq where that is free, which keeps them readable (irq_domain_alloc_descs). */
function domainAllocDesc(core: IrqCore, hwirq: Hwirq, affinity: IrqAffinityDesc | null): number {
  const affinities = affinity ? [affinity] : null;
  const hint = hwirq % core.nrIrqs || 1;
  const irq = allocDescs(core, -1, hint, 1, affinities);
  return irq <= 0 && hint > 1 ? allocDescs(core, -1, 1, 1, affinities) : irq;
}

/** Maps `hwirq` to an allocated descriptor; 0 or a negative errno (kernel/irq/irqdomain.c irq_domain_associate). */
export function irqDomainAssociate(domain: IrqDomain, irq: Irq, hwirq: Hwirq): number {
  const { core } = domain;
  const desc = core.desc(irq);
  if (desc === undefined || desc.data.domain !== null || hwirq >= domain.hwirqMax) {
    return refuseAssociation(domain, irq, hwirq, desc);
  }
  const { data } = desc;
  data.hwirq = hwirq;
  data.domain = domain;
  const ret = domain.ops.map ? domain.ops.map(domain, irq, hwirq) : 0;
  if (ret !== 0) {
    if (ret !== errnoValue('EPERM')) {
      core.machine.log.printk(
        `irq: ${domain.name} didn't like hwirq-0x${hwirq.toString(16)} to VIRQ${irq} mapping (rc=${ret})`,
      );
    }
    data.domain = null;
    data.hwirq = 0;
    return ret;
  }
  domain.setMapping(hwirq, desc);
  irqClearStatusFlags(core, irq, irqStatus.NOREQUEST);
  return 0;
}

function refuseAssociation(domain: IrqDomain, irq: Irq, hwirq: Hwirq, desc: IrqDesc | undefined): number {
  let text = `error: virq${irq} is already associated`;
  if (hwirq >= domain.hwirqMax)
    text = `error: hwirq 0x${(hwirq >>> 0).toString(16)} is too large for ${domain.name}`;
  else if (desc === undefined) text = `error: virq${irq} is not allocated`;
  warn(domain.core, 'irqdomain', 'irq_domain_associate_locked', text);
  return errnoValue('EINVAL');
}

/** Takes the mapping of a line away, and the line (kernel/irq/irqdomain.c irq_dispose_mapping). */
export function irqDisposeMapping(core: IrqCore, irq: Irq): void {
  const desc = core.desc(irq);
  if (irq === 0 || desc === undefined) return;
  const { domain } = desc.data;
  if (domain === null) {
    warn(core, 'irqdomain', 'irq_dispose_mapping');
    return;
  }
  irqDomainDisassociate(core, domain, desc);
  freeDescs(core, irq, 1);
}

/**
 * Takes the mapping of a line away; the line stays (kernel/irq/irqdomain.c irq_domain_disassociate). Linux waits for
 * handlers that still run there; in the model none can be in the middle, and threads are left to free_irq.
 */
export function irqDomainDisassociate(core: IrqCore, domain: LineDomain, desc: IrqDesc): void {
  const { irq, data } = desc;
  const { hwirq } = data;
  irqSetStatusFlags(core, irq, irqStatus.NOREQUEST);
  irqSetChipAndHandler(core, irq, null, null);
  domain.unmap(irq);
  data.domain = null;
  data.hwirq = 0;
  domain.clearMapping(hwirq);
}
