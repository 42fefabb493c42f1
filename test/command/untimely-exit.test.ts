import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { transformSync } from '@swc/core';

// A program that loads a plug-in as the command line does: only a process of its own can end.

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'irqlab-exit-'));
  for (const name of ['untimely-exit', 'exit-status']) {
    const source = readFileSync(new URL(`../../src/command/${name}.ts`, import.meta.url), 'utf8');
    const { code } = transformSync(source, {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'es6' },
    });
    writeFileSync(join(dir, `${name}.js`), code);
  }
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  writeFileSync(
    join(dir, 'program.js'),
    `import { blameForExit, exitIsIntended } from './untimely-exit.js';
blameForExit('plug-in mine.js');
await import('./plugin.js');
exitIsIntended();
`,
  );
});
afterAll(() => rmSync(dir, { recursive: true }));

test.each([
  ['fine', 'export default 1;', 0, /^$/],
  [
    'process.exit',
    'process.exit(0);',
    2,
    /^irqlab: plug-in mine\.js: it ends irqlab by process\.exit\(0\); let it throw an error instead\n$/,
  ],
  [
    'an await without end',
    'await new Promise(() => {});',
    2,
    /irqlab: plug-in mine\.js: something that it awaits never comes\n$/,
  ],
])('%s', (_what, plugin, status, stderr) => {
  writeFileSync(join(dir, 'plugin.js'), plugin);
  const ran = spawnSync(process.execPath, [join(dir, 'program.js')], { encoding: 'utf8' });
  expect(ran.stderr).toMatch(stderr);
  expect(ran.status).toBe(status);
});
