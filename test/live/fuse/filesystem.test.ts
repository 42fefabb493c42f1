import { beforeEach, describe, expect, test } from '@jest/globals';
import { decodeRequest, OPCODE } from '../../../src/live/fuse/wire.js';
import { FuseFilesystem } from '../../../src/live/fuse/filesystem.js';
import { type FilesGuest, GuestFiles } from '../../../src/live/guest-files.js';
import { ErrnoError } from '../../../src/lib/errno.js';
import { FileTree } from '../../../src/view/tree.js';
import type { InterruptibleAnswer } from '../../../src/live/fuse/stream-reads.js';
import {
  type DirectoryNode,
  type FileNode,
  type FileStream,
  procFile,
  StaticDirectory,
  sysfsFile,
} from '../../../src/view/tree-node.js';
import { fieldsOf, fuseRequest } from '../../support/fuse-requests.js';

const ROOT = 1;
const O_RDONLY = 0;
const O_WRONLY = 1;
const O_RDWR = 2;

let fuse: FuseFilesystem;
let devices: StaticDirectory;
let value: string;
let reads: number;
/** Inodes whose size the kernel was told to disregard. */
let endless: number[];
let kept: Map<number, Uint8Array>;
/** Polls that the kernel was told to repeat. */
let polled: bigint[];

beforeEach(() => {
  value = 'first\n';
  reads = 0;
  endless = [];
  kept = new Map();
  polled = [];
  const read = (): string => {
    reads += 1;
    return value;
  };
  const tree = new FileTree();
  tree.mount('/proc', new StaticDirectory(0o555, { interrupts: procFile(0o444, { read }) }));
  devices = new StaticDirectory(0o755, {
    cpu: sysfsFile(0o644, { show: read, store: (text) => (value = text) }),
    id: sysfsFile(0o444, { show: read }),
    trigger: sysfsFile(0o200, { store: refuse }),
  });
  tree.mount('/sys/devices', devices);
  tree.mount('/sys/bus', new StaticDirectory(0o755, { dev: { kind: 'symlink', target: '../devices' } }));
  fuse = new FuseFilesystem(new GuestFiles(filesGuest(tree)), {
    uid: 0,
    gid: 0,
    timeS: 5,
  });
});

function neverSleeps(): never {
  throw new Error('no file here has writers that sleep');
}

function filesGuest(fs: FileTree): FilesGuest {
  return {
    fs,
    processOf: () => undefined,
    asUser: (work) => work(),
    sleep: neverSleeps,
    waitFor: neverSleeps,
  };
}

function refuse(): never {
  throw new ErrnoError('EBUSY', 'no');
}

function handle(
  opcode: number,
  nodeId: number,
  fields: readonly (number | bigint | string | Uint8Array)[] = [],
): ReturnType<FuseFilesystem['handle']> {
  return fuse.handle(decodeRequest(fuseRequest(opcode, nodeId, fields)), {
    endless: (inode) => endless.push(inode),
    kept: (handle, text) => kept.set(handle, text),
    readable: (pollHandle) => polled.push(pollHandle),
  });
}

function ask(
  opcode: number,
  nodeId: number,
  fields: readonly (number | bigint | string | Uint8Array)[] = [],
): Uint8Array {
  const answer = handle(opcode, nodeId, fields);
  if (answer instanceof Uint8Array) return answer;
  throw new Error(`no answer: ${answer}`);
}

function code(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ErrnoError) return error.code;
    throw error;
  }
  return 'no error';
}

/** The inode at a path. */
function lookup(path: string): number {
  let node = ROOT;
  for (const name of path.split('/').filter(Boolean))
    [node] = fieldsOf(ask(OPCODE.LOOKUP, node, [name]), ['u64']);
  return node;
}

function open(path: string, flags: number): number {
  return fieldsOf(ask(OPCODE.OPEN, lookup(path), [flags, 0]), ['u64'])[0];
}

function read(handle: number, offset = 0, size = 4096): string {
  const fields = [BigInt(handle), BigInt(offset), size, 0, 0n, 0, 0];
  return Buffer.from(ask(OPCODE.READ, 0, fields)).toString('latin1');
}

function write(handle: number, text: string): number {
  const fields = [BigInt(handle), 0n, text.length, 0, 0n, 0, 0, Buffer.from(text, 'latin1')];
  return fieldsOf(ask(OPCODE.WRITE, 0, fields), ['u32'])[0];
}

