import { ErrnoError } from '../lib/errno.js';
import { PluginError } from '../lib/plugin-error.js';
import { latin1Bytes } from '../lib/text-bytes.js';
import {
  countDirectories,
  type DirectoryNode,
  type FileNode,
  type FileStream,
  type SleepingWrite,
  StaticDirectory,
  type TreeNode,
} from './tree-node.js';

/** What stat() says. */
export interface FileStat {
  readonly kind: TreeNode['kind'];
  /** st_mode: type and permissions. */
  readonly mode: number;
  readonly size: number;
  /**
   * What of it stays as long as the tree is: that it is there, of what is mounted; its attributes, too, of the
   * directories above what is mounted.
   */
  readonly lasts: 'nothing' | 'name' | 'all';
}

/** An entry of a directory. */
export interface DirectoryEntry {
  readonly name: string;
  /** st_mode: type and permissions. */
  readonly mode: number;
}

/** An open file. It works on the file as it was found, even if its directory goes away. */
export interface OpenFile {
  /** The whole text. */
  read(): string;
  /** The same as bytes, in memory of the caller's: what `room` gives for so many bytes, or fresh memory. */
  bytes(room?: (sizeBytes: number) => Uint8Array): Uint8Array;
  /** One write(); returns the number of bytes consumed. */
  write(data: string): number;
  /** It was opened with O_TRUNC. */
  truncate(): void;
  /** The stream of a file that is one; undefined for others. Throws ErrnoError as open() does. */
  stream(): FileStream | undefined;
  /** The same up to where the writer may sleep. */
  beginWrite(data: string): number | SleepingWrite;
}

const typeBits = { directory: 0o040000, file: 0o100000, symlink: 0o120000 } as const;
/** As the kernel's MAXSYMLINKS. */
const MAX_SYMLINKS = 40;

/**
 * The guest's files: /proc and /sys as one tree, as root sees it. It is the only definition of them: what is printed,
 * replayed or mounted comes from here. Texts are a byte per character. Every failure is an ErrnoError with the errno
 * that the guest's kernel gives.
 */
export class FileTree {
  readonly root = new StaticDirectory(0o755);
  private readonly mounted = new Set<TreeNode>();
  private readonly above = new Set<TreeNode>([this.root]);

  /** @param asUser does what a process of user space asks the guest's kernel for. */
  constructor(private readonly asUser: <T>(work: () => T) => T = (work) => work()) {}

  /**
   * Puts a directory or file into the tree, with the directories above it if they are not there yet.
   *
   * @param isThere false while it is not to be seen; default: it always is.
   * @throws RangeError if there is something at the path already, or something above it that takes no entries.
   */
  mount(path: string, node: TreeNode, isThere?: () => boolean): void {
    const names = path.split('/').filter((name) => name !== '');
    const last = names.pop();
    if (last === undefined) throw new RangeError('the root directory cannot be mounted over');
    let parent = this.root;
    for (const name of names) {
      let next = parent.lookup(name);
      if (next === undefined) {
        next = new StaticDirectory(0o755);
        parent.add(name, next);
      }
      if (!(next instanceof StaticDirectory))
        throw new RangeError(`${path}: nothing can be added to ${name}; choose a path elsewhere`);
      parent = next;
      this.above.add(parent);
    }
    if (!parent.isFree(last)) throw new RangeError(`there is ${path} already; choose another path`);
    parent.add(last, node, isThere);
    if (isThere === undefined) this.mounted.add(node);
  }

  exists(path: string): boolean {
    try {
      this.resolve(path, true);
      return true;
    } catch (error) {
      if (error instanceof ErrnoError) return false;
      throw error;
    }
  }

  /**
   * Opens a file. Reading and writing it throw PluginError if its methods return what they must not.
   *
   * @throws ErrnoError as open() does; EISDIR also for reading a directory, where read() gives it.
   */
  open(path: string, access: 'read' | 'write'): OpenFile {
    const node = this.resolve(path, true);
    if (node.kind !== 'file') throw new ErrnoError('EISDIR', `${path} is a directory`);
    if (access === 'write' && node.write === undefined && node.unwritable.at === 'open')
      throw unwritable(path, node);
    if (access === 'read' && node.read === undefined && node.unreadable === undefined)
      throw new ErrnoError('EACCES', `${path} cannot be read`);
    const write = (data: string): number => {
      if (node.write === undefined) throw unwritable(path, node);
      return checkedCount(
        path,
        this.asUser(() => node.write?.(data)),
      );
    };
    return {
      read: () => readText(path, node),
      bytes: (room) => readBytes(path, node, room) ?? latin1Bytes(readText(path, node)),
      truncate: () => node.truncate?.(),
      stream: () => node.openStream?.(),
      write,
      beginWrite: (data) => {
        const begin = node.beginWrite?.bind(node);
        return begin === undefined ? write(data) : this.asUser(() => begin(data));
      },
    };
  }

  /** The whole text of a file. */
  readFile(path: string): string {
    return this.open(path, 'read').read();
  }

  /** Opens a file and writes to it once. @returns how many bytes write() consumed. @throws TypeError for what is no text. */
  writeFile(path: string, data: string): number {
    if (typeof data !== 'string')
      throw new TypeError(
        `${path}: expected the text to write, such as '2', not ${typeof data} ${String(data)}`,
      );
    return this.open(path, 'write').write(data);
  }

  /** Names in a directory, sorted. */
  readdir(path: string): string[] {
    return [...this.directory(path).list()].sort();
  }

  /** The same, and what each of them is. */
  entries(path: string): DirectoryEntry[] {
    const directory = this.directory(path);
    const entries: DirectoryEntry[] = [];
    for (const name of [...directory.list()].sort()) {
      const node = directory.lookup(name);
      if (node !== undefined) entries.push({ name, mode: modeOf(node) });
    }
    return entries;
  }

