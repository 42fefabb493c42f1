import { beforeEach, describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import type { KernelVersion } from '../../src/irq/kernel.js';
import type { FileTree } from '../../src/view/tree.js';
import { errnoOf } from '../support/errors.js';

const TRACING = '/sys/kernel/tracing';
let guest: Guest;
let fs: FileTree;

function boot(kernel: KernelVersion = '6.12'): void {
  guest = Guest.create({ cpus: 2, kernel, devices: [{ driver: 'heartbeat', relid: 7 }] });
  ({ fs } = guest);
}

beforeEach(() => boot());

function read(file: string): string {
  return fs.readFile(`${TRACING}/${file}`);
}

function write(file: string, data: string): number {
  return fs.writeFile(`${TRACING}/${file}`, data);
}

/** The events of a file as `trace` shows them, without what stands before them. */
function events(file = 'trace'): string[] {
  const lines = read(file)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => line.replace(/^.{16}-.*?\d+\.\d{6}: /, ''));
}

function mark(file: string, text: string): number {
  return write(file, text);
}

describe('instances', () => {
  test('are made by mkdir and go by rmdir, with files, events, filters and buffers of their own', () => {
    fs.mkdir(`${TRACING}/instances/mine`);
    expect(fs.readdir(`${TRACING}/instances`)).toEqual(['mine']);
    expect(fs.stat(`${TRACING}/instances/mine`).kind).toBe('directory');
    write('instances/mine/set_event', 'hyperv:vmbus_chan_sched');
    guest.host.signal(7);
    guest.run({ ms: 1 });
    expect(events('instances/mine/trace')).toEqual(['vmbus_chan_sched: relid 0x7']);
    expect(events()).toEqual([]);
    expect([read('set_event'), read('instances/mine/set_event')]).toEqual(['', 'hyperv:vmbus_chan_sched\n']);
    write('instances/mine/tracing_on', '0');
    expect(guest.machine.tracePort).toBeUndefined();
    write('events/irq/enable', '1');
    guest.host.signal(7);
    guest.run({ ms: 1 });
    expect(events('instances/mine/trace')).toHaveLength(1);
    expect(events().length).toBeGreaterThan(0);
    fs.rmdir(`${TRACING}/instances/mine`);
    expect(errnoOf(() => read('instances/mine/trace'))).toBe('ENOENT');
  });

  test('have no files of the machine, and not all options', () => {
    fs.mkdir(`${TRACING}/instances/mine`);
    const top = fs.readdir(TRACING);
    const own = fs.readdir(`${TRACING}/instances/mine`);
    const ofTop = top.filter((name) => !own.includes(name));
    const names = ['README', 'available_events', 'instances', 'printk_formats'];
    expect(ofTop).toEqual([...names, 'saved_cmdlines', 'saved_cmdlines_size', 'saved_tgids']);
    expect(fs.exists(`${TRACING}/instances/mine/options/record-cmd`)).toBe(false);
    expect(read('instances/mine/trace_options')).toMatch(/^record-cmd$/m);
  });

  test.each([
    ['mkdir', 'instances/mine', 'EEXIST'],
    ['mkdir', 'instances/none/deeper', 'ENOENT'],
    ['mkdir', 'instances/mine/deeper', 'EPERM'],
    ['mkdir', 'events/mine', 'EPERM'],
    ['rmdir', 'instances/none', 'ENOENT'],
    ['rmdir', 'instances/mine/events', 'EPERM'],
    ['rmdir', 'instances/mine/trace', 'ENOTDIR'],
    ['rmdir', 'instances/mine', undefined],
  ] as const)('%s %s: %s', (call, path, code) => {
    fs.mkdir(`${TRACING}/instances/mine`);
    expect(errnoOf(() => fs[call](`${TRACING}/${path}`))).toBe(code);
  });

  test('stay while somebody reads trace_pipe', () => {
    fs.mkdir(`${TRACING}/instances/mine`);
    const stream = fs.open(`${TRACING}/instances/mine/trace_pipe`, 'read').stream();
    expect(errnoOf(() => fs.rmdir(`${TRACING}/instances/mine`))).toBe('EBUSY');
    stream?.close?.();
    expect(errnoOf(() => fs.rmdir(`${TRACING}/instances/mine`))).toBeUndefined();
  });
});