/** Mode, links and size of a file. */
function stat(path: string): { mode: number; links: number; size: number } {
  const fields = fieldsOf(ask(OPCODE.GETATTR, lookup(path), [0, 0, 0n]), [
    ...(['u64', 'u32', 'u32', 'u64', 'u64', 'u64', 'u64', 'u64', 'u64'] as const),
    ...(['u32', 'u32', 'u32', 'u32', 'u32'] as const),
  ]);
  return { mode: fields[12], links: fields[13], size: fields[4] };
}

function list(path: string): string[] {
  const handle = fieldsOf(ask(OPCODE.OPENDIR, lookup(path), [0, 0]), ['u64'])[0];
  const bytes = Buffer.from(ask(OPCODE.READDIR, 0, [BigInt(handle), 0n, 4096, 0, 0n, 0, 0]));
  const names: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [, , length] = fieldsOf(bytes.subarray(at), ['u64', 'u64', 'u32']);
    names.push(bytes.toString('latin1', at + 24, at + 24 + length));
    at += (24 + length + 7) & ~7;
  }
  return names;
}

describe('files', () => {
  test('attributes are those of the tree; a directory has a link for each directory in it', () => {
    expect(stat('/proc/interrupts')).toEqual({ mode: 0o100444, links: 1, size: 0 });
    expect(stat('/sys/devices/cpu')).toEqual({ mode: 0o100644, links: 1, size: 4096 });
    expect(stat('/sys')).toEqual({ mode: 0o040755, links: 4, size: 0 });
    expect(stat('/')).toEqual({ mode: 0o040755, links: 4, size: 0 });
    expect(stat('/sys/bus/dev')).toEqual({ mode: 0o120777, links: 1, size: 0 });
    expect(Buffer.from(ask(OPCODE.READLINK, lookup('/sys/bus/dev'))).toString()).toBe('../devices');
  });

  test('an inode keeps its number', () => {
    const node = lookup('/sys/devices/cpu');
    expect(lookup('/proc/interrupts')).not.toBe(node);
    expect(lookup('/sys/devices/cpu')).toBe(node);
  });

  test('directories are listed with . and ..', () => {
    expect(list('/')).toEqual(['.', '..', 'proc', 'sys']);
    expect(list('/sys/devices')).toEqual(['.', '..', 'cpu', 'id', 'trigger']);
  });

  test('what is not there', () => {
    expect(code(() => lookup('/proc/none'))).toBe('ENOENT');
    expect(code(() => ask(OPCODE.GETATTR, 999, [0, 0, 0n]))).toBe('ENOENT');
    expect(code(() => read(42))).toBe('EBADF');
  });
});

describe('reading', () => {
  test('goes on in the text of the last read from the beginning', () => {
    const handle = open('/proc/interrupts', O_RDONLY);
    expect(read(handle, 0, 3)).toBe('fir');
    value = 'SECOND\n';
    expect(read(handle, 3, 100)).toBe('st\n');
    expect(read(handle, 6, 100)).toBe('');
    expect(reads).toBe(1);
    expect(read(handle, 0, 100)).toBe('SECOND\n');
  });

  test('each open file has a text of its own', () => {
    const one = open('/proc/interrupts', O_RDONLY);
    expect(read(one, 0, 2)).toBe('fi');
    value = 'other\n';
    expect(read(open('/proc/interrupts', O_RDONLY), 0, 2)).toBe('ot');
    expect(read(one, 2)).toBe('rst\n');
  });

  test('a large text that stays is told to who answers beside it, in memory that is used again', () => {
    const large = Buffer.alloc(100_000, 'x');
    const tree = new FileTree();
    const file = (): ReturnType<typeof procFile> =>
      procFile(0o444, { read: () => large.toString(), bytes: () => large });
    tree.mount('/proc/stays', file());
    tree.mount('/proc/dir', new StaticDirectory(0o555, { goes: file() }));
    fuse = new FuseFilesystem(new GuestFiles(filesGuest(tree)), { uid: 0, gid: 0, timeS: 5 });
    const first = open('/proc/stays', O_RDONLY);
    expect(read(first, 0, 10)).toBe('xxxxxxxxxx');
    const text = kept.get(first);
    expect(text).toEqual(new Uint8Array(large));
    expect(text?.buffer).toBeInstanceOf(SharedArrayBuffer);
    large.fill('y');
    expect(read(first, 50, 3)).toBe('xxx');
    expect(read(first, 0, 3)).toBe('yyy');
    expect(text?.[0]).toBe('x'.charCodeAt(0));
    const again = kept.get(first);
    ask(OPCODE.RELEASE, 0, [BigInt(first), 0, 0, 0n]);
    const second = open('/proc/stays', O_RDONLY);
    read(second);
    expect(kept.get(second)?.buffer).toBe(again?.buffer);
    const gone = open('/proc/dir/goes', O_RDONLY);
    read(gone);
    expect(kept.has(gone)).toBe(false);
  });

  test('of a file that has gone: as procfs and sysfs have it', () => {
    const handle = open('/sys/devices/cpu', O_RDWR);
    devices.remove('cpu');
    expect(code(() => read(handle))).toBe('ENODEV');
    expect(code(() => write(handle, 'x'))).toBe('ENODEV');
    expect(code(() => lookup('/sys/devices/cpu'))).toBe('ENOENT');
  });
});

