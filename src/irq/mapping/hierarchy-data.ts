import type { Hwirq, Irq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { IrqCore } from '../data/core.js';
import { disconnectedChip, noIrqChip, unsetChip } from '../data/dummychip.js';
import { type IrqChip, IrqData } from '../data/irqdata.js';
import type { IrqFlowHandler } from '../data/irqdesc.js';
import { type IrqDomain, irqDomainGetIrqData } from '../data/revmap.js';
import { irqSetHandler, irqSetHandlerData } from '../management/chip.js';

/** What a line gets at the level of one domain. */
export interface LevelInfo {
  readonly hwirq: Hwirq;
  /** null: none. */
  readonly chip: IrqChip | null;
  readonly chipData?: unknown;
}

/** Gives a line its number and chip at the level of `domain`; ENOENT if it has no such level. */
export function irqDomainSetHwirqAndChip(domain: IrqDomain, irq: Irq, info: LevelInfo): number {
  const data = irqDomainGetIrqData(domain, irq);
  if (data === null) return errnoValue('ENOENT');
  data.hwirq = info.hwirq;
  data.setChip(info.chip ?? noIrqChip);
  data.chipData = info.chipData ?? null;
  domain.core.procConstraints.updateChip(info.chip);
  return 0;
}

/** The same with what a line has once (kernel/irq/irqdomain.c irq_domain_set_info). */
export function irqDomainSetInfo(
  domain: IrqDomain,
  irq: Irq,
  info: LevelInfo & {
    readonly handler: IrqFlowHandler;
    readonly handlerName: string | null;
    readonly handlerData?: unknown;
  },
): void {
  irqDomainSetHwirqAndChip(domain, irq, info);
  irqSetHandler(domain.core, irq, info.handler, false, info.handlerName);
  irqSetHandlerData(domain.core, irq, info.handlerData ?? null);
}

/** Undoes irqDomainSetHwirqAndChip (kernel/irq/irqdomain.c irq_domain_reset_irq_data). */
export function irqDomainResetIrqData(data: IrqData): void {
  data.hwirq = 0;
  data.setChip(noIrqChip);
  data.chipData = null;
}

/**
 * For a domain's alloc: the line has no use for this level and those nearer to the CPU. EINVAL if it is not in `domain`
 * (kernel/irq/irqdomain.c irq_domain_disconnect_hierarchy).
 */
export function irqDomainDisconnectHierarchy(domain: IrqDomain, irq: Irq): number {
  const data = irqDomainGetIrqData(domain, irq);
  if (data === null) return errnoValue('EINVAL');
  data.setChip(disconnectedChip);
  return 0;
}

/** A level of the same line below `child` (kernel/irq/irqdomain.c irq_domain_insert_irq_data). */
export function addLevel(child: IrqData, domain: IrqDomain): IrqData {
  const { desc, irq, affinity, effectiveAffinity, node } = child;
  const data = new IrqData(desc, irq, unsetChip, affinity, effectiveAffinity, node);
  data.domain = domain;
  child.parentData = data;
  return data;
}

/** Gives a line a level for `domain` and each of its parents (kernel/irq/irqdomain.c irq_domain_alloc_irq_data). */
export function addLevels(domain: IrqDomain, outermost: IrqData): void {
  outermost.domain = domain;
  let data = outermost;
  for (let { parent } = domain; parent !== null; parent = parent.parent) data = addLevel(data, parent);
}

/** Takes all levels but the descriptor's own away (kernel/irq/irqdomain.c irq_domain_free_irq_data). */
export function removeLevels(outermost: IrqData): void {
  outermost.parentData = null;
  outermost.domain = null;
}

/**
 * Takes away the levels that a domain's alloc has marked as of no use; EINVAL if what it left makes no sense: no chip
 * before the mark, or one behind it (kernel/irq/irqdomain.c irq_domain_trim_hierarchy).
 */
export function trimHierarchy(core: IrqCore, outermost: IrqData): number {
  const { chip } = outermost;
  if (chip === unsetChip || chip === disconnectedChip) return errnoValue('EINVAL');
  let last: IrqData | null = null;
  for (let data = outermost; data.parentData !== null; data = data.parentData) {
    const isSet = data.parentData.chip !== unsetChip;
    if (isSet === (last !== null)) return errnoValue('EINVAL');
    if (data.parentData.chip === disconnectedChip) last = data;
  }
  if (last === null) return 0;
  const trimmed = last.parentData?.domain?.name ?? '';
  core.machine.log.printk(`irq: IRQ${outermost.irq}: trimming hierarchy from ${trimmed}`);
  last.parentData = null;
  return 0;
}
