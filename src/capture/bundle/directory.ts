import { closeSync, constants, fstatSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { readWhole } from '../../command/named-file.js';
import { UsageError } from '../../command/usage-error.js';
import { MachineFiles } from './machine-files.js';
import { isWanted, MOST_FILE_BYTES, MOST_KEPT_BYTES } from './wanted.js';

const MOST_ENTRIES = 1_000_000;
const MOST_DEPTH = 64;

/**
 * Reads a recording that has been unpacked. Symbolic links are taken as what they say and not followed, devices and pipes
 * are left aside.
 *
 * @throws UsageError if it cannot be read, or is too large.
 */
export function readDirectory(name: string): MachineFiles {
  const files = new MachineFiles(name);
  let entries = 0;
  let lengthBytes = 0;
  const walk = (directory: string, at: string, depth: number): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = `${directory}/${entry.name}`;
      const place = `${at}/${entry.name}`;
      entries += 1;
      if (entries > MOST_ENTRIES || depth > MOST_DEPTH)
        throw new UsageError(
          `${name}: more than ${MOST_ENTRIES} files, or deeper than ${MOST_DEPTH} directories`,
        );
      if (entry.isSymbolicLink()) files.add(place, { kind: 'link', target: readlinkSync(path) });
      else if (entry.isDirectory()) {
        files.add(place, { kind: 'directory' });
        walk(path, place, depth + 1);
      } else if (entry.isFile()) {
        if (!isWanted(place)) continue;
        const bytes = bytesOf(path);
        if (bytes === undefined) {
          files.tooLong.push(place);
          continue;
        }
        lengthBytes += bytes.length;
        if (lengthBytes > MOST_KEPT_BYTES)
          throw new UsageError(
            `${name}: its files below proc, sys and snapshots are longer than ${MOST_KEPT_BYTES >> 20} MiB, the most that is kept`,
            'Take some of snapshots away.',
          );
        files.add(place, { kind: 'file', bytes });
      }
    }
  };
  try {
    walk(name, '', 0);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return files;
}

/** A file's bytes; none if it may not be read; undefined if it is too long. What has become something else is not opened. */
function bytesOf(path: string): Uint8Array | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return new Uint8Array();
  }
  try {
    const stat = fstatSync(fd);
    if (stat.size > MOST_FILE_BYTES) return undefined;
    return stat.isFile() ? readWhole(fd, path) : new Uint8Array();
  } finally {
    closeSync(fd);
  }
}
