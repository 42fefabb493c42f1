import { expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { errnoOf } from '../support/errors.js';

const TRACING = '/sys/kernel/tracing';

function guest(): Guest {
  return Guest.create({ kernel: '6.12', cpus: 4, devices: [{ driver: 'heartbeat', relid: 7 }] });
}

test('trace_marker writes a line, whoever has no event on; not while tracing is off, and not without markers', () => {
  const { fs } = guest();
  expect(fs.writeFile(`${TRACING}/trace_marker`, 'hello')).toBe(5);
  expect(fs.readFile(`${TRACING}/trace`)).toMatch(
    / sh-1000 +\[000\] \.{5} +\d+\.\d{6}: tracing_mark_write: hello\n$/,
  );
  expect(fs.readFile(`${TRACING}/saved_cmdlines`)).toMatch(/^1000 sh\n$/);
  fs.writeFile(`${TRACING}/tracing_on`, '0');
  expect(errnoOf(() => fs.writeFile(`${TRACING}/trace_marker`, 'x'))).toBe('EBADF');
  fs.writeFile(`${TRACING}/tracing_on`, '1');
  fs.writeFile(`${TRACING}/options/markers`, '0');
  expect(errnoOf(() => fs.writeFile(`${TRACING}/trace_marker`, 'x'))).toBe('EINVAL');
});

test('options are one thing in trace_options and in options', () => {
  const { fs } = guest();
  fs.writeFile(`${TRACING}/trace_options`, 'nooverwrite');
  expect(fs.readFile(`${TRACING}/options/overwrite`)).toBe('0\n');
  fs.writeFile(`${TRACING}/options/overwrite`, '1');
  expect(fs.readFile(`${TRACING}/trace_options`)).toContain('\noverwrite\n');
  for (const [file, data] of [
    ['options/overwrite', '2'],
    ['trace_options', 'nosuch'],
    ['trace_options', 'test_nop_refuse'],
    ['options/trace_printk_dest', '0'],
  ])
    expect(errnoOf(() => fs.writeFile(`${TRACING}/${file}`, data))).toBe('EINVAL');
  fs.writeFile(`${TRACING}/trace_options`, 'test_nop_accept');
  expect(fs.readFile(`${TRACING}/options/test_nop_accept`)).toBe('1\n');
});

test('without record-cmd no names are kept; without overwrite the oldest stay', () => {
  const vm = guest();
  const { fs } = vm;
  fs.writeFile(`${TRACING}/trace_options`, 'norecord-cmd');
  fs.writeFile(`${TRACING}/trace_options`, 'nooverwrite');
  fs.writeFile(`${TRACING}/buffer_size_kb`, '8');
  for (let i = 0; i < 500; i++) fs.writeFile(`${TRACING}/trace_marker`, `mark ${i}`);
  expect(fs.readFile(`${TRACING}/saved_cmdlines`)).toBe('');
  expect(fs.readFile(`${TRACING}/trace`)).toContain(': mark 0\n');
  expect(fs.readFile(`${TRACING}/per_cpu/cpu0/stats`)).toMatch(/^overrun: 0\n(.*\n)*dropped events: [1-9]/m);
});

test('tracing_cpumask leaves CPUs out', () => {
  const { fs } = guest();
  expect(fs.readFile(`${TRACING}/tracing_cpumask`)).toBe('f\n');
  fs.writeFile(`${TRACING}/tracing_cpumask`, 'e');
  expect(fs.readFile(`${TRACING}/tracing_cpumask`)).toBe('e\n');
  fs.writeFile(`${TRACING}/trace_marker`, 'not seen');
  fs.writeFile(`${TRACING}/tracing_cpumask`, 'f');
  fs.writeFile(`${TRACING}/trace_marker`, 'seen');
  expect(fs.readFile(`${TRACING}/trace`).match(/tracing_mark_write: .*/g)).toEqual([
    'tracing_mark_write: seen',
  ]);
});

test('kallsyms has the functions that the binary form of events named, if kptr_restrict lets it', () => {
  const vm = guest();
  const { fs } = vm;
  expect(fs.readFile('/proc/kallsyms')).toBe('');
  fs.writeFile(`${TRACING}/trace_marker`, 'x');
  fs.open(`${TRACING}/per_cpu/cpu0/trace_pipe_raw`, 'read').read();
  expect(fs.readFile('/proc/kallsyms')).toMatch(/^ffffffff[0-9a-f]{8} t tracing_mark_write\n$/);
  fs.writeFile('/proc/sys/kernel/kptr_restrict', '2');
  expect(fs.readFile('/proc/kallsyms')).toBe('0000000000000000 t tracing_mark_write\n');
});

test.each<[string, string, string | undefined, string]>([
  ['irq_handler_entry/filter', 'irq==24\n', undefined, 'irq==24\n'],
  ['irq_handler_entry/filter', 'irq==24\0 && nonsense', undefined, 'irq==24\n'],
  ['irq_handler_entry/filter', `irq==24${' '.repeat(4088)}`, undefined, 'irq==24\n'],
  ['irq_handler_entry/filter', `irq==24${' '.repeat(4089)}`, 'EINVAL', 'none\n'],
  ['irq_handler_entry/filter', '(irq==24', 'ENOENT', "(irq==24\n^\nparse_error: Too many '('\n\n"],
  ['irq_handler_entry/filter', '==24', 'EPERM', '==24\nError: (0)\n\n'],
  ['filter', 'nofield==24', undefined, '### global filter ###\n'],
])('a write to %s of %j: %s', (file, data, code, shown) => {
  const { fs } = Guest.create({ cpus: 1, devices: [] });
  expect(errnoOf(() => fs.writeFile(`${TRACING}/events/irq/${file}`, data))).toBe(code);
  expect(fs.readFile(`${TRACING}/events/irq/${file}`).slice(0, shown.length)).toBe(shown);
});

test('the filter of a group is taken by the events that can have it; the others say that they cannot', () => {
  const { fs } = Guest.create({ cpus: 1, devices: [] });
  const filterOf = (event: string): string => fs.readFile(`${TRACING}/events/irq/${event}/filter`);
  fs.writeFile(`${TRACING}/events/irq/filter`, 'irq==24');
  expect(filterOf('irq_handler_exit')).toBe('irq==24\n');
  const error = "parse_error: Couldn't find or set field in one of a subsystem's events";
  expect(filterOf('softirq_entry')).toBe(`irq==24\n^\n${error}\n\n`);
  fs.writeFile(`${TRACING}/events/irq/filter`, '0');
  expect(filterOf('softirq_entry')).toBe('none\n');
});
