import { ErrnoError, errnoCode } from '../lib/errno.js';

/** A directory whose entries may come and go; only this object knows them. */
export interface DirectoryNode {
  readonly kind: 'directory';
  /** Permission bits. */
  readonly mode: number;
  /** Names of the entries, in any order. */
  list(): Iterable<string>;
  /** The entry called `name`, or undefined. */
  lookup(name: string): TreeNode | undefined;
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
  /** One write(); returns how many bytes were consumed. Throws ErrnoError. */
  write?(data: string): number;
  /** What the filesystem says to a user who would write a file without `write`, and whether it says so at open(). */
  readonly unwritable: { readonly code: 'EIO' | 'EACCES' | 'EINVAL'; readonly at: 'open' | 'write' };
}

/** A symbolic link. */
export interface SymlinkNode {
  readonly kind: 'symlink';
  readonly target: string;
}

export type TreeNode = DirectoryNode | FileNode | SymlinkNode;

/** A directory with a fixed set of entries, changed only through this object. */
export class StaticDirectory implements DirectoryNode {
  readonly kind = 'directory';
  private readonly entries = new Map<string, TreeNode>();

  constructor(
    readonly mode: number,
    entries: Readonly<Record<string, TreeNode>> = {},
  ) {
    for (const [name, node] of Object.entries(entries)) this.entries.set(name, node);
  }

  list(): Iterable<string> {
    return this.entries.keys();
  }

  lookup(name: string): TreeNode | undefined {
    return this.entries.get(name);
  }

  add(name: string, node: TreeNode): void {
    this.entries.set(name, node);
  }

  remove(name: string): void {
    this.entries.delete(name);
  }
}

/** A directory with an entry for each of some things that come and go. */
export class ListDirectory<T> implements DirectoryNode {
  readonly kind = 'directory';
  readonly mode = 0o755;

  constructor(
    private readonly items: () => Iterable<T>,
    private readonly nameOf: (item: T) => string,
    private readonly nodeOf: (item: T) => TreeNode,
  ) {}

  *list(): Generator<string, void, void> {
    for (const item of this.items()) yield this.nameOf(item);
  }

  lookup(name: string): TreeNode | undefined {
    for (const item of this.items()) if (this.nameOf(item) === name) return this.nodeOf(item);
    return undefined;
  }
}

/** What a file does; see FileNode. */
export interface FileMethods {
  read?(): string;
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

export const PAGE_SIZE = 4096;

/**
 * A file of sysfs: even root may not open it for what it has no method for. A write hands at most a page to `store`;
 * an empty one does nothing (fs/sysfs/file.c sysfs_kf_write).
 */
export function sysfsFile(mode: number, methods: { show?(): string; store?(text: string): void }): FileNode {
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

/** Cuts a text to what fits into the page that sysfs shows. */
export function onePage(text: string): string {
  return text.slice(0, PAGE_SIZE - 1);
}

/** Turns the return value of a kernel function into an error of the file that called it. */
export function throwIfError(ret: number, sentence: string): void {
  if (ret < 0) throw new ErrnoError(errnoCode(ret), sentence);
}
