import { closeSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';
import type { Stdio } from './stdio.js';
import { UsageError } from './usage-error.js';

/** Longer files are none that irqlab reads. */
const MOST_BYTES = 64 << 20;
const CHUNK_BYTES = 1 << 20;

const readReasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'you have no permission to read it',
};
/** Why something could not be written, by the system's code. */
export const writeReasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such directory',
  ENOTDIR: 'what should be a directory on its path is a file',
  EISDIR: 'it is a directory',
  EACCES: 'you have no permission to write there',
  EROFS: 'what it is on is mounted read-only',
  ENOSPC: 'no space left on device',
};

/**
 * Text of a file that the user named; `-` is standard input.
 *
 * @returns it with the name that messages call it by.
 * @throws UsageError if it cannot be read.
 */
export function readText(file: string, stdio: Stdio): { name: string; text: string } {
  if (file === '-') return { name: '<stdin>', text: stdio.readStdin() };
  const { name, bytes } = readBytes(file, stdio);
  return { name, text: Buffer.from(bytes).toString('utf8') };
}

/**
 * As readText, the bytes themselves.
 *
 * @throws UsageError if it cannot be read.
 */
export function readBytes(file: string, stdio: Stdio): { name: string; bytes: Uint8Array } {
  if (file === '-') return { name: '<stdin>', bytes: Buffer.from(stdio.readStdin()) };
  return { name: file, bytes: wholeOf(chunksOfFile(file), file) };
}

/**
 * Bytes of a file that the user named, a part at a time; the first part is as long as the beginning of any file format.
 *
 * @throws UsageError if it cannot be read, with the system's error as its cause.
 */
export function* chunksOfFile(file: string): Generator<Buffer, void> {
  try {
    const fd = openSync(file, 'r');
    try {
      yield* chunksOf(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code = '', message } = error as NodeJS.ErrnoException;
    const sentence = `cannot read ${file || '""'}: ${readReasons[code] ?? message}`;
    throw new UsageError(sentence, undefined, { cause: error });
  }
}

/**
 * Writes a text to a file that the user named.
 *
 * @throws UsageError if it cannot be written.
 */
export function writeText(file: string, text: string): void {
  writeBytes(file, text);
}

/**
 * As writeText, to a file that is not there yet, or a device or pipe.
 *
 * @param force over one that is there, too.
 * @throws UsageError if it is there already.
 */
export function writeNewText(file: string, text: string, force: boolean): void {
  if (!force && statSync(file, { throwIfNoEntry: false })?.isFile() === true)
    throw new UsageError(`${file} is there already`, 'Name another file, or write over it with --force.');
  writeText(file, text);
}

/**
 * As writeText, the bytes themselves.
 *
 * @throws UsageError if it cannot be written.
 */
export function writeBytes(file: string, bytes: Uint8Array | string): void {
  try {
    writeFileSync(file, bytes);
  } catch (error) {
    throw cannotWrite(file, error);
  }
}

/** What to say of a file that could not be written. */
export function cannotWrite(file: string, error: unknown): UsageError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new UsageError(`cannot write ${file}: ${writeReasons[code] ?? message}`);
}

/**
 * All bytes of an open file, which may be a device or pipe without an end.
 *
 * @param name what messages call it by.
 * @throws UsageError if it is longer than anything that irqlab reads.
 */
export function readWhole(fd: number, name: string): Buffer {
  return wholeOf(chunksOf(fd), name);
}

/** All parts in one. @throws UsageError if that is longer than anything that irqlab reads. */
export function wholeOf(parts: Iterable<Uint8Array>, name: string): Buffer {
  const chunks: Uint8Array[] = [];
  let lengthBytes = 0;
  for (const chunk of parts) {
    chunks.push(chunk);
    lengthBytes += chunk.length;
    if (lengthBytes > MOST_BYTES)
      throw new UsageError(`${name} is longer than ${MOST_BYTES >> 20} MiB, the most that is read`);
  }
  return Buffer.concat(chunks);
}

function* chunksOf(fd: number): Generator<Buffer, void> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (;;) {
    const count = readSync(fd, chunk);
    if (count === 0) return;
    yield Buffer.from(chunk.subarray(0, count));
  }
}
