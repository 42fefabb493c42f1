import { ErrnoError, errnoCode } from '../lib/errno.js';
import { latin1Text } from '../lib/text-bytes.js';
import type { Procedure } from '../machine/step.js';

/** A directory whose entries may come and go; only this object knows them. */
export interface DirectoryNode {
  readonly kind: 'directory';
  /** Permission bits. */
  readonly mode: number;
  /** Names of the entries, in any order. */
  list(): Iterable<string>;
  /** The entry called `name`, or undefined. */
  lookup(name: string): TreeNode | undefined;
  /** How many entries are directories, for a directory that knows it without looking at each of them. */
  directories?(): number;
  /** mkdir() of an entry that is not there. Missing: nobody makes any. Throws ErrnoError. */
  mkdir?(name: string): void;
  /** rmdir() of an entry that is there. Missing: nobody removes any. Throws ErrnoError. */
  rmdir?(name: string): void;
}

/** How many directories are in a directory. */
export function countDirectories(directory: DirectoryNode): number {
  if (directory.directories !== undefined) return directory.directories();
  let count = 0;
  for (const name of directory.list()) if (directory.lookup(name)?.kind === 'directory') count += 1;
  return count;
}

/** What is left of a write() in which the writer may sleep. */
export interface SleepingWrite<Result = number> {
  /** What its context is called. */
  readonly name: string;
  /** Its value is how many bytes were consumed. Throws ErrnoError. */
  readonly work: Procedure<Result>;
}

/** How a stream is read: by read(), or by splice() and sendfile(). */
export type StreamUse = 'read' | 'splice';

/** A file that was opened to read a stream: what is read is gone, or the place in the stream is the opener's own. */
export interface FileStream {
  /** One read() of up to so many bytes. @returns undefined while there is nothing yet; empty at the end. Throws ErrnoError. */
  read(bytes: number, by: StreamUse): Uint8Array | undefined;
  /** Whether there is something for who sleeps in such a read. */
  isReady(by: StreamUse): boolean;
  /** lseek(): to the first that is there, to where data begins (SEEK_DATA), or behind the last. Missing: it has no place. */
  seek?(to: 'first' | 'data' | 'end'): void;
  close?(): void;
}

/** A file. Its text is a byte per character, U+0000 to U+00FF. */
export interface FileNode {
  readonly kind: 'file';
  /** Permission bits. */
  readonly mode: number;
  /** What stat() gives as the size. */
  readonly size: number;
  /** The whole text. Missing: the file cannot be read. */
  read?(): string;
  /** The same as bytes, for large files; they may change when the file is read again. */
  bytes?(): Uint8Array;
  /** One write(); returns how many bytes were consumed. Throws ErrnoError. */
  write?(data: string): number;
  /** Opens it to read a stream; `read` gives all that is in it at the moment. Throws ErrnoError. */
  openStream?(): FileStream;
  /** What opening it with O_TRUNC does; missing: nothing. */
  truncate?(): void;
  /** The same up to where the writer may sleep, for who lets others go on meanwhile. Missing: it never does. */
  beginWrite?(data: string): number | SleepingWrite;
  /** What read() says of a file without `read` that can be opened to be read all the same. Missing: it cannot. */
  readonly unreadable?: 'EINVAL';
  /** What the filesystem says to a user who would write a file without `write`, and whether it says so at open(). */
  readonly unwritable: { readonly code: 'EIO' | 'EACCES' | 'EINVAL'; readonly at: 'open' | 'write' };
}

/** A symbolic link. */
export interface SymlinkNode {
  readonly kind: 'symlink';
  readonly target: string;
}

/** Something in the guest's file tree. */
export type TreeNode = DirectoryNode | FileNode | SymlinkNode;

