import { ErrnoError } from '../lib/errno.js';
import type { Guest } from '../guest/guest.js';
import type { FileTree } from '../view/tree.js';
import { MachineFiles } from './bundle/machine-files.js';

/** What a recording has of a machine's files. */
const recorded = [
  '/proc/interrupts',
  '/proc/irq',
  '/proc/cpuinfo',
  '/sys/devices',
  '/sys/bus/vmbus/devices',
  '/sys/bus/pci/devices',
] as const;

/** A guest's files as they are now, as a recording has them. */
export function filesOfGuest({ fs }: Pick<Guest, 'fs'>, name: string): MachineFiles {
  const files = new MachineFiles(name);
  for (const path of recorded) if (fs.exists(path)) copy(fs, path, files);
  return files;
}

const DEVICES = '/sys/bus/vmbus/devices';

/** What counts on a guest now, as files of a recording's snapshot with this number: their texts by their paths. */
export function snapshotOfGuest({ fs, now }: Pick<Guest, 'fs' | 'now'>, number: number): [string, string][] {
  const at = `/snapshots/${number}`;
  return [
    [`${at}/proc/uptime`, `${(now / 1e9).toFixed(9)} 0.00\n`],
    [`${at}/proc/interrupts`, fs.readFile('/proc/interrupts')],
    [`${at}/vmbus-channels`, channelCounts(fs)],
  ];
}

/** As grep prints it. */
function channelCounts(fs: FileTree): string {
  const devices = fs.exists(DEVICES) ? fs.readdir(DEVICES) : [];
  const lines = devices.flatMap((device) => {
    const channels = `${DEVICES}/${device}/channels`;
    const relids = fs.exists(channels) ? fs.readdir(channels) : [];
    return relids.map((relid) => {
      const path = `${channels}/${relid}/interrupts`;
      return `${path}:${fs.readFile(path)}`;
    });
  });
  return lines.join('');
}

function copy(fs: FileTree, path: string, files: MachineFiles): void {
  const { kind } = fs.lstat(path);
  if (kind === 'symlink') files.add(path, { kind: 'link', target: fs.readlink(path) });
  else if (kind === 'directory') {
    files.add(path, { kind: 'directory' });
    for (const entry of fs.readdir(path)) copy(fs, `${path}/${entry}`, files);
  } else {
    const text = textOf(fs, path);
    if (text !== undefined) files.add(path, { kind: 'file', bytes: Buffer.from(text, 'latin1') });
  }
}

/** A file's text; undefined if it cannot be read, as a closed channel's rings. */
function textOf(fs: FileTree, path: string): string | undefined {
  try {
    return fs.readFile(path);
  } catch (error) {
    if (error instanceof ErrnoError) return undefined;
    throw error;
  }
}
