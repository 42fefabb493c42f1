import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../command/usage-error.js';

/**
 * The scenario files that the user named, in order: files as they are, and of directories all that end in .yaml or .yml,
 * by name, without those of packages and hidden ones.
 *
 * @throws UsageError if there is no such file, or a directory has none.
 */
export function scenarioFiles(named: readonly string[]): readonly string[] {
  const files = named.flatMap((path) => {
    if (!isDirectory(path)) return [path];
    const found = within(path);
    if (found.length === 0) throw new UsageError(`${path}: there is no scenario (*.yaml, *.yml) in it`);
    return found;
  });
  return [...new Set(files)];
}

function isDirectory(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new UsageError(`cannot read ${path}: there is no such file`);
  return stat.isDirectory();
}

function within(directory: string): string[] {
  const entries = readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const { name } = entry;
    const path = join(directory, name);
    if (entry.isDirectory()) return name.startsWith('.') || name === 'node_modules' ? [] : within(path);
    return /\.ya?ml$/.test(name) ? [path] : [];
  });
}
