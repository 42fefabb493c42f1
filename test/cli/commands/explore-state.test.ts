import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { InProcessRunner } from '../../../src/cli/explore/in-process.js';
import type { ExploreCommandOptions } from '../../../src/cli/explore/options.js';
import { runExplore } from '../../../src/cli/explore/run.js';
import type { Report } from '../../../src/explore/report/report.js';
import { collected, irqlab } from '../../support/cli.js';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'irqlab-state-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

const defaults = { preemptions: 2, depth: 3, seed: 1, executions: 1000, json: true } as const;

async function explore(race: string, options: Partial<ExploreCommandOptions>, workers = 1) {
  const { ran, io } = collected();
  await runExplore(race, { ...defaults, ...options }, io, new InProcessRunner(workers));
  return { report: { ...(JSON.parse(ran.out) as Report), seconds: 0 }, err: ran.err };
}

/** A dfs of some 30 units, and a race in which a later one finds something. */
const searches = [
  ['relid-map', { variant: 'array', strategy: 'dfs', maxExecutions: 8000 }],
  ['ring-full-wakeup', { variant: 'no-barrier', strategy: 'dfs' }],
  ['ring-full-wakeup', { variant: 'no-barrier', strategy: 'dpor' }],
] as const;

describe('a search that is kept in a file', () => {
  test.each(searches)('goes on as if it had never been stopped: %s, %j', async (race, options) => {
    const whole = await explore(race, options, 2);
    const state = join(dir, `${race}-${options.strategy}.state`);
    for (const maxExecutions of [1, 400, 900]) {
      const part = { ...options, state, maxExecutions, resume: maxExecutions > 1 };
      const { report, err } = await explore(race, part, 3);
      if (report.verdict === 'none')
        expect(err).toBe(`irqlab: ${state} has what is left; the same command with --resume goes on\n`);
    }
    const last = await explore(race, { ...options, state, resume: true });
    expect(last.report).toEqual(whole.report);
    // And once it is done, it says so at once.
    expect(await explore(race, { ...options, state, resume: true })).toEqual(last);
  });

  test('is refused where it is not the one that was begun', async () => {
    const state = join(dir, 'other.state');
    const options = { variant: 'array', strategy: 'dfs', maxExecutions: 1, state } as const;
    await expect(explore('relid-map', { ...options, resume: true })).rejects.toThrow(
      `there is no ${state} to go on with`,
    );
    await explore('relid-map', options);
    await expect(explore('relid-map', options)).rejects.toThrow(`${state} is there already`);
    const resumed = { ...options, resume: true };
    await expect(explore('relid-map', { ...resumed, variant: 'irqdomain' })).rejects.toThrow(
      `${state} is of another race: relid-map/array, not relid-map/irqdomain`,
    );
    await expect(explore('relid-map', { ...resumed, strategy: 'dpor' })).rejects.toThrow(
      `${state} is of another search: sc, depth first, at most 1000 steps, not sc, depth first with partial-order`,
    );
    const text = readFileSync(state, 'utf8');
    writeFileSync(state, text.replace(/"build":"\w+"/, '"build":"0123456789abcdef"'));
    await expect(explore('relid-map', resumed)).rejects.toThrow(
      `${state} is of another build of irqlab and its races: 0123456789abcdef, not `,
    );
    writeFileSync(state, text.replace('"floor"', '"roof"').replace('"waiting":[', '"waiting":[1,'));
    await expect(explore('relid-map', resumed)).rejects.toThrow(
      `${state} has no search to go on with: frontier.waiting.0: expected object`,
    );
    writeFileSync(state, text.slice(0, 100));
    await expect(explore('relid-map', resumed)).rejects.toThrow(
      `${state} has no search to go on with: it is no JSON`,
    );
    await expect(
      explore('relid-map', { ...options, strategy: 'states', state: join(dir, 'none') }),
    ).rejects.toThrow('--state: a search with --strategy states has no units to keep or to send');
    await expect(explore('relid-map', { ...options, state: join(dir, 'no', 'such') })).rejects.toThrow(
      /cannot write .*\/no\/such: there is no such directory/,
    );
  });

  test.each([
    [['relid-map', 'array', '--resume'], '--resume: say with --state FILE which search is to go on'],
    [['relid-map', '--state', 'x'], '--state: a table searches each variant'],
    [
      ['relid-map', 'array', '--shard', '0/2', '--state', 'x'],
      '--state: a --shard has no units to keep or to send',
    ],
  ])('%j', async (args, reason) => {
    const { status, err } = await irqlab(['explore', ...args]);
    expect(status).toBe(2);
    expect(err).toContain(reason);
  });
});
