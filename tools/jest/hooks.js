// Node's module hooks for test files: TypeScript by SWC, sources that are imported as `.js`, 'irqlab' from src, and
// '@jest/globals' from globals.js.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

const root = new URL('../../', import.meta.url);
const sources = new URL('src/', root).href;
const packages = new Map([
  ['irqlab', new URL('src/index.ts', root).href],
  ['irqlab/browser', new URL('src/browser.ts', root).href],
  ['irqlab/stats', new URL('src/guest/run-stats.ts', root).href],
  ['irqlab/explore', new URL('src/explore.ts', root).href],
  ['irqlab/lab', new URL('src/lab.ts', root).href],
  ['irqlab/testing', new URL('src/testing/matchers.ts', root).href],
  ['@jest/globals', new URL('globals.js', import.meta.url).href],
]);
const OWN_JAVASCRIPT = /^(?:\.{1,2}\/|file:).*\.js$/;
/** A test file is loaded with the time as its query. */
const TYPESCRIPT = /\.ts(\?|$)/;

/**
 * What SWC makes of TypeScript; fields as tsconfig.json has them.
 *
 * @type {import('@swc/core').Options}
 */
export const swcOptions = {
  swcrc: false,
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    target: 'es2022',
  },
  module: { type: 'es6' },
};

export async function resolve(specifier, context, nextResolve) {
  const mapped = packages.get(specifier);
  if (mapped !== undefined) return { url: mapped, shortCircuit: true };
  // A thread's first file has no parent.
  const { parentURL } = context;
  const isOurs = parentURL === undefined ? specifier.startsWith(sources) : TYPESCRIPT.test(parentURL);
  if (isOurs && OWN_JAVASCRIPT.test(specifier)) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), parentURL);
    if (existsSync(source)) return { url: source.href, shortCircuit: true };
  }
  return nextResolve(specifier, context);
}

export async function load(url, context, nextLoad) {
  if (!TYPESCRIPT.test(url)) return nextLoad(url, context);
  const path = fileURLToPath(url);
  const { code } = transformSync(await readFile(path, 'utf8'), {
    ...swcOptions,
    filename: path,
    sourceMaps: 'inline',
  });
  return { format: 'module', source: code, shortCircuit: true };
}
