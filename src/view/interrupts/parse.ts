import type { CpuId } from '../../lib/brand.js';
import { type HeaderGaps, layoutIrqRows } from './parse-irq.js';
import { InterruptsSyntaxError, readCounts, type RawIrqRow } from './parse-line.js';
import { printInterrupts, printLabel } from './print.js';
import type {
  ArchRow,
  InterruptsArch,
  InterruptsForm,
  InterruptsRow,
  InterruptsTable,
  TotalRow,
} from './table.js';

export { InterruptsSyntaxError } from './parse-line.js';

/** A text of /proc/interrupts, understood. */
export interface ParsedInterrupts {
  readonly table: InterruptsTable;
  /** The form that the text has. Where several forms would print the same, the newest that can show these rows. */
  readonly form: InterruptsForm;
  readonly arch: InterruptsArch;
  /** Numbers of the lines, from 1, that lack the blanks which the kernel writes at their end. */
  readonly trimmedLines: readonly number[];
  /** Blanks behind the last CPU of the header: they get lost, and others pad them. */
  readonly headerBlanks: number;
  /** True if the last line lacks its newline. */
  readonly newlineMissing: boolean;
}

interface Header {
  readonly cpus: readonly CpuId[];
  readonly labelWidth: number;
  /** Blanks behind the last CPU. */
  readonly blanks: number;
  readonly gaps: HeaderGaps;
}

/** Reads the line with the CPU numbers. */
function readHeader(line: string): Header {
  const first = line.search(/\S/);
  const labelWidth = first - 8;
  if (labelWidth < 3 || labelWidth > 10) {
    throw new InterruptsSyntaxError(
      1,
      1,
      '11 to 18 blanks and "CPU0", the columns of the CPUs, with all blanks that the kernel writes',
    );
  }
  const cpus: CpuId[] = [];
  let gaps: HeaderGaps = 'either';
  let blanks = 0;
  let at = first;
  while (at < line.length) {
    const column = /^CPU(0|[1-9]\d*)( *)/.exec(line.slice(at));
    if (column === null) throw new InterruptsSyntaxError(1, at + 1, '"CPU" and a number');
    const [all, digits, gap] = column;
    const before = cpus.at(-1) ?? -1;
    if (Number(digits) <= before || Number(digits) > MAX_CPU) {
      throw new InterruptsSyntaxError(1, at + 4, `a CPU number from ${before + 1} to ${MAX_CPU}`);
    }
    at += all.length;
    cpus.push(Number(digits));
    blanks = gap.length;
    if (at === line.length) {
      if (gaps === 'either' && digits.length > 1 && blanks === 7) gaps = 'likely fixed';
    } else if (digits.length > 1 || blanks !== 7) {
      const found = blanks === 7 ? 'fixed' : 'columns';
      if ((found === 'columns' && blanks !== 8 - digits.length) || (gaps !== 'either' && gaps !== found))
        throw new InterruptsSyntaxError(1, at + 1, 'CPU columns of one width');
      gaps = found;
    }
  }
  return { cpus, labelWidth, blanks, gaps };
}

/** The most CPUs that Linux can be built for are 8192. */
const MAX_CPU = 8191;
/** Interrupts are counted in an int. */
const MAX_IRQ = 0x7fffffff;
/** Interrupts are counted in 32 bits. */
const MAX_COUNT = 0xffffffff;
/** Blanks between the label and the text of a row without counts (arch/arm/kernel/fiq.c show_fiq_list). */
const TEXT_ROW_GAP = 14;

