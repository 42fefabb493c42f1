import { statSync } from 'node:fs';
import { chunksOfFile, readBytes, wholeOf } from '../../command/named-file.js';
import type { Stdio } from '../../command/stdio.js';
import { UsageError } from '../../command/usage-error.js';
import { isArchive, readArchive } from './archive.js';
import { readDirectory } from './directory.js';
import type { MachineFiles, Recording, RecordingKind } from './machine-files.js';

/** A file that the user named: a recording, or else bytes of something that is none. */
export type NamedRecording =
  | { readonly recording: Recording }
  | { readonly recording: undefined; readonly name: string; readonly bytes: Uint8Array };

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
  return (
    isArchive(bytes) || /^(?:\x1f\ufffd|\ufffd7zXZ)/.test(new TextDecoder().decode(bytes.subarray(0, 16)))
  );
}

/** @throws UsageError if no directory of it has a /proc/interrupts. */
export function recordingOf(all: MachineFiles): Recording {
  const root = rootOf(all);
  if (root === undefined)
    throw new UsageError(
      `${all.name}: there is no proc/interrupts in it`,
      'Recordings are made by "irqlab record", by sos with its plugins hardware and hyperv, or by copying /proc and /sys.',
    );
  const files = root === '/' ? all : all.below(root);
  return { kind: kindOf(files), files };
}

const INTERRUPTS = '/proc/interrupts';

/** The directory that was the machine's root: the topmost one with a /proc/interrupts. */
function rootOf(files: MachineFiles): string | undefined {
  let best: string | undefined;
  for (const path of files.files()) {
    if (!path.endsWith(INTERRUPTS) || path.includes('/snapshots/')) continue;
    const root = path.slice(0, -INTERRUPTS.length) || '/';
    if (best === undefined || root.length < best.length) best = root;
  }
  return best;
}

function kindOf(files: MachineFiles): RecordingKind {
  if (files.line('/manifest')?.startsWith('format: irqlab-record ') === true) return 'irqlab record';
  return files.list('/sos_commands').length > 0 ? 'sosreport' : 'files of a machine';
}
