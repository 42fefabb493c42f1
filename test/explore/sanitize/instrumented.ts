import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build, type Plugin, transformSync } from 'esbuild';
import type { check, exploreShard } from '../../../src/explore/explore.js';
import { instrument, type Position } from '../../../src/explore/sanitize/instrument.js';
import type { races } from '../../../src/races/index.js';

// The sanitizer's loader for tests: src, instrumented as src/command/sanitize/hooks.ts does it while Node loads the
// build, but from the sources, with an edit if one is wanted, and as one script.

/** A text that a source has, and what is put in its place. */
export interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export interface Instrumented {
  readonly races: typeof races;
  readonly check: typeof check;
  readonly exploreShard: typeof exploreShard;
  /** Of the module given to `instrumented`. */
  readonly own: Readonly<Record<string, unknown>>;
}

const root = fileURLToPath(new URL('../../..', import.meta.url));
const recorder = `${root}src/explore/sanitize/recorder.ts`;
const modelRooms = /^src\/(lib|machine|irq|platform|vmbus|host|drivers|kvm|lab|races)\//;
/** What examples use of the package: all of it would bring the container along. */
const ofPackage = `
  export { inFunction } from './machine/step.js';
  export { RaceGuest } from './lab/race-guest.js';
  export { defineRace } from './races/race.js';
`;
/** Models of tests and examples; others of test/ note what they see in ways of their own. */
const ownFiles = /^(examples|test\/explore\/sanitize)\//;
/** JavaScript of the sources as they are, by path. */
const compiled = new Map<string, string>();
/** Scripts without an edit, by what they are made of. */
const scripts = new Map<string, Promise<string>>();

/**
 * Loads the races and the explorer anew, the model's rooms and `own` instrumented.
 *
 * @param own TypeScript of a module that stands beside this one; what it exports is a model.
 * @throws Error if the text that `edit` is about is not there exactly once.
 */
export async function instrumented({
  own = '',
  edit,
}: {
  own?: string;
  edit?: Edit;
} = {}): Promise<Instrumented> {
  const text = edit === undefined ? await uneditedScript(own) : await script(own, edit);
  return exportsOf(text) as Instrumented;
}

/** What the modules of a script export: they are loaded anew. */
function exportsOf(text: string): unknown {
  return new Function(`${text}; return exported;`)();
}

function uneditedScript(own: string): Promise<string> {
  const text = scripts.get(own) ?? script(own);
  scripts.set(own, text);
  return text;
}

function script(own: string, edit?: Edit): Promise<string> {
  const beside = fileURLToPath(new URL('own.ts', import.meta.url));
  const contents = `
    export { races } from '${root}src/races/index.ts';
    export { check, exploreShard } from '${root}src/explore/explore.ts';
    import * as own from '${beside}';
    export { own };
  `;
  return bundled(contents, (path) => {
    if (path === beside) return compile(path, own);
    return edit !== undefined && path === root + edit.file
      ? compile(path, edited(path, edit))
      : unedited(path);
  });
}

/** Loads `files`, paths from the root, anew and as they are. @returns what they export. */
export async function ownCopy(...files: readonly string[]): Promise<unknown> {
  return exportsOf(await bundled(files.map((file) => `export * from '${root}${file}';`).join(''), unedited));
}

/** The modules that `contents` exports, of `load`'s JavaScript, as one script. */
async function bundled(contents: string, load: (path: string) => string): Promise<string> {
  const sources: Plugin = {
    name: 'sources',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\./ }, ({ path, importer }) => {
        if (importer.includes('/node_modules/')) return undefined;
        return { path: fileURLToPath(new URL(path.replace(/\.js$/, '.ts'), `file://${importer}`)) };
      });
      onResolve({ filter: /^irqlab$/ }, () => ({ path: `${root}src/irqlab.ts` }));
      onResolve({ filter: /^\// }, ({ path }) => ({ path }));
      onLoad({ filter: /\.ts$/ }, ({ path }) => ({
        contents: path === `${root}src/irqlab.ts` ? ofPackage : load(path),
        loader: 'js',
      }));
    },
  };
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'exported',
    keepNames: true,
    target: 'es2022',
    logLevel: 'silent',
    plugins: [sources],
  });
  return outputFiles[0].text;
}

/** A source; under `npm run mutants` with its mutants, as the modules of the test itself have them. */
function sourceOf(path: string): string {
  const text = readFileSync(path, 'utf8');
  const { __mutated: mutated } = globalThis as { __mutated?: (source: string, file: string) => string };
  return mutated?.(text, path.slice(root.length)) ?? text;
}

function unedited(path: string): string {
  const known = compiled.get(path);
  if (known !== undefined) return known;
  const text = compile(path, sourceOf(path));
  compiled.set(path, text);
  return text;
}

function edited(path: string, { file, from, to }: Edit): string {
  const parts = readFileSync(path, 'utf8').split(from);
  if (parts.length !== 2) throw new Error(`${file} has this ${parts.length - 1} times, not once: ${from}`);
  return parts.join(to);
}

function compile(path: string, text: string): string {
  const { code, map } = transformSync(text, {
    loader: 'ts',
    sourcemap: 'external',
    target: 'es2022',
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true, useDefineForClassFields: false } },
  });
  const file = path.slice(root.length);
  if (!modelRooms.test(file) && !ownFiles.test(file)) return code;
  const places = new SourceMap(JSON.parse(map));
  const positionOf = ({ line, column }: Position): Position => {
    const entry = places.findEntry(line - 1, column);
    return 'originalLine' in entry
      ? { line: entry.originalLine + 1, column: entry.originalColumn }
      : { line, column };
  };
  return instrument(code, { recorder, file, positionOf });
}
