import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import type { HostEntry, HostFiles } from './overlay.js';

/** The files of the machine that this runs on. */
export const hostFiles: HostFiles = {
  kindOf(path) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    return stat.isDirectory() ? 'directory' : 'file';
  },
  entries(directory) {
    return readdirSync(directory, { withFileTypes: true }).map((entry): HostEntry => {
      const { name } = entry;
      if (entry.isSymbolicLink())
        return { name, kind: 'symlink', target: readlinkSync(posix.join(directory, name)) };
      return { name, kind: entry.isDirectory() ? 'directory' : 'file' };
    });
  },
};
