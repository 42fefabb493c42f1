import { describe, expect, test } from '@jest/globals';
import { resolveCpus } from '../../../src/scenario/options/cpus.js';

describe('CPUs', () => {
  test('a number means so many, all online', () => {
    expect(resolveCpus(2)).toEqual({
      present: 2,
      possible: 2,
      online: [0, 1],
      wentOffline: [],
      isolated: [],
      nohzFull: [],
      vendor: 'Intel',
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