describe('sendfile() and splice(), which go by the size of a file', () => {
  const GETATTR_FH = 1;

  test('find no end in a file of procfs that is open, whatever stat() says', () => {
    const node = lookup('/proc/interrupts');
    expect(endless).toEqual([]);
    const handle = open('/proc/interrupts', O_RDONLY);
    expect(endless).toEqual([node]);
    expect(stat('/proc/interrupts').size).toBe(0);
    // Looked up and asked for its attributes, while it is open.
    expect(endless).toEqual([node, node, node]);
    ask(OPCODE.RELEASE, node, [BigInt(handle), 0, 0, 0n]);
    stat('/proc/interrupts');
    expect(endless).toHaveLength(3);
  });

  test('but a seek to the end finds the one that stat() shows', () => {
    const handle = open('/proc/interrupts', O_RDONLY);
    const before = endless.length;
    ask(OPCODE.GETATTR, lookup('/proc/interrupts'), [GETATTR_FH, 0, BigInt(handle)]);
    expect(endless).toHaveLength(before + 1); // by the look-up alone
  });

  test('need nothing where a file has a size, or cannot be read', () => {
    open('/sys/devices/cpu', O_RDWR);
    open('/proc/interrupts', O_WRONLY);
    stat('/sys/devices/cpu');
    stat('/proc/interrupts');
    expect(endless).toEqual([]);
  });
});

test('what is asked for on each way to a file costs the same, however much is in the directories', () => {
  const tree = new FileTree();
  let listed = 0;
  const many: DirectoryNode = {
    kind: 'directory',
    mode: 0o755,
    list: () => {
      listed += 1;
      return [];
    },
    lookup: () => new StaticDirectory(0o755),
    directories: () => 10_000,
  };
  tree.mount('/sys/many', many);
  fuse = new FuseFilesystem(new GuestFiles(filesGuest(tree)), {
    uid: 0,
    gid: 0,
    timeS: 5,
  });
  expect(stat('/sys/many').links).toBe(10_002);
  expect(stat('/sys/many/5').links).toBe(2);
  expect(listed).toBe(0);
});

describe('writing', () => {
  test('reaches the file, whatever the offset', () => {
    const handle = open('/sys/devices/cpu', O_WRONLY);
    expect(write(handle, '3\n')).toBe(2);
    expect(value).toBe('3\n');
  });

  test('gives the errno of the file, and refuses at open or write as the filesystem does', () => {
    expect(code(() => write(open('/sys/devices/trigger', O_WRONLY), '1'))).toBe('EBUSY');
    expect(code(() => open('/sys/devices/trigger', O_RDONLY))).toBe('EACCES');
    expect(code(() => open('/sys/devices/id', O_WRONLY))).toBe('EACCES');
    expect(code(() => open('/sys/devices/id', O_RDWR))).toBe('EACCES');
    expect(code(() => write(open('/proc/interrupts', O_RDWR), 'x'))).toBe('EIO');
  });
});

