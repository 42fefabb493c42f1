import { statSync } from 'node:fs';
import { chunksOfFile, readBytes, wholeOf } from '../../command/named-file.js';
import type { Stdio } from '../../command/stdio.js';
import { UsageError } from '../../command/usage-error.js';
import { isArchive, readArchive } from './archive.js';
import { readDirectory } from './directory.js';
import { type NamedRecording, recordingOf } from './recording.js';

/**
 * Opens what the user named, if it is a recording: a directory, or a tar archive.
 *
 * @throws UsageError for one that cannot be read, or that has no /proc/interrupts.
 */
export async function openRecording(named: string, stdio: Stdio): Promise<NamedRecording> {
  if (named !== '-' && statSync(named, { throwIfNoEntry: false })?.isDirectory() === true)
    return { recording: recordingOf(readDirectory(named.replace(/(.)\/+$/, '$1'))) };
  if (named === '-') {
    const { name, bytes } = readBytes(named, stdio);
    // An archive does not come through as it is: standard input is read as a text.
    if (startsAsPacked(bytes)) throw new UsageError(`${name} is an archive: name its file instead`);
    return { recording: undefined, name, bytes };
  }
  const chunks = chunksOfFile(named);
  const first = chunks.next().value ?? new Uint8Array();
  const all = chain(first, chunks);
  if (!isArchive(first)) return { recording: undefined, name: named, bytes: wholeOf(all, named) };
  return { recording: recordingOf(await readArchive(named, all)) };
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
