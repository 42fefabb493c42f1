import { UsageError } from '../../command/usage-error.js';
import { isArchive, readArchive } from './archive.js';
import type { MachineFiles, Recording, RecordingKind } from './machine-files.js';

/** A file that the user named: a recording, or else bytes of something that is none. */
export type NamedRecording =
  | { readonly recording: Recording }
  | { readonly recording: undefined; readonly name: string; readonly bytes: Uint8Array };

/** @throws UsageError for an archive that cannot be read, or that has no /proc/interrupts. */
export async function recordingIn(name: string, bytes: Uint8Array): Promise<NamedRecording> {
  if (!isArchive(bytes)) return { recording: undefined, name, bytes };
  return { recording: recordingOf(await readArchive(name, [bytes])) };
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
