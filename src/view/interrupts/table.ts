import type { CpuId, Hwirq, Irq } from '../../lib/brand.js';

/**
 * The forms that /proc/interrupts has had. `6.1` (to 6.10) and `6.12` (6.11 and 6.12) have the same columns and differ
 * in which interrupts they show; `3.18` has a hwirq column only for interrupts of an irqdomain; `2.6.18` has none, nor flow names.
 */
export type InterruptsForm = '2.6.18' | '3.18' | '6.1' | '6.12' | '6.13' | '7.2';

/** Architectures that add rows of their own. */
export type InterruptsArch =
  | 'x86'
  | 'arm'
  | 'arm64'
  | 'csky'
  | 'loongarch'
  | 'mips'
  | 'parisc'
  | 'powerpc'
  | 'riscv'
  | 's390'
  | 'unknown';

/** What a row says of an interrupt behind its counts. */
export interface IrqText {
  /** The chip's name; `-` for a chip without one. */
  readonly chip: string;
  /** True if the chip wrote `chip` itself (irq_print_chip), without padding. */
  readonly chipPrinted: boolean;
  /** null without irqdomain. */
  readonly hwirq: Hwirq | null;
  /** What the Level/Edge column says; null on architectures without that column. */
  readonly trigger: 'Level' | 'Edge' | null;
  /** Name of the flow handler; null if it has none. */
  readonly flow: string | null;
  readonly actions: readonly string[];
}

/** An interrupt of the generic layer. */
export interface IrqRow extends IrqText {
  readonly kind: 'irq';
  readonly irq: Irq;
  /** One count for each CPU of the table. */
  readonly counts: readonly number[];
}

/** A row that the architecture adds: per-CPU counts and a text; a few rows have no counts. */
export interface ArchRow {
  readonly kind: 'arch';
  readonly label: string;
  /** Blanks between the colon and the first count's ten columns. */
  readonly lead: number;
  readonly counts: readonly number[];
  /** Blanks between the last count and the text; they stand at the end of the line if `text` is empty. */
  readonly gap: number;
  readonly text: string;
}

/** A row with one number for the whole machine, such as ERR. */
export interface TotalRow {
  readonly kind: 'total';
  readonly label: string;
  readonly total: number;
}

/** A row of /proc/interrupts. */
export type InterruptsRow = IrqRow | ArchRow | TotalRow;

/** What /proc/interrupts says, apart from its form. */
export interface InterruptsTable {
  /** CPUs that have a column: the online ones. */
  readonly cpus: readonly CpuId[];
  /** Width of the first column. */
  readonly labelWidth: number;
  /** Width of the chip column; used by form 7.2, where it is the longest name registered so far, at least 8. */
  readonly chipWidth: number;
  readonly rows: readonly InterruptsRow[];
}

/** How a form lays out its columns. */
export interface InterruptsLayout {
  /** Written between the last count and the chip column. */
  readonly beforeChip: string;
  /** Written there when the chip prints itself. */
  readonly beforePrintedChip: string;
  readonly chipAlign: 'left' | 'right';
  /** Width of the chip column; null: the table's chipWidth. */
  readonly chipWidth: number | null;
  /** What stands for the hwirq of an interrupt without irqdomain: nothing, blanks for the column, or one more. */
  readonly noDomain: 'nothing' | 'blanks' | 'blanks and one';
  readonly hwirqColumn: boolean;
  readonly flowNames: boolean;
  /** True if there are kernels of the form that show an interrupt without action once it has come. */
  readonly showsIdle: boolean;
}

const modern = {
  beforeChip: '  ',
  beforePrintedChip: ' ',
  chipAlign: 'right',
  chipWidth: 8,
  noDomain: 'blanks',
  hwirqColumn: true,
  flowNames: true,
  showsIdle: true,
} as const;

/** The layouts of kernel/irq/proc.c show_interrupts through the years; 2.6.18 is arch/i386/kernel/irq.c. */
export const interruptsLayouts: Readonly<Record<InterruptsForm, InterruptsLayout>> = {
  '2.6.18': { ...modern, chipWidth: 14, noDomain: 'nothing', hwirqColumn: false, flowNames: false },
  '3.18': { ...modern, noDomain: 'nothing' },
  '6.1': modern,
  '6.12': modern,
  '6.13': { ...modern, beforeChip: ' ', showsIdle: false },
  '7.2': {
    ...modern,
    beforePrintedChip: '  ',
    chipAlign: 'left',
    chipWidth: null,
    noDomain: 'blanks and one',
    showsIdle: false,
  },
};

/**
 * Width of the first column on a kernel with `nrIrqs` interrupts (kernel/irq/proc.c show_interrupts). Form 7.2 is at
 * least so wide: its kernels do not forget that there were more (irq_proc_calc_prec).
 */
export function labelWidth(form: InterruptsForm, nrIrqs: number): number {
  let width = form === '7.2' ? 4 : 3;
  while (width < 10 && 10 ** width <= nrIrqs) width += 1;
  return width;
}
