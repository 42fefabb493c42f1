import type { CpuId } from '../../lib/brand.js';
import { TextBytes } from '../../lib/text-bytes.js';
import type { IrqCore } from '../../irq/core.js';
import type { IrqDesc } from '../../irq/data/irqdesc.js';
import type { KernelBehaviour } from '../../irq/kernel.js';
import { type ArchInterrupts, archRows, hasLevelColumn, rowOfCpus, type ShownArchRow } from './arch.js';
import { CountColumns } from './count-columns.js';
import { KeptLine } from './kept-line.js';
import { isShown, isSilent, lineText, saysStill } from './line-text.js';
import {
  printArchEnd,
  printArchHead,
  printHeader,
  printInterrupts,
  printIrqEnd,
  printIrqHead,
  printTotal,
} from './print.js';
import {
  type InterruptsForm,
  type InterruptsRow,
  type InterruptsTable,
  type IrqRow,
  type IrqText,
  labelWidth,
  type TotalRow,
} from './table.js';

/** For machines whose architecture counts nothing of its own. */
export const noArchInterrupts: ArchInterrupts = { arch: 'unknown', sources: () => [] };

type IdleRows = KernelBehaviour['idleRows'];

/** Which lines without an action a form of the file shows whose kernel is not asked. */
function idleRowsOf(form: InterruptsForm): IdleRows {
  return form === '2.6.18' || form === '3.18' || form === '6.1' ? 'countedOnline' : 'none';
}

/** How /proc/interrupts is shown, where that does not follow from the machine. */
export interface InterruptsViewOptions {
  /** Default: the form of the machine's kernel. */
  readonly form?: InterruptsForm;
  /** Width that the chip column of form 7.2 has at least, for chips that are gone; default 8. */
  readonly chipWidth?: number;
}

/** A row with the counters behind it, for who looks at them again and again. */
export type CountedRow =
  | (IrqText & {
      readonly kind: 'irq';
      readonly desc: IrqDesc;
      /** One for each possible CPU, which go on counting. */
      readonly counts: ArrayLike<number>;
    })
  | ShownArchRow
  | TotalRow;

/** What all rows of a text have in common. */
type Layout = Omit<InterruptsTable, 'rows'>;

/** /proc/interrupts of a running machine, in the form of its kernel. */
export class InterruptsView {
  readonly form: InterruptsForm;
  private readonly chipWidth: number;
  private readonly idleRows: IdleRows;
  private readonly levels: boolean;
  private readonly out = new TextBytes();
  /** How `out` is laid out. */
  private layout: Layout = { cpus: [], labelWidth: 0, chipWidth: 0 };
  private columns = new CountColumns([]);
  private kept: KeptLine[] = [];
  private headerEnd = 0;
  /** False until `out` has been written to its end, and once an update did not get there. */
  private isWhole = false;
  /** Interrupts of all lines when `out` was written last. */
  private counted = 0;

  constructor(
    private readonly core: IrqCore,
    private readonly arch: ArchInterrupts = noArchInterrupts,
    options: InterruptsViewOptions = {},
  ) {
    const { procInterruptsForm, idleRows } = core.behaviour;
    this.form = options.form ?? procInterruptsForm;
    this.idleRows = this.form === procInterruptsForm ? idleRows : idleRowsOf(this.form);
    this.chipWidth = options.chipWidth ?? 8;
    this.levels = hasLevelColumn(arch);
  }

  table(): InterruptsTable {
    const { core, arch, form, idleRows } = this;
    const layout = this.layoutNow();
    const { cpus } = layout;
    const rows: IrqRow[] = [];
    for (const desc of core.descs()) if (isShown(desc, idleRows, cpus)) rows.push(this.irqRow(desc, cpus));
    const { above, below } = archRows(arch, form, layout.labelWidth);
    const ofCpus = (row: ShownArchRow | TotalRow): InterruptsRow => rowOfCpus(row, cpus);
    return { ...layout, rows: [...above.map(ofCpus), ...rows, ...below.map(ofCpus)] };
  }

