import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { kernelSort } from '../../src/lib/sort.js';

const order = (count: number, popsTwo: boolean): number[] => {
  const items = Array.from({ length: count }, (_, at) => at);
  kernelSort(items, () => 0, popsTwo);
  return items;
};

describe('kernelSort', () => {
  test('sorts', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ max: 9 })), fc.boolean(), (items, popsTwo) => {
        const sorted = items.slice();
        kernelSort(sorted, (a, b) => a - b, popsTwo);
        expect(sorted).toEqual(items.slice().sort((a, b) => a - b));
      }),
    );
  });

  /** The managed masks of NVMe and virtio queues in hotplug-devices recordings of 7.2 and 7.3: clusters of one CPU. */
  test('leaves equal elements in the order that kernels since 6.9 leave them in', () => {
    expect(order(4, true)).toEqual([1, 3, 2, 0]);
    expect(order(8, true)).toEqual([1, 3, 4, 5, 6, 7, 2, 0]);
    expect(order(1, true)).toEqual([0]);
    expect(order(2, true)).toEqual([1, 0]);
  });

  /** By hand from lib/sort.c of 6.1: of two equal children the left one rises, and one is taken off at a time. */
  test('and those before in the order of theirs', () => {
    expect(order(2, false)).toEqual([1, 0]);
    expect(order(3, false)).toEqual([1, 2, 0]);
    expect(order(4, false)).toEqual([1, 2, 3, 0]);
  });
});
