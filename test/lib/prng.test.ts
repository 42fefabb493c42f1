import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Prng } from '../../src/lib/prng.js';

const MASK = 0xffffffffn;
const mul = (a: bigint, b: bigint): bigint => (a * b) & MASK;
const rotl = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & MASK;

/** xoshiro128** 1.1 by Blackman and Vigna with whole numbers of any size, seeded by a hashed Weyl sequence. */
function* reference(seed: number): Generator<number, never, void> {
  let weyl = BigInt.asUintN(32, BigInt(seed));
  const s = Array.from({ length: 4 }, () => {
    weyl = (weyl + 0x9e3779b9n) & MASK;
    const a = mul(weyl ^ (weyl >> 16n), 0x85ebca6bn);
    const b = mul(a ^ (a >> 13n), 0xc2b2ae35n);
    return b ^ (b >> 16n);
  });
  for (;;) {
    yield Number(mul(rotl(mul(s[1], 5n), 7n), 9n));
    const t = (s[1] << 9n) & MASK;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 11n);
  }
}

const take = (prng: Prng, count: number): number[] => Array.from({ length: count }, () => prng.next());

describe('Prng', () => {
  test.each([
    [0, [3809008728, 1133695204, 53579671, 2891528803]],
    [1, [2442144158, 3238099751, 3819917871, 2104621829]],
    [-1, [835879718, 1921286648, 2356205009, 1885780724]],
  ])('the numbers of seed %d never change', (seed, numbers) => {
    expect(take(new Prng(seed), numbers.length)).toEqual(numbers);
  });

  test('is xoshiro128**', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const numbers = reference(seed);
        expect(take(new Prng(seed), 20)).toEqual(Array.from({ length: 20 }, () => numbers.next().value));
      }),
    );
  });

  test('only the low 32 bits of a seed count', () => {
    expect(take(new Prng(2 ** 32 + 7), 4)).toEqual(take(new Prng(7), 4));
    expect(take(new Prng(8), 4)).not.toEqual(take(new Prng(7), 4));
  });

  test('below stays below its bound and reaches every number', () => {
    const prng = new Prng(3);
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) counts[prng.below(10)] += 1;
    expect(counts).toHaveLength(10);
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(prng.below(1)).toBe(0);
    expect(new Prng(5).below(0x100000000)).toBe(new Prng(5).next());
  });

  test.each([0, -1, Number.NaN, 0x100000001])('a bound of %d is refused', (bound) => {
    expect(() => new Prng(0).below(bound)).toThrow(new RangeError(`bound ${bound} is not in 1..2^32`));
  });

  test('pick takes each item, and nothing from nothing', () => {
    const prng = new Prng(1);
    expect(new Set(Array.from({ length: 100 }, () => prng.pick(['a', 'b', 'c'])))).toEqual(
      new Set(['a', 'b', 'c']),
    );
    expect(() => prng.pick([])).toThrow(RangeError);
  });
});