/** A directory with a fixed set of entries, changed only through this object. */
export class StaticDirectory implements DirectoryNode {
  readonly kind = 'directory';
  /** Made for the first entry: thousands of directories stay empty. */
  private entries: Map<string, TreeNode> | undefined;
  /** Of entries that come and go, whether they are there. */
  private conditions: Map<string, () => boolean> | undefined;
  private directoryCount = 0;
  /** Makes its first entries; undefined: they are there. */
  private make: (() => Readonly<Record<string, TreeNode>>) | undefined;

  /** @param entries its first ones, or what makes them when somebody looks at the directory first. */
  constructor(
    readonly mode: number,
    entries: Readonly<Record<string, TreeNode>> | (() => Readonly<Record<string, TreeNode>>) = {},
  ) {
    if (typeof entries === 'function') this.make = entries;
    else this.addAll(entries);
  }

  private addAll(entries: Readonly<Record<string, TreeNode>>): void {
    for (const [name, node] of Object.entries(entries)) this.add(name, node);
  }

  private fill(): void {
    const { make } = this;
    if (make === undefined) return;
    this.make = undefined;
    this.addAll(make());
  }

  *list(): Generator<string, void, void> {
    this.fill();
    if (this.entries === undefined) return;
    for (const name of this.entries.keys()) if (this.isThere(name)) yield name;
  }

  lookup(name: string): TreeNode | undefined {
    this.fill();
    return this.isThere(name) ? this.entries?.get(name) : undefined;
  }

  directories(): number {
    this.fill();
    let count = this.directoryCount;
    for (const [name, isThere] of this.conditions ?? [])
      if (this.entries?.get(name)?.kind === 'directory' && !isThere()) count -= 1;
    return count;
  }

  /** @param isThere false while the entry is not to be seen; default: it always is. */
  add(name: string, node: TreeNode, isThere?: () => boolean): void {
    this.remove(name);
    this.entries ??= new Map();
    this.entries.set(name, node);
    if (isThere !== undefined) {
      this.conditions ??= new Map();
      this.conditions.set(name, isThere);
    }
    if (node.kind === 'directory') this.directoryCount += 1;
  }

  remove(name: string): void {
    this.fill();
    if (this.entries?.get(name)?.kind === 'directory') this.directoryCount -= 1;
    this.entries?.delete(name);
    this.conditions?.delete(name);
  }

  /** True if nothing has been added under this name. */
  isFree(name: string): boolean {
    this.fill();
    return !this.entries?.has(name);
  }

  private isThere(name: string): boolean {
    return this.conditions?.get(name)?.() !== false;
  }
}

/** A directory with an entry for each of some things that come and go. */
export class ListDirectory<T> implements DirectoryNode {
  readonly kind = 'directory';
  readonly mode = 0o755;

  /** @param find the thing with a name; default: the first of `items` that has it, which is slow where there are many. */
  constructor(
    private readonly items: () => Iterable<T>,
    private readonly nameOf: (item: T) => string,
    private readonly nodeOf: (item: T) => TreeNode,
    private readonly find?: (name: string) => T | undefined,
  ) {}

  *list(): Generator<string, void, void> {
    for (const item of this.items()) yield this.nameOf(item);
  }

  /** The things are all alike: one entry tells what all are. */
  directories(): number {
    const all = [...this.items()];
    const [first] = all;
    return first !== undefined && this.nodeOf(first).kind === 'directory' ? all.length : 0;
  }

  lookup(name: string): TreeNode | undefined {
    const item = this.find === undefined ? this.search(name) : this.find(name);
    return item === undefined ? undefined : this.nodeOf(item);
  }

  private search(name: string): T | undefined {
    for (const item of this.items()) if (this.nameOf(item) === name) return item;
    return undefined;
  }
}

/** A directory with fixed entries, and with others that come and go. */
export class MixedDirectory extends StaticDirectory {
  constructor(
    mode: number,
    entries: Readonly<Record<string, TreeNode>>,
    private readonly others: DirectoryNode,
  ) {
    super(mode, entries);
  }

