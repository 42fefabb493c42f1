// Node's module hooks for a process that runs test files without jest: those of tools/jest, '@jest/globals' taken from
// harness.js, and the mutants of one folder compiled in.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';
import * as hooks from '../jest/hooks.js';
import { twinsOf, withoutTwins, withTwins } from '../twins/plain-form.js';
import { edited, inOrder, mutantsOf, withMutant } from './mutate.js';

const root = new URL('../../', import.meta.url);
const harness = new URL('harness.js', import.meta.url).href;

/** @type {{ bases: Record<string, number>, alone?: { file: string, mutant: object } }} */
let plan = { bases: {} };

export function initialize(data) {
  plan = data;
}

export function resolve(specifier, context, nextResolve) {
  if (specifier === '@jest/globals') return { url: harness, shortCircuit: true };
  return hooks.resolve(specifier, context, nextResolve);
}

export async function load(url, context, nextLoad) {
  if (!url.endsWith('.ts') || !url.startsWith(root.href)) return nextLoad(url, context);
  const path = fileURLToPath(url);
  const file = url.slice(root.href.length);
  const source = mutated(await readFile(path, 'utf8'), file);
  const { code } = transformSync(source, { ...hooks.swcOptions, filename: path, sourceMaps: false });
  return { format: 'module', source: code, shortCircuit: true };
}

/** With the mutants compiled in, in the plain forms of procedures, too; or with the one that a process is for. */
function mutated(source, file) {
  if (plan.alone?.file === file) {
    return withTwins(withMutant(withoutTwins(source, file), plan.alone.mutant), file);
  }
  const base = plan.bases[file];
  if (base === undefined || plan.alone !== undefined) return source;
  const bare = withoutTwins(source, file);
  const { edits } = mutantsOf(bare, base);
  const twins = twinsOf(bare, file, inOrder(edits)).map(({ at, twin }) => ({
    at,
    text: twin,
    rank: Number.MAX_SAFE_INTEGER,
  }));
  return edited(bare, [...edits, ...twins]);
}
