import { beforeEach, describe, expect, test } from '@jest/globals';
import { ErrnoError } from '../../src/lib/errno.js';
import { FileTree } from '../../src/view/tree.js';
import { debugFile, procFile, StaticDirectory, sysfsFile } from '../../src/view/tree-node.js';

function code(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ErrnoError) return error.code;
    throw error;
  }
  return 'no error';
}

let tree: FileTree;
let stored: string;

beforeEach(() => {
  tree = new FileTree();
  stored = '';
  tree.mount(
    '/proc',
    new StaticDirectory(0o555, {
      version: procFile(0o444, { read: () => 'Linux\n' }),
      trigger: procFile(0o200, { write: (data) => data.length }),
    }),
  );
  const value = sysfsFile(0o644, { show: () => stored, store: (text) => (stored = text) });
  const dir = new StaticDirectory(0o755, { value, plain: sysfsFile(0o444, { show: () => '1\n' }) });
  tree.mount('/sys/devices/one', dir);
  tree.mount('/sys/bus/first', { kind: 'symlink', target: '../devices/one' });
  tree.mount('/sys/bus/absolute', { kind: 'symlink', target: '/proc/version' });
  tree.mount('/sys/bus/loop', { kind: 'symlink', target: 'loop' });
  tree.mount('/sys/kernel/debug/state', debugFile(0o444, { read: () => '' }));
});

describe('reading', () => {
  test('files, through links, dots and doubled slashes', () => {
    expect(tree.readFile('/proc/version')).toBe('Linux\n');
    expect(tree.readFile('/sys/bus/first/plain')).toBe('1\n');
    expect(tree.readFile('/sys/bus/first/../one/plain')).toBe('1\n');
    expect(tree.readFile('//sys/./bus/absolute')).toBe('Linux\n');
    expect(tree.readFile('/../proc/version')).toBe('Linux\n');
  });

  test('failures', () => {
    expect(code(() => tree.readFile('/proc/missing'))).toBe('ENOENT');
    expect(code(() => tree.readdir(''))).toBe('ENOENT');
    expect(code(() => tree.lstat(''))).toBe('ENOENT');
    expect(tree.exists('')).toBe(false);
    expect(code(() => tree.readFile('/proc/version/below'))).toBe('ENOTDIR');
    expect(code(() => tree.readFile('/proc/version/'))).toBe('ENOTDIR');
    expect(code(() => tree.readFile('/proc'))).toBe('EISDIR');
    expect(code(() => tree.readFile('/proc/trigger'))).toBe('EACCES');
    expect(code(() => tree.readFile('/sys/bus/loop'))).toBe('ELOOP');
    expect(code(() => tree.readdir('/proc/version'))).toBe('ENOTDIR');
    expect(code(() => tree.readlink('/proc/version'))).toBe('EINVAL');
  });

  test('directories are listed sorted, with or without a slash at the end', () => {
    expect(tree.readdir('/sys/bus/')).toEqual(['absolute', 'first', 'loop']);
    expect(tree.readdir('/')).toEqual(['proc', 'sys']);
  });
});

describe('writing', () => {
  test('each filesystem refuses in its own way', () => {
    expect(code(() => tree.writeFile('/proc/version', 'x'))).toBe('EIO');
    expect(code(() => tree.writeFile('/sys/devices/one/plain', 'x'))).toBe('EACCES');
    expect(code(() => tree.open('/sys/devices/one/plain', 'write'))).toBe('EACCES');
    expect(code(() => tree.open('/proc/version', 'write'))).toBe('no error');
    expect(code(() => tree.writeFile('/sys/kernel/debug/state', 'x'))).toBe('EINVAL');
    expect(code(() => tree.writeFile('/sys', 'x'))).toBe('EISDIR');
    expect(code(() => tree.writeFile('/sys/new', 'x'))).toBe('ENOENT');
  });

  test('sysfs takes a page at a time and skips empty writes', () => {
    expect(tree.writeFile('/sys/devices/one/value', 'y'.repeat(5000))).toBe(4096);
    expect(stored).toHaveLength(4096);
    expect(tree.writeFile('/sys/devices/one/value', '')).toBe(0);
    expect(stored).toHaveLength(4096);
  });
});

test('stat follows links, lstat does not', () => {
  expect(tree.stat('/sys/bus/first')).toEqual({ kind: 'directory', mode: 0o040755, size: 0, lasts: 'name' });
  expect(tree.lstat('/sys/bus/first')).toEqual({
    kind: 'symlink',
    mode: 0o120777,
    size: 0,
    lasts: 'name',
  });
  expect(tree.readlink('/sys/bus/first')).toBe('../devices/one');
  expect(tree.stat('/proc/version')).toEqual({ kind: 'file', mode: 0o100444, size: 0, lasts: 'nothing' });
  expect(tree.stat('/sys/devices/one/value')).toEqual({
    kind: 'file',
    mode: 0o100644,
    size: 4096,
    lasts: 'nothing',
  });
  expect(tree.stat('/sys').lasts).toBe('all');
  expect(tree.exists('/sys/bus')).toBe(true);
  expect(tree.exists('/sys/nobus')).toBe(false);
});

test('an open file stays readable after its directory has lost it', () => {
  const dir = new StaticDirectory(0o555, { here: procFile(0o444, { read: () => 'text' }) });
  tree.mount('/proc/irq', dir);
  const file = tree.open('/proc/irq/here', 'read');
  dir.remove('here');
  expect(tree.exists('/proc/irq/here')).toBe(false);
  expect(file.read()).toBe('text');
});

test('what is no directory of the tree cannot be mounted over', () => {
  expect(() => tree.mount('/', new StaticDirectory(0o755))).toThrow(RangeError);
  expect(() => tree.mount('/proc/version/below', new StaticDirectory(0o755))).toThrow(RangeError);
});

test('a directory makes its entries when somebody looks at it, once', () => {
  let made = 0;
  const make = () => {
    made += 1;
    return { plain: sysfsFile(0o444, { show: () => '1\n' }), below: new StaticDirectory(0o755) };
  };
  const looks: readonly ((directory: StaticDirectory) => unknown)[] = [
    (directory) => [...directory.list()],
    (directory) => directory.lookup('plain')?.kind,
    (directory) => directory.directories(),
    (directory) => directory.isFree('plain'),
    (directory) => directory.remove('plain'),
    (directory) => directory.add('more', new StaticDirectory(0o755)),
  ];
  for (const [i, look] of looks.entries()) {
    const directory = new StaticDirectory(0o755, make);
    tree.mount(`/sys/made${i}`, directory);
    expect(made).toBe(i);
    expect(look(directory)).toEqual(look(new StaticDirectory(0o755, make())));
    made = i + 1;
    expect(tree.readdir(`/sys/made${i}/below`)).toEqual([]);
    expect(made).toBe(i + 1);
  }
});
