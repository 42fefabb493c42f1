import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ErrnoError } from '../../src/lib/errno.js';
import { CpuMask } from '../../src/machine/cpumask.js';
import { formatCpuList, formatCpuMask, parseCpuList, parseCpuMask } from '../../src/machine/cpumask-text.js';

type Parse = (text: string, nrCpuIds: number) => CpuMask;

/** The CPUs that a text names, or the errno that it gives. */
function outcome(parse: Parse, text: string, nrCpuIds: number): string {
  try {
    return formatCpuList(parse(text, nrCpuIds));
  } catch (error) {
    if (error instanceof ErrnoError) return error.code;
    throw error;
  }
}

describe('parseCpuMask', () => {
  test.each([
    ['f', 4, '0-3'],
    ['00000001', 4, '0'],
    ['000000001', 4, 'EOVERFLOW'],
    ['0,1', 4, 'EOVERFLOW'],
    ['ff', 4, 'EOVERFLOW'],
    ['1,', 4, '0'],
    [',1', 4, '0'],
    [' 1\t', 4, '0'],
    ['3\nzz', 4, '0-1'],
    ['3\0zz', 4, '0-1'],
    ['0x1', 4, 'EINVAL'],
    ['', 4, ''],
    ['1,00000000', 40, '32'],
    ['F,ffffffff', 36, '0-35'],
    ['100,0', 40, 'EOVERFLOW'],
    ['g', 4, 'EINVAL'],
  ])('%j on %i CPUs is %j', (text, nrCpuIds, expected) => {
    expect(outcome(parseCpuMask, text, nrCpuIds)).toBe(expected);
  });
});

describe('parseCpuList', () => {
  test.each([
    ['0-2,5', 8, '0-2,5'],
    ['ALL', 3, '0-2'],
    ['N', 8, '7'],
    ['n', 8, 'EINVAL'],
    ['0-7:2/4', 8, '0-1,4-5'],
    ['all:1/2', 6, '0,2,4'],
    ['0:1/2', 8, 'EINVAL'],
    [',, 1  ,2', 8, '1-2'],
    ['0\n9', 8, '0'],
    ['0-3:1/2\n5', 8, '0,2,5'],
    ['8', 8, 'ERANGE'],
    ['2147483648', 8, 'ERANGE'],
    ['4294967295', 8, 'EINVAL'],
    ['4294967296', 8, 'EOVERFLOW'],
    ['99999999999999999999999', 8, 'EOVERFLOW'],
    ['3-1', 8, 'EINVAL'],
    ['0-3:3/2', 8, 'EINVAL'],
    ['0-3:0/0', 8, 'EINVAL'],
    ['1-3:1/4294967295', 8, '0-1'],
    ['-1', 8, 'EINVAL'],
    ['1.5', 8, 'EINVAL'],
    ['', 8, ''],
  ])('%j on %i CPUs is %j', (text, nrCpuIds, expected) => {
    expect(outcome(parseCpuList, text, nrCpuIds)).toBe(expected);
  });
});

describe('formatCpuMask', () => {
  test.each([
    [1, [0], '1'],
    [4, [], '0'],
    [5, [4], '10'],
    [33, [32], '1,00000000'],
    [72, [...Array(72).keys()], 'ff,ffffffff,ffffffff'],
  ])('%i CPUs with %j', (nrCpuIds, cpus, expected) => {
    expect(formatCpuMask(CpuMask.of(nrCpuIds, cpus))).toBe(expected);
  });
});

const masks = fc
  .integer({ min: 1, max: 200 })
  .chain((nrCpuIds) => fc.uniqueArray(fc.nat(nrCpuIds - 1)).map((cpus) => CpuMask.of(nrCpuIds, cpus)));

describe('what is printed reads back as the same mask', () => {
  test('in hexadecimal', () => {
    fc.assert(fc.property(masks, (mask) => parseCpuMask(formatCpuMask(mask), mask.nrCpuIds).equals(mask)));
  });
  test('as a list', () => {
    fc.assert(fc.property(masks, (mask) => parseCpuList(formatCpuList(mask), mask.nrCpuIds).equals(mask)));
  });
});
