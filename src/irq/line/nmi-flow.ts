import type { Hwirq } from '../../lib/brand.js';
import { errnoValue } from '../../lib/errno.js';
import type { IrqAction } from '../data/irqaction.js';
import type { IrqDesc } from '../data/irqdesc.js';
import { kstatIncrThisCpuOnly } from '../data/kstat.js';
import { type IrqDomain, irqResolveMapping } from '../data/revmap.js';
import { warnOnce } from '../messages/warn.js';
import { genericHandleIrqDesc } from './handle.js';
import { traceEntry, traceExit } from './trace.js';

// Flow handlers of non-maskable interrupts: they interrupt those who hold locks, so they take none.

/** For a line that requestNmi has taken: its one handler, and the end of the interrupt (kernel/irq/chip.c handle_fasteoi_nmi). */
export function handleFasteoiNmi(desc: IrqDesc): void {
  const { data, irq } = desc;
  kstatIncrThisCpuOnly(desc);
  const action = onlyAction(desc);
  const { tracePort } = desc.core.machine;
  if (tracePort !== undefined) traceEntry(tracePort, irq, action);
  const res = action.handler(irq, action.devId);
  if (tracePort !== undefined) traceExit(tracePort, irq, res);
  data.chip.irqEoi?.(data);
}

/**
 * The same for a line that each CPU has for itself (kernel/irq/chip.c handle_percpu_devid_fasteoi_nmi); since 6.19 such
 * lines have handlePercpuDevidIrq.
 */
export function handlePercpuDevidFasteoiNmi(desc: IrqDesc): void {
  handleFasteoiNmi(desc);
}

/** The kernel does not ask whether somebody has requested the line: it would jump to address 0. */
function onlyAction({ action, irq }: IrqDesc): IrqAction {
  if (action === undefined) throw new TypeError(`NMI of IRQ ${irq}, which nobody has requested`);
  return action;
}

/** As genericHandleDomainIrq, from a non-maskable interrupt (kernel/irq/irqdesc.c generic_handle_domain_nmi). */
export function genericHandleDomainNmi(domain: IrqDomain, hwirq: Hwirq): number {
  const { core } = domain;
  if (!core.machine.runningCpu.nmi) warnOnce(core, 'irqdesc', 'generic_handle_domain_nmi');
  const desc = irqResolveMapping(domain, hwirq);
  return desc === undefined ? errnoValue('EINVAL') : genericHandleIrqDesc(desc);
}
