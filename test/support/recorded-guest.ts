import type { MachineFiles } from '../../src/capture/bundle/machine-files.js';
import { filesOfGuest, snapshotOfGuest } from '../../src/capture/guest-files.js';
import type { Guest } from '../../src/guest/guest.js';

/** What a guest's files do not say of its kernel. */
export interface RecordedKernel {
  readonly release?: string;
  readonly cmdline?: string;
}

/** A guest's files as `irqlab record` would have them, with one snapshot for each second of `seconds`, which pass. */
export function recordedGuest(
  guest: Guest,
  seconds: number,
  { release, cmdline = '' }: RecordedKernel = {},
): MachineFiles {
  const texts = new Map<string, string>();
  for (let at = 0; at <= seconds; at++) {
    if (at > 0) guest.run({ seconds: 1 });
    for (const [path, text] of snapshotOfGuest(guest, at)) texts.set(path, text);
  }
  texts.set('/manifest', 'format: irqlab-record 1\n');
  if (release !== undefined) texts.set('/proc/sys/kernel/osrelease', `${release}\n`);
  texts.set('/proc/cmdline', `${cmdline}\n`);
  const files = filesOfGuest(guest, 'recorded');
  for (const [path, text] of texts) files.add(path, { kind: 'file', bytes: Buffer.from(text) });
  return files;
}
