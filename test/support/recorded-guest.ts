import { MachineFiles } from '../../src/capture/bundle/machine-files.js';
import type { Guest } from '../../src/guest/guest.js';
import type { FileTree } from '../../src/view/tree.js';

/** What share/record.sh copies whole, where it is. */
const copied = [
  '/proc/interrupts',
  '/proc/irq',
  '/proc/cpuinfo',
  '/sys/devices/system/cpu',
  '/sys/devices/system/node',
  '/sys/bus/vmbus/devices',
  '/sys/bus/pci/devices',
  '/sys/devices',
] as const;

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
  const files = new MachineFiles('recorded');
  const text = (path: string, content: string): void =>
    files.add(path, { kind: 'file', bytes: Buffer.from(content) });
  for (let at = 0; at <= seconds; at++) {
    if (at > 0) guest.run({ seconds: 1 });
    text(`/snapshots/${at}/proc/uptime`, `${(guest.now / 1e9).toFixed(2)} 0.00\n`);
    text(`/snapshots/${at}/proc/interrupts`, guest.procInterrupts());
    text(`/snapshots/${at}/vmbus-channels`, channelCounts(guest.fs));
  }
  for (const path of copied) if (guest.fs.exists(path)) copy(guest.fs, path, files);
  text('/manifest', 'format: irqlab-record 1\n');
  if (release !== undefined) text('/proc/sys/kernel/osrelease', `${release}\n`);
  text('/proc/cmdline', `${cmdline}\n`);
  return files;
}

function copy(fs: FileTree, path: string, files: MachineFiles): void {
  const { kind } = fs.lstat(path);
  if (kind === 'symlink') files.add(path, { kind: 'link', target: fs.readlink(path) });
  else if (kind === 'directory') {
    files.add(path, { kind: 'directory' });
    for (const name of fs.readdir(path)) copy(fs, `${path}/${name}`, files);
  } else {
    const content = contentOf(fs, path);
    if (content !== undefined) files.add(path, { kind: 'file', bytes: Buffer.from(content) });
  }
}

/** A file's text; undefined if it cannot be read. */
function contentOf(fs: FileTree, path: string): string | undefined {
  try {
    return fs.readFile(path);
  } catch {
    return undefined;
  }
}

function channelCounts(fs: FileTree): string {
  const devices = '/sys/bus/vmbus/devices';
  if (!fs.exists(devices)) return '';
  return fs
    .readdir(devices)
    .flatMap((device) =>
      (fs.exists(`${devices}/${device}/channels`) ? fs.readdir(`${devices}/${device}/channels`) : []).map(
        (relid) => {
          const path = `${devices}/${device}/channels/${relid}/interrupts`;
          return `${path}:${fs.readFile(path)}`;
        },
      ),
    )
    .join('');
}
