import { readFileSync } from 'node:fs';
import { transformSync } from '@swc/core';
import { build, type Plugin } from 'esbuild';
import { swcOptions } from '../../tools/jest/hooks.js';

/**
 * TypeScript as the tests and the build compile it: esbuild alone writes no metadata of decorators, which inversify
 * finds the arguments of constructors by.
 */
const typescript: Plugin = {
  name: 'typescript',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const { code } = transformSync(readFileSync(path, 'utf8'), { ...swcOptions, filename: path });
      return { contents: code, loader: 'ts' };
    });
  },
};

const root = new URL('../..', import.meta.url).pathname;

/**
 * Bundles a module for browsers, as a script that leaves its exports in a global variable.
 *
 * @param code of the module, as it would stand in the root folder; `irqlab` is the entry point for browsers.
 * @throws what esbuild says, among it a module of Node's that something imports.
 */
export async function browserBundle(code: string, globalName: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: root, loader: 'ts' },
    alias: { irqlab: `${root}/src/browser.ts` },
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    globalName,
    target: 'es2022',
    logLevel: 'silent',
    plugins: [typescript],
  });
  return outputFiles[0].text;
}
