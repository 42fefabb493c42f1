import { mkdirSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../../src/command/usage-error.js';
import { readPageFiles } from '../../src/serve/page-files.js';
import { servedModules } from '../../src/serve/plugin-modules.js';
import { withPlugins } from '../../src/serve/with-plugins.js';
import { pathToFileURL } from 'node:url';
import { temporaryDirectory } from '../support/temporary-directory.js';

const directory = temporaryDirectory('served');
const shared = {
  irqlab: { address: '/lib/irqlab.js', exports: ['Guest', 'RACE'] },
  zod: { address: '/lib/zod.js', exports: ['z', 'default'] },
};

async function served(...files: readonly string[]): Promise<Record<string, string>> {
  const { texts } = await servedModules(files, shared);
  return Object.fromEntries(texts);
}

describe('modules of plug-ins', () => {
  test('have addresses in place of what they import, each module one', async () => {
    directory.file('a.mjs', "export { b } from './b.mjs';\nexport const a = 1;\n");
    directory.file('b.mjs', "import * as a from './a.mjs';\nexport const b = () => a;\n");
    const plugin = directory.file(
      'plugin.mjs',
      [
        '// import "nothing"; é',
        "import z, { z as y } from 'zod'; import { Guest, RACE as race } from 'irqlab';",
        "import './a.mjs'; import './a.mjs?again';",
        "export * from './b.mjs'; const text = 'import x from \"y\"';",
        "export const later = () => import('./b.mjs');",
      ].join('\n'),
    );
    expect(await served(plugin)).toEqual({
      '/plug-ins/1/plugin.mjs': [
        '// import "nothing"; é',
        'import z, { z as y } from "/lib/zod.js"; import { Guest, RACE as race } from "/lib/irqlab.js";',
        'import "/plug-ins/2/a.mjs"; import "/plug-ins/4/a.mjs";',
        'export * from "/plug-ins/3/b.mjs"; const text = \'import x from "y"\';',
        'export const later = () => import("/plug-ins/3/b.mjs");',
      ].join('\n'),
      '/plug-ins/2/a.mjs': 'export { b } from "/plug-ins/3/b.mjs";\nexport const a = 1;\n',
      '/plug-ins/3/b.mjs': 'import * as a from "/plug-ins/2/a.mjs";\nexport const b = () => a;\n',
      '/plug-ins/4/a.mjs': 'export { b } from "/plug-ins/3/b.mjs";\nexport const a = 1;\n',
    });
  });

  test('have their types taken out, in place', async () => {
    directory.file('types.ts', 'export type T = number;\n');
    const plugin = directory.file(
      'typed.ts',
      "import type { T } from './types.ts';\nimport { type Guest, RACE } from 'irqlab';\nexport const t: T = 1;\n",
    );
    const text = (await served(plugin))['/plug-ins/1/typed.ts'];
    expect(text).toMatch(/^ +\nimport { +RACE } from "\/lib\/irqlab\.js";\nexport const t {3} = 1;\n$/);
  });

  test('are found by links, and shared by plug-ins', async () => {
    mkdirSync(join(directory.path, 'far away'));
    directory.file('far away/one.mjs', "import './both.mjs';\nexport {};\n");
    directory.file('far away/both.mjs', 'export {};\n');
    const two = directory.file('far away/two.mjs', "import './both.mjs';\nexport {};\n");
    const link = join(directory.path, 'link.mjs');
    symlinkSync(join(directory.path, 'far away/one.mjs'), link);
    expect(Object.keys(await served(link, two))).toEqual([
      '/plug-ins/2/both.mjs',
      '/plug-ins/1/one.mjs',
      '/plug-ins/3/two.mjs',
    ]);
  });

  test.each([
    ["import 'node:fs';", 'node:fs is not in a page', 'A page has no files'],
    ["import { join } from 'path';", 'path is not in a page', 'A page has no files'],
    ["export const f = () => import('node:fs');", 'node:fs is not in a page', 'A page has no files'],
    ["import { Command } from 'commander';", 'commander is not in a page', 'no files, processes or commands'],
    ["import { COMMAND, RACE } from 'irqlab';", 'COMMAND of irqlab is not in a page', 'of its own'],
    ["export { exitStatus as x } from 'irqlab';", 'exitStatus of irqlab is not in a page', 'of its own'],
    ["import 'irqlab/jest';", 'irqlab/jest is not in a page', 'of its own'],
    ["import x from 'constructor';", 'constructor is not in a page', 'npx esbuild'],
    ["import x from '@a/b';", '@a/b is not in a page', '--external:irqlab'],
    ["import x from './x.json' with { type: 'json' };", './x.json is not in a page', 'ES modules'],
    ["import x from './x.cjs';", './x.cjs is not in a page', 'ES modules'],
    ["export const f = (x) => import('./' + x);", 'is known only when it runs', 'write the name as a text'],
    ["export const f = () => import('./none.mjs');", 'there is no file ./none.mjs', 'Leave the import out'],
    ['const x = 1; module.exports = { x };', 'CommonJS is not in a page', 'ES module'],
  ])('refuses by name: %s', async (text, what, hint) => {
    const helper = directory.file('helper.mjs', `\n${text}\n`);
    const plugin = directory.file('refused.mjs', "import './helper.mjs';\nexport default [];\n");
    const line = what.startsWith('CommonJS') ? 1 : 2;
    const error = await served(plugin).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    const { message, hint: said } = error as UsageError;
    expect(message).toContain(`plug-in ${plugin}: ${helper}:${line}: `);
    expect(message).toContain(what);
    expect(said).toContain(hint);
  });

  test('that cannot be read are told with their line', async () => {
    directory.file('broken.mjs', 'export const x = 1;\nexport const = 2;\n');
    const plugin = directory.file('lazy.mjs', "export const f = () => import('./broken.mjs');\n");
    await expect(served(plugin)).rejects.toThrow(/broken\.mjs: Unexpected token \(2:13\)/);
    directory.file('enum.ts', 'export const x = 1;\nexport enum E { a }\n');
    const typed = directory.file('lazy.ts', "export const f = () => import('./enum.ts');\n");
    await expect(served(typed)).rejects.toThrow(/enum is not supported.*enum\.ts:2\)/s);
  });
});

