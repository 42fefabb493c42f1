import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { noPlugins } from '../../../src/command/plugins.js';
import { scenarioFiles } from '../../../src/cli/test/files.js';
import type { TestOutcome } from '../../../src/cli/test/outcome.js';
import { reporters } from '../../../src/cli/test/reporters/index.js';
import { runOne } from '../../../src/cli/test/run-one.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const directory = temporaryDirectory('test');

let good = '';
let bad = '';
let none = '';
beforeAll(() => {
  good = directory.file(
    'good.yaml',
    'cpus: 2\ndevices: [{driver: heartbeat, relid: 7}]\ntimeline:\n  - {at: 1s, offline: 1}\nrun: 2s\n',
  );
  bad = directory.file(
    'bad.yaml',
    `cpus: 2
devices: [{driver: heartbeat, relid: 7}]
timeline:
  - {at: 1s, offline: 0, expect: EINVAL}
  - {at: 2s, offline: 1}
run: 2s
`,
  );
  none = directory.file('none.yml', 'cpus: 2\ncpu: 3\nfoo: 4\n');
});
const outcomes = (): Promise<TestOutcome[]> =>
  Promise.all([good, bad, none].map((file) => runOne(file, noPlugins)));

describe('a scenario as a test', () => {
  test('holds if its steps do', async () => {
    const [{ ok, steps, problems }] = await outcomes();
    expect({ ok, problems }).toEqual({ ok: true, problems: [] });
    expect(steps).toEqual([{ line: 4, column: 5, atNs: 1e9, action: 'offline 1', message: undefined }]);
  });

  test('tells of steps that failed', async () => {
    const [, { ok, steps }] = await outcomes();
    expect([ok, steps.length, steps[1].message]).toEqual([false, 2, undefined]);
    expect(steps[0].message).toMatch(/^expected EINVAL, but got EBUSY/);
  });

  test('fails, and does not end the others, if the file is no scenario', async () => {
    const [, , { ok, problems }] = await outcomes();
    expect([ok, problems.length]).toEqual([false, 2]);
    for (const problem of problems) expect(problem).toMatch(/none\.yml:\d:1: unknown key "(cpu|foo)"/);
  });
});

describe('reports', () => {
  const report = async (name: keyof typeof reporters): Promise<string> => {
    const all = await outcomes();
    const { begin, one, end } = reporters[name];
    return begin(3) + all.map((outcome, i) => one(outcome, i + 1)).join('') + end(all);
  };

  test('for people', async () => {
    const lines = (await report('spec')).split('\n');
    expect(lines[0]).toBe(`ok   ${good} (1 step)`);
    expect(lines[1]).toBe(`FAIL ${bad} (2 steps)`);
    expect(lines[2]).toMatch(/^ {5}\/.*bad\.yaml:4:5: at 1s: offline 0: expected EINVAL, but got EBUSY/);
    expect(lines.slice(-2)).toEqual(['1 passed, 2 failed', '']);
  });

  test('TAP, whose YAML blocks can be read', async () => {
    const text = await report('tap');
    expect(text.split('\n').filter((line) => /^(TAP|\d|ok|not)/.test(line))).toEqual([
      'TAP version 14',
      '1..3',
      `ok 1 - ${good}`,
      `not ok 2 - ${bad}`,
      `not ok 3 - ${none}`,
    ]);
    const blocks = [...text.matchAll(/^ {2}---\n(.*?)^ {2}\.\.\.$/gms)].map(([, block]) => parse(block));
    expect(blocks).toEqual([
      { failures: [expect.stringContaining('bad.yaml:4:5')] },
      { failures: [expect.stringContaining('"cpu"'), expect.stringContaining('"foo"')] },
    ]);
  });

  test('JUnit, with what XML cannot say left out', () => {
    const step = { line: 1, column: 2, atNs: 0, action: 'read <a> & "b"' };
    const outcome: TestOutcome = {
      file: 'a.yaml',
      ok: false,
      steps: [{ ...step, message: 'it is "\u0000\ud800]]>"\nand more' }],
      problems: [],
      seconds: 1.5,
    };
    const text = reporters.junit.end([outcome]);
    expect(text).toContain('tests="2" failures="1" errors="0" skipped="0" time="1.500"');
    expect(text).toContain('name="1:2: at 0s: read &lt;a&gt; &amp; &quot;b&quot;"');
    expect(text).toContain('<failure message="it is &quot;\ufffd\ufffd]]&gt;&quot;">');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what XML forbids
    expect(text).not.toMatch(/[\0-\x08]/);
  });
});

describe('files', () => {
  test('of directories are all scenarios in it, by name, each once', () => {
    const root = join(directory.path, 'root');
    for (const name of ['sub', 'node_modules', '.git', 'empty'])
      mkdirSync(join(root, name), { recursive: true });
    const names = ['b.yaml', 'a.yml', 'c.txt', 'sub/d.yaml', 'node_modules/e.yaml', '.git/f.yaml'];
    const paths = names.map((name) => directory.file(`root/${name}`, 'cpus: 1\n'));
    expect(scenarioFiles([paths[0], root])).toEqual([paths[0], paths[1], paths[3]]);
    expect(() => scenarioFiles([join(root, 'none')])).toThrow('there is no such file');
    expect(() => scenarioFiles([join(root, 'empty')])).toThrow('there is no scenario (*.yaml, *.yml) in it');
  });
});

const cli = new URL('../../../dist/cli/cli.js', import.meta.url).pathname;
const whereBuilt = existsSync(cli) ? describe : describe.skip;
const run = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'test', ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};

whereBuilt('irqlab test', () => {
  test('runs files in threads and reports in their order', () => {
    const { status, stdout, stderr } = run('--workers', '2', bad, good, none);
    expect([status, stderr]).toEqual([1, '']);
    expect(stdout.match(/^(ok {2}|FAIL) \S+/gm)).toEqual([`FAIL ${bad}`, `ok   ${good}`, `FAIL ${none}`]);
    expect(run(good)).toEqual({
      status: 0,
      stdout: `ok   ${good} (1 step)\n1 passed, 0 failed\n`,
      stderr: '',
    });
    expect(run('no-such.yaml')).toMatchObject({ status: 2, stdout: '' });
  });

  test('runs them again when one changes, until Ctrl-C', async () => {
    const file = directory.file('watched.yaml', 'cpus: 2\n');
    const child = spawn(process.execPath, [cli, 'test', '--watch', file]);
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (text.includes('1 passed')) writeFileSync(file, 'cpus: 0\n');
      if (text.includes('1 failed')) child.kill('SIGINT');
    });
    const status = await new Promise((resolve) => child.once('exit', resolve));
    expect(out).toContain('1 passed, 0 failed\n');
    expect(out).toContain('0 passed, 1 failed\n');
    expect(status).toBe(130);
  });

  test('goes on while a file is renamed', async () => {
    const file = directory.file('renamed.yaml', 'cpus: 2\n');
    const steps: (readonly [said: string, () => void])[] = [
      ['1 passed', () => renameSync(file, `${file}~`)],
      ['there is no such file\n0 passed, 1 failed', () => renameSync(`${file}~`, file)],
      ['1 passed', () => child.kill('SIGINT')],
    ];
    const child = spawn(process.execPath, [cli, 'test', '--watch', file]);
    let out = '';
    const take = (more: string): void => {
      out += more;
      if (steps.length === 0 || !out.includes(steps[0][0])) return;
      out = '';
      steps.shift()?.[1]();
    };
    child.stdout.setEncoding('utf8').on('data', take);
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(130);
    expect(steps).toEqual([]);
  });
});
