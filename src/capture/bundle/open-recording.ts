import { statSync } from 'node:fs';
import { readBytes } from '../../command/named-file.js';
import type { Stdio } from '../../command/stdio.js';
import { readDirectory } from './directory.js';
import { type NamedRecording, recordingIn, recordingOf } from './recording.js';

/**
 * Opens what the user named, if it is a recording: a directory, or a tar archive.
 *
 * @throws UsageError for one that cannot be read, or that has no /proc/interrupts.
 */
export async function openRecording(named: string, stdio: Stdio): Promise<NamedRecording> {
  if (named !== '-' && statSync(named, { throwIfNoEntry: false })?.isDirectory() === true)
    return { recording: recordingOf(readDirectory(named.replace(/(.)\/+$/, '$1'))) };
  const { name, bytes } = readBytes(named, stdio);
  return recordingIn(name, bytes);
}
