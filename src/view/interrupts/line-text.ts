import type { CpuId } from '../../lib/brand.js';
import { irqd } from '../../irq/data/irqdata.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import {
  irqSettingsIsHidden,
  irqSettingsIsPerCpu,
  irqSettingsIsPerCpuDevid,
} from '../../irq/data/settings.js';
import type { KernelBehaviour } from '../../irq/kernel.js';
import type { InterruptsForm, IrqText } from './table.js';

type IdleRows = KernelBehaviour['idleRows'];

function hasAction(desc: IrqDesc): boolean {
  return desc.action !== undefined && !desc.isChained;
}

/** True for a line whose interrupts are counted on each CPU only, not in all. */
function countsPerCpuOnly(desc: IrqDesc): boolean {
  return irqSettingsIsPerCpu(desc) || irqSettingsIsPerCpuDevid(desc);
}

/** Whether the line has a row (the first lines of kernel/irq/proc.c show_interrupts). */
export function isShown(desc: IrqDesc, idleRows: IdleRows, cpus: readonly CpuId[]): boolean {
  if (irqSettingsIsHidden(desc)) return false;
  if (hasAction(desc)) return true;
  if (idleRows === 'none') return false;
  if (idleRows === 'counted' && !countsPerCpuOnly(desc)) return desc.totCount !== 0;
  return cpus.some((cpu) => desc.cold.kstat[cpu] !== 0);
}

/** True if the line's counters are not looked at: form 7.2 shows zeros where the line's total says that there are none. */
export function isSilent(desc: IrqDesc, form: InterruptsForm): boolean {
  return form === '7.2' && desc.totCount === 0 && !countsPerCpuOnly(desc);
}

/** What a line's row says behind its counts. @param levels there is a Level/Edge column. */
export function lineText(desc: IrqDesc, levels: boolean): IrqText {
  const { data } = desc;
  const printed = data.chip.irqPrintChip?.(data);
  return {
    chip: printed ?? data.chip.name ?? '-',
    chipPrinted: printed !== undefined,
    hwirq: data.domain === null ? null : data.hwirq,
    trigger: levels ? (data.has(irqd.LEVEL) ? 'Level' : 'Edge') : null,
    flow: desc.cold.name,
    actions: [...desc.actions()].map((action) => action.name ?? '(null)'),
  };
}

/** True if the line's row says this still. */
export function saysStill(desc: IrqDesc, levels: boolean, text: IrqText): boolean {
  const { data, cold } = desc;
  const printed = data.chip.irqPrintChip?.(data);
  if (text.chipPrinted !== (printed !== undefined) || text.chip !== (printed ?? data.chip.name ?? '-'))
    return false;
  if (text.hwirq !== (data.domain === null ? null : data.hwirq) || text.flow !== cold.name) return false;
  if (levels && (text.trigger === 'Level') !== data.has(irqd.LEVEL)) return false;
  let at = 0;
  for (let { action } = desc; action !== undefined; action = action.next) {
    if (text.actions[at] !== (action.name ?? '(null)')) return false;
    at += 1;
  }
  return at === text.actions.length;
}