describe('markers', () => {
  test.each<[KernelVersion, string, number, string]>([
    ['6.1', 'x'.repeat(1025), 1024, `tracing_mark_write: ${'x'.repeat(1024)}`],
    ['6.12', 'x'.repeat(5000), 4054, `tracing_mark_write: ${'x'.repeat(4054)}`],
    ['7.2', 'x'.repeat(4055), 4054, `tracing_mark_write: ${'x'.repeat(4054)}`],
    ['7.2', 'one\0two\n', 8, 'tracing_mark_write: one'],
  ])(
    'Linux %s takes what an event has room for, and shows it up to a zero byte',
    (kernel, data, taken, shown) => {
      boot(kernel);
      expect(mark('trace_marker', data)).toBe(taken);
      expect(events()).toEqual([shown]);
    },
  );

  test('are whole where the pages of buffers are larger', () => {
    write('buffer_subbuf_size_kb', '8');
    expect(mark('trace_marker', 'x'.repeat(5000))).toBe(4096);
  });

  test.each<[KernelVersion, string, string | undefined, string[]]>([
    ['7.2', '\x01\0\0\0abc', undefined, ['# 1 buf: 61 62 63 00']],
    ['6.12', '\x01\x02\0\0ab', undefined, [`# 201 buf: 61 62${' 00'.repeat(14)}`]],
    ['6.1', '\x01\0\0', 'EINVAL', []],
    ['6.1', 'x'.repeat(3073), 'EINVAL', []],
    ['6.12', 'x'.repeat(4061), 'EINVAL', []],
    ['7.2', 'x'.repeat(4065), 'EINVAL', []],
  ])('raw data on Linux %s', (kernel, data, code, shown) => {
    boot(kernel);
    expect(errnoOf(() => mark('trace_marker_raw', data))).toBe(code);
    expect(events()).toEqual(shown);
  });

  test('of the top instance go to others that want them', () => {
    boot('7.2');
    fs.mkdir(`${TRACING}/instances/mine`);
    mark('trace_marker', 'a');
    write('instances/mine/options/copy_trace_marker', '1');
    mark('trace_marker', 'b');
    mark('instances/mine/trace_marker', 'c');
    expect(events()).toEqual(['tracing_mark_write: a', 'tracing_mark_write: b']);
    expect(events('instances/mine/trace')).toEqual(['tracing_mark_write: b', 'tracing_mark_write: c']);
    write('instances/mine/options/copy_trace_marker', '0');
    write('options/copy_trace_marker', '0');
    expect(errnoOf(() => mark('trace_marker', 'd'))).toBe('ENODEV');
  });

  test('are not read: the file opens, and says EINVAL', () => {
    const file = fs.open(`${TRACING}/trace_marker`, 'read');
    expect(errnoOf(() => file.read())).toBe('EINVAL');
  });
});

