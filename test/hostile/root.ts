import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository, from the suite's source or from what it is compiled to. */
export const root = ['../../', '../../../']
  .map((up) => fileURLToPath(new URL(up, import.meta.url)))
  .find((directory) => existsSync(join(directory, 'examples')) && existsSync(join(directory, 'test')));

/** A path below the repository. */
export function inRoot(path: string): string {
  return join(root ?? '.', path);
}

/** The compiled command line, the suite's own first; undefined if nothing is compiled. */
export function compiledCli(): string | undefined {
  return ['build/src/cli/cli.js', 'dist/cli/cli.js'].map(inRoot).find((file) => existsSync(file));
}