describe('the kernel’s directories', () => {
  const making = (of: number): readonly (readonly [string, () => Uint8Array])[] => [
    ['create', () => ask(OPCODE.CREATE, of, [0, 0, 0, 0, 'new'])],
    ['mknod', () => ask(OPCODE.MKNOD, of, [0, 0, 0, 0, 'new'])],
    ['mkdir', () => ask(OPCODE.MKDIR, of, [0, 0, 'new'])],
    ['link', () => ask(OPCODE.LINK, of, [1n, 'new'])],
    ['symlink', () => ask(OPCODE.SYMLINK, of, ['new'])],
    ['rename', () => ask(OPCODE.RENAME, of, [BigInt(of), 'old', 'new'])],
    ['rename2', () => ask(OPCODE.RENAME2, of, [BigInt(of), 0, 0, 'old', 'new'])],
  ];

  test('of sysfs let nobody make anything', () => {
    const codes = making(lookup('/sys/devices')).map(([name, call]) => [name, code(call)]);
    expect(Object.fromEntries(codes)).toEqual({
      create: 'EACCES',
      mknod: 'EPERM',
      mkdir: 'EPERM',
      link: 'EPERM',
      symlink: 'EPERM',
      rename: 'EPERM',
      rename2: 'EPERM',
    });
  });

  test('of procfs say that what is to be made is not there', () => {
    const proc = lookup('/proc');
    for (const [name, call] of making(proc)) expect([name, code(call)]).toEqual([name, 'ENOENT']);
    const over = [BigInt(proc), 'old', 'interrupts'];
    expect(code(() => ask(OPCODE.RENAME, proc, over))).toBe('EPERM');
  });

  test('let nobody remove anything', () => {
    expect(code(() => ask(OPCODE.UNLINK, lookup('/proc'), ['interrupts']))).toBe('EPERM');
    expect(code(() => ask(OPCODE.UNLINK, lookup('/sys/devices'), ['cpu']))).toBe('EPERM');
    expect(code(() => ask(OPCODE.RMDIR, lookup('/sys'), ['devices']))).toBe('EPERM');
  });

  test('chmod and chown last, truncation does nothing', () => {
    const node = lookup('/sys/devices/cpu');
    const setattr = (valid: number, mode: number, uid: number) =>
      ask(OPCODE.SETATTR, node, [valid, 0, ...new Array<bigint>(6).fill(0n), 0, 0, 0, mode, 0, uid, 0, 0]);
    setattr(1, 0o100600, 0);
    expect(stat('/sys/devices/cpu')).toEqual({ mode: 0o100600, links: 1, size: 4096 });
    setattr(8, 0, 0);
    expect(stat('/sys/devices/cpu').size).toBe(4096);
    expect(value).toBe('first\n');
  });

  test('fsync: sysfs has nothing to do, procfs does not know it', () => {
    expect(ask(OPCODE.FSYNC, lookup('/sys/devices/cpu'), [0n, 0, 0])).toHaveLength(0);
    expect(code(() => ask(OPCODE.FSYNC, lookup('/proc/interrupts'), [0n, 0, 0]))).toBe('EINVAL');
  });

  test('what nobody needs is not known, and some requests have no answer', () => {
    expect(handle(22, ROOT, [0, 0, 'user.x'])).toBe('unknown');
    expect(handle(OPCODE.FORGET, ROOT, [1n])).toBeUndefined();
    expect(handle(OPCODE.INTERRUPT, ROOT, [1n])).toBeUndefined();
  });
});

test('the kernel keeps names that never change, and attributes only where nothing comes or goes', () => {
  const seconds = (path: string): { name: number; attributes: number } => {
    const at = path.lastIndexOf('/');
    const fields = ['u64', 'u64', 'u64', 'u64'] as const;
    const [, , name, attributes] = fieldsOf(
      ask(OPCODE.LOOKUP, lookup(path.slice(0, at)), [path.slice(at + 1)]),
      fields,
    );
    return { name, attributes };
  };
  expect(seconds('/sys')).toEqual({ name: 3600, attributes: 3600 });
  expect(seconds('/sys/devices')).toEqual({ name: 3600, attributes: 0 });
  expect(seconds('/sys/devices/cpu')).toEqual({ name: 0, attributes: 0 });
});

