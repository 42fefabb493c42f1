import { describe, expect, test } from '@jest/globals';
import { importInterrupts } from '../../src/capture/interrupts.js';
import { captureCases } from '../view/golden.js';

interface Capture {
  readonly id: string;
  readonly exact: boolean;
  readonly text: string;
}

const captures = captureCases<Capture>('interrupts').filter(({ exact }) => exact);

describe('a machine built from a capture shows the same', () => {
  test.each(captures.map((capture) => [capture.id, capture.text] as const))('%s', (_, text) => {
    expect(importInterrupts(text).text()).toBe(text);
  });
});

test('the machine has the files of the capture', () => {
  const text =
    '            CPU1       CPU3       \n' +
    '   9:          0          2   IO-APIC    9-fasteoi   acpi\n' +
    '  24:          5          1     VMBus  475  netvsc, storvsc\n' +
    ' NMI:          1          2   Non-maskable interrupts\n' +
    ' ERR:          3\n';
  const { tree, kernel, text: shown } = importInterrupts(text);
  expect([kernel, shown()]).toEqual(['6.12', text]);
  expect(tree.readFile('/sys/devices/system/cpu/online')).toBe('1,3\n');
  expect(tree.readFile('/sys/kernel/irq/24/per_cpu_count')).toBe('0,5,0,1\n');
  expect(tree.readFile('/sys/kernel/irq/24/actions')).toBe('netvsc,storvsc\n');
  expect(tree.readFile('/sys/kernel/irq/9/name')).toBe('fasteoi\n');
  expect(tree.readdir('/proc/irq/24')).toContain('netvsc');
  expect(tree.readFile('/proc/stat')).toContain(`intr 14 ${'0 '.repeat(9)}2 ${'0 '.repeat(14)}6 0`);
});

test('what is no /proc/interrupts is refused with its place', () => {
  expect(() => importInterrupts('nothing\n')).toThrow('line 1, column 1');
});
