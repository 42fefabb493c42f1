import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { StableHeap } from '../../src/lib/heap.js';

/** What the heap is to be: a list sorted by key that keeps the order of arrival among equals. */
class SortedList {
  private readonly entries: { key: number; item: number }[] = [];

  get size(): number {
    return this.entries.length;
  }

  get first(): { key: number; item: number } | undefined {
    return this.entries[0];
  }

  push(key: number, item: number): void {
    const after = this.entries.findIndex((entry) => entry.key > key);
    this.entries.splice(after < 0 ? this.entries.length : after, 0, { key, item });
  }

  pop(): number | undefined {
    return this.entries.shift()?.item;
  }

  remove(item: number): boolean {
    const at = this.entries.findIndex((entry) => entry.item === item);
    if (at >= 0) this.entries.splice(at, 1);
    return at >= 0;
  }
}

const operations = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('push' as const), key: fc.integer({ min: 0, max: 20 }) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('pop' as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), item: fc.nat(40) }) },
  ),
  { maxLength: 120 },
);

describe('StableHeap', () => {
  test('an empty heap has nothing', () => {
    const heap = new StableHeap<string>();
    expect([heap.size, heap.peek(), heap.lowestKey, heap.pop(), heap.remove('a')]).toEqual([
      0,
      undefined,
      Number.POSITIVE_INFINITY,
      undefined,
      false,
    ]);
  });

  test('equal keys leave in the order of arrival, also after others have left', () => {
    const heap = new StableHeap<string>();
    for (const item of ['a', 'b', 'c', 'd', 'e']) heap.push(1, item);
    heap.push(0, 'first');
    expect(heap.pop()).toBe('first');
    heap.push(1, 'f');
    expect(Array.from({ length: 6 }, () => heap.pop())).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  test('removing an entry from the middle mends the heap upwards', () => {
    // As they are pushed, these lie in the heap; the last one is below those above the removed one's place.
    const heap = new StableHeap<number>();
    for (const key of [0, 3, 1, 5, 6, 4, 2]) heap.push(key, key);
    expect(heap.remove(5)).toBe(true);
    expect(Array.from({ length: 6 }, () => heap.pop())).toEqual([0, 1, 2, 3, 4, 6]);
  });

  test('behaves as a sorted list', () => {
    fc.assert(
      fc.property(operations, (steps) => {
        const heap = new StableHeap<number>();
        const list = new SortedList();
        let next = 0;
        for (const step of steps) {
          if (step.kind === 'push') {
            heap.push(step.key, next);
            list.push(step.key, next++);
          } else if (step.kind === 'pop') {
            expect(heap.pop()).toBe(list.pop());
          } else {
            expect(heap.remove(step.item)).toBe(list.remove(step.item));
          }
          expect([heap.size, heap.lowestKey, heap.peek()]).toEqual([
            list.size,
            list.first?.key ?? Number.POSITIVE_INFINITY,
            list.first?.item,
          ]);
        }
        while (list.size > 0) expect(heap.pop()).toBe(list.pop());
        expect(heap.pop()).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });
});