  /**
   * The rows of the file as it is now. Other than in `table`, offline CPUs have their counters, too, which stay while they
   * are offline.
   */
  rows(): CountedRow[] {
    const { core, arch, form, idleRows, levels } = this;
    const { cpus, labelWidth: width } = this.layoutNow();
    const rows: CountedRow[] = [];
    for (const desc of core.descs())
      if (isShown(desc, idleRows, cpus))
        rows.push({ kind: 'irq', desc, counts: desc.cold.kstat, ...lineText(desc, levels) });
    const { above, below } = archRows(arch, form, width);
    return [...above, ...rows, ...below];
  }

  text(): string {
    this.update();
    // Names can have any characters, and strings keep them all.
    return this.out.isAscii ? this.out.asciiText() : printInterrupts(this.table(), this.form);
  }

  /** The text, a byte per character; it stays so until the file is read again. */
  bytes(): Uint8Array {
    this.update();
    return this.out.written();
  }

  private irqRow(desc: IrqDesc, cpus: readonly CpuId[]): IrqRow {
    const silent = isSilent(desc, this.form);
    const counts = cpus.map((cpu) => (silent ? 0 : desc.cold.kstat[cpu]));
    return { kind: 'irq', irq: desc.irq, counts, ...lineText(desc, this.levels) };
  }

  private layoutNow(): Layout {
    const { core, form } = this;
    const { numPrec, chipWidth } = core.procConstraints;
    return {
      cpus: [...core.machine.online],
      labelWidth: form === '7.2' ? numPrec : labelWidth(form, core.nrIrqs),
      chipWidth: Math.max(this.chipWidth, chipWidth),
    };
  }

  /** Makes `out` what the file says now. */
  private update(): void {
    const { arch, form, out, core } = this;
    this.follow(this.layoutNow());
    this.isWhole = false;
    out.at = this.headerEnd;
    const { above, below } = archRows(arch, form, this.layout.labelWidth);
    for (const row of above) this.writeArch(row);
    this.forgetWrapped(core.irqsSum);
    this.writeLines();
    for (const row of below) this.writeArch(row);
    this.isWhole = true;
  }

  /** Where the layout has changed, all is written again. */
  private follow(layout: Layout): void {
    const { out, form } = this;
    if (this.isWhole && sameLayout(layout, this.layout)) return;
    this.layout = layout;
    this.columns = new CountColumns(layout.cpus);
    this.kept = [];
    out.at = 0;
    out.text(`${printHeader(layout.cpus, layout.labelWidth, form)}\n`);
    this.headerEnd = out.at;
  }

  /** A line's total that has gone round would look as if nothing had been counted. */
  private forgetWrapped(irqsSum: Float64Array): void {
    let counted = 0;
    for (const sum of irqsSum) counted += sum;
    if (counted - this.counted > 0xffffffff) for (const row of this.kept) row.forget();
    this.counted = counted;
  }

  private writeLines(): void {
    const { core, form, idleRows, levels, out, columns, kept, layout } = this;
    let rows = 0;
    for (const desc of core.descs()) {
      if (!isShown(desc, idleRows, layout.cpus)) continue;
      let row = kept[rows];
      if (row?.desc !== desc || !saysStill(desc, levels, row.says)) {
        const says = lineText(desc, levels);
        const rest = `${printIrqEnd(says, layout, form)}\n`;
        row = new KeptLine(desc, says, printIrqHead(desc.irq, layout.labelWidth), rest);
        kept[rows] = row;
      }
      row.write(out, columns, isSilent(desc, form));
      rows += 1;
    }
    kept.length = rows;
  }

  private writeArch(row: ShownArchRow | TotalRow): void {
    const { out, columns } = this;
    const { labelWidth: width } = this.layout;
    if (row.kind === 'total') {
      out.text(`${printTotal(row, width)}\n`);
      return;
    }
    out.text(printArchHead(row, width));
    if (row.counts.length > 0) columns.writeAny(out, row.counts);
    out.text(`${printArchEnd(row)}\n`);
  }
}

function sameLayout(a: Layout, b: Layout): boolean {
  return (
    a.labelWidth === b.labelWidth &&
    a.chipWidth === b.chipWidth &&
    a.cpus.length === b.cpus.length &&
    a.cpus.every((cpu, i) => cpu === b.cpus[i])
  );
}

/** What /proc/interrupts of the machine says now. */
export function interruptsTable(core: IrqCore, arch?: ArchInterrupts): InterruptsTable {
  return new InterruptsView(core, arch).table();
}
