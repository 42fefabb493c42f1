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

/** How a stream is read: by read(), or through the page cache by splice() and sendfile(). */
export type StreamUse = 'read' | 'splice';

/** A file whose reads take what they give. */
export interface OpenedStream {
  /** One read() of up to so many bytes. @returns undefined while there is nothing yet; empty at the end. */
  read(bytes: number, by: StreamUse): Uint8Array | undefined;
  isReady(by: StreamUse): boolean;
  /** Resolves when it is ready for such a read, or when `isOver` says so. */
  ready(by: StreamUse, isOver: () => boolean): Promise<void>;
  /** lseek(): to the first that is there, to where data begins, or behind the last. Missing: it has no place. */
  seek?(to: 'first' | 'data' | 'end'): void;
  close(): void;
}

/** A file that was opened. */
export interface OpenedFile {
  /** It is a stream, if it was opened to be read. */
  readonly stream?: OpenedStream;
  /** The whole text, in memory of its own: what `room` gives for so many bytes, or fresh memory. */
  bytes(room?: (sizeBytes: number) => Uint8Array): Uint8Array;
  /** One write() of thread `pid`. @returns how many bytes it consumed; later, if the writer has to sleep. */
  write(data: string, pid: number): number | Promise<number>;
  /** It was opened with O_TRUNC. */
  truncate(): void;
}

/**
 * The files that are mounted. They behave as in procfs and sysfs: a text is made when it is read, and directories
 * change by themselves, hardly ever through their users. Every failure is an ErrnoError with the errno of the system call.
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
  /** mkdir(), where what is mounted has directories that its users make. */
  mkdir(path: string): void;
  /** rmdir() of such a directory. */
  rmdir(path: string): void;
  /** The error of making an entry that is not there; `create`: by open(). */
  notMade(path: string, by: 'create' | 'another call'): ErrnoError;
  /** The error of reading or writing an open file whose path no longer exists. */
  gone(path: string): ErrnoError;
}
