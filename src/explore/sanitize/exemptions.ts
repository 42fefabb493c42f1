import { SharedObject } from '../../machine/step.js';
import type { Conflict } from './locations.js';
import { Variables } from './recorder.js';

/** A place that contexts share without announcing it, and why no order of its accesses can tell. */
interface Exemption {
  /** The class of the object that has it, or for variables the file. */
  readonly of: string;
  readonly keys: readonly string[];
  readonly reason: string;
}

/** All that the sanitizer does not report. What is here must not depend on the order of steps, whatever the model. */
const exemptions: readonly Exemption[] = [
  {
    of: 'src/machine/step.ts',
    keys: ['nextObjectId'],
    reason: 'the number by which the explorer knows an object: models do not look at it',
  },
  {
    of: 'src/machine/memory.ts',
    keys: ['running'],
    reason: 'the store buffer of the running CPU, which the explorer sets before each step',
  },
  {
    of: 'SharedObject',
    keys: ['reading', 'writing', 'updating', 'waiting'],
    reason: 'parts of a SharedObject made on first use, the same whoever comes first',
  },
];

/** True if a conflict is about a place that needs no announcement. */
export function isExempt({ object, key }: Conflict): boolean {
  const isSharedObject = object instanceof SharedObject;
  const name = object instanceof Variables ? object.file : object.constructor?.name;
  return exemptions.some(
    ({ of, keys }) =>
      (of === name || (of === 'SharedObject' && isSharedObject)) && keys.includes(String(key)),
  );
}
