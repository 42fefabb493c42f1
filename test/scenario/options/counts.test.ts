import { describe, expect, test } from '@jest/globals';
import { countsPerCpu } from '../../../src/scenario/options/counts.js';

describe('counts', () => {
  test('one number is for every CPU', () => {
    expect(countsPerCpu(5, 3)).toEqual([5, 5, 5]);
  });

  test('a list starts at CPU 0, a mapping names its CPUs, the rest is 0', () => {
    expect(countsPerCpu([1, 2], 3)).toEqual([1, 2, 0]);
    expect(countsPerCpu({ 2: 7 }, 3)).toEqual([0, 0, 7]);
    expect(countsPerCpu(undefined, 2)).toEqual([0, 0]);
  });

  test('a CPU that does not exist is refused', () => {
    expect(() => countsPerCpu({ 3: 1 }, 3)).toThrow(
      new RangeError('there is a count for CPU 3, but the guest has CPUs 0-2'),
    );
    expect(() => countsPerCpu([1, 2], 1)).toThrow(RangeError);
  });
});