describe('streams', () => {
  const NONBLOCK = 0o4000;
  const LOCKOWNER = 2;
  let waiting: string[];
  let wake: () => void;
  let sought: string[];
  let closed: number;

  beforeEach(() => {
    waiting = [];
    sought = [];
    closed = 0;
    let waiters: (() => void)[] = [];
    wake = () => {
      const all = waiters;
      waiters = [];
      for (const one of all) one();
    };
    const openStream = (seek: boolean): FileStream => ({
      read: (bytes, by) => {
        if (by === 'splice') throw new ErrnoError('EINVAL', 'no');
        const text = waiting.shift();
        return text === undefined ? undefined : Buffer.from(text.slice(0, bytes), 'latin1');
      },
      isReady: () => waiting.length > 0,
      ...(seek && { seek: (to: string) => sought.push(to) }),
      close: () => (closed += 1),
    });
    const stream = (seek: boolean): FileNode => ({
      ...procFile(0o400, { read: () => '' }),
      openStream: () => openStream(seek),
    });
    const tree = new FileTree();
    tree.mount('/proc', new StaticDirectory(0o555, { pipe: stream(false), log: stream(true) }));
    const waitFor = async (isOver: () => boolean): Promise<void> => {
      while (!isOver()) await new Promise<void>((resolve) => waiters.push(resolve));
    };
    fuse = new FuseFilesystem(new GuestFiles({ ...filesGuest(tree), waitFor }), { uid: 0, gid: 0, timeS: 5 });
  });

  function readFields(fd: number, offset: number, flags: number, readFlags = LOCKOWNER): (number | bigint)[] {
    return [BigInt(fd), BigInt(offset), 4096, readFlags, 0n, flags, 0];
  }

  function readNow(fd: number, offset = 0, readFlags = LOCKOWNER): string {
    return Buffer.from(ask(OPCODE.READ, 0, readFields(fd, offset, NONBLOCK, readFlags))).toString('latin1');
  }

  function readLater(fd: number): InterruptibleAnswer {
    const answer = handle(OPCODE.READ, 0, readFields(fd, 0, 0));
    if (typeof answer === 'object' && 'interrupt' in answer) return answer;
    throw new Error(`does not wait: ${String(answer)}`);
  }

  test('each read takes what it gives; with O_NONBLOCK nothing is EAGAIN', () => {
    const pipe = open('/proc/pipe', O_RDONLY | NONBLOCK);
    expect(code(() => readNow(pipe))).toBe('EAGAIN');
    waiting.push('a\n', 'b\n');
    expect([readNow(pipe), readNow(pipe, 2), code(() => readNow(pipe, 4))]).toEqual(['a\n', 'b\n', 'EAGAIN']);
    expect(code(() => readNow(pipe, 0, 0))).toBe('EINVAL');
  });

  test('a reader sleeps until there is something, or a signal comes', async () => {
    const pipe = open('/proc/pipe', O_RDONLY);
    const first = readLater(pipe);
    waiting.push('late\n');
    wake();
    expect(Buffer.from(await first.answer).toString()).toBe('late\n');
    const second = readLater(pipe);
    second.interrupt();
    wake();
    await expect(second.answer).rejects.toMatchObject({ code: 'EINTR' });
    waiting.push('kept\n');
    expect(readNow(pipe)).toBe('kept\n');
  });

  test('poll: ready at once, or told later', async () => {
    const poll = (path: string): number => {
      const fields = [BigInt(open(path, O_RDONLY)), 99n, 1, 1];
      return fieldsOf(ask(OPCODE.POLL, 0, fields), ['u32'])[0];
    };
    expect(poll('/proc/pipe')).toBe(0);
    expect(polled).toEqual([]);
    waiting.push('x');
    wake();
    await new Promise((resolve) => setTimeout(resolve));
    expect(polled).toEqual([99n]);
    expect(poll('/proc/pipe')).toBe(0x41);
  });

  test('lseek: SEEK_SET by the offset of the next read, SEEK_END by its GETATTR, SEEK_DATA by itself', () => {
    const log = open('/proc/log', O_RDONLY | NONBLOCK);
    waiting.push('one\n', 'two\n', 'three\n');
    readNow(log);
    readNow(log, 4);
    expect(sought).toEqual([]);
    readNow(log, 0);
    ask(OPCODE.GETATTR, lookup('/proc/log'), [1, 0, BigInt(log)]);
    const offset = ask(OPCODE.LSEEK, 0, [BigInt(log), 0n, 3, 0]);
    expect(fieldsOf(offset, ['u64'])).toEqual([0]);
    expect(sought).toEqual(['first', 'end', 'data']);
    expect(code(() => ask(OPCODE.LSEEK, 0, [BigInt(log), 0n, 4, 0]))).toBe('EINVAL');
    const pipe = open('/proc/pipe', O_RDONLY);
    expect(code(() => ask(OPCODE.LSEEK, 0, [BigInt(pipe), 0n, 3, 0]))).toBe('EINVAL');
  });

  test('what has no place is opened so, and closed with its file', () => {
    const flags = (path: string): number =>
      fieldsOf(ask(OPCODE.OPEN, lookup(path), [0, 0]), ['u64', 'u32'])[1];
    expect([flags('/proc/pipe'), flags('/proc/log')]).toEqual([1 | 4, 1]);
    ask(OPCODE.RELEASE, 0, [BigInt(open('/proc/pipe', O_RDONLY)), 0, 0, 0n]);
    expect(closed).toBe(1);
  });
});
