import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { durationPattern, formatDuration, parseDuration } from '../../src/scenario/duration.js';

describe('durations', () => {
  test.each([
    ['10s', 10_000_000_000],
    ['1.5ms', 1_500_000],
    ['0.1s', 100_000_000],
    ['500us', 500_000],
    ['1.001us', 1001],
    ['7ns', 7],
    ['0us', 0],
    ['4.999999999s', 4_999_999_999],
  ])('%s is %d ns', (text, ns) => {
    expect(durationPattern.test(text)).toBe(true);
    expect(parseDuration(text)).toBe(ns);
  });

  test.each(['10', '', 's', '1.5ns', '1.0001us', '-1s', '1 s', '1e3s', '5m', '1.s', '.5s', '1S', '10s '])(
    '%p is none',
    (text) => {
      expect(durationPattern.test(text)).toBe(false);
    },
  );

  test('what is printed is read as the same time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999_999_999 }), (ns) => {
        const text = formatDuration(ns);
        expect(text).toMatch(durationPattern);
        expect(parseDuration(text)).toBe(ns);
      }),
    );
  });

  test.each([
    [0, '0s'],
    [999, '999ns'],
    [1000, '1us'],
    [1_500_000, '1.5ms'],
    [60_000_000_000, '60s'],
  ])('%d ns is printed as %s', (ns, text) => {
    expect(formatDuration(ns)).toBe(text);
  });
});
