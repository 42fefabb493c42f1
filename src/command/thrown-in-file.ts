import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The line of an error's stack that lies in a file of the user's, as Node prints it. */
export function placeIn(file: string, { stack }: Error): string | undefined {
  return frames(stack).find(liesIn(file));
}

/** Where a module cannot be parsed: an import does not tell, but what `node --check` prints does. */
export function placeOfSyntaxError(file: string): string | undefined {
  const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' });
  const [, line, blanks] = /^.*:(\d+)\n.*\n( *)\^/.exec(stderr) ?? [];
  return line === undefined ? undefined : `at ${file}:${line}:${blanks.length + 1}`;
}

/** The file of the user's whose own code has thrown the error, and the line of the stack that says where. */
export function thrownIn(
  files: readonly string[],
  error: Error,
): { readonly file: string; readonly place: string } | undefined {
  const [place] = frames(error.stack);
  const file = place === undefined ? undefined : files.find((candidate) => liesIn(candidate)(place));
  return file === undefined ? undefined : { file, place };
}

function frames(stack = ''): readonly string[] {
  return stack
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at '));
}

/** Node names modules by URL, and what was compiled by path. */
function liesIn(file: string): (frame: string) => boolean {
  const path = resolve(file);
  const { href } = pathToFileURL(path);
  return (frame) => frame.includes(href) || frame.includes(path);
}
