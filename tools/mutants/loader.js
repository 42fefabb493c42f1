// Node's module hooks for a process that runs test files without jest: those of tools/jest, '@jest/globals' taken from
// harness.js, and the mutants of one folder compiled in.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';
import * as hooks from '../jest/hooks.js';
import { mutated } from './compiled.js';

const root = new URL('../../', import.meta.url);
const harness = new URL('harness.js', import.meta.url).href;

/** @type {import('./compiled.js').Plan} */
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
  const source = mutated(await readFile(path, 'utf8'), file, plan);
  const { code } = transformSync(source, { ...hooks.swcOptions, filename: path, sourceMaps: false });
  return { format: 'module', source: code, shortCircuit: true };
}
