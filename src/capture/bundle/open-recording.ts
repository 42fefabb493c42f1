import { statSync } from 'node:fs';
import { chunksOfFile, readBytes, wholeOf } from '../../command/named-file.js';
import type { Stdio } from '../../command/stdio.js';
import { UsageError } from '../../command/usage-error.js';
import { isArchive, readArchive } from './archive.js';
import { readDirectory } from './directory.js';
import { type NamedRecording, recordingOf } from './recording.js';

/** Longer archives take seconds. */
const LONG_BYTES = 8 << 20;

/**
 * Opens what the user named, if it is a recording: a directory, or a tar archive.
 *
 * @throws UsageError for one that cannot be read, or that has no /proc/interrupts.
 */
export async function openRecording(named: string, stdio: Stdio): Promise<NamedRecording> {
  if (named !== '-' && statSync(named, { throwIfNoEntry: false })?.isDirectory() === true)
    return { recording: recordingOf(readDirectory(named.replace(/(.)\/+$/, '$1'))) };
  if (named === '-') {
    const { name, bytes } = readInput(stdio);
    // An archive does not come through as it is: standard input is read as a text.
    if (startsAsPacked(bytes)) throw new UsageError(`${name} is an archive: name its file instead`);
    return { recording: undefined, name, bytes };
  }
  const chunks = chunksOfFile(named);
  const first = chunks.next().value ?? new Uint8Array();
  const all = chain(first, chunks);
  if (!isArchive(first)) return { recording: undefined, name: named, bytes: wholeOf(all, named) };
  try {
    return { recording: recordingOf(await readArchive(named, told(all, named, stdio))) };
  } finally {
    stdio.progress?.('');
  }
}

/** @throws UsageError that says what to do with a long archive, of which only what is looked at is kept. */
function readInput(stdio: Stdio): { name: string; bytes: Uint8Array } {
  try {
    return readBytes('-', stdio);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(error.message, 'An archive may be of any length: name its file instead.');
  }
}

/** The parts of a file; says how far it has been read. */
function* told(parts: Iterable<Uint8Array>, file: string, stdio: Stdio): Generator<Uint8Array> {
  const allBytes = statSync(file).size;
  let readBytes = 0;
  for (const part of parts) {
    readBytes += part.length;
    if (allBytes > LONG_BYTES) stdio.progress?.(`${file}: ${Math.floor((100 * readBytes) / allBytes)} %`);
    yield part;
  }
}

function* chain(first: Uint8Array, rest: Iterable<Uint8Array>): Generator<Uint8Array> {
  yield first;
  yield* rest;
}

/** Whether a text was the beginning of an archive of gzip or xz, or has that of one of tar. */
function startsAsPacked(bytes: Uint8Array): boolean {
  const text = new TextDecoder().decode(bytes.subarray(0, 16));
  return isArchive(bytes) || text.startsWith('\u001f\ufffd') || text.startsWith('\ufffd7zXZ');
}
