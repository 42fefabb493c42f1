import { constants } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { type ErrnoCode, ErrnoError, errnoCode, errnoNumbers, errnoValue } from '../../src/lib/errno.js';

const linux = process.platform === 'linux' ? test : test.skip;
const codes = Object.keys(errnoNumbers) as ErrnoCode[];

describe('errno', () => {
  linux('numbers are those of Linux', () => {
    // ENOTSUPP is the kernel's own (include/linux/errno.h): user space has no name for it.
    const known = codes.map((code) => [code, (constants.errno as Record<string, number>)[code] ?? 524]);
    expect(Object.fromEntries(known)).toEqual(errnoNumbers);
  });

  test.each([
    ['EPERM', -1],
    ['EIO', -5],
    ['EBUSY', -16],
    ['EINVAL', -22],
    ['ENOSPC', -28],
    ['EOVERFLOW', -75],
  ] as const)('%s is returned as %d', (code, value) => {
    expect(errnoValue(code)).toBe(value);
    expect(errnoCode(value)).toBe(code);
  });

  test('each number has one name', () => {
    expect(codes.map((code) => errnoCode(errnoValue(code)))).toEqual(codes);
  });

  test.each([0, 16, -4095])('%d is no errno', (ret) => {
    expect(() => errnoCode(ret)).toThrow(new RangeError(`no errno name for ${ret}`));
  });

  test('an ErrnoError has code, number and a message that begins with the code', () => {
    const error = new ErrnoError('EBUSY', 'CPU 3 is busy');
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.code, error.errno, error.message]).toEqual([
      'ErrnoError',
      'EBUSY',
      -16,
      'EBUSY: CPU 3 is busy',
    ]);
  });
});
