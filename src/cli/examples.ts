import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { type ExitStatus, exitStatus } from '../command/exit-status.js';
import type { Stdio } from '../command/stdio.js';
import { withSchemaComment } from '../command/schema-comment.js';
import { UsageError } from '../command/usage-error.js';

/** Where the package has them. */
const directory = new URL('../../examples/', import.meta.url);

/**
 * `irqlab examples`: lists the scenarios that come with irqlab, or prints one to start from.
 *
 * @throws UsageError if there is none of the name.
 */
export function showExamples(name: string | undefined, stdio: Stdio): ExitStatus {
  const names = readdirSync(directory).flatMap((file) => /^(.*)\.yaml$/.exec(file)?.[1] ?? []);
  if (name === undefined) {
    const width = Math.max(...names.map(({ length }) => length));
    for (const each of names) stdio.out(`${each.padEnd(width)}  ${descriptionOf(each)}\n`);
    return exitStatus.ok;
  }
  const sought = name.replace(/^.*\//, '').replace(/\.yaml$/, '');
  if (!names.includes(sought))
    throw new UsageError(`there is no example ${name}`, 'Try "irqlab examples" for a list.');
  stdio.out(withSchemaComment(textOf(sought)));
  return exitStatus.ok;
}

function textOf(name: string): string {
  return readFileSync(new URL(`${name}.yaml`, directory), 'utf8');
}

/** The first sentence of what the file says of itself. */
function descriptionOf(name: string): string {
  const { description = '' } = parse(textOf(name)) as { readonly description?: string };
  return /^.*?[.:](?=\s|$)/s.exec(description.trim())?.[0].replace(/\s+/g, ' ') ?? description.trim();
}
