import type { CpuId } from '../../lib/brand.js';
import type { ArchSource } from '../../platform/platform.js';
import type { ArchRow, InterruptsArch, InterruptsForm, InterruptsRow, TotalRow } from './table.js';

/** A row of the architecture's own; Platform's sources are such rows. */
export interface ArchCounts extends Omit<ArchSource, 'counts'> {
  /** One count per possible CPU; none at all for a row that is only a text. */
  readonly counts: ArrayLike<number>;
  /** Blanks before and behind the counts, where they are not the architecture's usual ones. */
  readonly spacing?: { readonly lead: number; readonly gap: number };
  /** True for rows that stand above the interrupts, as some of s390's do. */
  readonly above?: boolean;
}

/** The architecture of a machine and what it counts on its own, in the order of /proc/interrupts. */
export interface ArchInterrupts {
  readonly arch: InterruptsArch;
  /** True if there is a Level/Edge column; default: as usual for the architecture. */
  readonly levelColumn?: boolean;
  sources(): Iterable<ArchCounts>;
}

/** Architectures whose /proc/interrupts says Level or Edge (CONFIG_GENERIC_IRQ_SHOW_LEVEL). */
const levelColumnArchs: ReadonlySet<InterruptsArch> = new Set(['arm', 'arm64', 'powerpc', 'riscv']);

/** True if /proc/interrupts says of each interrupt whether it is level or edge triggered. */
export function hasLevelColumn({ arch, levelColumn = levelColumnArchs.has(arch) }: ArchInterrupts): boolean {
  return levelColumn;
}

/** Blanks around the counts of an architecture's rows. */
export function archSpacing(
  arch: InterruptsArch,
  form: InterruptsForm,
  width: number,
): { lead: number; gap: number } {
  switch (arch) {
    case 'arm64':
      return { lead: width >= 4 ? 1 : 0, gap: form === '7.2' ? 2 : 7 };
    case 'riscv':
      return { lead: form !== '7.2' && width >= 4 ? 1 : 0, gap: 2 };
    case 'arm':
      return { lead: 1, gap: 2 };
    default:
      return { lead: 1, gap: form === '7.2' ? 2 : 3 };
  }
}

/** Rows that form 7.2 shows only once there has been such an event (arch/x86/kernel/irq.c). */
const onlyAfterFirst: ReadonlySet<string> = new Set(['SPU', 'RTR', 'ERR', 'MIS']);
/** What form 7.2 says about the rows that had no text before. */
const textSince72 = new Map([
  ['ERR', 'PIC/APIC error interrupts'],
  ['MIS', 'Misrouted IO/APIC interrupts'],
]);

function total({ counts }: ArchCounts): number {
  let sum = 0;
  for (let cpu = 0; cpu < counts.length; cpu++) sum += counts[cpu];
  return sum;
}

/** A row of the architecture as it is shown; its counts are one for each possible CPU, or none at all. */
export interface ShownArchRow extends Omit<ArchRow, 'counts'> {
  readonly counts: ArrayLike<number>;
}

/** Those above the interrupts, and those below. */
export interface ArchRows {
  readonly above: readonly (ShownArchRow | TotalRow)[];
  readonly below: readonly (ShownArchRow | TotalRow)[];
}

/** The architecture's rows as a kernel of the given form shows them. */
export function archRows(architecture: ArchInterrupts, form: InterruptsForm, width: number): ArchRows {
  const { arch } = architecture;
  const usual = archSpacing(arch, form, width);
  const perCpu = ({ label, counts, spacing = usual }: ArchCounts, text: string): ShownArchRow => ({
    kind: 'arch',
    label,
    counts,
    text,
    ...spacing,
  });
  const since72 = form === '7.2' && arch === 'x86';
  const above: (ShownArchRow | TotalRow)[] = [];
  const below: (ShownArchRow | TotalRow)[] = [];
  const atEnd: ShownArchRow[] = [];
  for (const source of architecture.sources()) {
    const { label, text, single = false } = source;
    if (source.isInstalled?.() === false) continue;
    const rows = source.above ? above : below;
    if (since72) {
      if (onlyAfterFirst.has(label) && total(source) === 0) continue;
      (single ? atEnd : rows).push(perCpu(source, textSince72.get(label) ?? text));
    } else if (single) {
      rows.push({ kind: 'total', label, total: total(source) });
    } else {
      rows.push(perCpu(source, text));
    }
  }
  return { above, below: [...below, ...atEnd] };
}

/** The same with the counts of the CPUs that have a column. */
export function rowOfCpus(row: ShownArchRow | TotalRow, cpus: readonly CpuId[]): InterruptsRow {
  if (row.kind === 'total') return row;
  return { ...row, counts: row.counts.length === 0 ? [] : cpus.map((cpu) => row.counts[cpu]) };
}
