import { describe, expect, test } from '@jest/globals';
import { kstrtobool, kstrtoint, kstrtouint, scanUnsigned } from '../../src/lib/kstrtox.js';
import { Guest } from '../../src/guest/guest.js';
import { errnoOf } from '../support/errors.js';

function outcome(read: () => unknown): unknown {
  let value: unknown;
  const errno = errnoOf(() => {
    value = read();
  });
  return errno ?? value;
}

describe('numbers as the kernel reads them', () => {
  // text, kstrtoint with base 10, with base 0, kstrtouint with base 0, sscanf %u
  test.each<[string, unknown, unknown, unknown, unknown]>([
    ['0', 0, 0, 0, 0],
    ['3\n', 3, 3, 3, 3],
    ['+3', 3, 3, 3, undefined],
    ['-3', -3, -3, 'EINVAL', undefined],
    ['-+3', 'EINVAL', 'EINVAL', 'EINVAL', undefined],
    ['+-3', 'EINVAL', 'EINVAL', 'EINVAL', undefined],
    [' 3', 'EINVAL', 'EINVAL', 'EINVAL', 3],
    ['3 ', 'EINVAL', 'EINVAL', 'EINVAL', 3],
    ['3\n\n', 'EINVAL', 'EINVAL', 'EINVAL', 3],
    ['\t\n3x', 'EINVAL', 'EINVAL', 'EINVAL', 3],
    ['010', 10, 8, 8, 10],
    ['08', 8, 'EINVAL', 'EINVAL', 8],
    ['0x1F', 'EINVAL', 31, 31, 0],
    ['0x', 'EINVAL', 'EINVAL', 'EINVAL', 0],
    ['0xg', 'EINVAL', 'EINVAL', 'EINVAL', 0],
    ['', 'EINVAL', 'EINVAL', 'EINVAL', undefined],
    ['\n', 'EINVAL', 'EINVAL', 'EINVAL', undefined],
    ['2147483647', 2147483647, 2147483647, 2147483647, 2147483647],
    ['2147483648', 'ERANGE', 'ERANGE', 2147483648, 2147483648],
    ['-2147483648', -2147483648, -2147483648, 'EINVAL', undefined],
    ['-2147483649', 'ERANGE', 'ERANGE', 'EINVAL', undefined],
    ['4294967295', 'ERANGE', 'ERANGE', 4294967295, 4294967295],
    ['4294967297', 'ERANGE', 'ERANGE', 'ERANGE', 1],
    ['18446744073709551618', 'ERANGE', 'ERANGE', 'ERANGE', 2],
    ['١', 'EINVAL', 'EINVAL', 'EINVAL', undefined],
  ])('%j', (text, decimal, byPrefix, plain, scanned) => {
    expect([
      outcome(() => kstrtoint(text, 10)),
      outcome(() => kstrtoint(text)),
      outcome(() => kstrtouint(text)),
      scanUnsigned(text),
    ]).toEqual([decimal, byPrefix, plain, scanned]);
  });

  test.each([
    ['1', true],
    ['yes', true],
    ['T', true],
    ['ON', true],
    ['0', false],
    ['No', false],
    ['false', false],
    ['off', false],
    ['o', 'EINVAL'],
    ['2', 'EINVAL'],
    ['', 'EINVAL'],
    [' 1', 'EINVAL'],
  ])('%j as a bool', (text, expected) => {
    expect(outcome(() => kstrtobool(text))).toBe(expected);
  });
});

describe('files that take them', () => {
  const write = (vm: Guest, path: string, text: string): string | undefined =>
    errnoOf(() => vm.fs.writeFile(path, text));

  test.each([
    ['1', undefined],
    ['+1', 'EIO'],
    ['-1', 'EIO'],
    [' 1', undefined],
    ['0x1', undefined],
    ['1x', undefined],
    ['4294967297', undefined],
    ['18446744073709551617', undefined],
    ['2', 'EINVAL'],
    ['4294967295', 'EINVAL'],
  ])('a channel’s cpu: %j', (text, expected) => {
    const vm = Guest.create({ cpus: 2, devices: [{ driver: 'heartbeat', relid: 7 }] });
    expect(write(vm, `${vm.channel(7).path}/cpu`, text)).toBe(expected);
    if (expected === undefined) expect(vm.channel(7).cpu).toBe(text.startsWith('0') ? 0 : 1);
  });

  test.each([
    ['0', undefined],
    ['+0', undefined],
    ['-0', undefined],
    ['0x0', 'EINVAL'],
    ['99999999999', 'ERANGE'],
    ['0 ', 'EINVAL'],
  ])('a CPU’s hotplug/target: %j', (text, expected) => {
    const vm = Guest.create({ cpus: 2 });
    expect(write(vm, '/sys/devices/system/cpu/cpu1/hotplug/target', text)).toBe(expected);
    expect(vm.machine.online.has(1)).toBe(expected !== undefined);
  });

  test.each([
    ['0x2', '2\n'],
    ['010', '8\n'],
    ['+1', '1\n'],
    ['-1', '-1\n'],
    ['1 ', 'EINVAL'],
    ['2147483648', 'ERANGE'],
  ])('irqfixup: %j', (text, expected) => {
    const vm = Guest.create({ cpus: 1 });
    const path = '/sys/module/spurious/parameters/irqfixup';
    expect(write(vm, path, text) ?? vm.fs.readFile(path)).toBe(expected);
  });

  test.each([
    ['6.1', '1', 'EINVAL'],
    ['6.1', 'off', undefined],
    ['6.10', '1', undefined],
    ['6.10', '+1', undefined],
    ['6.10', '2', undefined],
    ['6.10', '02', undefined],
    ['6.10', '3', 'EINVAL'],
    ['7.2', 'Off', 'EINVAL'],
  ] as const)('Linux %s, smt/control: %j', (kernel, text, expected) => {
    const vm = Guest.create({ kernel, cpus: { present: 4, threadsPerCore: 2 } });
    expect(write(vm, '/sys/devices/system/cpu/smt/control', text)).toBe(expected);
  });

  test.each([
    ['6.1', 'nonsense', 'EINVAL'],
    ['6.1', 'on', 'ENODEV'],
    ['6.12', 'nonsense', 'ENODEV'],
    ['7.3', '1', 'ENODEV'],
  ] as const)('Linux %s without threads, smt/control: %j', (kernel, text, expected) => {
    const vm = Guest.create({ kernel, cpus: 2 });
    expect(write(vm, '/sys/devices/system/cpu/smt/control', text)).toBe(expected);
  });
});