  /** mkdir(). @throws ErrnoError EEXIST, ENOENT, EPERM where nobody makes directories. */
  mkdir(path: string): void {
    const { parent, name } = this.split(path);
    if (parent.lookup(name) !== undefined) throw new ErrnoError('EEXIST', `there is ${path} already`);
    if (parent.mkdir === undefined) throw new ErrnoError('EPERM', `${path} cannot be made here`);
    parent.mkdir(name);
  }

  /** rmdir(). @throws ErrnoError ENOENT, ENOTDIR, EPERM where nobody removes directories, EBUSY for one in use. */
  rmdir(path: string): void {
    const { parent, name } = this.split(path);
    const node = parent.lookup(name);
    if (node === undefined) throw new ErrnoError('ENOENT', `there is no ${path}`);
    if (node.kind !== 'directory') throw new ErrnoError('ENOTDIR', `${path} is no directory`);
    if (parent.rmdir === undefined) throw new ErrnoError('EPERM', `${path} cannot be removed`);
    parent.rmdir(name);
  }

  private split(path: string): { readonly parent: DirectoryNode; readonly name: string } {
    const [, above = '', name = ''] = /^(.*?)\/*([^/]*)\/*$/.exec(path) ?? [];
    return { parent: this.directory(above === '' ? '/' : above), name };
  }

  /** How many directories there are in a directory. */
  subdirectories(path: string): number {
    return countDirectories(this.directory(path));
  }

  /** stat(): of what a symbolic link points to. */
  stat(path: string): FileStat {
    return this.statOf(this.resolve(path, true));
  }

  /** lstat(): of a symbolic link itself. */
  lstat(path: string): FileStat {
    return this.statOf(this.resolve(path, false));
  }

  /** Where a symbolic link points. */
  readlink(path: string): string {
    const node = this.resolve(path, false);
    if (node.kind !== 'symlink') throw new ErrnoError('EINVAL', `${path} is no symbolic link`);
    return node.target;
  }

  private statOf(node: TreeNode): FileStat {
    // All symbolic links here are sysfs', which gives them no size (fs/kernfs/inode.c).
    const size = node.kind === 'file' ? node.size : 0;
    return { kind: node.kind, mode: modeOf(node), size, lasts: this.lasting(node) };
  }

  private lasting(node: TreeNode): FileStat['lasts'] {
    if (this.above.has(node)) return 'all';
    return this.mounted.has(node) ? 'name' : 'nothing';
  }

  private directory(path: string): DirectoryNode {
    const node = this.resolve(path, true);
    if (node.kind !== 'directory') throw new ErrnoError('ENOTDIR', `${path} is no directory`);
    return node;
  }

  /** Walks from the root to `path`; symbolic links on the way are followed, one at its end if `follow`. */
  private resolve(path: string, follow: true): DirectoryNode | FileNode;
  private resolve(path: string, follow: boolean): TreeNode;
  private resolve(path: string, follow: boolean): TreeNode {
    if (typeof path !== 'string')
      throw new TypeError(`expected a path such as /proc/interrupts, not ${String(path)}`);
    if (path === '') throw new ErrnoError('ENOENT', 'an empty path names nothing');
    const todo = path.split('/').reverse();
    const above: DirectoryNode[] = [];
    let node: TreeNode = this.root;
    let links = 0;
    for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
      if (name === '' && todo.length === 0 && node.kind === 'directory') break;
      if (node.kind !== 'directory')
        throw new ErrnoError('ENOTDIR', `${path}: not all above it are directories`);
      if (name === '' || name === '.') continue;
      if (name === '..') {
        node = above.pop() ?? this.root;
        continue;
      }
      const entry = node.lookup(name);
      if (entry === undefined) throw new ErrnoError('ENOENT', `there is no ${path}`);
      if (entry.kind === 'symlink' && (follow || todo.length > 0)) {
        links += 1;
        if (links > MAX_SYMLINKS) throw new ErrnoError('ELOOP', `${path}: its symbolic links go round`);
        if (entry.target.startsWith('/')) {
          above.length = 0;
          node = this.root;
        }
        todo.push(...entry.target.split('/').reverse());
        continue;
      }
      above.push(node);
      node = entry;
    }
    return node;
  }
}

/** What a file of a plug-in returns has been seen by no compiler. */
function readText(path: string, node: FileNode): string {
  if (node.unreadable !== undefined) throw new ErrnoError(node.unreadable, `${path} is only written`);
  const text: unknown = node.read?.() ?? '';
  if (typeof text === 'string') return text;
  throw new PluginError(`reading ${path} gave ${String(text)}; its read (or show) must return a string`);
}

function readBytes(
  path: string,
  node: FileNode,
  room: (sizeBytes: number) => Uint8Array = (sizeBytes) => new Uint8Array(sizeBytes),
): Uint8Array | undefined {
  const bytes: unknown = node.bytes?.();
  if (bytes === undefined) return undefined;
  if (bytes instanceof Uint8Array) {
    const own = room(bytes.length);
    own.set(bytes);
    return own;
  }
  throw new PluginError(`reading ${path} gave ${String(bytes)}; its bytes must return a Uint8Array`);
}

function checkedCount(path: string, count: unknown): number {
  if (typeof count === 'number') return count;
  throw new PluginError(
    `writing ${path} gave ${String(count)}; its write must return how many bytes it took, all of them: data.length`,
  );
}

function unwritable(path: string, node: FileNode): ErrnoError {
  return new ErrnoError(node.unwritable.code, `${path} cannot be written`);
}

function modeOf(node: TreeNode): number {
  return typeBits[node.kind] | (node.kind === 'symlink' ? 0o777 : node.mode);
}
