import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseInterrupts, reprintInterrupts } from '../../../src/view/interrupts/parse.js';
import { printInterrupts } from '../../../src/view/interrupts/print.js';
import type {
  ArchRow,
  InterruptsForm,
  InterruptsTable,
  IrqRow,
  TotalRow,
} from '../../../src/view/interrupts/table.js';
import { runs } from '../../support/long.js';

const forms: InterruptsForm[] = ['2.6.18', '3.18', '6.1', '6.12', '6.13', '7.2'];
const count = fc.oneof(fc.constant(0), fc.nat(2000), fc.integer({ min: 0, max: 0xffffffff }));
/** Names as drivers and chips have them: no blank at the ends, none doubled. */
const word = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_:@.[\]]{0,12}$/);
const chip = fc.oneof(
  fc.constantFrom('IO-APIC', 'VMBus', 'PCI-MSIX-0000:00:03.0', 'GICv3', 'SiFive PLIC', 'PCH LPC', '-'),
  word,
);

interface Shape {
  readonly form: InterruptsForm;
  readonly table: InterruptsTable;
}

function irqRows(cpus: number, form: InterruptsForm, levels: boolean): fc.Arbitrary<IrqRow[]> {
  const old = form === '2.6.18';
  const row = fc.record({
    irq: fc.nat(1200),
    counts: fc.array(count, { minLength: cpus, maxLength: cpus }),
    chip,
    hwirq: old ? fc.constant(null) : fc.option(fc.oneof(fc.nat(99), fc.nat(600_000)), { freq: 8 }),
    level: fc.boolean(),
    flow: old ? fc.constant(null) : fc.option(fc.constantFrom('edge', 'level', 'fasteoi', 'averylongname')),
    actions: fc.array(word, { minLength: form === '6.1' ? 0 : 1, maxLength: 3 }),
  });
  return fc.uniqueArray(row, { minLength: 1, maxLength: 8, selector: ({ irq }) => irq }).map((rows) =>
    rows
      .sort((a, b) => a.irq - b.irq)
      .map(({ level, ...rest }) => ({
        kind: 'irq' as const,
        chipPrinted: false,
        trigger: levels ? (level ? ('Level' as const) : ('Edge' as const)) : null,
        ...rest,
        // No kernel shows an interrupt without action that never came.
        counts: rest.actions.length === 0 ? rest.counts.map((n) => Math.max(1, n)) : rest.counts,
      })),
  );
}

function archRows(cpus: number, form: InterruptsForm): fc.Arbitrary<(ArchRow | TotalRow)[]> {
  const counts = fc.array(count, { minLength: cpus, maxLength: cpus });
  const gap = form === '7.2' ? 2 : 3;
  const nmi = counts.map(
    (n): ArchRow => ({
      kind: 'arch',
      label: 'NMI',
      lead: 1,
      counts: n,
      gap,
      text: 'Non-maskable interrupts',
    }),
  );
  const loc = counts.map(
    (n): ArchRow => ({ kind: 'arch', label: 'LOC', lead: 1, counts: n, gap, text: 'Local timer interrupts' }),
  );
  const err = count.map((total): TotalRow => ({ kind: 'total', label: 'ERR', total }));
  return fc.tuple(nmi, loc, err).map((rows) => [...rows]);
}

const shapes: fc.Arbitrary<Shape> = fc
  .record({
    form: fc.constantFrom(...forms),
    cpus: fc
      .uniqueArray(fc.nat(300), { minLength: 1, maxLength: 6 })
      .map((cpus) => cpus.sort((a, b) => a - b)),
    levels: fc.boolean(),
    wide: fc.nat(2),
  })
  .chain(({ form, cpus, levels, wide }) =>
    fc
      .tuple(irqRows(cpus.length, form, levels && form !== '2.6.18'), archRows(cpus.length, form))
      .map(([rows, arch]): Shape => {
        const longest = Math.max(8, ...rows.map((row) => row.chip.length));
        const labelWidth = (form === '7.2' ? 4 : 3) + wide;
        const table = {
          cpus,
          labelWidth,
          chipWidth: longest + (wide === 2 ? 3 : 0),
          rows: [...rows, ...arch],
        };
        return { form, table };
      }),
  );

test('what is printed reads back and prints to the same bytes, in every form', () => {
  fc.assert(
    fc.property(shapes, ({ form, table }) => {
      const text = printInterrupts(table, form);
      const parsed = parseInterrupts(text);
      expect(reprintInterrupts(parsed)).toBe(text);
      expect(parsed.trimmedLines).toEqual([]);
      expect(parsed.table.cpus).toEqual(table.cpus);
    }),
    { numRuns: runs(300, 60) },
  );
});

test('numbers, counts and actions read back as they were', () => {
  fc.assert(
    fc.property(shapes, ({ form, table }) => {
      const { rows } = parseInterrupts(printInterrupts(table, form)).table;
      expect(rows).toHaveLength(table.rows.length);
      rows.forEach((row, at) => {
        const wanted = table.rows[at];
        expect(row.kind).toBe(wanted.kind);
        if (row.kind === 'irq' && wanted.kind === 'irq') {
          expect([row.irq, row.counts]).toEqual([wanted.irq, wanted.counts]);
          if (form !== '3.18') expect([row.actions, row.hwirq]).toEqual([wanted.actions, wanted.hwirq]);
        } else {
          expect(row).toEqual(wanted);
        }
      });
    }),
    { numRuns: runs(300, 60) },
  );
});

test('a changed character gives other bytes, an error, or the very same text again', () => {
  fc.assert(
    fc.property(
      shapes,
      fc.nat(),
      fc.constantFrom(' ', 'x', '0', ':', '\n'),
      ({ form, table }, place, char) => {
        const text = printInterrupts(table, form);
        const at = place % text.length;
        const changed = text.slice(0, at) + char + text.slice(at + 1);
        let again: string;
        try {
          again = reprintInterrupts(parseInterrupts(changed));
        } catch (error) {
          expect((error as Error).name).toBe('InterruptsSyntaxError');
          return;
        }
        expect(again).toBe(changed);
      },
    ),
    { numRuns: runs(400, 80) },
  );
});
