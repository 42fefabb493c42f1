import { type Stats, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { writeReasons } from '../command/named-file.js';
import { namedValue } from '../guest/named-value.js';
import { ErrnoError } from '../lib/errno.js';
import type { FileTree } from '../view/tree.js';

/** A file that could not be read, and is not among those that were written. */
export interface UnreadFile {
  readonly path: string;
  readonly error: ErrnoError;
}

/**
 * Writes a guest's files into a directory as plain files, as they are now: for tools that take a root directory. Links stay
 * links, and those with an absolute path lead within the directory. What only takes writes, and what a reader would wait
 * for (trace_pipe, /dev/kmsg), is an empty file. Directories and files can be read and removed by their owner.
 *
 * @param directory made if it is missing.
 * @returns what reading gave an errno for.
 * @param system what the directory is on.
 * @throws TypeError for what is no path; RangeError if there is something in the directory; Error if it cannot be made, and
 * on Windows; what writing there throws.
 */
export function exportTree(
  fs: FileTree,
  directory: string,
  system: string = process.platform,
): readonly UnreadFile[] {
  if (typeof directory !== 'string')
    throw new TypeError(`exportTree(directory): expected a path, not ${namedValue(directory)}`);
  // "0000:00:07.1" would be a stream of a file "0000".
  if (system === 'win32')
    throw new Error(
      "a guest's files have colons in their names, which Windows does not take: export them on Linux or macOS, or in WSL",
    );
  makeDirectory(directory);
  if (readdirSync(directory).length > 0)
    throw new RangeError(`${directory} is not empty; choose another one`);
  const unread: UnreadFile[] = [];
  const write = (path: string): void => {
    const { kind, mode } = fs.lstat(path);
    const to = join(directory, path);
    if (kind === 'symlink') symlinkSync(targetWithin(path, fs.readlink(path)), to);
    else if (kind === 'file') {
      const bytes = readNow(fs, path, unread);
      if (bytes !== undefined) writeFileSync(to, bytes, { mode: (mode & 0o777) | 0o600 });
    } else {
      if (path !== '/') mkdirSync(to);
      for (const name of fs.readdir(path)) write(path === '/' ? `/${name}` : `${path}/${name}`);
    }
  };
  write('/');
  return unread;
}

/**
 * Makes a directory and those above it that are missing: one by one, since Node 20 never returns from `recursive` where
 * nothing can be made, as in /proc.
 */
function makeDirectory(directory: string): void {
  if (isDirectory(directory)) return;
  makeDirectory(dirname(directory));
  try {
    mkdirSync(directory);
  } catch (cause) {
    throw cannotMake(directory, cause, 'nothing can be made in the directory above it');
  }
}

/** False if there is nothing. @throws Error if there is something else. */
function isDirectory(path: string): boolean {
  let stat: Stats | undefined;
  try {
    stat = statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw cannotMake(path, cause);
  }
  if (stat?.isDirectory() === false) throw new Error(`${path} is no directory; choose another one`);
  return stat !== undefined;
}

function cannotMake(directory: string, cause: unknown, noEntry?: string): Error {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const reason = (code === 'ENOENT' ? noEntry : writeReasons[code]) ?? message;
  return Object.assign(new Error(`cannot make ${directory || '""'}: ${reason}`, { cause }), { code });
}

/** A link's target, as a relative one if it was absolute. */
function targetWithin(path: string, target: string): string {
  return target.startsWith('/') ? relative(dirname(path), target) || '.' : target;
}

function readNow(fs: FileTree, path: string, unread: UnreadFile[]): Uint8Array | undefined {
  const canBeRead = (fs.stat(path).mode & 0o444) !== 0;
  if (!canBeRead) return new Uint8Array();
  try {
    const file = fs.open(path, 'read');
    const stream = file.stream();
    stream?.close?.();
    return stream === undefined ? file.bytes() : new Uint8Array();
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    unread.push({ path, error });
    return undefined;
  }
}
