import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CpuMask } from '../../src/machine/cpumask.js';

const sizes = fc.constantFrom(1, 31, 32, 33, 64, 72, 100);
const pair = sizes.chain((nr) => {
  const cpus = fc.uniqueArray(fc.nat(nr - 1)).map((list) => [...list].sort((a, b) => a - b));
  return fc.tuple(fc.constant(nr), cpus, cpus);
});

describe('CpuMask', () => {
  test('is a set of numbers', () => {
    fc.assert(
      fc.property(pair, ([nr, a, b]) => {
        const [maskA, maskB] = [CpuMask.of(nr, a), CpuMask.of(nr, b)];
        expect([...maskA]).toEqual(a);
        expect([maskA.weight, maskA.isEmpty, maskA.first()]).toEqual([a.length, a.length === 0, a[0] ?? -1]);
        for (let cpu = 0; cpu < nr; cpu++) {
          expect(maskA.has(cpu)).toBe(a.includes(cpu));
          expect(maskA.next(cpu)).toBe(a.find((other) => other > cpu) ?? -1);
        }
        const both = a.filter((cpu) => b.includes(cpu));
        expect([...maskA.and(maskB)]).toEqual(both);
        expect(maskA.firstAnd(maskB)).toBe(both[0] ?? -1);
        expect(maskA.intersects(maskB)).toBe(both.length > 0);
        expect(maskA.isSubsetOf(maskB)).toBe(both.length === a.length);
        expect(maskA.equals(maskB)).toBe(both.length === a.length && both.length === b.length);
        expect([...maskA.andNot(maskB)]).toEqual(a.filter((cpu) => !b.includes(cpu)));
        expect([...maskA.or(maskB)]).toEqual([...new Set([...a, ...b])].sort((x, y) => x - y));
        const target = CpuMask.all(nr);
        expect(target.assignAnd(maskA, maskB)).toBe(both.length > 0);
        expect([...target]).toEqual(both);
        expect([...maskA]).toEqual(a);
      }),
    );
  });

  test('all has every CPU and no more', () => {
    expect([...CpuMask.all(33)]).toEqual(Array.from({ length: 33 }, (_, cpu) => cpu));
    expect([CpuMask.all(33).word(0), CpuMask.all(33).word(1)]).toEqual([0xffffffff, 1]);
  });

  test('a clone is a mask of its own', () => {
    const mask = CpuMask.of(4, [1, 3]);
    const clone = mask.clone();
    clone.set(0);
    clone.clear(3);
    expect([[...mask], [...clone]]).toEqual([
      [1, 3],
      [0, 1],
    ]);
    mask.copyFrom(clone);
    expect(mask.equals(clone)).toBe(true);
    mask.clearAll();
    expect(mask.isEmpty).toBe(true);
  });

  test.each([-1, 4, 32, Number.NaN])('there is no CPU %d of 4', (cpu) => {
    const mask = CpuMask.all(4);
    expect(() => mask.set(cpu)).toThrow(new RangeError(`CPU ${cpu} is not below nr_cpu_ids 4`));
    mask.clear(cpu);
    expect([...mask]).toEqual([0, 1, 2, 3]);
    if (!Number.isNaN(cpu)) expect(mask.has(cpu)).toBe(false);
  });
});
