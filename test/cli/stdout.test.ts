import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { transformSync } from '@swc/core';
import { shownOn } from '../../src/cli/shown-on.js';

// A program that writes as the command line does, run by a shell: only there standard output can be broken.

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'irqlab-stdout-'));
  for (const name of [
    'cli/stdout',
    'cli/shown-on',
    'cli/painted',
    'command/exit-status',
    'command/untimely-exit',
  ]) {
    const source = readFileSync(new URL(`../../src/${name}.ts`, import.meta.url), 'utf8');
    const { code } = transformSync(source, {
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'es6' },
    });
    mkdirSync(join(dir, dirname(name)), { recursive: true });
    writeFileSync(join(dir, `${name}.js`), code);
  }
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  writeFileSync(
    join(dir, 'program.js'),
    "import { watchOutput, writeOut } from './cli/stdout.js';\nwatchOutput();\nwriteOut('one\\n');\nwriteOut('two\\n');\n",
  );
});
afterAll(() => rmSync(dir, { recursive: true }));

function shell(redirection: string): SpawnSyncReturns<string> {
  const command = `"${process.execPath}" "${join(dir, 'program.js')}" ${redirection}`;
  return spawnSync('sh', ['-c', command], { encoding: 'utf8' });
}

describe('standard output', () => {
  test.each([
    ['', 0, 'one\ntwo\n', ''],
    ['>/dev/null', 0, '', ''],
    ['>/dev/full', 1, '', 'irqlab: cannot write: no space left on device\n'],
    ['>/dev/full 2>/dev/full', 1, '', ''],
    ['1</dev/null', 1, '', 'irqlab: cannot write: standard output is not open for writing\n'],
    ['>&-', 0, '', 'irqlab: standard output is closed: nothing of it will be seen\n'],
    ['| true', 0, '', ''],
  ])('%s', (redirection, status, stdout, stderr) => {
    expect(shell(redirection)).toMatchObject({ status, stdout, stderr });
  });
});

test('what would steer a terminal is shown there by name, and is left as it is elsewhere', () => {
  const text = 'irq \x1b]0;title\x07\x9b31m\x7f\r\n\tß';
  expect(shownOn({ isTTY: true }, text)).toBe('irq ^[]0;title^GM-^[31m^?^M\n\tß');
  expect(shownOn({}, text)).toBe(text);
});
