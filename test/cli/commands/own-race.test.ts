import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { transformSync } from '@swc/core';
import { buildOf } from '../../../src/cli/explore/fingerprint.js';
import { InProcessRunner } from '../../../src/cli/explore/in-process.js';
import { loadOwnRace } from '../../../src/cli/explore/own-race.js';
import { isRaceFile } from '../../../src/cli/explore/race-file.js';
import { runExplore } from '../../../src/cli/explore/run.js';
import { load } from '../../../src/command/plugin-hooks.js';
import { UsageError } from '../../../src/command/usage-error.js';
import { collected, irqlab, type Ran } from '../../support/cli.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const example = new URL('../../../examples/own-race/', import.meta.url).pathname;
const defaults = { preemptions: 2, depth: 3, seed: 1, executions: 1000 } as const;

const directory = temporaryDirectory('own-race');
const { file } = directory;

/** Searches a race of one's own in this thread. */
async function explore(path: string, options = {}): Promise<Ran> {
  const { race } = await loadOwnRace(path);
  const { ran, io } = collected();
  const used = { ...defaults, ...options, raceFile: path };
  ran.status = await runExplore(race.id, used, io, new InProcessRunner(1, [race]));
  return ran;
}

async function refusal(text: string): Promise<string> {
  const path = file(`${Math.abs(hash(text))}.mjs`, text);
  try {
    await loadOwnRace(path);
  } catch (error) {
    if (error instanceof UsageError) return error.message.replace(path, 'FILE');
    throw error;
  }
  return 'loaded';
}

function hash(text: string): number {
  let value = 0;
  for (const char of text) value = (value * 31 + char.charCodeAt(0)) | 0;
  return value;
}

const model = `{
  name: 'mine',
  setup: () => ({ done: true }),
  finally: { 'it is done': ({ done }) => done },
}`;

test('a file is told from an id by its name', () => {
  expect(['relid-map', 'a.b'].filter(isRaceFile)).toEqual([]);
  expect(
    ['a.ts', 'a.mts', 'a.js', 'a.mjs', './a', '/a/b', '.\\a'].filter((name) => !isRaceFile(name)),
  ).toEqual([]);
});

describe('what a file exports', () => {
  test('a race of defineRace, with all its variants', async () => {
    const { status, out } = await explore(join(example, 'race.ts'));
    expect(out).toMatch(/^ok {3}own-race\/percpu-list .*\nok {3}own-race\/irqdomain .* complete/);
    expect(status).toBe(0);
  });

  test('a model, in which nothing should be found', async () => {
    const path = file('bare.mjs', `export default ${model};`);
    const { race } = await loadOwnRace(path);
    expect(race).toMatchObject({
      id: 'bare',
      property: 'it is done',
      variants: [{ name: 'model', expected: 'none' }],
    });
    expect(await explore(path, { variant: 'model' })).toMatchObject({ status: 0 });
    const broken = file('broken.mjs', `export default ${model.replace('done: true', 'done: false')};`);
    const { status, out, err } = await explore(broken, { variant: 'model' });
    expect(out).toMatch(/^broken\/model: found\n\nit is done/);
    expect({ status, err }).toEqual({ status: 1, err: 'irqlab: expected none for broken/model\n' });
  });

  test.each([
    ['export const x = 1;', 'race FILE has no race as its default export'],
    [
      `export const mine = ${model};`,
      'race FILE has no race as its default export; it has mine: export default mine',
    ],
    [`export default [${model}];`, 'race FILE exports a list; give each race its own file'],
    ['export default { load() {} };', 'FILE is a plug-in: irqlab explore --plugin FILE'],
    ["export default { id: 'a/b', variants: [] };", /its id is "a\/b"; expected letters, digits/],
    ["export default { id: 'a', variants: {} };", /it has no variants/],
    ["export default { id: 'a', variants: [{ name: 'v' }] };", /variant v: expected is missing; it must be/],
    [
      "export default { id: 'a', variants: [{ name: 'v', expected: 'none' }] };",
      /variant v: model must be a function/,
    ],
    ['throw new RangeError("too far");', 'cannot load race FILE: RangeError: too far'],
  ])('%s', async (text, message) => {
    const said = await refusal(text);
    if (typeof message === 'string') expect(said.replaceAll(/\S+\.mjs/g, 'FILE')).toBe(message);
    else expect(said).toMatch(message);
  });

  test('a type that is imported as if it were there at run time', async () => {
    file('types.mjs', 'export const x = 1;');
    const path = file('type.mjs', "import { Shape } from './types.mjs';\nexport default Shape;");
    await expect(loadOwnRace(path)).rejects.toMatchObject({
      hint: 'If Shape is a type: import { type Shape }.',
    });
  });

  test('a file that is not there, or is the way reports name a variant', async () => {
    expect(await irqlab(['explore', './none.ts'])).toMatchObject({
      status: 2,
      err: 'irqlab: cannot load race ./none.ts: there is no such file\n',
    });
    expect(await irqlab(['explore', 'relid-map/array'])).toMatchObject({
      status: 2,
      err: 'irqlab: there is no file relid-map/array\nFor a variant of a race: irqlab explore relid-map array\n',
    });
  });
});

