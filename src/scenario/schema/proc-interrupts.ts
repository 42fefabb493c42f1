import { z } from 'zod';
import type { Checks } from '../checks/checks.js';
import type { CpuCounts } from '../options/counts.js';
import { type ArchitectureRowOptions, interruptsArchs, interruptsForms } from '../options/proc-interrupts.js';
import { didYouMean } from '../suggest.js';
import { bool, cpuCounts, hwirq, nonEmpty, rowCounts } from './notations.js';
import { int, keysIn, list, mapping, version, whenMapping, word } from './shapes.js';

/** How /proc/interrupts is shown. */
export const procInterrupts = mapping('a mapping such as {form: "3.18"}', {
  form: version(interruptsForms).optional().describe("Layout; default: that of the guest's kernel"),
  arch: word(interruptsArchs).optional().describe("Architecture; default: the guest's"),
  levelColumn: bool.optional().describe('Whether there is a Level/Edge column'),
  chipWidth: int(8, 255).optional().describe('Width that the chip column of form 7.2 has at least'),
});

const blanks = int(0, 80);

const row = mapping('a row, e.g. {label: NMI, counts: [0, 1], text: Non-maskable interrupts}', {
  label: nonEmpty.describe('Name of the row'),
  text: z.string({ error: 'a text' }).optional().describe('What stands behind the counts'),
  counts: rowCounts.optional().describe('A count for each CPU; default: the row is only a text'),
  total: hwirq.optional().describe('One number for the whole machine instead of counts'),
  lead: blanks.optional().describe('Blanks before the ten columns of the first count'),
  gap: blanks.optional().describe('Blanks behind the last count'),
  above: bool.optional().describe('The row stands above the interrupts'),
}).superRefine((value, context) => {
  if (keysIn(value, ['counts', 'total']).length < 2) return;
  context.addIssue({ code: 'custom', message: '"counts" and "total" do not go together', path: ['total'] });
}, whenMapping);

const rowsText = 'a mapping such as {IWI: {0: 1, 7: 2}}';

/** The rows that have a name instead of a number. */
export const architectureRows = z.union(
  [z.record(z.string(), cpuCounts, { error: rowsText }), list(rowsText, row)],
  { error: rowsText },
);

/** What is wrong in itself in a list is undefined. */
type Rows = Readonly<Record<string, CpuCounts>> | readonly (ArchitectureRowOptions | undefined)[];

function isList(rows: Rows): rows is readonly (ArchitectureRowOptions | undefined)[] {
  return Array.isArray(rows);
}

export function checkArchitectureRows(rows: Rows, { report, cpus, platform }: Checks): void {
  if (isList(rows)) {
    rows.forEach((item, i) => {
      cpus.checkCounts(item?.counts, ['architectureRows', i, 'counts']);
    });
    return;
  }
  const { name: arch, rowLabels } = platform;
  for (const [name, counts] of Object.entries(rows)) {
    cpus.checkCounts(counts, ['architectureRows', name]);
    if (rowLabels.includes(name)) continue;
    const hint = didYouMean(name, rowLabels) || `; there are ${rowLabels.join(', ')}`;
    report(['architectureRows', name], `${arch} has no row "${name}"${hint}`);
  }
}