/** Reads a row whose label is not a number. */
function readArchRow(line: string, row: number, label: string, header: Header): ArchRow | TotalRow {
  const { cpus, labelWidth } = header;
  const colon = line.indexOf(':');
  if (line.slice(0, colon) !== printLabel(label, labelWidth)) {
    throw new InterruptsSyntaxError(row, 1, `the label ${label} right-justified in ${labelWidth} columns`);
  }
  const { counts, lead, end } = readCounts(line, row, colon + 1, cpus.length);
  const rest = line.slice(end);
  const text = rest.trimStart();
  const gap = rest.length - text.length;
  if (counts.length === 1 && rest === '' && lead === 1) return { kind: 'total', label, total: counts[0] };
  refuseMoreCounts(rest, row, end, cpus.length);
  const complete =
    counts.length === cpus.length || (counts.length === 0 && text !== '' && gap === TEXT_ROW_GAP);
  if (!complete)
    throw new InterruptsSyntaxError(row, end + 1, `${cpus.length} counts, one for each CPU of the header`);
  if (text !== '' && gap === 0) throw new InterruptsSyntaxError(row, end + 1, 'a blank before the text');
  return { kind: 'arch', label, lead, counts, gap, text };
}

/** Each row counts the CPUs that are online while it is read; the header, those of the beginning. */
function refuseMoreCounts(rest: string, row: number, end: number, cpus: number): void {
  const more = /^ ( *\d+)(?: |$)/.exec(rest)?.[1];
  if (more === undefined || more.length < 10) return;
  throw new InterruptsSyntaxError(
    row,
    end + 1,
    `as many counts as the header has CPUs, ${cpus}: CPUs came while the file was read; read it again`,
  );
}

/** The architecture of inter-processor interrupts' rows, by their spacing; arm and arm64 have a row Err, too. */
function archOfIpi({ text, lead, gap }: ArchRow, labelWidth: number, hasErr: boolean): InterruptsArch {
  if (text.startsWith('LoongArch')) return 'loongarch';
  if (text === 'Empty interrupts') return 'csky';
  // Form 7.2 of arm64 has the blanks of the others; arm's first IPI wakes CPUs up.
  if (gap >= 6 || (hasErr && text === 'Rescheduling interrupts')) return 'arm64';
  // arm always has a blank behind the colon, riscv only beside wide labels.
  return lead === 1 && labelWidth === 3 ? 'arm' : 'riscv';
}

/** The architecture, by the rows that only it adds. */
function archOf(rows: readonly InterruptsRow[], labelWidth: number): InterruptsArch {
  const labels = new Set(rows.flatMap((row) => (row.kind === 'irq' ? [] : [row.label])));
  const ipi = rows.find((row) => row.kind === 'arch' && row.label.startsWith('IPI'));
  const ofIpi = ipi?.kind === 'arch' ? archOfIpi(ipi, labelWidth, labels.has('Err')) : undefined;
  if (ofIpi === 'loongarch' || ofIpi === 'arm64' || ofIpi === 'csky') return ofIpi;
  if (labels.has('Err')) return 'arm';
  if (labels.has('EXT') && labels.has('I/O')) return 's390';
  if (labels.has('BCT')) return 'powerpc';
  if (labels.has('UAH') && labels.has('FPA')) return 'parisc';
  if (labels.has('MIS') || (labels.has('LOC') && labels.has('NMI'))) return 'x86';
  if (ofIpi !== undefined) return ofIpi;
  return labels.has('ERR') ? 'mips' : 'unknown';
}

/**
 * Reads /proc/interrupts of any architecture and of every form since 2.6. What it returns prints again to the same
 * bytes (reprintInterrupts); what it does not understand is an error.
 *
 * @throws InterruptsSyntaxError with line and column.
 */
