import {
  type ArchRow,
  type InterruptsForm,
  type InterruptsLayout,
  type InterruptsRow,
  type InterruptsTable,
  type IrqRow,
  interruptsLayouts,
} from './table.js';

/** Columns of a count. */
const COUNT_WIDTH = 10;

/** The header line without its newline: a column for each CPU, blanks behind the last one. */
export function printHeader(table: InterruptsTable, form: InterruptsForm): string {
  const columns = table.cpus.map((cpu) =>
    form === '2.6.18' ? `CPU${cpu}${' '.repeat(7)}` : `CPU${String(cpu).padEnd(8)}`,
  );
  return ' '.repeat(table.labelWidth + 8) + columns.join('');
}

/** A row's label as it stands before the colon. Inter-processor interrupts are numbered behind a padded word. */
export function printLabel(label: string, width: number): string {
  const ipi = /^IPI(\d+)$/.exec(label);
  return ipi === null ? label.padStart(width) : 'IPI'.padStart(width - 1) + ipi[1];
}

function printCounts(counts: readonly number[]): string {
  return counts.map((count) => String(count).padStart(COUNT_WIDTH)).join(' ');
}

function printChip(row: IrqRow, layout: InterruptsLayout, width: number): string {
  if (row.chipPrinted) return layout.beforePrintedChip + row.chip;
  const columns = layout.chipWidth ?? width;
  const padded = layout.chipAlign === 'left' ? row.chip.padEnd(columns) : row.chip.padStart(columns);
  return layout.beforeChip + padded;
}

function printHwirq(row: IrqRow, layout: InterruptsLayout, width: number): string {
  if (row.hwirq !== null) return layout.hwirqColumn ? ' ' + String(row.hwirq).padStart(width) : '';
  if (layout.noDomain === 'nothing') return '';
  return ' '.repeat(width + (layout.noDomain === 'blanks' ? 1 : 2));
}

/** All that follows the chip column. */
export function printTail(row: IrqRow, layout: InterruptsLayout, width: number): string {
  let text = printHwirq(row, layout, width);
  if (row.trigger !== null) text += ' ' + row.trigger.padEnd(8);
  if (row.flow !== null) text += '-' + row.flow.padEnd(8);
  if (row.actions.length > 0) text += '  ' + row.actions.join(', ');
  return text;
}

function printIrq(row: IrqRow, table: InterruptsTable, layout: InterruptsLayout): string {
  const { labelWidth: width } = table;
  const head = `${String(row.irq).padStart(width)}: ${printCounts(row.counts)}`;
  return head + printChip(row, layout, table.chipWidth) + printTail(row, layout, width);
}

function printArch(row: ArchRow, width: number): string {
  const head = `${printLabel(row.label, width)}:${' '.repeat(row.lead)}`;
  return head + printCounts(row.counts) + ' '.repeat(row.gap) + row.text;
}

/** One row without its newline. */
export function printRow(row: InterruptsRow, table: InterruptsTable, form: InterruptsForm): string {
  switch (row.kind) {
    case 'irq':
      return printIrq(row, table, interruptsLayouts[form]);
    case 'arch':
      return printArch(row, table.labelWidth);
    case 'total':
      return `${row.label.padStart(table.labelWidth)}: ${String(row.total).padStart(COUNT_WIDTH)}`;
  }
}

/** /proc/interrupts as kernels of the given form write it. */
export function printInterrupts(table: InterruptsTable, form: InterruptsForm): string {
  const lines = [printHeader(table, form)];
  for (const row of table.rows) lines.push(printRow(row, table, form));
  return lines.join('\n') + '\n';
}
