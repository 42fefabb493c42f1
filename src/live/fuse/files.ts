import type { ErrnoError } from '../../lib/errno.js';

/** What stat() says of a file. */
export interface FileAttributes {
  readonly kind: 'directory' | 'file' | 'symlink';
  /** st_mode: type and permissions. */
  readonly mode: number;
  readonly sizeBytes: number;
  /** What the kernel may remember: nothing, that it is there, or its attributes, too. */
  readonly lasts: 'nothing' | 'name' | 'all';
}

/** An entry of a directory. */
export interface DirectoryEntry {
  readonly name: string;
  /** st_mode: type and permissions. */
  readonly mode: number;
}

/** A file that was opened. */
export interface OpenedFile {
  /** The whole text, in memory of its own. */
  bytes(): Uint8Array;
  /** One write(). @returns how many bytes it consumed; later, if the writer has to sleep. */
  write(data: string): number | Promise<number>;
  /** It was opened with O_TRUNC. */
  truncate(): void;
}

/**
 * The files that are mounted. They behave as in procfs and sysfs: a text is made when it is read, and directories
 * change by themselves, not through their users. Every failure is an ErrnoError with the errno of the system call.
 */
export interface MountedFiles {
  exists(path: string): boolean;
  lstat(path: string): FileAttributes;
  /** Where a symbolic link points. */
  readlink(path: string): string;
  /** What is in a directory, without `.` and `..`. */
  entries(path: string): readonly DirectoryEntry[];
  /** How many directories are in a directory. It is asked for often: for each directory on the way to each file. */
  subdirectories(path: string): number;
  open(path: string, access: 'read' | 'write'): OpenedFile;
  /** fsync(). */
  sync(path: string): void;
  /** The error of making an entry that is not there; `create`: by open(). */
  notMade(path: string, by: 'create' | 'another call'): ErrnoError;
  /** The error of reading or writing an open file whose path no longer exists. */
  gone(path: string): ErrnoError;
}
