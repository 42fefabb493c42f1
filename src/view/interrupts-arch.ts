import type { CpuId } from '../lib/brand.js';
import type { ArchRow, InterruptsArch, InterruptsForm, InterruptsRow } from './interrupts-table.js';

/** An interrupt source outside the generic layer, as the machine counts it. */
export interface ArchSource {
  readonly label: string;
  /** What /proc/interrupts says about it; empty for rows that have no text before form 7.2. */
  readonly text: string;
  /** One count per possible CPU. */
  readonly counts: ArrayLike<number>;
  /** One number for the machine where forms before 7.2 print no column per CPU (ERR, MIS, Err). */
  readonly single?: boolean;
  /** False while nobody has installed its vector: form 7.2 leaves the row out then. Default true. */
  readonly installed?: boolean;
  /** False if /proc/stat leaves it out of its total. Default true. */
  readonly inStat?: boolean;
}

/** The architecture of a machine and what it counts on its own, in the order of /proc/interrupts. */
export interface ArchInterrupts {
  readonly arch: InterruptsArch;
  sources(): Iterable<ArchSource>;
}

/** Architectures whose /proc/interrupts says Level or Edge (CONFIG_GENERIC_IRQ_SHOW_LEVEL). */
const levelColumn: ReadonlySet<InterruptsArch> = new Set(['arm', 'arm64', 'powerpc', 'riscv']);

/** True if the architecture's /proc/interrupts says of each interrupt whether it is level or edge triggered. */
export function hasLevelColumn(arch: InterruptsArch): boolean {
  return levelColumn.has(arch);
}

/** Blanks around the counts of an architecture's rows. */
function archSpacing(arch: InterruptsArch, form: InterruptsForm, width: number): { lead: number; gap: number } {
  switch (arch) {
    case 'arm64':
      return { lead: width >= 4 ? 1 : 0, gap: 7 };
    case 'riscv':
      return { lead: width >= 4 ? 1 : 0, gap: 2 };
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

function total({ counts }: ArchSource): number {
  let sum = 0;
  for (let cpu = 0; cpu < counts.length; cpu++) sum += counts[cpu];
  return sum;
}

/** The architecture's rows as a kernel of the given form shows them. */
export function archRows(
  interrupts: ArchInterrupts,
  form: InterruptsForm,
  width: number,
  cpus: readonly CpuId[],
): InterruptsRow[] {
  const { arch } = interrupts;
  const spacing = archSpacing(arch, form, width);
  const perCpu = (source: ArchSource, text: string): ArchRow => {
    const counts = cpus.map((cpu) => source.counts[cpu]);
    return { kind: 'arch', label: source.label, counts, text, ...spacing };
  };
  const since72 = form === '7.2' && arch === 'x86';
  const rows: InterruptsRow[] = [];
  const atEnd: InterruptsRow[] = [];
  for (const source of interrupts.sources()) {
    const { label, text, single = false, installed = true } = source;
    if (since72) {
      if (!installed || (onlyAfterFirst.has(label) && total(source) === 0)) continue;
      (single ? atEnd : rows).push(perCpu(source, textSince72.get(label) ?? text));
    } else if (single) {
      rows.push({ kind: 'total', label, total: total(source) });
    } else {
      rows.push(perCpu(source, text));
    }
  }
  return [...rows, ...atEnd];
}