export function parseInterrupts(text: string): ParsedInterrupts {
  const lines = text.split('\n');
  const newlineMissing = lines[lines.length - 1] !== '';
  if (!newlineMissing) lines.pop();
  if (lines.length === 0) throw new InterruptsSyntaxError(1, 1, 'the header line with the CPUs');
  const header = readHeader(lines[0]);
  const rows: (RawIrqRow | ArchRow | TotalRow)[] = [];
  const irqRows: RawIrqRow[] = [];
  for (let at = 1; at < lines.length; at++) {
    const line = lines[at];
    const label = /^ *([^\s:]+):/.exec(line);
    if (label === null)
      throw new InterruptsSyntaxError(at + 1, 1, 'an interrupt number or a label, then a colon');
    if (/^\d+$/.test(label[1])) {
      const row = readIrqHead(line, at + 1, header);
      const before = irqRows.at(-1)?.irq;
      if (before !== undefined && row.irq <= before) {
        throw new InterruptsSyntaxError(
          at + 1,
          1,
          `an interrupt number above the ${before} of the row before`,
        );
      }
      irqRows.push(row);
      rows.push(row);
    } else {
      rows.push(readArchRow(line, at + 1, label[1], header));
    }
  }
  const laidOut = layoutIrqRows(irqRows, header.labelWidth, header.gaps, gapOfArchRows(rows));
  const byRaw = new Map(irqRows.map((raw, i) => [raw, laidOut.rows[i]]));
  const done = rows.flatMap((row): InterruptsRow[] => {
    if (row.kind !== 'raw') return [row];
    const irqRow = byRaw.get(row);
    return irqRow === undefined ? [] : [irqRow];
  });
  return {
    table: { cpus: header.cpus, labelWidth: header.labelWidth, chipWidth: laidOut.chipWidth, rows: done },
    form: laidOut.form,
    arch: archOf(done, header.labelWidth),
    trimmedLines: header.blanks > 0 ? laidOut.trimmed : [1, ...laidOut.trimmed],
    headerBlanks: header.blanks,
    newlineMissing,
  };
}

/** A kernel's text as the parsed one had come to be: blanks at the ends of lines, the last newline. */
export function loseAgain(
  text: string,
  { trimmedLines, headerBlanks, newlineMissing }: ParsedInterrupts,
): string {
  const lines = text.split('\n');
  for (const line of trimmedLines) lines[line - 1] = lines[line - 1].trimEnd();
  lines[0] = lines[0].trimEnd() + ' '.repeat(headerBlanks);
  const whole = lines.join('\n');
  return newlineMissing ? whole.slice(0, -1) : whole;
}

/** The text that was parsed. */
export function reprintInterrupts(parsed: ParsedInterrupts): string {
  return loseAgain(printInterrupts(parsed.table, parsed.form), parsed);
}

/** Blanks before the texts of x86's own rows, where there are any: form 7.2 has one less than the others. */
function gapOfArchRows(rows: readonly (RawIrqRow | ArchRow | TotalRow)[]): number | undefined {
  for (const row of rows) if (row.kind === 'arch' && row.label === 'NMI' && row.text !== '') return row.gap;
  return undefined;
}

/** Reads an interrupt's number and counts; the rest of its line depends on the form, which all rows decide. */
function readIrqHead(line: string, row: number, { cpus, labelWidth }: Header): RawIrqRow {
  const colon = line.indexOf(':');
  const irq = Number(line.slice(0, colon));
  if (line.slice(0, colon) !== String(irq).padStart(labelWidth)) {
    throw new InterruptsSyntaxError(row, 1, `an interrupt number right-justified in ${labelWidth} columns`);
  }
  if (irq > MAX_IRQ) throw new InterruptsSyntaxError(row, 1, `an interrupt number up to ${MAX_IRQ}`);
  const { counts, lead, end } = readCounts(line, row, colon + 1, cpus.length);
  if (counts.length !== cpus.length)
    throw new InterruptsSyntaxError(row, end + 1, `${cpus.length} counts, one for each CPU of the header`);
  refuseMoreCounts(line.slice(end), row, end, cpus.length);
  const tooBig = counts.find((count) => count > MAX_COUNT);
  if (tooBig !== undefined) {
    throw new InterruptsSyntaxError(
      row,
      line.indexOf(String(tooBig), colon) + 1,
      `a count up to ${MAX_COUNT}`,
    );
  }
  if (lead !== 1) throw new InterruptsSyntaxError(row, colon + 2, 'counts right-justified in 10 columns');
  return { kind: 'raw', row, irq, counts, column: end + 1, rest: line.slice(end) };
}
