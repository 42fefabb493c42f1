import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { rateOf, rhythmOf } from '../../../src/capture/bundle/rate.js';

const times = (count: number) => Array.from({ length: count }, (_, at) => 100 + at);

test('two snapshots give a rate', () => {
  expect(rateOf([100, 110], [5, 1005])).toEqual({ times: 1000, seconds: 10, intervals: 1, dispersion: 0 });
});

test('a counter that wraps goes on, one that goes backwards or comes too late has no rate', () => {
  expect(rateOf([0, 1], [2 ** 32 - 5, 5])?.times).toBe(10);
  expect(rateOf([0, 1], [1000, 3])).toBeUndefined();
  expect(rateOf([0, 1], [undefined, 3])).toBeUndefined();
  expect(rateOf([0, 1, 3], [undefined, 3, 5])).toMatchObject({ times: 2, seconds: 2 });
});

test('what comes as a clock has no bursts; what comes at random once in a while, and what comes in bursts is seen', () => {
  const even = rateOf(
    times(11),
    times(11).map((at) => at * 100),
  );
  expect(even?.dispersion).toBe(0);
  const slow = rateOf(times(9), [0, 0, 1, 1, 2, 2, 3, 3, 4]);
  if (slow === undefined) throw new Error('no rate');
  expect(rhythmOf(slow)).toEqual({ everyNs: 2e9, burst: 1, isRandom: false });
  const bursts = rateOf(times(5), [0, 400, 400, 400, 800]);
  expect(bursts?.dispersion).toBeGreaterThan(200);
  if (bursts === undefined) throw new Error('no rate');
  expect(rhythmOf(bursts)).toMatchObject({ isRandom: true });
  expect(rhythmOf(bursts).burst).toBeGreaterThan(100);
});

test('a rhythm comes to as many times in the time, within 2 %', () => {
  fc.assert(
    fc.property(
      fc
        .array(fc.nat(5000), { minLength: 1, maxLength: 60 })
        .filter((counts) => counts.some((count) => count > 0)),
      (steps) => {
        const counts = [0];
        for (const step of steps) counts.push((counts.at(-1) ?? 0) + step);
        const rate = rateOf(times(counts.length), counts);
        if (rate === undefined) throw new Error('no rate');
        const { everyNs, burst } = rhythmOf(rate);
        const made = Math.ceil((rate.seconds * 1e9) / everyNs) * burst;
        expect(Math.abs(made - rate.times)).toBeLessThanOrEqual(rate.times * 0.02);
      },
    ),
  );
});
