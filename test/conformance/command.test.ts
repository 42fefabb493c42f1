import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { InterruptedError } from '../../src/command/interruptible.js';
import { runConformance } from '../../src/conformance/run.js';
import { replayers } from '../../src/conformance/recordings.js';
import { collected, irqlab } from '../support/cli.js';

const golden = new URL('../golden/', import.meta.url).pathname;
const run = (...args: string[]) => irqlab(['conformance', ...args]);

function firstLines(name: string, count: number): string {
  const text = gunzipSync(readFileSync(join(golden, `${name}.jsonl.gz`))).toString('utf8');
  return text.split('\n').slice(0, count).join('\n') + '\n';
}

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'irqlab-conformance-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

function directory(name: string, files: Readonly<Record<string, string>>): string {
  const made = join(dir, name);
  mkdirSync(made);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(made, file, '..'), { recursive: true });
    writeFileSync(join(made, file), text);
  }
  return made;
}

/** One snapshot of the recordings as a pair of files. */
function pair(): { json: string; text: string } {
  const { text, ...rest } = JSON.parse(firstLines('interrupts', 1)) as { text: string };
  return { json: JSON.stringify(rest), text };
}

describe('irqlab conformance', () => {
  test('test/golden holds nothing but recordings', () => {
    const known = replayers.map(({ file }) => `${file}.gz`);
    expect(readdirSync(golden).filter((name) => !known.includes(name))).toEqual(['interrupts.jsonl.gz']);
  });

  test('the model does what the recorded kernels did', async () => {
    const { status, out } = await run(golden, '--only', 'hotplug*');
    expect(out).toBe(
      'hotplug-devices.jsonl.gz  4 passed, 0 failed, 0 not applicable\n' +
        'hotplug.jsonl.gz          139 passed, 0 failed, 0 not applicable\n' +
        'total: 143 passed, 0 failed, 0 not applicable\n',
    );
    expect(status).toBe(0);
  });

  test.each([false, true])('Ctrl-C leaves the files that are done, except as JSON (%s)', (json) => {
    const { ran, io } = collected();
    const ctrlC = (text: string): void => {
      if (!text.startsWith('hotplug.jsonl.gz')) return;
      process.kill(process.pid, 'SIGINT');
      for (;;);
    };
    const options = { only: 'hotplug*', json };
    expect(() => runConformance(golden, options, { ...io, progress: ctrlC })).toThrow(
      new InterruptedError('after 1 of 139 recordings of hotplug.jsonl.gz; done: 1 of 2 files'),
    );
    const done = 'hotplug-devices.jsonl.gz  4 passed, 0 failed, 0 not applicable\n';
    expect(ran.out).toBe(json ? '' : `${done}total: 4 passed, 0 failed, 0 not applicable\n`);
  });

  test('--kernel keeps the recordings of one kernel', async () => {
    const { out } = await run(golden, '--only', 'hotplug', '--kernel', '6.12');
    expect(out).toMatch(/^hotplug\.jsonl\.gz {2}79 passed, 0 failed/);
    expect(await run(golden, '--only', 'hotplug', '--kernel', '7.2')).toMatchObject({
      status: 2,
      err: `irqlab: ${golden} has no recordings of kernel 7.2\n`,
    });
    expect(await run(golden, '--kernel', '5.4')).toMatchObject({ status: 2 });
  });

  test('a machine with more CPUs than Linux can have is a failure, not a machine', async () => {
    const oversized = (name: string): string =>
      firstLines(name, 1).replace(/"nr_cpu_ids":\s*\d+/, '"nr_cpu_ids":1000000000');
    const kinds = ['affinity-write', 'genirq-api', 'hotplug', 'hotplug-devices', 'proc-irq-tree'];
    const made = directory(
      'oversized',
      Object.fromEntries(kinds.map((name) => [`${name}.jsonl`, oversized(name)])),
    );
    const { status, out } = await run(made);
    expect(status).toBe(1);
    expect(out.match(/RangeError: nr_cpu_ids is 1000000000; Linux has 1 to 8192/g)).toHaveLength(
      kinds.length,
    );
  });

  test('more interrupts at once than anybody records are a failure, not a wait', async () => {
    const storm = firstLines('hotplug', 2).replaceAll(/"n":\s*\d+/g, '"n":1000000000');
    const { status, out } = await run(directory('storm', { 'hotplug.jsonl': storm }));
    expect(status).toBe(1);
    expect(out).toContain('RangeError: n is 1000000000; a command takes 1000000 at most');
  });

  test('uncompressed files under other names, and pairs, are known by what they hold', async () => {
    const { json, text } = pair();
    const made = directory('names', {
      'more-hotplug.jsonl': firstLines('hotplug', 2),
      'x.jsonl': firstLines('genirq-api', 2),
      'writes.jsonl': firstLines('affinity-write', 3),
      'tree.jsonl': firstLines('proc-irq-tree', 3),
      'disks.jsonl': firstLines('hotplug-devices', 1),
      'interrupts/one.json': json,
      'interrupts/one.txt': text,
    });
    const { status, out, progress } = await run(made);
    expect(
      out
        .split('\n')
        .slice(0, -2)
        .map((line) => line.split(/ +/).slice(0, 3).join(' ')),
    ).toEqual([
      'disks.jsonl 1 passed,',
      'more-hotplug.jsonl 2 passed,',
      'tree.jsonl 3 passed,',
      'writes.jsonl 3 passed,',
      'x.jsonl 2 passed,',
      'interrupts/*.json 1 passed,',
    ]);
    expect(status).toBe(0);
    expect(progress).toContain('writes.jsonl: 66 %');
    expect(progress.at(-1)).toBe('');
  });

  test('what is no JSON is refused by its place, without a word of the engine or of the file', async () => {
    for (const [name, text] of Object.entries({
      token: '{"kernel":NaN}',
      control: '\u001b[2J{}',
      end: '{',
    })) {
      const { status, err } = await run(directory(name, { 'x.jsonl': `{}\n${text}` }));
      expect({ status, err }).toEqual({ status: 2, err: 'irqlab: x.jsonl:2: this is no JSON\n' });
    }
  });

  test('a difference is shown with case, operation, and both values', async () => {
    const { json, text } = pair();
    const made = directory('wrong', {
      'hotplug.jsonl': firstLines('hotplug', 1).replace('"ret":0', '"ret":7'),
      'interrupts/one.json': json,
      'interrupts/one.txt': text.replace('NMI:', 'XMI:'),
    });
    const { status, out } = await run(made);
    expect(status).toBe(1);
    expect(out).toMatch(
      /^hotplug\.jsonl {6}0 passed, 1 failed, 0 not applicable\n {2}6\S+, operation 0: res\.ret differs\n {4}expected 7\n {4}actual {3}0\n/,
    );
    expect(out).toMatch(/text rendered differs, first at line \d+\n {4}expected " *XMI:/);
    const json2 = JSON.parse((await run(made, '--json')).out) as object;
    expect(json2).toMatchObject({ ok: false, passed: 0, failed: 2, notApplicable: 0 });
  });

  test('a kernel that is not modelled is not applicable and no failure', async () => {
    const made = directory('old', {
      'hotplug.jsonl': firstLines('hotplug', 1).replace(/"kernel":"[^"]*"/, '"kernel":"4.4.0"'),
    });
    expect(await run(made)).toMatchObject({
      status: 0,
      out: expect.stringContaining('not applicable (1): kernel 4.4.0 is not modelled') as unknown,
    });
  });

  test('files that hold something else are left out, and said so', async () => {
    const made = directory('other', {
      'hotplug.jsonl': firstLines('hotplug', 1),
      'index.jsonl': '{"kind":"x"}\n',
    });
    const { status, err } = await run(made);
    expect({ status, err }).toEqual({
      status: 0,
      err: 'irqlab: index.jsonl is left out: it holds no recordings\n',
    });
    expect(await run(made, '--only', 'index*')).toMatchObject({ status: 2 });
  });

  test.each([
    [['/no/such'], 'irqlab: cannot read /no/such: there is no such directory\n'],
    [[join(golden, 'hotplug.jsonl.gz')], `irqlab: ${golden}hotplug.jsonl.gz is no directory\n`],
    [
      [golden, '--only', 'nothing'],
      expect.stringMatching(/^irqlab: no recordings match nothing\nThere are: .*hotplug\.jsonl\.gz/),
    ],
    [[], expect.stringContaining("missing required argument 'directory'")],
  ])('wrong use: %p', async (args, err) => {
    expect(await run(...args)).toMatchObject({ status: 2, out: '', err });
  });

  test('a directory without recordings, a broken line, a pair without its text', async () => {
    expect(await run(directory('empty', { 'a.txt': '' }))).toMatchObject({
      status: 2,
      err: expect.stringContaining('there are no recordings in') as unknown,
    });
    const broken = directory('broken', { 'hotplug.jsonl': firstLines('hotplug', 1) + '{"a":\n' });
    expect(await run(broken)).toMatchObject({
      status: 2,
      err: expect.stringMatching(/^irqlab: hotplug\.jsonl:2: /) as unknown,
    });
    const { json, text } = pair();
    const lost = directory('lost', {
      'interrupts/a.json': json,
      'interrupts/b.json': json,
      'interrupts/b.txt': text,
    });
    expect(await run(lost)).toMatchObject({
      status: 2,
      err: 'irqlab: interrupts/a.json has no a.txt beside it\n',
    });
    const packed = directory('packed', {});
    copyFileSync(join(golden, 'interrupts.jsonl.gz'), join(packed, 'interrupts.jsonl.gz'));
    writeFileSync(join(packed, 'hotplug.jsonl.gz'), 'no gzip');
    expect(await run(packed)).toMatchObject({
      status: 2,
      err: expect.stringContaining('hotplug.jsonl.gz: ') as unknown,
    });
  });
});
