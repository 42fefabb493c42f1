import type { Part } from '../trial.js';
import { clients } from './clients.js';
import { files } from './files.js';
import { hosts } from './hosts.js';
import { lives } from './lives.js';
import { mounts } from './mounts.js';

/** All parts of the suite, in the order in which they take their turns. */
export const parts: readonly Part[] = [lives, hosts, files, clients, mounts];

/** @throws RangeError if there is no such part. */
export function partNamed(name: string): Part {
  const part = parts.find((candidate) => candidate.name === name);
  if (part === undefined)
    throw new RangeError(`there is no part ${name}, only ${parts.map((one) => one.name).join(', ')}`);
  return part;
}
