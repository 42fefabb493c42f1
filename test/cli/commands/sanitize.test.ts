import { describe, expect, test } from '@jest/globals';
import { InProcessRunner } from '../../../src/cli/explore/in-process.js';
import type { ExploreCommandOptions } from '../../../src/cli/explore/options.js';
import { refuseUnused } from '../../../src/cli/explore/refuse.js';
import { parseReport } from '../../../src/cli/explore/report-file.js';
import { runExplore } from '../../../src/cli/explore/run.js';
import type { Task, TaskOf, TaskResults, TaskRunner } from '../../../src/cli/explore/task.js';
import { UsageError } from '../../../src/command/usage-error.js';
import { mergeReports } from '../../../src/explore/report/merge.js';
import type { Report } from '../../../src/explore/report/report.js';
import type { Unannounced, UnannouncedAccess } from '../../../src/explore/report/unannounced.js';
import { races } from '../../../src/races/index.js';
import { collected } from '../../support/cli.js';

// What the command says of a sanitized search; the search itself needs code that is instrumented as Node loads it,
// which `npm run sanitize` and the check of the package run.

function access(kind: 'read' | 'write', line: number): UnannouncedAccess {
  return {
    kind,
    file: 'src/machine/clock.ts',
    line,
    func: 'Clock.advance',
    lane: `CPU ${line}`,
    context: 'task',
    step: 'read word',
    announces: ['read word'],
  };
}

const finding: Unannounced = {
  location: 'Clock.time',
  first: access('read', 1),
  second: access('write', 2),
  advice: 'announce it',
};

function reportWith(unannounced: readonly Unannounced[]): Report {
  return {
    ...{ model: 'relid-map/array', memory: 'sc', strategy: 'depth first', verdict: 'none', complete: true },
    ...{
      limits: [],
      executions: 7,
      redundant: 0,
      cut: 0,
      steps: 70,
      depth: 10,
      witnesses: [],
      violations: [],
    },
    unannounced,
  };
}

/** Has searched before, whatever it is asked for. */
class Known implements TaskRunner {
  readonly workers = 1;
  readonly isStopped = false;
  readonly races = races.filter(({ id }) => id === 'move-vs-close');
  readonly asked: Task[] = [];

  constructor(private readonly report: Report) {}

  async run<K extends Task['kind']>(task: TaskOf<K>): Promise<TaskResults[K]> {
    this.asked.push(task);
    return this.report as TaskResults[K];
  }

  stop(): void {}

  async close(): Promise<void> {}
}

const defaults = { preemptions: 2, depth: 3, seed: 1, executions: 1000, sanitize: true } as const;

async function explore(runner: TaskRunner, options: Partial<ExploreCommandOptions> = {}) {
  const { ran, io } = collected();
  ran.status = await runExplore('move-vs-close', { ...defaults, ...options }, io, runner);
  return ran;
}

describe('one variant', () => {
  test('is shown with its unannounced accesses, and fails', async () => {
    const runner = new Known(reportWith([finding]));
    const { status, out } = await explore(runner, { variant: 'channel-mutex' });
    expect(status).toBe(1);
    expect(out).toContain('BUG: unannounced access in Clock.advance / Clock.advance');
    expect(out).toContain('write by task on CPU 2, in its step "read word":');
    expect(out).toContain('relid-map/array: 1 unannounced access');
    expect(runner.asked).toEqual([
      { kind: 'search', search: expect.objectContaining({ sanitize: true, variant: 'channel-mutex' }) },
    ]);
  });

  test('is said to have none', async () => {
    const { status, out } = await explore(new Known(reportWith([])), { variant: 'channel-mutex' });
    expect(status).toBe(0);
    expect(out).toContain('relid-map/array: no unannounced access');
  });
});

describe('a table', () => {
  test('says so in each row, and of what once', async () => {
    const { status, out } = await explore(new Known(reportWith([finding])));
    expect(status).toBe(1);
    expect(out.match(/^BAD .* unannounced /gm)).toHaveLength(2);
    expect(out.match(/^BUG: /gm)).toHaveLength(1);
    expect(out).toContain('1 unannounced access in what was run');
  });

  test('does not take a short search for a difference', async () => {
    const short = { ...reportWith([]), complete: false, limits: ['stopped after 300 executions'] };
    const runner = new Known(short);
    const { status, out } = await explore(runner);
    expect(out).toContain('no unannounced access in what was run');
    expect(status).toBe(0);
    expect(runner.asked[0]).toEqual({
      kind: 'search',
      search: expect.objectContaining({ maxExecutions: 300 }),
    });
  });

  test('has them in its JSON', async () => {
    const { out } = await explore(new Known(reportWith([finding])), { json: true });
    const { rows } = JSON.parse(out) as { rows: { report: Report; differences: string[] }[] };
    expect(rows[0].report.unannounced).toEqual([finding]);
    expect(rows[0].differences).toEqual(['1 unannounced access']);
  });
});

test('code that was loaded as it is is refused', async () => {
  const runner = new InProcessRunner();
  await expect(explore(runner, { variant: 'channel-mutex' })).rejects.toThrow(UsageError);
});

test('without a race there is nothing to sanitize', () => {
  expect(() => refuseUnused(undefined, {}, ['sanitize'])).toThrow('--sanitize: name a race to search');
});

test('parts of a search are put together, each finding once', () => {
  const other = { ...finding, second: access('write', 3) };
  const parts = [[finding], [finding, other]].map((unannounced, index) => ({
    ...reportWith(unannounced),
    limits: [`part ${index} of 2`],
  }));
  const saved = parts.map((part) => parseReport(JSON.stringify(part), 'part.json'));
  expect(mergeReports(saved).unannounced).toEqual([finding, other]);
});
