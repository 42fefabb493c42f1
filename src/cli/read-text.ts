import { readFileSync } from 'node:fs';
import { type CommandIo, UsageError } from './command.js';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'you have no permission to read it',
};

/**
 * Text of a file that the user named; `-` is standard input.
 *
 * @throws UsageError if it cannot be read.
 */
export function readText(file: string, io: CommandIo): { name: string; text: string } {
  if (file === '-') return { name: '<stdin>', text: io.readStdin() };
  const { name, bytes } = readBytes(file, io);
  return { name, text: Buffer.from(bytes).toString('utf8') };
}

/**
 * As readText, the bytes themselves.
 *
 * @throws UsageError if it cannot be read.
 */
export function readBytes(file: string, io: CommandIo): { name: string; bytes: Uint8Array } {
  if (file === '-') return { name: '<stdin>', bytes: Buffer.from(io.readStdin()) };
  try {
    return { name: file, bytes: readFileSync(file) };
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    throw new UsageError(`cannot read ${file}: ${reasons[code] ?? message}`);
  }
}
