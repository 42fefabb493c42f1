import type { CpuId } from '../../lib/brand.js';
import type { IrqCore } from '../../irq/core.js';
import { type IrqChip, irqd } from '../../irq/data/irqdata.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
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

/** Forms of kernels that show a line without an action, too, if it has counts on a CPU online. */
const countsSuffice: ReadonlySet<InterruptsForm> = new Set(['2.6.18', '3.18', '6.1']);

/** Whether the line has a row (the first lines of kernel/irq/proc.c show_interrupts). */
function isShown(desc: IrqDesc, form: InterruptsForm, cpus: readonly CpuId[]): boolean {
  if (irqSettingsIsHidden(desc)) return false;
  if (hasAction(desc)) return true;
  return countsSuffice.has(form) && cpus.some((cpu) => desc.cold.kstat[cpu] !== 0);
}

/** A line's counts. Form 7.2 looks at them only if the line's total says that there are any. */
function countsOf(desc: IrqDesc, form: InterruptsForm, cpus: readonly CpuId[]): number[] {
  const perCpu = irqSettingsIsPerCpu(desc) || irqSettingsIsPerCpuDevid(desc);
  const silent = form === '7.2' && !perCpu && desc.totCount === 0;
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

/**
 * /proc/interrupts of a running machine, in the form of its kernel. It remembers the widest chip name it has seen, as
 * the column of form 7.2 never gets narrower.
 */
export class InterruptsView {
  readonly form: InterruptsForm;
  private chipWidth: number;

  constructor(
    private readonly core: IrqCore,
    private readonly arch: ArchInterrupts = noArchInterrupts,
    options: InterruptsViewOptions = {},
  ) {
    this.form = options.form ?? core.behaviour.procInterruptsForm;
    this.chipWidth = options.chipWidth ?? 8;
  }

  /** A line got this chip: the chip column of form 7.2 is at least as wide as its name from now on. */
  noteChip({ name }: IrqChip): void {
    this.chipWidth = Math.max(this.chipWidth, name?.length ?? 0);
  }

  table(): InterruptsTable {
    const { core, arch, form } = this;
    const cpus = [...core.machine.online];
    const width = labelWidth(form, core.nrIrqs);
    const levels = hasLevelColumn(arch);
    const rows: IrqRow[] = [];
    for (const desc of core.descs()) {
      this.noteChip(desc.data.chip);
      if (isShown(desc, form, cpus)) rows.push(irqRow(desc, form, cpus, levels));
    }
    const { above, below } = archRows(arch, form, width, cpus);
    return {
      cpus,
      labelWidth: width,
      chipWidth: this.chipWidth,
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
