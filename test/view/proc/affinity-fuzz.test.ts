import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Guest } from '../machine.js';
import { runs } from '../../support/long.js';

/** Characters that masks and lists are made of, and some that they are not. */
const characters = '0123456789abcdefABCDEFxXNnl,-:/ \t\n\v\0\u00a0\u00ff.+';
const nearly = fc.string({ unit: fc.constantFrom(...characters), maxLength: 24 });
const bytes = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 24,
});
const list = fc
  .array(fc.tuple(fc.nat(80), fc.nat(80), fc.constantFrom('', '-', '-', ':1/2')), { maxLength: 5 })
  .map((parts) =>
    parts.map(([from, to, form]) => (form === '-' ? `${from}-${to}` : `${from}${form}`)).join(','),
  );
const texts = fc.oneof(nearly, nearly, bytes, list);

const files = ['smp_affinity', 'smp_affinity_list', 'default_smp_affinity'] as const;

/** The same set in the other kind of text, and where to write it. */
function writeAgain(guest: Guest, path: string): void {
  const shown = guest.read(path);
  expect(guest.write(path, shown)).toBe(shown.length);
  expect(guest.read(path)).toBe(shown);
}

test.each([1, 4, 33, 72])(
  'random writes on %i CPUs give an errno or a set that reads back the same',
  (present) => {
    const guest = new Guest({ present });
    const irq = guest.map(7);
    guest.request(irq, 'x');
    const accepted = new Set<string>();
    const refused = new Set<string>();
    fc.assert(
      fc.property(texts, fc.constantFrom(...files), (text, file) => {
        const path = file === 'default_smp_affinity' ? `/proc/irq/${file}` : `/proc/irq/${irq}/${file}`;
        const before = guest.read(path);
        const result = guest.write(path, text);
        if (typeof result === 'string') {
          refused.add(result);
          expect(guest.read(path)).toBe(before);
          return;
        }
        accepted.add(file);
        expect(result).toBe(text.length);
        writeAgain(guest, path);
      }),
      { numRuns: runs(25_000, 4_000) },
    );
    expect([...accepted].sort()).toEqual([...files].sort());
    expect([...refused].sort()).toEqual(['EINVAL', 'EOVERFLOW', 'ERANGE']);
  },
);
