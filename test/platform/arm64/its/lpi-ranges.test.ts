import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { errnoValue } from '../../../../src/lib/errno.js';
import { LpiRanges, NR_LPIS } from '../../../../src/platform/arm64/its/lpi-ranges.js';

// drivers/irqchip/irq-gic-v3-its.c alloc_lpi_range, free_lpi_range, merge_lpi_ranges; the same in 6.1, 6.12 and 7.2
describe('the LPIs that are free', () => {
  test('are 8192 to 65535', () => {
    const ranges = new LpiRanges();
    expect([ranges.text, NR_LPIS]).toEqual(['8192-65535', 57344]);
    expect(ranges.alloc(NR_LPIS)).toBe(8192);
    expect([ranges.text, ranges.alloc(1)]).toEqual(['', errnoValue('ENOSPC')]);
  });

  test('are taken from the first range that has enough, and become one again', () => {
    const ranges = new LpiRanges();
    expect([8, 4, 16, 2].map((count) => ranges.alloc(count))).toEqual([8192, 8200, 8204, 8220]);
    ranges.release(8200, 4);
    expect(ranges.text).toBe('8200-8203,8222-65535');
    expect(ranges.alloc(8)).toBe(8222);
    expect(ranges.alloc(2)).toBe(8200);
    expect(ranges.text).toBe('8202-8203,8230-65535');
    ranges.release(8204, 16);
    expect(ranges.text).toBe('8202-8219,8230-65535');
    ranges.release(8192, 8);
    ranges.release(8222, 8);
    ranges.release(8200, 2);
    ranges.release(8220, 2);
    expect(ranges.text).toBe('8192-65535');
  });

  test('no LPI is given twice, and all come back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 64 }), { maxLength: 40 }),
        fc.infiniteStream(fc.nat()),
        (counts, picks) => {
          const ranges = new LpiRanges();
          const taken: { base: number; count: number }[] = [];
          for (const count of counts) {
            const pick = picks.next().value ?? 0;
            if (pick % 3 === 0 && taken.length > 0) {
              const [{ base, count: size }] = taken.splice(pick % taken.length, 1);
              ranges.release(base, size);
            }
            const base = ranges.alloc(count);
            for (const other of taken)
              expect(base >= other.base + other.count || base + count <= other.base).toBe(true);
            taken.push({ base, count });
          }
          for (const { base, count } of taken) ranges.release(base, count);
          expect(ranges.text).toBe('8192-65535');
        },
      ),
    );
  });
});