  override *list(): Generator<string, void, void> {
    yield* super.list();
    yield* this.others.list();
  }

  override lookup(name: string): TreeNode | undefined {
    return super.lookup(name) ?? this.others.lookup(name);
  }

  override directories(): number {
    return super.directories() + countDirectories(this.others);
  }
}

/** What a file does; see FileNode. */
export interface FileMethods {
  read?(): string;
  bytes?(): Uint8Array;
  write?(data: string): number;
}

/** A file of procfs: writing one without a write method gives EIO from write(). */
export function procFile(mode: number, methods: FileMethods): FileNode {
  return { kind: 'file', mode, size: 0, unwritable: { code: 'EIO', at: 'write' }, ...methods };
}

/** A file of debugfs: writing one without a write method gives EINVAL from write(). */
export function debugFile(mode: number, methods: FileMethods): FileNode {
  return { kind: 'file', mode, size: 0, unwritable: { code: 'EINVAL', at: 'write' }, ...methods };
}

/** More than any record of /dev/kmsg. */
const READ_BYTES = 8192;

/** All that a stream gives without waiting, a byte per character. */
export function readAll(stream: FileStream): string {
  let text = '';
  for (;;) {
    const bytes = stream.read(READ_BYTES, 'read');
    if (bytes === undefined || bytes.length === 0) break;
    text += latin1Text(bytes);
  }
  stream.close?.();
  return text;
}

export const PAGE_SIZE = 4096;

/**
 * A file of sysfs: even root may not open it for what it has no method for. A write hands at most a page to `store`;
 * an empty one does nothing (fs/sysfs/file.c sysfs_kf_write).
 */
export function sysfsFile(
  mode: number,
  methods: { show?(): string; store?(text: string): void } = {},
): FileNode {
  const { show, store } = methods;
  return {
    kind: 'file',
    mode,
    size: PAGE_SIZE,
    unwritable: { code: 'EACCES', at: 'open' },
    ...(show && { read: () => show() }),
    ...(store && {
      write: (data: string) => {
        const text = data.slice(0, PAGE_SIZE);
        if (text !== '') store(text);
        return text.length;
      },
    }),
  };
}

/** What runs a write whose writer waits for it. */
export interface Runner {
  call<T>(name: string, proc: Procedure<T>): T;
}

/** A file of sysfs whose writers may sleep. `store` gives what is left to do; undefined: nothing. */
export function sleepingSysfsFile(
  machine: Runner,
  mode: number,
  methods: { show?(): string; store(text: string): SleepingWrite<void> | undefined },
): FileNode {
  const { store, show } = methods;
  const beginWrite = (data: string): number | SleepingWrite => {
    const text = data.slice(0, PAGE_SIZE);
    const rest = text === '' ? undefined : store(text);
    return rest === undefined ? text.length : { name: rest.name, work: consuming(text.length, rest.work) };
  };
  return {
    ...sysfsFile(mode, show && { show: () => show() }),
    beginWrite,
    write(data) {
      const begun = beginWrite(data);
      return typeof begun === 'number' ? begun : machine.call(begun.name, begun.work);
    },
  };
}

function* consuming(bytes: number, work: Procedure<void>): Procedure<number> {
  yield* work;
  return bytes;
}

/** Cuts a text to what fits into the page that sysfs shows. */
export function onePage(text: string): string {
  return text.slice(0, PAGE_SIZE - 1);
}

/** Turns the return value of a kernel function into an error of the file that called it. */
export function throwIfError(ret: number, sentence: string): void {
  if (ret < 0) throw new ErrnoError(errnoCode(ret), sentence);
}

/** What a kernel function does that a file has called; its return value is turned into an error. */
export function* checked(work: Procedure<number>, sentence: () => string): Procedure<void> {
  const ret = yield* work;
  if (ret < 0) throwIfError(ret, sentence());
}
