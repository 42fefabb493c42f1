import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import type { Command } from 'commander';
import { wholeProgram } from '../../src/cli/whole-program.js';
import { irqlab } from '../support/cli.js';

/** What may come next. */
async function nextOf(...words: readonly string[]): Promise<readonly string[]> {
  const { status, out, err } = await irqlab(['complete', '--', ...words]);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  const lines = out.trimEnd().split('\n');
  expect(lines.pop()).toMatch(/^:[46]$/);
  return lines.map((line) => line.split('\t')[0]);
}

describe('irqlab complete', () => {
  test('has commands, but not itself', async () => {
    const commands = await nextOf('');
    expect(commands).toEqual(expect.arrayContaining(['run', 'explore', 'completion']));
    expect(commands).not.toContain('complete');
  });

  test.each([
    [
      ['run', 'examples/cpu-'],
      ['examples/cpu-files.yaml', 'examples/cpu-offline.yaml'],
    ],
    [['run', 'exam'], ['examples/']],
    [['run', 'no-such-directory/'], []],
    [
      ['run', '--s'],
      ['--seconds', '--stats'],
    ],
    [['compare', 'x.yaml', '--vary', 'rel'], ['relid-map']],
    [
      ['explore', 'modchan-'],
      ['modchan-offline', 'modchan-count'],
    ],
    [['explore', 'examples/own-race/d'], ['examples/own-race/doorbell.ts']],
    [['explore', 'modchan-offline', 'no'], ['no-wait']],
    [['explore', 'modchan-offline', '--variant', 'no'], ['no-wait']],
    [['explore', 'merge', 'package-'], ['package-lock.json']],
    [['explore', '--save', 'tsconfig.b'], ['tsconfig.build.json']],
    [
      ['examples', 'plugin-echo'],
      ['plugin-echo/echo.yaml', 'plugin-echo/plugin.js'],
    ],
    [
      ['init', 'd'],
      ['driver', 'design'],
    ],
    [['completion', 'b'], ['bash']],
    [
      ['help', 'exp'],
      ['explore', 'explain'],
    ],
    [
      ['init', 'help', 'd'],
      ['driver', 'design'],
    ],
    [['ctl', 'irqlab.sock', 'resc'], ['rescind']],
  ])('%j: %j', async (words, expected) => {
    expect(await nextOf(...words)).toEqual(expected);
  });

  test('has all choices of all options and arguments', async () => {
    const program = await wholeProgram();
    const places: [words: readonly string[], choices: readonly string[]][] = [];
    const look = (command: Command, words: readonly string[]): void => {
      for (const { long, argChoices } of command.options)
        if (argChoices !== undefined && long != null) places.push([[...words, long], argChoices]);
      const [first] = command.registeredArguments;
      if (first?.argChoices !== undefined) places.push([words, first.argChoices]);
      for (const inner of command.commands) look(inner, [...words, inner.name()]);
    };
    look(program, []);
    expect(places.map(([words]) => words)).toEqual(
      expect.arrayContaining([
        ['run', '--trace-format'],
        ['replay', '--trace-format'],
      ]),
    );
    for (const [words, choices] of places)
      expect([words, await nextOf(...words, '')]).toEqual([words, choices]);
  });

  test('a directory may be followed by what is in it', async () => {
    expect((await irqlab(['complete', '--', 'run', 'exam'])).out).toBe('examples/\t\n:6\n');
  });
});

test.each(['bash', 'zsh', 'fish'])('there is a script for %s', async (shell) => {
  const { status, out } = await irqlab(['completion', shell]);
  expect(status).toBe(0);
  expect(out).toContain('irqlab complete -- ');
});

test('there is none for other shells', async () => {
  const { status, err } = await irqlab(['completion', 'csh']);
  expect(status).toBe(2);
  expect(err).toContain('Allowed choices are bash, zsh, fish.');
});

const cli = fileURLToPath(new URL('../../dist/cli/cli.js', import.meta.url));
const withBash = existsSync(cli) && spawnSync('bash', ['--version']).status === 0 ? test : test.skip;

/** What bash makes of the words of a command line, of which the last is being written. */
function bash(...words: readonly string[]): string {
  const quoted = words.map((word) => `'${word}'`).join(' ');
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-s'], {
    encoding: 'utf8',
    input: `irqlab() { '${process.execPath}' '${cli}' "$@"; }
script=$(irqlab completion bash)
eval "$script"
eval "$script" # Some read their .bashrc again.
compopt() { :; } # It is for bash's own calls only.
COMP_WORDS=(irqlab ${quoted}) COMP_CWORD=${words.length}
$(complete -p irqlab | sed 's/.*-F \\([^ ]*\\).*/\\1/')
printf '%s\\n' "\${COMPREPLY[@]}"
`,
  });
  return stdout + stderr;
}

withBash('bash completes by its script', () => {
  expect(bash('explore', 'modchan-offline', 'fixed')).toBe('fixed-sleep\nfixed-sleep-fast-host\n');
});
