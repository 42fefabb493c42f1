import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { outcome } from './machine.js';

// kernel/trace/trace.c and trace_events.c, as recorded of 6.12 and 7.2 (test/golden-trace).

const TRACING = '/sys/kernel/tracing';
const boot = (kernel: '6.1' | '6.12' | '7.2' = '6.12'): Guest =>
  Guest.create({ kernel, cpus: 2, devices: [{ driver: 'heartbeat', relid: 5 }] });
const read = ({ fs }: Guest, name: string): string => fs.readFile(`${TRACING}/${name}`);
const write = ({ fs }: Guest, name: string, text: string): unknown =>
  outcome(() => fs.writeFile(`${TRACING}/${name}`, text));

const events = [
  'tasklet_exit',
  'tasklet_entry',
  'softirq_raise',
  'softirq_exit',
  'softirq_entry',
  'irq_handler_exit',
  'irq_handler_entry',
].map((name) => `irq:${name}\n`);

describe('/sys/kernel/tracing', () => {
  test.each([
    ['buffer_size_kb', 0o640],
    ['current_tracer', 0o640],
    ['error_log', 0o640],
    ['set_event', 0o640],
    ['trace', 0o640],
    ['trace_clock', 0o640],
    ['tracing_on', 0o640],
    ['available_events', 0o440],
    ['events', 0o750],
    ['events/enable', 0o640],
    ['events/header_page', 0o440],
    ['events/header_event', 0o440],
    ['events/irq', 0o750],
    ['events/irq/filter', 0o640],
    ['events/irq/irq_handler_entry', 0o750],
    ['events/irq/irq_handler_entry/id', 0o440],
    ['events/irq/irq_handler_entry/format', 0o440],
    ['events/irq/irq_handler_entry/filter', 0o640],
    ['per_cpu/cpu1', 0o750],
    ['per_cpu/cpu1/trace', 0o640],
    ['per_cpu/cpu1/stats', 0o440],
    ['per_cpu/cpu1/buffer_size_kb', 0o440],
  ])('%s has mode %i', (name, mode) => {
    const { fs } = boot();
    expect(fs.stat(`${TRACING}/${name}`).mode & 0o7777).toBe(mode);
    expect(fs.stat(TRACING).mode & 0o7777).toBe(0o700);
    const node = fs.stat(`${TRACING}/${name}`);
    if (node.kind === 'file' && mode === 0o440)
      expect(outcome(() => fs.writeFile(`${TRACING}/${name}`, '1'))).toBe('EINVAL');
  });

  test.each([
    ['trace_clock', '[local] global counter uptime perf mono mono_raw boot tai x86-tsc\n'],
    ['current_tracer', 'nop\n'],
    ['tracing_on', '1\n'],
    ['set_event', ''],
    ['events/enable', '0\n'],
    ['events/irq/enable', '0\n'],
    ['error_log', ''],
    [
      'events/irq/filter',
      '### global filter ###\n# Use this to set filters for multiple events.\n# Only events with the given fields will be affected.\n# If no events are modified, an error message will be displayed here\n',
    ],
    ['events/irq/irq_handler_entry/filter', 'none\n'],
    [
      'events/header_event',
      '# compressed entry header\n\ttype_len    :    5 bits\n\ttime_delta  :   27 bits\n\tarray       :   32 bits\n\n\tpadding     : type == 29\n\ttime_extend : type == 30\n\ttime_stamp : type == 31\n\tdata max type_len  == 28\n',
    ],
    [
      'events/header_page',
      '\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n\tfield: char data;\toffset:16;\tsize:4080;\tsigned:0;\n',
    ],
    [
      'per_cpu/cpu1/stats',
      /^entries: 0\noverrun: 0\ncommit overrun: 0\nbytes: 0\noldest event ts: {5}0\.000000\nnow ts: +\d+\.\d{6}\ndropped events: 0\nread events: 0\n$/,
    ],
  ])('%s as it is at first', (name, expected) => {
    const text = read(boot(), name);
    if (typeof expected === 'string') expect(text).toBe(expected);
    else expect(text).toMatch(expected);
  });

  test.each<[string, string, unknown, string]>([
    ['tracing_on', '0', 1, '0\n'],
    ['tracing_on', '0\n', 2, '0\n'],
    ['tracing_on', 'x', 'EINVAL', '1\n'],
    ['tracing_on', '7', 1, '1\n'],
    ['trace_clock', 'mono', 4, 'local global counter uptime perf [mono] mono_raw boot tai x86-tsc\n'],
    ['trace_clock', 'bad', 'EINVAL', '[local] global counter uptime perf mono mono_raw boot tai x86-tsc\n'],
    ['current_tracer', 'nop\n', 4, 'nop\n'],
    ['current_tracer', 'function', 'EINVAL', 'nop\n'],
    ['buffer_size_kb', '0', 'EINVAL', 'first'],
    ['buffer_size_kb', 'x', 'EINVAL', 'first'],
    ['buffer_size_kb', '64', 2, '67\n'],
    ['events/irq/enable', '1', 1, '1\n'],
    ['events/irq/enable', '01', 2, '1\n'],
    ['tracing_on', '00', 2, '0\n'],
    ['buffer_size_kb', '064', 3, '67\n'],
    ['events/irq/enable', '2', 'EINVAL', '0\n'],
    ['events/irq/enable', 'x', 'EINVAL', '0\n'],
    ['events/irq/irq_handler_entry/enable', '1\n', 2, '1\n'],
    ['events/irq/irq_handler_entry/filter', 'irq == 5', 8, 'irq == 5\n'],
    ['events/irq/irq_handler_entry/filter', '0', 1, 'none\n'],
    ['error_log', 'anything', 8, ''],
    ['trace', 'anything', 8, 'first'],
    ['set_event', 'irq:*', 5, events.join('')],
    ['set_event', 'nonsense', 'EINVAL', ''],
  ])('a write to %s of %p', (name, text, expected, after) => {
    const vm = boot();
    const first = read(vm, name);
    expect([write(vm, name, text), read(vm, name)]).toEqual([expected, after === 'first' ? first : after]);
  });

  test('an event has an id, which its format says', () => {
    const vm = boot();
    const ids = ['irq_handler_exit', 'irq_handler_entry'].map((name) => {
      const id = read(vm, `events/irq/${name}/id`);
      expect(read(vm, `events/irq/${name}/format`)).toMatch(new RegExp(`^name: ${name}\nID: ${id}format:\n`));
      return Number(id);
    });
    expect((ids[1] ?? 0) - (ids[0] ?? 0)).toBe(1);
  });

  test('sizes of buffers are those of each CPU', () => {
    const vm = boot();
    write(vm, 'buffer_size_kb', '64');
    expect(read(vm, 'per_cpu/cpu1/buffer_size_kb')).toBe('67\n');
  });

  test('events of a group are on, off, or some of them', () => {
    const vm = boot();
    const shown = () =>
      ['enable', 'irq/enable', 'irq/irq_handler_entry/enable', 'irq/irq_handler_exit/enable'].map((name) =>
        read(vm, `events/${name}`).trim(),
      );
    write(vm, 'events/irq/irq_handler_entry/enable', '1');
    expect([shown(), read(vm, 'set_event')]).toEqual([['X', 'X', '1', '0'], 'irq:irq_handler_entry\n']);
    write(vm, 'events/irq/enable', '1');
    expect([shown(), read(vm, 'set_event')]).toEqual([['X', '1', '1', '1'], events.join('')]);
    write(vm, 'set_event', '!irq:irq_handler_exit');
    expect(shown()).toEqual(['X', 'X', '1', '0']);
    write(vm, 'events/enable', '1');
    expect([shown(), read(vm, 'set_event')]).toEqual([['1', '1', '1', '1'], read(vm, 'available_events')]);
    write(vm, 'events/enable', '0');
    expect([shown(), read(vm, 'set_event')]).toEqual([['0', '0', '0', '0'], '']);
    write(vm, 'events/irq/enable', '1');
    vm.fs.open(`${TRACING}/set_event`, 'write').truncate();
    expect(shown()).toEqual(['0', '0', '0', '0']);
    expect(read(vm, 'available_events')).toContain(events.join(''));
  });

  test('a filter for a group goes to those that have its fields; one that none has is EINVAL', () => {
    const vm = boot();
    const filters = () =>
      ['irq_handler_entry', 'irq_handler_exit', 'softirq_raise'].map((name) =>
        read(vm, `events/irq/${name}/filter`).trim(),
      );
    expect([write(vm, 'events/irq/filter', 'irq == 7\n'), filters()]).toEqual([
      9,
      ['irq == 7', 'irq == 7', expect.stringMatching(/^irq == 7\n +\^\nparse_error: Field not found$/)],
    ]);
    expect([write(vm, 'events/irq/filter', 'nonsense == 7'), filters()[2]]).toEqual([
      'EINVAL',
      expect.stringContaining('parse_error'),
    ]);
    expect([write(vm, 'events/irq/filter', '0'), filters()]).toEqual([1, ['none', 'none', 'none']]);
  });

  test('what is wrong with a filter stands in error_log, until that is truncated', () => {
    const vm = boot();
    expect(write(vm, 'events/irq/irq_handler_entry/filter', 'irq==')).toBe('EINVAL');
    expect(read(vm, 'error_log')).toMatch(
      /^\[ +\d+\.\d{6}\] event filter parse error: error: Invalid value \(did you forget quotes\)\?\n {2}Command: irq==\n {17}\^\n$/,
    );
    vm.fs.open(`${TRACING}/error_log`, 'write').truncate();
    expect(read(vm, 'error_log')).toBe('');
  });

  test('what happened stands in trace and in that of its CPU; truncating either empties it', () => {
    const vm = boot();
    const lines = (name: string) =>
      read(vm, name)
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#')).length;
    const all = () => ['trace', 'per_cpu/cpu0/trace', 'per_cpu/cpu1/trace'].map(lines);
    write(vm, 'set_event', 'hyperv:*');
    for (const cpu of [1, 0]) vm.channel(5).moveTo(cpu);
    const [sum = 0, zero = 0, one = 0] = all();
    expect(sum).toBe(zero + one);
    expect(sum).toBeGreaterThan(0);
    const busy = zero > 0 ? 0 : 1;
    const stats = read(vm, `per_cpu/cpu${busy}/stats`);
    expect(Number(/^entries: (\d+)$/m.exec(stats)?.[1])).toBe(Math.max(zero, one));
    expect(stats).toMatch(/^bytes: [1-9]\d*\noldest event ts: +\d+\.\d{6}\nnow ts: +\d+\.\d{6}$/m);
    vm.fs.open(`${TRACING}/per_cpu/cpu${busy}/trace`, 'write').truncate();
    expect(lines(`per_cpu/cpu${busy}/trace`)).toBe(0);
    vm.channel(5).moveTo(1);
    vm.fs.open(`${TRACING}/trace`, 'write').truncate();
    expect(all()).toEqual([0, 0, 0]);
    write(vm, 'tracing_on', '0');
    vm.channel(5).moveTo(0);
    expect(all()).toEqual([0, 0, 0]);
  });

  test('clocks that count tell no seconds', () => {
    const vm = boot();
    write(vm, 'trace_clock', 'counter');
    expect(read(vm, 'per_cpu/cpu0/stats')).toMatch(/^oldest event ts: 0\nnow ts: \d+$/m);
  });

  test.each([
    ['6.1', 'int overwrite;\toffset:8;\tsize:1;\tsigned:1;', 1],
    ['6.12', 'int overwrite;\toffset:8;\tsize:1;\tsigned:1;', 0],
    ['7.2', 'char overwrite;\toffset:8;\tsize:1;\tsigned:0;', 0],
  ] as const)('the header of a page on %s', (kernel, overwrite, signed) => {
    const text = read(boot(kernel), 'events/header_page');
    expect(text).toContain(`\tfield: ${overwrite}\n`);
    expect(text).toContain(`\tfield: char data;\toffset:16;\tsize:4080;\tsigned:${signed};\n`);
  });
});
