import type { ClassDevice } from '../../machine/class-device.js';
import {
  type DirectoryNode,
  type FileNode,
  ListDirectory,
  StaticDirectory,
  sysfsFile,
  type TreeNode,
} from '../tree-node.js';
import { storeUevent } from './uevent.js';

/** A class device with the directory of the device that it was made of. */
export interface ShownClassDevice {
  readonly device: ClassDevice;
  /** Path of its parent, below /sys/devices. */
  readonly parent: string;
}

/** Classes that are shown. */
export const shownClasses = ['net', 'nvme', 'scsi_device', 'scsi_host', 'uio'] as const;

/** Where a class device is, from the directory of its parent on. */
function pathBelow({ className, name, below }: ClassDevice): string[] {
  return [...(below === undefined ? [] : below.split('/')), className, name];
}

/** Directories that a device has for what its driver has made of it: `net`, `host0`. */
export function classDirectories(devices: readonly ClassDevice[], parent: string): Record<string, TreeNode> {
  const top = new StaticDirectory(0o755);
  for (const device of devices) {
    const path = pathBelow(device);
    let at = top;
    for (const name of path.slice(0, -1)) {
      const next = at.lookup(name);
      if (next instanceof StaticDirectory) at = next;
      else {
        const made = new StaticDirectory(0o755);
        at.add(name, made);
        at = made;
      }
    }
    at.add(device.name, classDeviceDirectory(device, parent));
  }
  return Object.fromEntries([...top.list()].map((name) => [name, top.lookup(name) ?? top]));
}

/** @param parent path of the device that it was made of, below /sys/devices. */
function classDeviceDirectory(device: ClassDevice, parent: string): DirectoryNode {
  const { className, files = {}, below } = device;
  const show = (text: () => string): FileNode => sysfsFile(0o444, { show: text });
  const shown = Object.entries(files).map(([name, text]) => [name, show(text)] as const);
  const depth = parent.split('/').length + pathBelow(device).length;
  const upToSys = Array.from({ length: depth + 1 }, () => '..').join('/');
  const above = below ?? parent;
  const holder = above.slice(above.lastIndexOf('/') + 1);
  return new StaticDirectory(0o755, {
    uevent: sysfsFile(0o644, { show: files.uevent ?? (() => ''), store: storeUevent }),
    ...Object.fromEntries(shown.filter(([name]) => name !== 'uevent')),
    device: { kind: 'symlink', target: `../../../${holder}` },
    subsystem: { kind: 'symlink', target: `${upToSys}/class/${className}` },
  });
}

/** /sys/class/NAME: links to all devices of the class. */
export function classDirectory(className: string, all: () => Iterable<ShownClassDevice>): DirectoryNode {
  return new ListDirectory(
    () => [...all()].filter(({ device }) => device.className === className),
    ({ device }) => device.name,
    ({ device, parent }) => ({
      kind: 'symlink',
      target: `../../devices/${parent}/${pathBelow(device).join('/')}`,
    }),
  );
}
