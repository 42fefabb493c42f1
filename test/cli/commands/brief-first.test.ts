import { describe, expect, test } from '@jest/globals';
import { BriefFirst } from '../../../src/cli/explore/brief-first.js';
import { InProcessRunner } from '../../../src/cli/explore/in-process.js';
import { searchWith } from '../../../src/cli/explore/search.js';
import { type Search, StoppedError, type Task, type TaskOf } from '../../../src/cli/explore/task.js';
import type { Race } from '../../../src/races/race.js';
import { races } from '../../../src/races/index.js';

/** Stands for the threads, and notes what they are asked for. */
class Threads extends InProcessRunner {
  readonly asked: Task['kind'][] = [];

  override run<K extends Task['kind']>(task: TaskOf<K>) {
    this.asked.push(task.kind);
    return super.run(task);
  }
}

const found: Search = {
  race: 'modchan-offline',
  variant: 'no-wait',
  memory: 'sc',
  strategy: { kind: 'dpor' },
};

describe('a search with one thread', () => {
  test('takes none for what is over at once', async () => {
    const threads = new Threads();
    const report = await searchWith(new BriefFirst(threads), found, () => {});
    expect(threads.asked).toEqual([]);
    expect({ ...report, seconds: 0 }).toEqual({
      ...(await searchWith(new InProcessRunner(), found, () => {})),
      seconds: 0,
    });
    expect(report.verdict).toBe('found');
  });

  test('leaves to it, from the beginning, what takes longer', async () => {
    const threads = new Threads();
    const long: Search = {
      ...found,
      variant: 'wait-in-setter',
      strategy: { kind: 'random', seed: 1, executions: 10_000 },
    };
    const search = { ...long, maxExecutions: 4_000 };
    const report = await searchWith(new BriefFirst(threads), search, () => {});
    expect(threads.asked).toEqual(['search']);
    expect(report.executions).toBe(4_000);
  });

  test('begins none once it is stopped', async () => {
    const runner = new BriefFirst(new Threads());
    runner.stop();
    await expect(runner.run({ kind: 'search', search: found })).rejects.toThrow(StoppedError);
  });

  test('says what is wrong with a task as the thread would', async () => {
    const none: readonly Race[] = [];
    const runner = new BriefFirst(new Threads(1, none));
    await expect(runner.run({ kind: 'search', search: found })).rejects.toThrow(RangeError);
    expect(races.length).toBeGreaterThan(0);
  });
});
