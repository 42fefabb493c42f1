import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { placeIn, placeOfSyntaxError } from './thrown-in-file.js';
import { UsageError } from './usage-error.js';

/** What a user's own module is to irqlab, as messages call it. */
export type UserModuleKind = 'plug-in' | 'race';

/**
 * Loads an ES module of the user's own. What it imports of irqlab is this irqlab, and TypeScript is loaded, if
 * sharePackages was called before.
 *
 * @throws UsageError if it cannot be loaded, with the place in the file, if the file has one to tell.
 */
export async function importUserModule(
  kind: UserModuleKind,
  file: string,
): Promise<Readonly<Record<string, unknown>>> {
  const { href } = pathToFileURL(resolve(file));
  try {
    return (await import(href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const what = `cannot load ${kind} ${file}`;
    if (!(error instanceof Error)) throw new UsageError(`${what}: it throws ${String(error)}`);
    if ((error as NodeJS.ErrnoException).code === 'ERR_UNKNOWN_FILE_EXTENSION')
      throw new UsageError(`${what}: it is no module by its name`, expected[kind]);
    const place =
      placeIn(file, error) ?? (error instanceof SyntaxError ? placeOfSyntaxError(file) : undefined);
    const hint = hintFor(error) ?? (place && `  ${place}`);
    throw new UsageError(`${what}: ${error.name}: ${error.message}`, hint);
  }
}

const expected: Readonly<Record<UserModuleKind, string>> = {
  'plug-in':
    'Expected an ES module, .js, .mjs or .ts, with inversify modules; "irqlab init driver" writes one to start from.',
  race: 'Expected an ES module, .js, .mjs or .ts, with a race; "irqlab init race" writes one to start from.',
};

/** What to do about errors of Node that say only half of it. */
function hintFor({ message }: Error): string | undefined {
  if (message.includes('outside a module')) return 'Name it .mjs, or .mts.';
  if (message.includes('strip-only mode'))
    return 'Compile it first, and name what comes of that: of TypeScript only types are taken out.';
  const [, missing] = /^Cannot find package '([^']+)'/.exec(message) ?? [];
  if (missing !== undefined) return `Install it where the file lies: npm install ${missing}`;
  const [, name] = /does not provide an export named '(\w+)'/.exec(message) ?? [];
  return name && `If ${name} is a type: import { type ${name} }.`;
}

/**
 * The file's path without links.
 *
 * @throws UsageError if there is no such file.
 */
export function pathOfUserModule(kind: UserModuleKind, file: string): string {
  let path: string;
  let isFile: boolean;
  try {
    path = realpathSync(file);
    isFile = statSync(path).isFile();
  } catch {
    throw new UsageError(`cannot load ${kind} ${file}: there is no such file`);
  }
  if (!isFile) throw new UsageError(`cannot load ${kind} ${file}: it is no file`);
  return path;
}
