import { kstatSet } from '../irq/data/kstat.js';
import { archSource, type Platform } from '../platform/platform.js';
import { type CpuCounts, countsPerCpu } from '../scenario/options/counts.js';
import type { GuestOptions } from '../scenario/options/guest.js';
import type { ArchitectureRowOptions, ProcInterruptsOptions } from '../scenario/options/proc-interrupts.js';
import type { ArchCounts, ArchInterrupts } from '../view/interrupts/arch.js';

type Rows = GuestOptions['architectureRows'];

function isList(rows: Rows): rows is readonly ArchitectureRowOptions[] {
  return Array.isArray(rows);
}

/**
 * What the guest shows in /proc/interrupts beside its interrupts: the platform's rows, or those that the options list.
 * A listed row that the platform has goes on counting.
 */
export function guestRows(
  platform: Platform,
  rows: Rows,
  { arch = platform.arch, levelColumn }: ProcInterruptsOptions,
  nrCpuIds: number,
): ArchInterrupts {
  const level = levelColumn === undefined ? {} : { levelColumn };
  if (!isList(rows)) return { arch, ...level, sources: () => platform.sources() };
  const sources = rows.map((row) => rowSource(platform, row, arch, nrCpuIds));
  return { arch, ...level, sources: () => sources };
}

function rowSource(
  platform: Platform,
  row: ArchitectureRowOptions,
  arch: ArchInterrupts['arch'],
  nrCpuIds: number,
): ArchCounts {
  const { label, text = '', counts, total, lead, gap, above = false } = row;
  const known =
    arch === platform.arch ? platform.sources().find((source) => source.label === label) : undefined;
  const { inStat } = known ?? {};
  const common = { label, text, above, ...(inStat !== undefined && { inStat }) };
  if (total !== undefined) return { ...common, counts: [total], single: true };
  const spacing =
    lead === undefined && gap === undefined ? {} : { spacing: { lead: lead ?? 1, gap: gap ?? 3 } };
  if (counts === undefined) return { ...common, counts: [], ...spacing };
  if (known === undefined) return { ...common, counts: countsPerCpu(counts, nrCpuIds), ...spacing };
  return {
    ...common,
    ...spacing,
    get counts() {
      return known.counts;
    },
  };
}

/** Sets the counts of the platform's rows to what the options say. */
export function setRowCounts(platform: Platform, rows: NonNullable<Rows>, nrCpuIds: number): void {
  const set = (label: string, counts: CpuCounts): void => {
    const source = archSource(platform, label);
    const line = source.line?.();
    const perCpu = countsPerCpu(counts, nrCpuIds);
    if (line === undefined) source.counts.set(perCpu);
    else kstatSet(line, perCpu);
  };
  if (!isList(rows)) {
    for (const [label, counts] of Object.entries(rows)) set(label, counts);
    return;
  }
  const known = new Set(platform.sources().map(({ label }) => label));
  for (const { label, counts } of rows) if (counts !== undefined && known.has(label)) set(label, counts);
}
