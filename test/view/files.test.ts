import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { PluginError } from '../../src/lib/plugin-error.js';
import { dmesgText, kmsgTail } from '../../src/view/kmsg.js';
import { sysctlInt, sysctlNumber } from '../../src/view/proc/sysctl.js';
import { powerDirectory } from '../../src/view/sys/power.js';
import { FileTree } from '../../src/view/tree.js';
import {
  checked,
  countDirectories,
  debugFile,
  type DirectoryNode,
  type FileNode,
  ListDirectory,
  MixedDirectory,
  onePage,
  procFile,
  sleepingSysfsFile,
  StaticDirectory,
  sysfsFile,
  throwIfError,
  type TreeNode,
} from '../../src/view/tree-node.js';
import { outcome } from './machine.js';

const ERANGE = -34;
const file = (): FileNode => procFile(0o444, { read: () => 'text' });
const directory = (entries: Record<string, TreeNode> = {}): StaticDirectory =>
  new StaticDirectory(0o755, entries);

describe('directories', () => {
  const alike = (count: number, of: () => TreeNode): ListDirectory<number> =>
    new ListDirectory(() => Array(count).keys(), String, of);

  test.each<[string, DirectoryNode, number, string[]]>([
    ['none', directory(), 0, []],
    [
      'one of each',
      directory({ a: directory(), b: file(), c: { kind: 'symlink', target: 'a' } }),
      1,
      ['a', 'b', 'c'],
    ],
    ['as many as there are things', alike(3, directory), 3, ['0', '1', '2']],
    ['files only', alike(3, file), 0, ['0', '1', '2']],
    ['no things', alike(0, directory), 0, []],
    [
      'fixed ones and others',
      new MixedDirectory(0o555, { a: directory(), b: file() }, alike(2, directory)),
      3,
      ['a', 'b', '0', '1'],
    ],
    [
      'one that does not know',
      {
        kind: 'directory',
        mode: 0o755,
        list: () => ['a', 'b', 'c'],
        lookup: (name) => (name === 'b' ? file() : name === 'c' ? undefined : directory()),
      },
      1,
      ['a', 'b', 'c'],
    ],
  ])('%s', (_, given, count, names) => {
    expect([countDirectories(given), [...given.list()]]).toEqual([count, names]);
  });

  test('what is put in place of another, or taken out, is counted', () => {
    const given = directory({ a: directory() });
    given.add('a', directory());
    expect(given.directories()).toBe(1);
    given.add('a', file());
    expect([given.directories(), [...given.list()]]).toEqual([0, ['a']]);
    given.add('b', directory());
    given.remove('a');
    given.remove('nothing');
    expect([given.directories(), given.lookup('a')]).toEqual([1, undefined]);
    given.remove('b');
    expect(given.directories()).toBe(0);
  });

  test('a thing is found by its name, or by whoever knows them', () => {
    const seen: string[] = [];
    const one = new ListDirectory(
      () => ['x', 'y'],
      (name) => name,
      file,
      (name) => {
        seen.push(name);
        return name === 'y' ? name : undefined;
      },
    );
    expect([one.lookup('y')?.kind, one.lookup('x')]).toEqual(['file', undefined]);
    expect(seen).toEqual(['y', 'x']);
    const other = new MixedDirectory(0o755, { x: directory() }, one);
    expect([other.lookup('x')?.kind, other.lookup('y')?.kind, other.mode]).toEqual([
      'directory',
      'file',
      0o755,
    ]);
  });
});

