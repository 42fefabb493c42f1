import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  clearBit,
  nextBit,
  setBit,
  nthBit,
  testAndClearBit,
  testAndSetBit,
  testBit,
  weight,
  wordsFor,
} from '../../src/lib/bitmap.js';

const BITS = 100;

describe('bitmap', () => {
  test.each([
    [0, 0],
    [1, 1],
    [31, 1],
    [32, 1],
    [33, 2],
    [64, 2],
    [2048, 64],
  ])('%d bits need %d words', (bits, words) => {
    expect(wordsFor(bits)).toBe(words);
  });

  test('the ends of words are bits like others', () => {
    const words = new Uint32Array(3);
    for (const bit of [0, 31, 32, 63, 64, 95]) setBit(words, bit);
    expect([...words]).toEqual([0x80000001, 0x80000001, 0x80000001]);
    expect(nextBit(words, 1)).toBe(31);
    expect(nextBit(words, 32)).toBe(32);
    expect(nextBit(words, 33)).toBe(63);
    expect(nextBit(words, 95)).toBe(95);
    expect(nextBit(words, 96)).toBe(-1);
    expect(nextBit(words, 4096)).toBe(-1);
    expect([nextBit(words, 32, 1), nextBit(words, 32, 2), nextBit(words, 64, 2)]).toEqual([-1, 32, -1]);
    clearBit(words, 31);
    expect(words[0]).toBe(1);
    expect(weight(words)).toBe(5);
  });

  test('full words weigh 32 each', () => {
    expect(weight(new Uint32Array([0xffffffff, 0xffffffff, 0x7fffffff]))).toBe(95);
  });

  test('behaves as a set of numbers', () => {
    const step = fc.tuple(fc.constantFrom('set', 'clear', 'testSet', 'testClear'), fc.nat(BITS - 1));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const words = new Uint32Array(wordsFor(BITS));
        const set = new Set<number>();
        for (const [kind, bit] of steps) {
          const was = set.has(bit);
          if (kind === 'set') setBit(words, bit);
          if (kind === 'clear') clearBit(words, bit);
          if (kind === 'testSet') expect(testAndSetBit(words, bit)).toBe(was);
          if (kind === 'testClear') expect(testAndClearBit(words, bit)).toBe(was);
          if (kind === 'set' || kind === 'testSet') set.add(bit);
          else set.delete(bit);
        }
        const bits = Array.from({ length: BITS }, (_, bit) => bit);
        expect(bits.filter((bit) => testBit(words, bit))).toEqual(bits.filter((bit) => set.has(bit)));
        expect(weight(words)).toBe(set.size);
        const inOrder = [...set].toSorted((a, b) => a - b);
        for (let n = 0; n <= set.size; n++) expect(nthBit(words, n)).toBe(inOrder[n] ?? -1);
        for (const from of bits) {
          const above = [...set].filter((bit) => bit >= from);
          expect(nextBit(words, from)).toBe(above.length === 0 ? -1 : Math.min(...above));
        }
      }),
    );
  });
});
