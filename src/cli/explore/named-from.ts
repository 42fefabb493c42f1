import { existsSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { UsageError } from '../../command/usage-error.js';

/** How what is saved at `saved` names a file of the user's own: both can be moved together. */
export function namedFrom(saved: string, file: string): string {
  return relative(dirname(resolve(saved)), resolve(file));
}

/**
 * The file that namedFrom has named, from where the program runs.
 *
 * @throws UsageError if it is no longer there.
 */
export function fileNamedIn(saved: string, name: string): string {
  const file = relative('', resolve(dirname(saved), name));
  if (existsSync(file)) return file;
  throw new UsageError(
    `${saved} is about a race in ${file}, where there is no such file`,
    'Say where it is now: --race FILE',
  );
}