describe('files', () => {
  // seq_file and procfs: EIO; debugfs and tracefs: EINVAL; kernfs: EACCES by open().
  test('that cannot be written say so as their filesystem does', () => {
    expect(procFile(0o444, {})).toEqual({
      kind: 'file',
      mode: 0o444,
      size: 0,
      unwritable: { code: 'EIO', at: 'write' },
    });
    expect(debugFile(0o400, {}).unwritable).toEqual({ code: 'EINVAL', at: 'write' });
    expect([debugFile(0o400, {}).size, debugFile(0o400, {}).mode]).toEqual([0, 0o400]);
    expect(sysfsFile(0o644)).toEqual({
      kind: 'file',
      mode: 0o644,
      size: 4096,
      unwritable: { code: 'EACCES', at: 'open' },
    });
  });

  test('a write to sysfs is at most a page, and nothing if it is empty (sysfs_kf_write)', () => {
    const stored: string[] = [];
    const given = sysfsFile(0o200, { store: (text) => stored.push(text) });
    expect([given.write?.(''), given.write?.('x'), given.write?.('y'.repeat(5000))]).toEqual([0, 1, 4096]);
    expect(stored).toEqual(['x', 'y'.repeat(4096)]);
    expect(given.read).toBeUndefined();
  });

  test('a write that may sleep is run by who waits for it, or taken apart', () => {
    const ran: string[] = [];
    const done: string[] = [];
    const given = sleepingSysfsFile(
      {
        call: (name, proc) => {
          ran.push(name);
          let result = proc.next();
          while (result.done !== true) result = proc.next();
          return result.value;
        },
      },
      0o644,
      {
        show: () => 'shown',
        store: (text) => {
          if (text === 'nothing') return undefined;
          return {
            name: `store ${text.length}`,
            work: (function* () {
              done.push(text);
              yield* [];
            })(),
          };
        },
      },
    );
    expect([given.read?.(), given.write?.('abc'), given.write?.(''), given.write?.('nothing')]).toEqual([
      'shown',
      3,
      0,
      7,
    ]);
    expect(given.write?.('z'.repeat(4097))).toBe(4096);
    expect([ran, done]).toEqual([
      ['store 3', 'store 4096'],
      ['abc', 'z'.repeat(4096)],
    ]);
    const begun = given.beginWrite?.('abcd');
    expect(typeof begun === 'object' && [begun.name, begun.work.next()]).toEqual([
      'store 4',
      { done: true, value: 4 },
    ]);
    expect([given.beginWrite?.(''), given.beginWrite?.('nothing')]).toEqual([0, 7]);
    const hidden = sleepingSysfsFile({ call: () => expect.anything() as never }, 0o200, {
      store: () => undefined,
    });
    expect([hidden.read, hidden.mode]).toEqual([undefined, 0o200]);
  });

  test('a page less one is what sysfs shows; errors of the kernel become errors of the file', () => {
    expect([onePage('x'.repeat(5000)).length, onePage('short')]).toEqual([4095, 'short']);
    expect([outcome(() => throwIfError(0, '')), outcome(() => throwIfError(1, ''))]).toEqual([
      undefined,
      undefined,
    ]);
    expect(outcome(() => throwIfError(ERANGE, 'why'))).toBe('ERANGE');
    expect(() => throwIfError(ERANGE, 'why')).toThrow('why');
    const end = (ret: number) =>
      outcome(() =>
        checked(
          (function* () {
            yield* [];
            return ret;
          })(),
          () => 'sentence',
        ).next(),
      );
    expect([end(ERANGE), end(0), end(3)]).toEqual([
      'ERANGE',
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
  });
});

describe('a tree', () => {
  const tree = new FileTree();
  const truncated: string[] = [];
  tree.mount('/proc/irq', directory({ '5': directory({ node: file() }) }));
  tree.mount('/sys/link', { kind: 'symlink', target: '../proc/irq' });
  tree.mount('/sys/absolute', { kind: 'symlink', target: '/proc/irq/5/node' });
  tree.mount('/sys/round', { kind: 'symlink', target: 'round' });
  tree.mount('/sys/dangling', { kind: 'symlink', target: 'nothing' });
  tree.mount('/sys/ro', sysfsFile(0o444, { show: () => 'ro' }));
  tree.mount('/sys/wo', {
    ...sysfsFile(0o200, { store: () => {} }),
    truncate: () => void truncated.push('wo'),
  });
  tree.mount('/proc/ro', file());
  tree.mount('/proc/bytes', { ...procFile(0o444, {}), read: () => 'é', bytes: () => new Uint8Array([1, 2]) });
  tree.mount('/proc/badread', { ...file(), read: () => 7 as unknown as string });
  tree.mount('/proc/badbytes', { ...file(), bytes: () => 'x' as unknown as Uint8Array });
  tree.mount('/proc/badwrite', { ...file(), write: () => undefined as unknown as number });

  test.each<[string, () => unknown, unknown]>([
    ['reading a file', () => tree.readFile('/proc/irq/5/node'), 'text'],
    ['by a link', () => tree.readFile('/sys/link/5/node'), 'text'],
    ['by an absolute link', () => tree.readFile('/sys/absolute'), 'text'],
    ['with dots', () => tree.readFile('/sys/./../proc//irq/../irq/5/node'), 'text'],
    ['above the root', () => tree.readFile('/../../proc/ro'), 'text'],
    ['a file as a directory', () => tree.readFile('/proc/ro/x'), 'ENOTDIR'],
    ['a file with a slash behind', () => tree.readFile('/proc/ro/'), 'ENOTDIR'],
    ['a directory with a slash behind', () => tree.readdir('/proc/irq/5/'), ['node']],
    ['a directory', () => tree.readFile('/proc/irq'), 'EISDIR'],
    ['nothing', () => tree.readFile('/proc/nothing'), 'ENOENT'],
    ['an empty path', () => tree.readFile(''), 'ENOENT'],
    ['links that go round', () => tree.readFile('/sys/round'), 'ELOOP'],
    ['a link to nothing', () => tree.stat('/sys/dangling'), 'ENOENT'],
    [
      'a link itself',
      () => tree.lstat('/sys/dangling'),
      { kind: 'symlink', mode: 0o120777, size: 0, lasts: 'name' },
    ],
    ['a link itself behind a link', () => tree.readlink('/sys/dangling'), 'nothing'],
    ['a file as a link', () => tree.readlink('/sys/ro'), 'EINVAL'],
    [
      'stat of a file',
      () => tree.stat('/sys/ro'),
      { kind: 'file', mode: 0o100444, size: 4096, lasts: 'name' },
    ],
    [
      'stat of what comes and goes',
      () => tree.stat('/proc/irq/5'),
      { kind: 'directory', mode: 0o040755, size: 0, lasts: 'nothing' },
    ],
    [
      'stat of what is above',
      () => tree.stat('/proc'),
      { kind: 'directory', mode: 0o040755, size: 0, lasts: 'all' },
    ],
    ['stat of the root', () => tree.stat('/'), { kind: 'directory', mode: 0o040755, size: 0, lasts: 'all' }],
    ['writing what sysfs cannot', () => tree.writeFile('/sys/ro', 'x'), 'EACCES'],
    ['opening that', () => tree.open('/sys/ro', 'write'), 'EACCES'],
    ['writing what procfs cannot', () => tree.writeFile('/proc/ro', 'x'), 'EIO'],
    ['opening that to write', () => typeof tree.open('/proc/ro', 'write'), 'object'],
    ['reading what can be written only', () => tree.readFile('/sys/wo'), 'EACCES'],
    ['writing it', () => tree.writeFile('/sys/wo', 'abc'), 3],
    ['beginning to', () => tree.open('/sys/wo', 'write').beginWrite('abcd'), 4],
    ['bytes of its own', () => [...tree.open('/proc/bytes', 'read').bytes()], [1, 2]],
    ['bytes of a text', () => [...tree.open('/proc/ro', 'read').bytes()], [116, 101, 120, 116]],
    ['a file in readdir', () => tree.readdir('/proc/ro'), 'ENOTDIR'],
    ['names, sorted', () => tree.readdir('/sys'), ['absolute', 'dangling', 'link', 'ro', 'round', 'wo']],
    ['how many directories', () => [tree.subdirectories('/'), tree.subdirectories('/sys')], [2, 0]],
    [
      'what is there',
      () => ['/proc', '/sys/dangling', '/x'].map((path) => tree.exists(path)),
      [true, false, false],
    ],
    ['a file in a mount', () => tree.entries('/proc/irq'), [{ name: '5', mode: 0o040755 }]],
  ])('%s', (_, act, expected) => {
    expect(outcome(act)).toEqual(expected);
  });

  test('O_TRUNC does what the file has for it, or nothing', () => {
    tree.open('/sys/wo', 'write').truncate();
    tree.open('/proc/ro', 'write').truncate();
    expect(truncated).toEqual(['wo']);
  });

  test('what plug-ins get wrong is said', () => {
    expect(() => tree.readFile('/proc/badread')).toThrow(PluginError);
    expect(() => tree.open('/proc/badbytes', 'read').bytes()).toThrow(
      /badbytes gave x; its bytes must return/,
    );
    expect(() => tree.writeFile('/proc/badwrite', 'x')).toThrow(
      /badwrite gave undefined; its write must return/,
    );
    expect(() => tree.writeFile('/sys/wo', 7 as unknown as string)).toThrow(TypeError);
    expect(() => tree.exists(7 as unknown as string)).toThrow(TypeError);
  });

  test('where nothing can be mounted', () => {
    expect(() => tree.mount('/', directory())).toThrow(/the root directory/);
    expect(() => tree.mount('/proc/ro/x', directory())).toThrow(/nothing can be added to ro/);
    expect(() => tree.mount('/proc/ro', directory())).toThrow(/there is \/proc\/ro already/);
  });
});

describe('the kernel log (printk_time; kmsg_dump_get_buffer)', () => {
  const log = [
    { ns: 0, text: 'first' },
    { ns: 1_234_567_999, text: 'second' },
    { ns: 123_456_000_001_000, text: 'third' },
  ].map((line) => ({ once: false, priority: 6, ...line }));
  const texts = ['[    0.000000] first\n', '[    1.234567] second\n', '[123456.000001] third\n'];

  test('seconds to five places, microseconds cut', () => expect(dmesgText(log)).toBe(texts.join('')));

  test.each([
    [1000, texts.join('')],
    [texts.join('').length, texts.join('')],
    [texts.join('').length - 1, texts.slice(1).join('')],
    [(texts[2] ?? '').length, texts[2]],
    [(texts[2] ?? '').length - 1, ''],
  ])('its latest whole lines in %i bytes', (bytes, expected) => expect(kmsgTail(log, bytes)).toBe(expected));
});

describe('/proc/sys (proc_get_long, strtoul_lenient)', () => {
  test.each<[string, number | string]>([
    ['12', 12],
    [' \t\n12\n', 12],
    ['-12 7', -12],
    ['0x1f', 31],
    ['0X1F\n', 31],
    ['017', 15],
    ['0', 0],
    ['-0x10', -16],
    ['12\0', 12],
    ['09', 'EINVAL'],
    ['018', 'EINVAL'],
    ['', 'EINVAL'],
    ['x', 'EINVAL'],
    ['12x', 'EINVAL'],
    ['--1', 'EINVAL'],
    ['0x', 'EINVAL'],
  ])('%p is %p', (text, expected) => expect(outcome(() => sysctlNumber(text))).toBe(expected));

  test('an int between bounds (proc_dointvec_minmax)', () => {
    let value = 3;
    const given = sysctlInt(
      () => value,
      (next) => {
        value = next;
      },
      [-1, 5],
    );
    const write = (text: string) => [outcome(() => given.write?.(text)), value];
    expect([given.read?.(), given.mode]).toEqual(['3\n', 0o644]);
    expect(['-1\n', '5', '6', '-2', 'x'].map(write)).toEqual([
      [3, -1],
      [1, 5],
      ['EINVAL', 5],
      ['EINVAL', 5],
      ['EINVAL', 5],
    ]);
  });

  test('what khungtaskd can be told (hung_task_sysctls; HZ=250)', () => {
    const { fs } = Guest.create({ cpus: 1, devices: [] });
    const kernel = '/proc/sys/kernel';
    const write = (name: string, text: string) => [
      outcome(() => fs.writeFile(`${kernel}/${name}`, text)),
      fs.readFile(`${kernel}/${name}`),
    ];
    const most = '36893488147419103';
    expect(
      [
        ['hung_task_timeout_secs', '60\n'],
        ['hung_task_timeout_secs', '0'],
        ['hung_task_timeout_secs', '-7'],
        ['hung_task_timeout_secs', `${most}0`],
        ['hung_task_check_interval_secs', '5'],
        ['hung_task_check_interval_secs', '-0'],
        ['hung_task_warnings', '-1'],
        ['hung_task_warnings', '2147483647'],
        ['hung_task_warnings', '2147483648'],
        ['hung_task_warnings', '-2'],
        ['hyperv_record_panic_msg', '0'],
        ['hyperv_record_panic_msg', '2'],
      ].map(([name = '', text = '']) => write(name, text)),
    ).toEqual([
      [3, '60\n'],
      [1, '0\n'],
      [2, '0\n'],
      ['EINVAL', '0\n'],
      [1, '5\n'],
      [2, '5\n'],
      [2, '-1\n'],
      [10, '2147483647\n'],
      ['EINVAL', '2147483647\n'],
      ['EINVAL', '2147483647\n'],
      [1, '0\n'],
      ['EINVAL', '0\n'],
    ]);
  });
});

test('a device without runtime power management (drivers/base/power/sysfs.c)', () => {
  const device: { powerControl: 'auto' | 'on' } = { powerControl: 'auto' };
  const power = powerDirectory(device);
  const read = (name: string) => outcome(() => fileIn(power, name).read?.());
  const write = (name: string, text: string) => outcome(() => fileIn(power, name).write?.(text));
  expect(
    [...power.list()].map((name) => `${name} ${fileIn(power, name).mode.toString(8)} ${read(name)}`),
  ).toEqual([
    'autosuspend_delay_ms 644 EIO',
    'control 644 auto\n',
    'runtime_active_time 444 0\n',
    'runtime_status 444 unsupported\n',
    'runtime_suspended_time 444 0\n',
  ]);
  expect([write('control', 'on\n'), read('control'), write('control', 'auto'), read('control')]).toEqual([
    3,
    'on\n',
    4,
    'auto\n',
  ]);
  expect([write('control', 'off'), write('control', 'on\n\n'), write('autosuspend_delay_ms', '1')]).toEqual([
    'EINVAL',
    'EINVAL',
    'EIO',
  ]);
  expect(device.powerControl).toBe('auto');
});

function fileIn(given: DirectoryNode, name: string): FileNode {
  const node = given.lookup(name);
  if (node?.kind !== 'file') throw new Error(`${name} is no file`);
  return node;
}