test('a page with plug-ins has them, what they share with it, and the worker that loads them', async () => {
  mkdirSync(join(directory.path, 'page'));
  mkdirSync(join(directory.path, 'library'));
  directory.file('page/index.html', '<head></head>');
  directory.file('library/worker.js', 'export {};');
  directory.file(
    'library/shared.json',
    JSON.stringify({ irqlab: { address: 'irqlab.js', exports: ['RACE'] } }),
  );
  const plugin = directory.file('it’s "one".mjs', "import { RACE } from 'irqlab';\nexport default [];\n");
  const url = (name: string): URL => pathToFileURL(join(directory.path, name, '/'));
  const files = await withPlugins(readPageFiles(url('page')), [plugin], url('library'));
  const text = (path: string): string => Buffer.from(files.get(path)?.bytes ?? []).toString();
  const path = `/plug-ins/1/${encodeURIComponent(basename(plugin))}`;
  expect([...files.keys()].sort()).toEqual(
    ['/', '/index.html', path, '/plug-ins/start.js', '/with-plugins/worker.js'].sort(),
  );
  expect(text('/')).toBe('<head><meta name="irqlab-plugins" content="/plug-ins/start.js" /></head>');
  expect(text('/plug-ins/start.js')).toBe(
    `import { start } from '/with-plugins/worker.js';\nstart([{ file: ${JSON.stringify(plugin)}, load: () => import("${path}") }]);\n`,
  );
  expect(text(path)).toContain('import { RACE } from "/with-plugins/irqlab.js";');
});
