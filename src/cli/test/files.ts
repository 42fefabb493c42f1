import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../command/usage-error.js';

/**
 * The scenario files that the user named, in order: files as they are, and of directories all that end in .yaml or .yml,
 * by name, without those of packages and hidden ones.
 *
 * @throws UsageError if there is no such file, or a directory has none.
 */
export function scenarioFiles(named: readonly string[]): readonly string[] {
  for (const path of named) {
    if (!existsSync(path)) throw new UsageError(`cannot read ${path}: there is no such file`);
    if (filesOf(path).length === 0)
      throw new UsageError(`${path}: there is no scenario (*.yaml, *.yml) in it`);
  }
  return scenarioFilesNow(named);
}

/** As scenarioFiles, while they are being changed: one that is gone for the moment is a file that cannot be read. */
export function scenarioFilesNow(named: readonly string[]): readonly string[] {
  return [...new Set(named.flatMap(filesOf))];
}

function filesOf(path: string): readonly string[] {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? within(path) : [path];
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