describe('sizes', () => {
  test('are small until something is on', () => {
    expect([read('buffer_size_kb'), read('buffer_total_size_kb')]).toEqual([
      '7 (expanded: 1408)\n',
      '14 (expanded: 2816)\n',
    ]);
    expect(read('per_cpu/cpu1/buffer_size_kb')).toBe('7\n');
    write('set_event', 'irq:*');
    expect([read('buffer_size_kb'), read('buffer_total_size_kb')]).toEqual(['1410\n', '2820\n']);
  });

  test('may be of one CPU', () => {
    write('per_cpu/cpu1/buffer_size_kb', '64');
    expect(
      ['buffer_size_kb', 'per_cpu/cpu0/buffer_size_kb', 'per_cpu/cpu1/buffer_size_kb'].map(read),
    ).toEqual(['X\n', '7\n', '67\n']);
    write('buffer_size_kb', '64');
    expect(read('buffer_size_kb')).toBe('67\n');
  });

  test.each([
    ['buffer_size_kb', '0', 'EINVAL'],
    ['buffer_size_kb', '4194304', 'ENOMEM'],
    ['buffer_size_kb', '18446744073709551', 'ENOMEM'],
    ['buffer_size_kb', '18446744073709551616', 'ERANGE'],
    ['per_cpu/cpu0/buffer_size_kb', '2097152', undefined],
    ['per_cpu/cpu0/buffer_size_kb', '0', 'EINVAL'],
    ['saved_cmdlines_size', '0', 'EINVAL'],
    ['saved_cmdlines_size', '32769', 'EINVAL'],
    ['saved_cmdlines_size', '32768', undefined],
    ['buffer_subbuf_size_kb', '0', 'EINVAL'],
    ['buffer_subbuf_size_kb', '513', 'EINVAL'],
    ['buffer_subbuf_size_kb', '512', undefined],
    ['set_event_pid', 'x', 'EINVAL'],
    ['set_event_pid', '1073741824', 'EPERM'],
    ['set_event_pid', '0x10 7', undefined],
    ['trace_options', 'x'.repeat(64), 'EINVAL'],
    ['trace_clock', `mono${' '.repeat(60)}`, 'EINVAL'],
    ['trace_clock', `mono${' '.repeat(59)}`, undefined],
    ['snapshot', 'x', 'EINVAL'],
    ['per_cpu/cpu0/snapshot', '0', 'EINVAL'],
    ['per_cpu/cpu0/snapshot', '1', 'EINVAL'],
    ['per_cpu/cpu0/snapshot', '2', undefined],
  ])('%s takes %s: %s', (file, data, code) => {
    expect(errnoOf(() => write(file, data))).toBe(code);
  });

  test('of pages are what header_page and trace_pipe_raw have', () => {
    write('buffer_subbuf_size_kb', '6');
    expect(read('buffer_subbuf_size_kb')).toBe('8\n');
    expect(read('events/header_page')).toMatch(/char data;\toffset:16;\tsize:8176;/);
    for (let i = 0; i < 3; i++) mark('trace_marker', 'x'.repeat(4000));
    const stream = fs.open(`${TRACING}/per_cpu/cpu0/trace_pipe_raw`, 'read').stream();
    expect(stream?.read(8192, 'read')?.length).toBe(8192);
    expect(read('per_cpu/cpu0/stats')).toMatch(/^entries: 1$/m);
  });

  test('of Linux 6.1 are those of memory pages', () => {
    boot('6.1');
    expect(fs.exists(`${TRACING}/buffer_subbuf_size_kb`)).toBe(false);
  });

  test('a smaller buffer loses the oldest events, a larger one keeps all', () => {
    write('buffer_size_kb', '64');
    for (let i = 0; i < 10; i++) mark('trace_marker', String(i).repeat(2000));
    write('buffer_size_kb', '128');
    expect(events()).toHaveLength(10);
    write('buffer_size_kb', '8');
    expect(events()).toHaveLength(6);
    expect(events().at(-1)).toBe(`tracing_mark_write: ${'9'.repeat(2000)}`);
    expect(read('per_cpu/cpu0/stats')).toMatch(/^entries: 6\noverrun: 4\n/);
  });
});

describe('snapshot', () => {
  test('puts the buffers aside, and goes on in those that were aside', () => {
    expect(read('snapshot')).toMatch(
      /^# tracer: nop\n#\n#\n# \* Snapshot is freed \*\n#\n# Snapshot commands:\n/,
    );
    mark('trace_marker', 'a');
    write('snapshot', '1');
    expect([events('snapshot'), events()]).toEqual([['tracing_mark_write: a'], []]);
    mark('trace_marker', 'b');
    write('snapshot', '1');
    expect([events('snapshot'), events()]).toEqual([['tracing_mark_write: b'], ['tracing_mark_write: a']]);
    expect(events('per_cpu/cpu0/snapshot')).toEqual(['tracing_mark_write: b']);
    write('snapshot', '2');
    expect(read('snapshot')).toMatch(/Snapshot is allocated/);
    write('snapshot', '0');
    expect(read('per_cpu/cpu1/snapshot')).toMatch(
      /Snapshot is freed .*\n#\n.*\n# echo 0 > snapshot : Invalid for/,
    );
  });
});

