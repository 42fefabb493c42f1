import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { main } from '../../src/cli/main.js';
import { reporters } from '../../src/cli/test/reporters/index.js';
import { comparePaint } from '../../src/compare/text.js';
import { painted, wantsColours } from '../../src/cli/painted.js';
import type { Stdio } from '../../src/command/stdio.js';
import { irqlab } from '../support/cli.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const directory = temporaryDirectory('painted');

describe('colours are wanted', () => {
  test.each([
    [true, {}, true],
    [false, {}, false],
    [true, { TERM: 'dumb' }, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [false, { FORCE_COLOR: '1' }, true],
    [false, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
    [true, { FORCE_COLOR: '0' }, false],
    [true, { FORCE_COLOR: 'false' }, false],
  ])('terminal %s, %j: %s', (isTTY, environment, wanted) => {
    expect(wantsColours({ isTTY }, environment)).toBe(wanted);
  });
});

/** A text with its escape characters as one sees them. */
const visible = (text: string): string => text.replaceAll('\x1b', '␛');

/** What a command prints where there are colours, to standard output and standard error. */
async function colourful(...args: readonly string[]): Promise<string> {
  let text = '';
  const write: Stdio['out'] = (part, paint) => {
    text += visible(painted(part, paint, true));
  };
  await main(args, { out: write, err: write, readStdin: () => '' });
  return text;
}

const wrong = 'cpus: 2\ntimeline: [{at: 1ms, offline: 0}, {at: 2ms, print: /proc/stat}]\nrun: 10ms\n';

test('a race that is found, what decides it, and one that is none', async () => {
  const found = await colourful('explore', 'modchan-offline', 'no-wait');
  expect(found).toContain(`modchan-offline/no-wait: ␛[31mfound␛[0m\n`);
  expect(found).toMatch(/^␛\[1m.* <== decides␛\[0m$/m);
  const none = await colourful('explore', 'affinity-vs-offline');
  expect(none).toMatch(/^␛\[32mok␛\[0m {2}/m);
  const cut = await colourful('explore', 'modchan-offline', 'wait-response', '--max-executions', '1');
  expect(cut).toContain(`modchan-offline/wait-response: ␛[33mnone␛[0m (stopped`);
});

test('steps of a run that fail', async () => {
  const text = await colourful('run', directory.file('run.yaml', wrong));
  expect(text).toContain(`irqlab: ␛[31m1 of 2 steps failed␛[0m\n`);
});

test('the choice of the file, what has moved, questions and what answers rest on', async () => {
  expect(visible(painted('* a\n  b\n', comparePaint, true))).toBe('␛[1m* a␛[0m\n  b\n');
  const recording = 'examples/slow-vm/recording.tar.gz';
  expect(await colourful('diff', recording, recording)).toMatch(/^␛\[1m.* → .*␛\[0m$/m);
  const explained = await colourful('explain', recording);
  expect(explained).toMatch(/^␛\[1m.*\?␛\[0m$/m);
  expect(explained).toMatch(/^␛\[2m {6}\[.*\]␛\[0m$/m);
});

test('litmus tests and captures', async () => {
  expect(await colourful('litmus', 'examples/litmus/MP+dmb.ishst+addr.litmus')).toMatch(/^␛\[33mNo␛\[0m$/m);
  const { out } = await irqlab(['cat', 'examples/cpu-offline.yaml', '/proc/interrupts']);
  const [right, wrong] = [directory.file('right.txt', out), directory.file('wrong.txt', 'nothing\n')];
  const checked = await colourful('import', '--check', right, wrong);
  expect(checked).toContain(`${right}: ␛[32mok␛[0m\n`);
  expect(checked.match(/␛\[32m/g)).toHaveLength(1);
});

test('nothing of a file is a colour', async () => {
  const text = await colourful('examples', 'cpu-offline');
  expect(text).not.toContain('␛');
});

const cli = fileURLToPath(new URL('../../dist/cli/cli.js', import.meta.url));
const whereBuilt = existsSync(cli) ? test : test.skip;

whereBuilt('by FORCE_COLOR also into a pipe: tests that hold and fail', () => {
  const bad = directory.file('bad.yaml', wrong);
  const good = directory.file('good.yaml', 'cpus: 1\nrun: 1ms\n');
  const env = { ...process.env, FORCE_COLOR: '1' };
  const { stdout } = spawnSync(process.execPath, [cli, 'test', good, bad], { encoding: 'utf8', env });
  const text = visible(stdout);
  expect(text).toContain(`␛[32mok␛[0m   ${good}`);
  expect(text).toContain(`␛[31mFAIL␛[0m ${bad}`);
  expect(text).toContain(`1 passed, ␛[31m1 failed␛[0m\n`);
});

test('reports for programs have none', () => {
  expect([reporters.tap.paint, reporters.junit.paint]).toEqual([undefined, undefined]);
});
