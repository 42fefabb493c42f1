import type { CpuId } from '../../lib/brand.js';
import type { IrqCore } from '../../irq/core.js';
import { irqd } from '../../irq/data/irqdata.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import type { KernelBehaviour } from '../../irq/kernel.js';
import {
  irqSettingsIsHidden,
  irqSettingsIsPerCpu,
  irqSettingsIsPerCpuDevid,
} from '../../irq/data/settings.js';
import { type ArchInterrupts, archRows, hasLevelColumn } from './arch.js';
import { printInterrupts } from './print.js';
import { type InterruptsForm, type InterruptsTable, type IrqRow, labelWidth } from './table.js';

/** For machines whose architecture counts nothing of its own. */
export const noArchInterrupts: ArchInterrupts = { arch: 'unknown', sources: () => [] };

function hasAction(desc: IrqDesc): boolean {
  return desc.action !== undefined && !desc.isChained;
}

type IdleRows = KernelBehaviour['idleRows'];

/** Which lines without an action a form of the file shows whose kernel is not asked. */
function idleRowsOf(form: InterruptsForm): IdleRows {
  return form === '2.6.18' || form === '3.18' || form === '6.1' ? 'countedOnline' : 'none';
}

/** True for a line whose interrupts are counted on each CPU only, not in all. */
function countsPerCpuOnly(desc: IrqDesc): boolean {
  return irqSettingsIsPerCpu(desc) || irqSettingsIsPerCpuDevid(desc);
}

/** Whether the line has a row (the first lines of kernel/irq/proc.c show_interrupts). */
function isShown(desc: IrqDesc, idleRows: IdleRows, cpus: readonly CpuId[]): boolean {
  if (irqSettingsIsHidden(desc)) return false;
  if (hasAction(desc)) return true;
  if (idleRows === 'none') return false;
  if (idleRows === 'counted' && !countsPerCpuOnly(desc)) return desc.totCount !== 0;
  return cpus.some((cpu) => desc.cold.kstat[cpu] !== 0);
}

/** A line's counts. Form 7.2 looks at them only if the line's total says that there are any. */
function countsOf(desc: IrqDesc, form: InterruptsForm, cpus: readonly CpuId[]): number[] {
  const silent = form === '7.2' && !countsPerCpuOnly(desc) && desc.totCount === 0;
  return cpus.map((cpu) => (silent ? 0 : desc.cold.kstat[cpu]));
}

function irqRow(desc: IrqDesc, form: InterruptsForm, cpus: readonly CpuId[], levels: boolean): IrqRow {
  const { data } = desc;
  const printed = data.chip.irqPrintChip?.(data);
  return {
    kind: 'irq',
    irq: desc.irq,
    counts: countsOf(desc, form, cpus),
    chip: printed ?? data.chip.name ?? '-',
    chipPrinted: printed !== undefined,
    hwirq: data.domain === null ? null : data.hwirq,
    trigger: levels ? (data.has(irqd.LEVEL) ? 'Level' : 'Edge') : null,
    flow: desc.cold.name,
    actions: [...desc.actions()].map((action) => action.name ?? '(null)'),
  };
}

/** How /proc/interrupts is shown, where that does not follow from the machine. */
export interface InterruptsViewOptions {
  /** Default: the form of the machine's kernel. */
  readonly form?: InterruptsForm;
  /** Width that the chip column of form 7.2 has at least, for chips that are gone; default 8. */
  readonly chipWidth?: number;
}

/** /proc/interrupts of a running machine, in the form of its kernel. */
export class InterruptsView {
  readonly form: InterruptsForm;
  private readonly chipWidth: number;
  private readonly idleRows: IdleRows;

  constructor(
    private readonly core: IrqCore,
    private readonly arch: ArchInterrupts = noArchInterrupts,
    options: InterruptsViewOptions = {},
  ) {
    const { procInterruptsForm, idleRows } = core.behaviour;
    this.form = options.form ?? procInterruptsForm;
    this.idleRows = this.form === procInterruptsForm ? idleRows : idleRowsOf(this.form);
    this.chipWidth = options.chipWidth ?? 8;
  }

  table(): InterruptsTable {
    const { core, arch, form } = this;
    const cpus = [...core.machine.online];
    const { numPrec, chipWidth } = core.procConstraints;
    const width = form === '7.2' ? numPrec : labelWidth(form, core.nrIrqs);
    const levels = hasLevelColumn(arch);
    const rows: IrqRow[] = [];
    for (const desc of core.descs()) {
      if (isShown(desc, this.idleRows, cpus)) rows.push(irqRow(desc, form, cpus, levels));
    }
    const { above, below } = archRows(arch, form, width, cpus);
    return {
      cpus,
      labelWidth: width,
      chipWidth: Math.max(this.chipWidth, chipWidth),
      rows: [...above, ...rows, ...below],
    };
  }

  text(): string {
    return printInterrupts(this.table(), this.form);
  }
}

/** What /proc/interrupts of the machine says now. */
export function interruptsTable(core: IrqCore, arch?: ArchInterrupts): InterruptsTable {
  return new InterruptsView(core, arch).table();
}