describe('tasks', () => {
  test.each([
    ['set_event_pid', '44', ['tracing_mark_write: 44']],
    ['set_event_notrace_pid', '44', ['tracing_mark_write: 45']],
    ['set_event_pid', '44 45', ['tracing_mark_write: 44', 'tracing_mark_write: 45']],
  ])('%s %s', (file, pids, shown) => {
    write(file, pids);
    for (const pid of [44, 45])
      guest.machine.asUser(() => mark('trace_marker', String(pid)), { comm: 'sh', pid });
    expect(events()).toEqual(shown);
    expect(read(file)).toBe(`${pids.replace(' ', '\n')}\n`);
    fs.open(`${TRACING}/${file}`, 'write').truncate();
    expect(read(file)).toBe('');
  });

  test('have names as far as there is room', () => {
    expect(read('saved_cmdlines_size')).toBe('6552\n');
    const { cmdlines } = guest.tracer.system;
    for (let pid = 1; pid <= 6553; pid++) cmdlines.save(pid, `task ${pid}`);
    expect([1, 2, 6553, 0].map((pid) => cmdlines.find(pid))).toEqual([
      '<...>',
      'task 2',
      'task 6553',
      '<idle>',
    ]);
    expect(read('saved_cmdlines').split('\n').slice(0, 2)).toEqual(['6552 task 6552', '6553 task 6553']);
    cmdlines.save(2 + 32_768, 'other');
    expect(cmdlines.find(2)).toBe('<...>');
    write('saved_cmdlines_size', '10000');
    expect([read('saved_cmdlines_size'), read('saved_cmdlines')]).toEqual(['19659\n', '']);
  });

  test('without record-cmd have none', () => {
    write('trace_options', 'norecord-cmd');
    mark('trace_marker', 'x');
    expect(read('trace')).toMatch(/^ {11}<\.\.\.>-1000 {4}\[000\]/m);
  });
});

describe('options', () => {
  test.each([
    [['raw'], '1000 0 150000 # ffffffff81000000 x\n'],
    [['raw', 'nocontext-info'], '# ffffffff81000000 x\n'],
    [['hex'], '000003e8 00000000 00000000000249f0 type: 5\n\n'],
    [['bin'], '\xe8\x03\0\0\0\0\0\0\xf0\x49\x02\0\0\0\0\0type: 5\n'],
    [['nocontext-info'], 'tracing_mark_write: x\n'],
    [['noirq-info'], '              sh-1000    [000]      0.000150: tracing_mark_write: x\n'],
    [['record-tgid'], '              sh-1000    (   1000) [000] .....     0.000150: tracing_mark_write: x\n'],
    [['printk-msg-only'], 'x\n'],
  ])('%j', (options, line) => {
    guest.run({ ns: 150_000 - (guest.now - guest.machine.bootNs) });
    for (const option of options) write('trace_options', option);
    mark('trace_marker', 'x');
    expect(read('trace').replace(/^(#($|[^ ]| (?!ffff)).*\n)+/m, '')).toBe(line);
  });

  test('raw shows the type of an event, and saved_tgids who was asked for', () => {
    write('set_event', 'vmbus_chan_sched');
    write('trace_options', 'raw');
    write('trace_options', 'record-tgid');
    guest.host.signal(7);
    guest.run({ ms: 1 });
    const id = read('events/hyperv/vmbus_chan_sched/id').trim();
    expect(read('trace')).toMatch(new RegExp(`^0 0 \\d+ type: ${id}$`, 'm'));
    expect(read('saved_tgids')).toBe('');
  });

  test('record-tgid has a column, noirq-info takes one away', () => {
    write('trace_options', 'record-tgid');
    expect(read('trace')).toMatch(/^# {11}TASK-PID {7}TGID {4}CPU# {2}\|{5} {2}TIMESTAMP {2}FUNCTION$/m);
    write('trace_options', 'noirq-info');
    expect(read('trace')).toMatch(/^# {11}TASK-PID {7}TGID {4}CPU# {5}TIMESTAMP {2}FUNCTION$/m);
  });
});

test('README says what is there', () => {
  const named = [...read('README').matchAll(/^ {2}(\w+)$/gm)].map(([, name]) => name);
  expect(named.filter((name) => !fs.exists(`${TRACING}/${name}`))).toEqual([]);
  expect(named.length).toBeGreaterThan(10);
});

test('what follows on another CPU is later, so that readers keep the order', () => {
  write('set_event', 'cpuhp:*');
  guest.channel(7).setCpu(0);
  guest.cpu(1).offline();
  const lines = read('trace')
    .split('\n')
    .filter((line) => line.includes('cpuhp_'));
  const inOrder = guest.tracer.records().toSorted((a, b) => a.seq - b.seq);
  expect(lines.map((line) => Number(/\[(\d+)\]/.exec(line)?.[1]))).toEqual(inOrder.map(({ cpu }) => cpu));
  expect(new Set(inOrder.map(({ cpu }) => cpu)).size).toBe(2);
});
