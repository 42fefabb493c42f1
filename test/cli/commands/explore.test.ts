import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { races } from '../../../src/races/index.js';
import type { Stdio } from '../../../src/command/stdio.js';
import { InProcessRunner } from '../../../src/cli/explore/in-process.js';
import { runReplay } from '../../../src/cli/explore/replay.js';
import { runMerge } from '../../../src/cli/explore/merge.js';
import type { ExploreCommandOptions } from '../../../src/cli/explore/options.js';
import { rowText } from '../../../src/cli/explore/table.js';
import { refuseUnused } from '../../../src/cli/explore/refuse.js';
import { runExplore } from '../../../src/cli/explore/run.js';
import { MemoryWord } from '../../../src/machine/memory.js';
import type { Procedure } from '../../../src/machine/step.js';
import { defineRace, type Race } from '../../../src/races/race.js';
import type { Report } from '../../../src/explore/report/report.js';
import { irqlab, type Ran } from '../../support/cli.js';

const defaults = { preemptions: 2, depth: 3, seed: 1, executions: 1000 } as const;

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'irqlab-explore-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

function* endlessly(word: MemoryWord): Procedure<void> {
  for (;;) yield word.read;
}

const emptyReport: Report = {
  ...{ model: 'r/v', memory: 'sc', strategy: 'depth first', verdict: 'none', complete: false, limits: [] },
  ...{ executions: 0, redundant: 0, cut: 0, steps: 0, depth: 0, witnesses: [], violations: [] },
};

class TestIo implements Stdio {
  printed = '';
  errors = '';
  out(text: string): void {
    this.printed += text;
  }
  err(text: string): void {
    this.errors += text;
  }
  readStdin(): string {
    return '';
  }
}

async function explore(race: string | undefined, options: Partial<ExploreCommandOptions> = {}, workers = 1) {
  const io = new TestIo();
  const status = await runExplore(race, { ...defaults, ...options }, io, new InProcessRunner(workers));
  return { status, out: io.printed, err: io.errors };
}

async function report(race: string, options: Partial<ExploreCommandOptions>, workers = 1): Promise<Report> {
  return JSON.parse((await explore(race, { ...options, json: true }, workers)).out) as Report;
}

async function replayed(file: string, options = {}) {
  const io = new TestIo();
  return { status: await runReplay(file, options, io), out: io.printed, err: io.errors };
}

