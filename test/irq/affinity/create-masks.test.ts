import { describe, expect, test } from '@jest/globals';
import { formatCpuList } from '../../../src/machine/cpumask-text.js';
import {
  type IrqAffinity,
  irqCalcAffinityVectors,
  irqCreateAffinityMasks,
  type KernelVersion,
} from '../../../src/irq/index.js';
import { Lab } from '../lab.js';

const lab = (kernel: KernelVersion, present = 4, possible = present): Lab =>
  new Lab({ kernel, machine: { present, possible } });

/** The masks as lists, those of managed vectors with an M. */
function masks(of: Lab, vectors: number, affinity: Partial<IrqAffinity> = {}): string[] | null {
  const result = irqCreateAffinityMasks(of.core, vectors, { preVectors: 0, postVectors: 0, ...affinity });
  return result?.map(({ mask, managed }) => formatCpuList(mask) + (managed ? 'M' : '')) ?? null;
}

/** NVMe has an admin queue that is not spread; virtio-blk one for changes of its configuration. */
const oneBefore = { preVectors: 1 };

describe('irqCreateAffinityMasks', () => {
  /** hotplug-devices recordings, first line of each: nvme with 4 CPUs, virtio-blk with 8. */
  test.each<[KernelVersion, string[], string[]]>([
    ['6.1', ['0M', '1M', '2M', '3M'], ['0M', '1M', '2M', '3M', '4M', '5M', '6M', '7M']],
    ['6.12', ['0M', '1M', '2M', '3M'], ['0M', '1M', '2M', '3M', '4M', '5M', '6M', '7M']],
    ['7.2', ['1M', '3M', '2M', '0M'], ['1M', '3M', '4M', '5M', '6M', '7M', '2M', '0M']],
    ['7.3', ['1M', '3M', '2M', '0M'], ['1M', '3M', '4M', '5M', '6M', '7M', '2M', '0M']],
  ])('%s: masks of NVMe and virtio queues as recorded', (kernel, nvme, virtio) => {
    expect(masks(lab(kernel, 4), 5, oneBefore)).toEqual(['0-3', ...nvme]);
    expect(masks(lab(kernel, 8), 9, oneBefore)).toEqual(['0-7', ...virtio]);
  });

  // The rest from reading kernel/irq/affinity.c of 6.1, 6.12 and 7.2.8.

  test('vectors before and behind go where unmanaged interrupts go', () => {
    const guest = lab('6.12');
    guest.core.setDefaultAffinity(guest.cpus('1-2'));
    expect(masks(guest, 5, { preVectors: 2, postVectors: 1 })).toEqual(['1-2', '1-2', '0-1M', '2-3M', '1-2']);
  });

  test('nothing left to spread: no masks, but the driver is asked for its sets', () => {
    const asked: number[] = [];
    const calcSets = (vectors: number): number[] => {
      asked.push(vectors);
      return [];
    };
    expect(masks(lab('6.12'), 2, { preVectors: 1, postVectors: 1, calcSets })).toBeNull();
    expect(masks(lab('6.12'), 2, { preVectors: 3, calcSets })).toBeNull();
    expect(asked).toEqual([0, 0]);
  });

  test('each set is spread over all CPUs', () => {
    const calcSets = (vectors: number): number[] => [vectors - 2, 2];
    expect(masks(lab('6.12'), 7, { preVectors: 1, calcSets })).toEqual([
      '0-3',
      '0M',
      '1M',
      '2M',
      '3M',
      '0-1M',
      '2-3M',
    ]);
  });

  test('what the sets leave over is managed and has the default mask', () => {
    expect(masks(lab('6.12'), 4, { postVectors: 1, calcSets: () => [2] })).toEqual([
      '0-1M',
      '2-3M',
      '0-3M',
      '0-3',
    ]);
  });

  test('an empty set: no masks at all', () => {
    expect(masks(lab('6.12'), 4, { calcSets: () => [4, 0] })).toBeNull();
  });

  test('more than four sets: a warning, once, and no masks', () => {
    const guest = lab('6.12', 8);
    const calcSets = (): number[] => [1, 1, 1, 1, 1];
    expect(masks(guest, 5, { calcSets })).toBeNull();
    expect(masks(guest, 5, { calcSets })).toBeNull();
    expect(guest.log).toEqual(['WARNING: at kernel/irq/affinity.c irq_create_affinity_masks']);
  });

  test('sets of more vectors than there are, which the kernel does not look for', () => {
    expect(() => masks(lab('6.12'), 4, { calcSets: () => [3, 2] })).toThrow(
      new RangeError('calcSets gives sets of 3 + 2 vectors, of 4 that there are'),
    );
  });

  test('more vectors than CPUs: empty masks and a warning up to 6.16, the default mask after that', () => {
    const old = lab('6.12', 2);
    expect(masks(old, 4, oneBefore)).toEqual(['0-1', '0M', '1M', 'M']);
    expect(old.log).toEqual(['WARNING: at lib/group_cpus.c group_cpus_evenly']);
    const newer = lab('6.18', 2);
    expect(masks(newer, 4, oneBefore)).toEqual(['0-1', '0M', '1M', '0-1M']);
    expect(newer.log).toEqual([]);
  });

  test('a set with fewer CPUs than vectors: the next one moves up from 6.17 on', () => {
    const calcSets = (): number[] => [3, 2];
    expect(masks(lab('6.12', 2), 5, { calcSets })).toEqual(['0M', '1M', 'M', '0M', '1M']);
    expect(masks(lab('6.18', 2), 5, { calcSets })).toEqual(['0M', '1M', '0M', '1M', '0-1M']);
  });

  test('CPUs that can still be plugged in have their vector', () => {
    expect(masks(lab('6.12', 2, 4), 4)).toEqual(['0M', '1M', '2M', '3M']);
    expect(masks(lab('6.12', 2, 4), 2)).toEqual(['0,2M', '1,3M']);
  });
});

describe('irqCalcAffinityVectors', () => {
  const count = (minvec: number, maxvec: number, affinity: Partial<IrqAffinity> = {}): number =>
    irqCalcAffinityVectors(lab('6.12', 2, 4).core, minvec, maxvec, {
      preVectors: 0,
      postVectors: 0,
      ...affinity,
    });

  test('one for each possible CPU, and those that are not spread', () => {
    expect(count(1, 64)).toBe(4);
    expect(count(2, 64, { preVectors: 1, postVectors: 1 })).toBe(6);
    expect(count(2, 3, { preVectors: 1 })).toBe(3);
  });

  test('all there are for sets of the driver’s own', () => {
    expect(count(1, 64, { preVectors: 1, calcSets: () => [] })).toBe(64);
  });

  test('none if the least is not enough for those that are not spread', () => {
    expect(count(1, 64, { preVectors: 1, postVectors: 1 })).toBe(0);
  });
});