describe('what is saved', () => {
  test('finds its race again from where it lies, or where --race says', async () => {
    const race = file('moved.ts', readFileSync(join(example, 'race.ts'), 'utf8'));
    const trace = join(directory.path, 'lost.json');
    await explore(race, { variant: 'percpu-list', save: trace });
    expect(JSON.parse(readFileSync(trace, 'utf8'))).toMatchObject({ raceFile: 'moved.ts' });
    expect(await irqlab(['replay', trace])).toMatchObject({ status: 0 });
    writeFileSync(trace, readFileSync(trace, 'utf8').replace('moved.ts', 'gone.ts'));
    const gone = await irqlab(['replay', trace]);
    expect(gone.status).toBe(2);
    expect(gone.err).toMatch(
      /is about a race in .*gone\.ts, where there is no such file\nSay where it is now: --race/,
    );
    expect(await irqlab(['replay', trace, '--race', race])).toMatchObject({ status: 0 });
  });

  test('has a fingerprint of the file and of what it imports', () => {
    const helper = file('helper.mjs', 'export const x = 1;');
    const race = file('imports.mjs', "import { x } from './helper.mjs';\nexport default x;");
    const before = buildOf([race]);
    expect(buildOf([race])).toBe(before);
    writeFileSync(helper, 'export const x = 2;');
    const after = buildOf([race]);
    expect(after).not.toBe(before);
    writeFileSync(race, "import { x } from './helper.mjs';\nexport default x + 1;");
    expect(buildOf([race])).not.toBe(after);
  });
});

describe('TypeScript, for a Node that takes no types out', () => {
  const skips = (process.features as { typescript?: unknown }).typescript ? test.skip : test;
  const next = (): Promise<object> => Promise.resolve({ format: 'by Node' });
  const loaded = (path: string): Promise<object> => load(pathToFileURL(path).href, {}, next);

  skips('has them taken out in place', async () => {
    const path = file('typed.ts', 'const x: number = 1 as number;\nexport default x;\n');
    expect(await loaded(path)).toEqual({
      format: 'module',
      source: 'const x         = 1          ;\nexport default x;\n',
      shortCircuit: true,
    });
    expect(await loaded(join(directory.path, 'plain.js'))).toEqual({ format: 'by Node' });
  });

  skips('what is more than types is refused, with its line', async () => {
    const path = file('enum.ts', 'const x = 1;\nenum A { b }\n');
    await expect(loaded(path)).rejects.toThrow(
      new SyntaxError(`TypeScript enum is not supported in strip-only mode (${path}:2)`),
    );
  });
});

describe('irqlab init race', () => {
  test.each(['ts', 'mts', 'js', 'mjs'])('writes one that works: .%s', async (extension) => {
    const path = join(directory.path, `mine.${extension}`);
    const { status, out } = await irqlab(['init', 'race', path]);
    expect({ status, out }).toEqual({
      status: 0,
      out: `${path} has a race with two variants. Next:\n  irqlab explore ${path}\n`,
    });
    expect(readFileSync(path, 'utf8')).toContain(
      `//   $ irqlab explore ${path} percpu-list --save lost.json\n`,
    );
    // Jest compiles no .mts, and takes a .js without package.json for CommonJS; npm run package runs all four.
    if (extension === 'ts' || extension === 'mjs') expect(await explore(path)).toMatchObject({ status: 0 });
  });

  test('overwrites nothing, and wants a module', async () => {
    const path = file('there.ts', 'mine');
    expect(await irqlab(['init', 'race', path])).toMatchObject({
      status: 2,
      err: `irqlab: ${path} is there already\nName another file.\n`,
    });
    expect(readFileSync(path, 'utf8')).toBe('mine');
    expect(await irqlab(['init', 'race', 'race.yaml'])).toMatchObject({ status: 2 });
    expect((await irqlab(['init', 'race', join(directory.path, 'no/x.ts')])).err).toMatch(
      /there is no such directory/,
    );
  });

  test('the JavaScript is the TypeScript without its types', () => {
    const bare = (name: string, syntax: 'typescript' | 'ecmascript'): string => {
      const text = readFileSync(join(example, name), 'utf8').replaceAll(name, 'race');
      return transformSync(text, { jsc: { parser: { syntax }, target: 'es2022' } }).code;
    };
    expect(bare('race.js', 'ecmascript')).toBe(bare('race.ts', 'typescript'));
  });
});
