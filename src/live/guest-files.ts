import { ErrnoError } from '../lib/errno.js';
import type { UserProcess } from '../machine/machine.js';
import type { FileTree } from '../view/tree.js';
import type { FileStream, SleepingWrite } from '../view/tree-node.js';
import type { DirectoryEntry, FileAttributes, MountedFiles, OpenedFile, OpenedStream } from './fuse/files.js';

/** The guest behind the files. */
export interface FilesGuest {
  /** The files of the kernel that runs now: after kexec another one's. */
  readonly fs: FileTree;
  /** The process with this number on the machine that the files are mounted on; undefined: it is not to be found. */
  processOf(pid: number): UserProcess | undefined;
  /** Does what a process asks the guest's kernel for. */
  asUser<T>(work: () => T, by: UserProcess | undefined): T;
  /** Has a writer go on as the guest's time passes. */
  sleep(write: SleepingWrite, by: UserProcess | undefined): number | Promise<number>;
  /** Resolves once it holds, as the guest's time passes. */
  waitFor(isOver: () => boolean): Promise<void>;
}

/** A guest's /proc and /sys as files that can be mounted. */
export class GuestFiles implements MountedFiles {
  constructor(private readonly guest: FilesGuest) {}

  private get tree(): FileTree {
    return this.guest.fs;
  }

  exists(path: string): boolean {
    return this.tree.exists(path);
  }

  lstat(path: string): FileAttributes {
    const { kind, mode, size: sizeBytes, lasts } = this.tree.lstat(path);
    return { kind, mode, sizeBytes, lasts };
  }

  readlink(path: string): string {
    return this.tree.readlink(path);
  }

  entries(path: string): readonly DirectoryEntry[] {
    return this.tree.entries(path);
  }

  subdirectories(path: string): number {
    return this.tree.subdirectories(path);
  }

  open(path: string, access: 'read' | 'write'): OpenedFile {
    const file = this.tree.open(path, access);
    const stream = access === 'read' ? file.stream() : undefined;
    return {
      ...(stream && { stream: this.opened(stream) }),
      bytes: (room) => file.bytes(room),
      write: (data, pid) => {
        const { guest } = this;
        const by = guest.processOf(pid);
        const begun = guest.asUser(() => file.beginWrite(data), by);
        return typeof begun === 'number' ? begun : guest.sleep(begun, by);
      },
      truncate: () => file.truncate(),
    };
  }

  private opened(stream: FileStream): OpenedStream {
    return {
      read: (bytes, by) => stream.read(bytes, by),
      isReady: (by) => stream.isReady(by),
      ready: (by, isOver) => this.guest.waitFor(() => isOver() || stream.isReady(by)),
      ...(stream.seek && { seek: (to) => stream.seek?.(to) }),
      close: () => stream.close?.(),
    };
  }

  /**
   * fsync and fdatasync alike: there is nothing to do for files of sysfs, and for directories of debugfs, tracefs and
   * /dev; no other has the operation (fs/sync.c vfs_fsync_range, fs/kernfs/file.c, fs/libfs.c simple_dir_operations).
   */
  sync(path: string): void {
    const isFile = this.tree.stat(path).kind !== 'directory';
    const knowsIt = !isProc(path) && (isSimple(path) ? !isFile : isFile);
    if (!knowsIt) throw new ErrnoError('EINVAL', `${path} cannot be synced`);
  }

  /**
   * Who makes an entry looks for it first. procfs says there and then that there is none (fs/proc/generic.c
   * proc_lookup_de); in sysfs there is nobody to make it (fs/namei.c lookup_open without i_op->create, fs/kernfs/dir.c).
   */
  notMade(path: string, by: 'create' | 'another call'): ErrnoError {
    if (isProc(path)) return new ErrnoError('ENOENT', `there is no ${path}`);
    return new ErrnoError(by === 'create' ? 'EACCES' : 'EPERM', `${path} cannot be made here`);
  }

  mkdir(path: string): void {
    try {
      this.tree.mkdir(path);
    } catch (error) {
      throw error instanceof ErrnoError && error.code === 'EPERM'
        ? this.notMade(path, 'another call')
        : error;
    }
  }

  rmdir(path: string): void {
    this.tree.rmdir(path);
  }

  /** procfs finds its entry unused (fs/proc/inode.c), kernfs cannot make it active (fs/kernfs/file.c). */
  gone(path: string): ErrnoError {
    return new ErrnoError(isProc(path) ? 'EIO' : 'ENODEV', `${path} is gone`);
  }
}

/** Whether it lies in debugfs, tracefs or /dev, mount points included. */
function isSimple(path: string): boolean {
  return /^\/(?:sys\/kernel\/(?:debug|tracing)|dev)(?:\/|$)/.test(path);
}

function isProc(path: string): boolean {
  return path === '/proc' || path.startsWith('/proc/');
}
