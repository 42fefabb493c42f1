import type { ErrnoError } from '../../lib/errno.js';

/** What stat() says of a file. */
export interface FileAttributes {
  readonly kind: 'directory' | 'file' | 'symlink';
  /** st_mode: type and permissions. */
  readonly mode: number;
  readonly sizeBytes: number;
}

/** A file that was opened. */
export interface OpenedFile {
  /** The whole text, a byte per character. */
  read(): string;
  /** One write(). @returns how many bytes it consumed. */
  write(data: string): number;
}

/**
 * The files that are mounted: as in procfs and sysfs a text is made when it is read, and directories change by
 * themselves and not through their users. Every failure is an ErrnoError with what the system call is to give.
 */
export interface MountedFiles {
  exists(path: string): boolean;
  lstat(path: string): FileAttributes;
  /** Where a symbolic link points. */
  readlink(path: string): string;
  /** Names in a directory, without `.` and `..`. */
  readdir(path: string): readonly string[];
  open(path: string, access: 'read' | 'write'): OpenedFile;
  /** fsync(). */
  sync(path: string): void;
  /** What reading or writing an open file gives whose path is there no more. */
  gone(path: string): ErrnoError;
}