describe('irqlab explore', () => {
  test('lists the races', async () => {
    const { status, out } = await explore(undefined);
    expect(status).toBe(0);
    expect(out).toContain('relid-map\n  RFC "VMBus channel interrupts as Linux IRQs"');
    expect(out).toMatch(/^ {4}irqdomain +none +an irqdomain/m);
    const { races: listed } = JSON.parse((await explore(undefined, { json: true })).out);
    expect(listed).toHaveLength(races.length);
  });

  test('finds, shows and saves an interleaving', async () => {
    const file = join(dir, 'lost.json');
    const { status, out } = await explore('modchan-offline', { variant: 'no-wait', save: file });
    expect(status).toBe(0);
    expect(out).toMatch(/^modchan-offline\/no-wait: found\n\nno event is lost: 1 events lost/);
    expect(out).toContain('A minimal interleaving:');
    expect(out).toContain('hv_synic_cleanup: ');
    expect(out).toContain(`Replay: irqlab replay ${file}`);
    const once = await replayed(file, { step: true });
    expect(once.status).toBe(0);
    expect(once.out).toContain('  * CPU 1: synic off');
    expect(await replayed(file, { step: true })).toEqual(once);
  });

  test('says the same of a search in a thread, and of one that is over before a thread has started', async () => {
    const brief = await irqlab(['explore', 'modchan-offline', '--variant', 'no-wait', '--json']);
    const inThread = await irqlab([
      'explore',
      'modchan-offline',
      '--variant',
      'no-wait',
      '--json',
      '--workers',
      '2',
    ]);
    const said = ({ status, err, out }: Ran) => ({ status, err, ...JSON.parse(out), seconds: 0 });
    expect(said(inThread)).toEqual(said(brief));
  });

  test('says that there is none, what was covered, and which situations were reached', async () => {
    const { status, out } = await explore('affinity-vs-offline', { variant: 'flag-and-lock' });
    expect(status).toBe(0);
    expect(out).toMatch(/^affinity-vs-offline\/flag-and-lock: none \(complete\)\n/);
    expect(out).toContain('  yes  the CPU goes offline\n');
  });

  test('says which words went through store buffers, and that none did', async () => {
    const none = await explore('affinity-vs-offline', { variant: 'flag-and-lock', memory: 'tso' });
    expect(none.out).toContain(
      'TSO was asked for, but no store of this model is one that waits in a buffer\n',
    );
    expect(none.out).not.toContain('x86 store buffers');
    const some = await explore('ring-full-wakeup', { variant: 'no-barrier', memory: 'tso' });
    expect(some.out).toContain(
      '; x86 store buffers (TSO), for in.pending_send_sz, in.read_index, in.write_index\n',
    );
  });

  test('says how many executions were cut, and what that leaves open', async () => {
    const { out } = await explore('affinity-vs-offline', { variant: 'flag-and-lock', maxSteps: 5 });
    expect(out).toMatch(/: none \(\d+ executions cut at 5 steps\)\n/);
    expect(out).toMatch(
      /(\d+) of \1 executions were cut: whatever they do after their last step was not looked at/,
    );
  });

  test('never claims more than was covered', async () => {
    const options = { variant: 'array', strategy: 'dfs', maxExecutions: 5 } as const;
    const { out } = await explore('relid-map', options);
    expect(out).toMatch(/^relid-map\/array: none \(stopped after 5 executions\)\n/);
    const bounded = await explore('relid-map', { variant: 'irqdomain', strategy: 'bounded', preemptions: 0 });
    expect(bounded.out).toMatch(/: none \(at most 0 preemptions\)\n/);
    expect(out + bounded.out).not.toMatch(/exhaust/i);
  });

  test('compares all variants of a race with what is expected', async () => {
    const { status, out } = await explore('ring-empty-signal');
    expect(status).toBe(0);
    expect(out.match(/^ok {3}ring-empty-signal/gm)).toHaveLength(6);
    expect(out).toMatch(/6 verdicts in [\d.]+ s, 0 different from what is expected\n$/);
  });

  test('a search that was not to come to its end has no verdict', async () => {
    const { status, out } = await explore('relid-map', { maxExecutions: 2 });
    expect(status).toBe(0);
    expect(out).not.toContain('BAD');
    expect(out).toMatch(/^-- {3}relid-map\/array +sc +\? {6}stopped after 2 executions \(/m);
    expect(out).toMatch(/\n6 stopped before their end: relid-map\/array \(sc\), /);
  });

  test('a search that did not come to its end fails, without a verdict', async () => {
    const endless: Race = defineRace({
      id: 'endless',
      source: 'this test',
      property: 'none',
      variants: {
        loop: {
          expected: 'none',
          model: () => ({
            setup: (world) => world.task(0, 'loop', endlessly(new MemoryWord('word'))),
          }),
        },
      },
    });
    const io = new TestIo();
    expect(await runExplore('endless', defaults, io, new InProcessRunner(1, [endless]))).toBe(1);
    expect(io.printed).toMatch(/^-- {3}endless\/loop +sc +\? {6}1 execution cut at 1000 steps \(/);
    expect(io.printed).toContain('1 stopped before their end: endless/loop (sc)\n');
  });

  test('lists what is finished, stopped and not begun when it is ended, and calls none of it bad', async () => {
    class Ended extends InProcessRunner {
      private left = 4;
      override run: InProcessRunner['run'] = (task, onProgress) => {
        this.left -= 1;
        if (this.left === 0) this.stop();
        return super.run(task, onProgress);
      };
    }
    const io = new TestIo();
    const status = await runExplore('relid-map', defaults, io, new Ended());
    expect(status).toBe(0);
    expect(io.printed).not.toContain('BAD');
    expect(io.printed).toContain('verdicts in');
    expect(io.printed).toMatch(/\n\d not begun: (relid-map\/[a-z-]+ \(sc\)(, )?)+\n$/);

    const all = new TestIo();
    const runner = new InProcessRunner();
    runner.stop();
    expect(await runExplore(undefined, { ...defaults, all: true, json: true }, all, runner)).toBe(0);
    const { rows, unfinished } = JSON.parse(all.printed) as { rows: unknown[]; unfinished: unknown[] };
    expect(rows).toEqual([]);
    const variants = races.flatMap((race) => race.variants);
    const others = variants.flatMap(({ expectedOther, expectedArm64 }) => [expectedOther, expectedArm64]);
    const underOthers = others.filter((expected) => expected !== undefined);
    expect(unfinished).toHaveLength(variants.length + underOthers.length);
    expect(unfinished).toContainEqual({ name: 'relid-map/array (sc)', hasBegun: false });
  });

  test('a search that was stopped has no verdict', () => {
    const stopped = rowText(
      {
        ...{
          race: 'r',
          variant: 'v',
          memory: 'sc',
          expected: 'none',
          differences: [],
          isStopped: true,
          isAsked: true,
        },
        report: { ...emptyReport, limits: ['stopped on request'] },
      },
      5,
    );
    expect(stopped).toBe('--   r/v    sc   ?      stopped on request (0 executions, 0.00 s)\n');
  });

  test.each(['dfs', 'dpor', 'states', 'bounded', 'random', 'pct'] as const)(
    'verdict and interleaving do not depend on the number of threads: %s',
    async (strategy) => {
      const options = { variant: 'no-barrier', strategy } as const;
      const one = await report('ring-full-wakeup', options);
      expect(one.verdict).toBe('found');
      for (const workers of [2, 3]) {
        const many = await report('ring-full-wakeup', options, workers);
        expect(many.verdict).toBe(one.verdict);
        expect(many.violations[0]).toEqual(one.violations[0]);
      }
    },
  );

  test.each(['dfs', 'dpor', 'bounded'] as const)(
    'from two threads on all else does not, either: %s',
    async (strategy) => {
      const options = { variant: 'array', strategy, maxExecutions: 2000 } as const;
      const [two, five] = [await report('relid-map', options, 2), await report('relid-map', options, 5)];
      expect({ ...five, seconds: 0 }).toEqual({ ...two, seconds: 0 });
    },
  );

  test('the parts of a search, done apart, make the whole', async () => {
    const files = ['a.json', 'b.json'].map((name) => join(dir, name));
    const options = { variant: 'read-pending-write', strategy: 'bounded' } as const;
    for (const [index, saveReport] of files.entries()) {
      await explore('ring-full-wakeup', { ...options, shard: { index, count: 2 }, saveReport });
    }
    const io = new TestIo();
    const read = (file: string): string => readFileSync(file, 'utf8');
    expect(await runMerge(files, { json: true }, io, new InProcessRunner(), read)).toBe(0);
    const whole = await report('ring-full-wakeup', options);
    expect(JSON.parse(io.printed)).toEqual({ ...whole, seconds: expect.any(Number) });
    await expect(runMerge([files[0]], {}, io, new InProcessRunner(), read)).rejects.toThrow(
      '1 reports of 2 parts',
    );
    const changed = (from: string | RegExp, to: string) => (file: string) =>
      file === files[0] ? read(file) : read(file).replace(from, to);
    const merge = (readFile: (file: string) => string): Promise<number> =>
      runMerge(files, {}, io, new InProcessRunner(), readFile);
    await expect(merge(changed(/"build":"\w+"/, '"build":"other"'))).rejects.toThrow('of different builds: ');
    await expect(merge(changed('at most 1000 steps', 'at most 5 steps'))).rejects.toThrow(
      /different options: "tso, .* at most 1000 steps, 2 parts" and ".* at most 5 steps, 2 parts"/,
    );
    await expect(merge(changed('"model":"ring-full-wakeup/read', '"model":"x/read'))).rejects.toThrow(
      'of different searches',
    );
    const other = (file: string): string => read(file).replace(/"build":"\w+"/, '"build":"other"');
    await expect(merge(other)).rejects.toThrow(
      'these reports are of other, not of this irqlab and its races',
    );
    await expect(runMerge(['x'], {}, io, new InProcessRunner(), () => '{}')).rejects.toThrow(
      'x is no report of irqlab explore: model: expected string, and it is missing',
    );
  });

  test('refuses what it does not know', async () => {
    await expect(explore('nothing')).rejects.toThrow('there is no race "nothing"');
    await expect(explore('relid-map', { variant: 'x' })).rejects.toThrow('race relid-map has no variant "x"');
    await expect(explore('relid-map', { all: true })).rejects.toThrow('--all is all races');
  });
});

describe('options that would be ignored are refused', () => {
  const variant = ['relid-map', '--variant', 'array'];
  test.each([
    [['--save', 'x'], '--save: name a race to search; without one the races are only listed'],
    [['--seconds', '3'], '--seconds: name a race'],
    [
      ['--all', '--save', 'x', '--shard', '0/2'],
      '--shard, --save: a table searches each variant as it is listed',
    ],
    [['relid-map', '--strategy', 'dfs'], '--strategy: a table searches each variant'],
    [['relid-map', '--memory', 'tso'], '--memory: a table searches each variant'],
    [['relid-map', 'array', '--variant', 'irqdomain'], 'two variants: array and --variant irqdomain'],
    [['relid-map', '--width', '60'], '--width: a table searches each variant'],
    [[...variant, '--json', '--format', 'html'], '--format: --json shows data, no table; leave out one'],
    [[...variant, '--json', '--width', '60'], '--width: --json shows data, no table; leave out one'],
    [
      [...variant, '--format', 'mermaid', '--width', '60'],
      '--width: means something only for a table, not with --format mermaid',
    ],
    [['merge', 'a', '--strategy', 'dfs', '--seed', '1'], '--seed, --strategy: merge searches nothing'],
    [['--max-steps', '3', 'merge', 'a'], '--max-steps: merge searches nothing'],
    [['merge', 'a', '--json', '--format', 'html'], '--format: --json shows data'],
    [['--all', '--variant', 'array'], '--variant: --all is all variants of all races'],
    [
      [...variant, '--preemptions', '1'],
      '--preemptions: means something only with --strategy bounded; add it',
    ],
    [
      [...variant, '--strategy', 'dpor', '--preemptions', '1'],
      '--preemptions: means something only with --strategy bounded; not with --strategy dpor',
    ],
    [
      [...variant, '--strategy', 'dfs', '--seed', '1'],
      '--seed: means something only with --strategy random or --strategy pct; not with --strategy dfs',
    ],
    [
      [...variant, '--strategy', 'random', '--depth', '1'],
      '--depth: means something only with --strategy pct',
    ],
    [[...variant, '--shard', '0/2', '--workers', '1'], '--workers: a --shard is one part of a search'],
    [
      [...variant, '--workers', '4096'],
      /--workers 4096: this machine runs \d+ threads at a time; more would only share them/,
    ],
  ])('%j', async (args, reason) => {
    const { status, err, out } = await irqlab(['explore', ...args]);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(reason);
  });

  test('what is used is not', () => {
    const search = { variant: 'array', strategy: 'bounded', preemptions: 0, workers: 2 } as const;
    expect(() =>
      refuseUnused('relid-map', search, ['variant', 'strategy', 'preemptions', 'workers'], 2),
    ).not.toThrow();
    expect(() => refuseUnused('relid-map', search, ['workers'], 1)).toThrow(
      '--workers 2: this machine runs 1',
    );
    expect(() => refuseUnused(undefined, { all: true, seconds: 3 }, ['all', 'seconds'], 1)).not.toThrow();
  });
});

describe('irqlab replay', () => {
  test('says where the code has changed', async () => {
    const file = join(dir, 'flag.json');
    await explore('affinity-vs-offline', { variant: 'flag', save: file });
    const other = join(dir, 'other.json');
    const text = readFileSync(file, 'utf8').replace(
      'affinity-vs-offline/flag',
      'affinity-vs-offline/flag-and-lock',
    );
    writeFileSync(other, text);
    const { status, err } = await replayed(other);
    expect(status).toBe(1);
    expect(err).toBe(
      'irqlab: the trace no longer fits after 0 of 11 steps\n' +
        '  expected: CPU 0, irq_set_affinity: read target_cpu of channel 5\n' +
        '  actual:   CPU 0, irq_set_affinity: acquire set_affinity_lock\n',
    );
  });

  test('is a command, and refuses other files', async () => {
    const file = join(dir, 'no-trace.json');
    writeFileSync(file, '{}');
    expect(await irqlab(['replay', file])).toMatchObject({
      status: 2,
      err: `irqlab: ${file}: this is no trace file: "format" must be "irqlab-trace"\n`,
    });
  });
});

test("a race's verdict on arm64 is that of its row for arm64", async () => {
  const { status, out } = await irqlab([
    'explore',
    'relid-publish',
    '--variant',
    'no-barrier',
    '--memory',
    'arm64',
  ]);
  expect(status).toBe(0);
  expect(out).toContain('; arm64 memory, for channels[9]\n');
});
