import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ExitStatus, exitStatus } from '../../command/exit-status.js';
import { cannotWrite } from '../../command/named-file.js';
import type { Stdio } from '../../command/stdio.js';
import { withSchemaComment } from '../../command/schema-comment.js';
import { UsageError } from '../../command/usage-error.js';
import type { Start, StartFile } from './starts.js';

/** This irqlab, and where it has its examples. */
const packageUrl = new URL('../../../', import.meta.url);
const examples = new URL('examples/', packageUrl);

/**
 * `irqlab init`: copies examples, which say in their heads how they are run, under names of the user's own.
 *
 * @throws UsageError if a file is there already, cannot be written, or has a name that says it is something else.
 */
export function writeStart(start: Start, file: string, stdio: Stdio): ExitStatus {
  if (!start.named.test(file))
    throw new UsageError(
      `${file} is no ${start.name === 'scenario' ? 'scenario' : 'module'} by its name`,
      start.names,
    );
  const files = start
    .files(file)
    .map((one) => (one.unlessThere ? { ...one, file: join(dirname(file), one.file) } : one))
    .filter((one) => !(one.unlessThere && existsSync(one.file)));
  for (const one of files) if (existsSync(one.file)) throw alreadyThere(one.file);
  for (const one of files) write(one.file, textOf(one, files));
  const written = files.map((one) => one.file);
  const beside = written.length > 1 ? `; ${written.slice(1).join(', ')} goes with it` : '';
  const next = start
    .next(file, written, isInstalledFor(file) ? undefined : thisIrqlab())
    .map((command) => `  ${command}\n`);
  stdio.out(`${file} has ${start.written}${beside}. Next:\n${next.join('')}`);
  return exitStatus.ok;
}

/** True if what stands in the file can import irqlab. */
function isInstalledFor(file: string): boolean {
  try {
    createRequire(resolve(file)).resolve('irqlab');
    return true;
  } catch {
    return false;
  }
}

/** This irqlab as npm takes a package that lies in a directory: it need not be on any registry. */
function thisIrqlab(): string {
  const path = fileURLToPath(packageUrl).replaceAll('\\', '/').replace(/\/$/, '');
  return `file:${path}`;
}

/** A template, in which the files are called as they are called here. */
function textOf({ template, file }: StartFile, files: readonly StartFile[]): string {
  let text = readFileSync(new URL(template, examples), 'utf8');
  for (const one of files) text = text.replaceAll(`examples/${one.template}`, one.file);
  if (template.endsWith('package.json'))
    return text.replace('"irqlab": "*"', `"irqlab": ${JSON.stringify(thisIrqlab())}`);
  return template.endsWith('.yaml') ? withSchemaComment(text, file) : text;
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw alreadyThere(file);
    throw cannotWrite(file, error);
  }
}

function alreadyThere(file: string): UsageError {
  return new UsageError(`${file} is there already`, 'Name another file.');
}
