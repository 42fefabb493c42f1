import { readFileSync, writeFileSync } from 'node:fs';
import { type ExitStatus, exitStatus } from '../command/exit-status.js';
import type { Stdio } from '../command/stdio.js';
import { UsageError } from '../command/usage-error.js';

/**
 * `irqlab init race`: copies the example of an own race, which says in its head how it is run.
 *
 * @throws UsageError if the file is there already, cannot be written, or has another extension than a module's.
 */
export function initRace(file: string, stdio: Stdio): ExitStatus {
  const [, language] = /\.m?([jt]s)$/.exec(file) ?? [];
  if (language === undefined) {
    throw new UsageError(
      `${file} is no module by its name`,
      'Name it .ts or .mts for TypeScript, .js or .mjs.',
    );
  }
  const template = `examples/own-race/race.${language}`;
  const text = readFileSync(new URL(`../../${template}`, import.meta.url), 'utf8');
  try {
    writeFileSync(file, text.replaceAll(template, file), { flag: 'wx' });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new UsageError(`${file} is there already`, 'Name another file.');
    if (code === 'ENOENT') throw new UsageError(`cannot write ${file}: there is no such directory`);
    throw new UsageError(`cannot write ${file}: ${message}`);
  }
  stdio.out(`${file} has a race with two variants. Next:\n  irqlab explore ${file}\n`);
  return exitStatus.ok;
}
