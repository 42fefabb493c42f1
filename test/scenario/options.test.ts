import { describe, expect, test } from '@jest/globals';
import { countsPerCpu, resolveCpus } from '../../src/scenario/options.js';

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

describe('CPUs', () => {
  test('a number means so many, all online', () => {
    expect(resolveCpus(2)).toEqual({
      present: 2,
      possible: 2,
      online: [0, 1],
      isolated: [],
      nohzFull: [],
      nodes: 1,
      packages: 1,
      threadsPerCore: 1,
    });
  });

  test('there are as many packages as nodes', () => {
    expect(resolveCpus({ present: 4, possible: 8, nodes: 2, online: [0] })).toMatchObject({
      possible: 8,
      online: [0],
      packages: 2,
    });
  });
});
