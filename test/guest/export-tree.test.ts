import {
  type Stats,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/node-guest.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const directory = temporaryDirectory('export');
const examples = new URL('../../examples/', import.meta.url).pathname;

/** All paths below a directory of this machine. */
function walk(root: string, path = ''): string[] {
  return readdirSync(join(root, path), { withFileTypes: true }).flatMap((entry) => {
    const below = `${path}/${entry.name}`;
    return entry.isDirectory() ? [below, ...walk(root, below)] : [below];
  });
}

function kindOf(stat: Stats): string {
  return stat.isSymbolicLink() ? 'symlink' : stat.isDirectory() ? 'directory' : 'file';
}

/** What a reader finds at once. */
function textNow(vm: Guest, path: string, mode: number): string {
  if ((mode & 0o444) === 0) return '';
  const file = vm.fs.open(path, 'read');
  const stream = file.stream();
  stream?.close?.();
  return stream === undefined ? file.read() : '';
}

function isExported(vm: Guest, path: string, root: string): boolean {
  const { kind, mode } = vm.fs.lstat(path);
  const there = root + path;
  if (kindOf(lstatSync(there)) !== kind) return false;
  if (kind === 'file') return readFileSync(there, 'latin1') === textNow(vm, path, mode);
  if (kind === 'directory') return true;
  const target = vm.fs.readlink(path);
  if (!target.startsWith('/') && readlinkSync(there) !== target) return false;
  // Links to what the model does not have lead nowhere there, too.
  return !vm.fs.exists(path) || realpathSync(there).startsWith(realpathSync(root));
}

describe('vm.exportTree', () => {
  test.each(['arm64-4vcpu', 'pci-devices'])('%s: plain files that say what the guest’s do', (name) => {
    const vm = Guest.load(`${examples}${name}.yaml`);
    const root = join(directory.path, name);
    const unread = vm.exportTree(root);
    const paths = walk(root);
    expect(paths.length).toBeGreaterThan(300);
    // Creating thousands of files takes a disk seconds, so these are small guests.
    expect(paths.filter((path) => !isExported(vm, path, root))).toEqual([]);
    for (const { path, error } of unread) {
      expect(path).toMatch(/autosuspend_delay_ms$/);
      expect(existsSync(root + path)).toBe(false);
      expect(() => vm.fs.readFile(path)).toThrow(error.code);
    }
  });

  test('leaves what is there alone', () => {
    const root = join(directory.path, 'full');
    mkdirSync(root);
    writeFileSync(join(root, 'mine'), '');
    expect(() => Guest.create({ cpus: 1 }).exportTree(root)).toThrow(RangeError);
    expect(readdirSync(root)).toEqual(['mine']);
  });

  test('makes the directories above it', () => {
    const root = join(directory.path, 'one', 'two');
    Guest.create({ cpus: 1 }).exportTree(root);
    expect(readdirSync(root)).toContain('proc');
  });

  test('says what is no directory, and where none can be made', () => {
    const vm = Guest.create({ cpus: 1 });
    const file = directory.file('file', '');
    expect(() => vm.exportTree(file)).toThrow(`${file} is no directory; choose another one`);
    expect(() => vm.exportTree(`${file}/below`)).toThrow(
      `cannot make ${file}/below: what should be a directory on its path is a file`,
    );
    expect(() => vm.exportTree('')).toThrow('cannot make "": ');
    for (const wrong of [undefined, 3] as unknown as string[])
      expect(() => vm.exportTree(wrong)).toThrow(
        new TypeError(`exportTree(directory): expected a path, not ${wrong}`),
      );
  });

  const noneIn = process.platform === 'linux' ? test : test.skip;
  noneIn('returns where nothing can be made (on Linux, in /proc)', () => {
    expect(() => Guest.create({ cpus: 1 }).exportTree('/proc/irqlab/below')).toThrow(
      /^cannot make \/proc\/irqlab: nothing can be made in the directory above it$/,
    );
  });
});
