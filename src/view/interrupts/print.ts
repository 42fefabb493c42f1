import type { CpuId, Irq } from '../../lib/brand.js';
import { printCounts } from './count-columns.js';
import {
  type ArchRow,
  type InterruptsForm,
  type InterruptsLayout,
  type InterruptsRow,
  type InterruptsTable,
  type IrqRow,
  type IrqText,
  type TotalRow,
  interruptsLayouts,
} from './table.js';

/** The header line without its newline: a column for each CPU, blanks behind the last one. */
export function printHeader(cpus: readonly CpuId[], labelWidth: number, form: InterruptsForm): string {
  const columns = cpus.map((cpu) =>
    form === '2.6.18' ? `CPU${cpu}${' '.repeat(7)}` : `CPU${String(cpu).padEnd(8)}`,
  );
  return ' '.repeat(labelWidth + 8) + columns.join('');
}

/** A row's label as it stands before the colon. Inter-processor interrupts are numbered behind a padded word. */
export function printLabel(label: string, width: number): string {
  const ipi = /^IPI(\d+)$/.exec(label);
  return ipi === null ? label.padStart(width) : 'IPI'.padStart(width - 1) + ipi[1];
}

function printChip(row: IrqText, layout: InterruptsLayout, width: number): string {
  if (row.chipPrinted) return layout.beforePrintedChip + row.chip;
  const columns = layout.chipWidth ?? width;
  const padded = layout.chipAlign === 'left' ? row.chip.padEnd(columns) : row.chip.padStart(columns);
  return layout.beforeChip + padded;
}

function printHwirq(row: IrqText, layout: InterruptsLayout, width: number): string {
  if (row.hwirq !== null) return layout.hwirqColumn ? ' ' + String(row.hwirq).padStart(width) : '';
  if (layout.noDomain === 'nothing') return '';
  return ' '.repeat(width + (layout.noDomain === 'blanks' ? 1 : 2));
}

/** All that follows the chip column. */
export function printTail(row: IrqText, layout: InterruptsLayout, width: number): string {
  let text = printHwirq(row, layout, width);
  if (row.trigger !== null) text += ' ' + row.trigger.padEnd(8);
  if (row.flow !== null) text += '-' + row.flow.padEnd(8);
  if (row.actions.length > 0) text += '  ' + row.actions.join(', ');
  return text;
}

/** What stands before an interrupt's counts. */
export function printIrqHead(irq: Irq, width: number): string {
  return `${String(irq).padStart(width)}: `;
}

/** What stands behind an interrupt's counts. */
export function printIrqEnd(
  row: IrqText,
  { labelWidth, chipWidth }: Pick<InterruptsTable, 'labelWidth' | 'chipWidth'>,
  form: InterruptsForm,
): string {
  const layout = interruptsLayouts[form];
  return printChip(row, layout, chipWidth) + printTail(row, layout, labelWidth);
}

function printIrq(row: IrqRow, table: InterruptsTable, form: InterruptsForm): string {
  return printIrqHead(row.irq, table.labelWidth) + printCounts(row.counts) + printIrqEnd(row, table, form);
}

/** What stands before the counts of an architecture's row. */
export function printArchHead({ label, lead }: Pick<ArchRow, 'label' | 'lead'>, width: number): string {
  return `${printLabel(label, width)}:${' '.repeat(lead)}`;
}

/** What stands behind them. */
export function printArchEnd({ gap, text }: Pick<ArchRow, 'gap' | 'text'>): string {
  return ' '.repeat(gap) + text;
}

export function printTotal({ label, total }: TotalRow, width: number): string {
  return `${label.padStart(width)}: ${printCounts([total])}`;
}

function printArch(row: ArchRow, width: number): string {
  return printArchHead(row, width) + printCounts(row.counts) + printArchEnd(row);
}

/** One row without its newline. */
export function printRow(row: InterruptsRow, table: InterruptsTable, form: InterruptsForm): string {
  switch (row.kind) {
    case 'irq':
      return printIrq(row, table, form);
    case 'arch':
      return printArch(row, table.labelWidth);
    case 'total':
      return printTotal(row, table.labelWidth);
  }
}

/** /proc/interrupts as kernels of the given form write it. */
export function printInterrupts(table: InterruptsTable, form: InterruptsForm): string {
  const lines = [printHeader(table.cpus, table.labelWidth, form)];
  for (const row of table.rows) lines.push(printRow(row, table, form));
  return lines.join('\n') + '\n';
}
