import { describe, expect, test } from '@jest/globals';
import { check, exploreShard } from '../../../src/explore/explore.js';
import type { MemoryModel, Model, World } from '../../../src/explore/model.js';
import type { Strategy } from '../../../src/explore/options.js';
import { mergeReports } from '../../../src/explore/report/merge.js';
import { MemoryWord } from '../../../src/machine/memory.js';
import type { Procedure } from '../../../src/machine/step.js';

// Loops that poll without readUntil: an execution that is cut has seen one context only, and others have yet to come.

interface Words {
  readonly flag: MemoryWord;
  readonly other: MemoryWord;
  readonly result: MemoryWord;
}

function* poll(word: MemoryWord, wanted: number): Procedure<void> {
  do yield word.read;
  while (word.load() !== wanted);
}

function* write(word: MemoryWord, value: number): Procedure<void> {
  yield word.write;
  word.store(value);
}

function* inTurn(...procs: readonly Procedure<void>[]): Procedure<void> {
  for (const proc of procs) yield* proc;
}

/** @param put puts the contexts into the world; the property is that nobody gets as far as to write `result`. */
function polling(name: string, put: (world: World, words: Words) => void): Model<Words> {
  return {
    name,
    setup(world) {
      const words = {
        flag: new MemoryWord('flag'),
        other: new MemoryWord('other'),
        result: new MemoryWord('result'),
      };
      put(world, words);
      return words;
    },
    finally: { 'result stays 0': ({ result }) => result.value === 0 || 'result is 1' },
  };
}

const models: readonly Model<Words>[] = [
  polling('a writer that does something else first', (world, { flag, result }) => {
    world.task(0, 'poller', poll(flag, 1));
    world.task(1, 'writer', inTurn(write(result, 1), write(flag, 1)));
  }),
  polling('a writer on the CPU of the poller', (world, { flag, result }) => {
    world.task(0, 'poller', poll(flag, 1));
    world.task(0, 'writer', inTurn(write(result, 1), write(flag, 1)));
  }),
  polling('two pollers', (world, { flag, other, result }) => {
    world.task(0, 'poller', inTurn(poll(flag, 1), write(result, 1)));
    world.task(1, 'another', poll(flag, 1));
    world.task(2, 'writer', inTurn(write(other, 1), write(flag, 1)));
  }),
  polling('two that wait for each other in turn', (world, { flag, other, result }) => {
    world.task(0, 'A', inTurn(poll(flag, 1), write(other, 1), poll(flag, 2), write(result, 1)));
    world.task(1, 'B', inTurn(write(flag, 1), poll(other, 1), write(flag, 2)));
  }),
  polling('a flag that an interrupt sets', (world, { flag, result }) => {
    world.interrupt(0, 'irq', () => inTurn(write(result, 1), write(flag, 1))).raise();
    world.task(0, 'poller', poll(flag, 1));
  }),
  polling('a poller that starts only when it is told', (world, { flag, other, result }) => {
    world.task(1, 'poller', inTurn(poll(other, 1), poll(flag, 1), write(result, 1)));
    world.task(0, 'writer', inTurn(write(other, 1), write(result, 0), write(flag, 1)));
  }),
];

describe.each<MemoryModel>(['sc', 'tso'])('%s', (memory) => {
  test.each(models)('reduction sees behind a loop that polls: $name', (model) => {
    for (const strategy of [{ kind: 'dfs' }, { kind: 'dpor' }] satisfies Strategy[]) {
      const report = exploreShard(model, { memory, strategy, maxSteps: 16, maxExecutions: 20_000 });
      expect(report.violations.map(({ message }) => message)).toEqual(['result is 1']);
      expect(report.complete).toBe(false);
    }
  });
});

const endless = polling('nobody ever writes', (world, { flag, other }) => {
  world.task(0, 'poller', poll(flag, 1));
  world.task(1, 'writer', write(other, 1));
});

test('a report says how many executions were cut, and what that leaves open', () => {
  const report = exploreShard(endless, { maxSteps: 8 });
  expect(report).toMatchObject({ verdict: 'none', complete: false, cut: 1 });
  expect(report.limits).toEqual(['1 execution cut at 8 steps']);
});

test('the parts of a search say it together', () => {
  const parts = [0, 1].map((index) => exploreShard(endless, { maxSteps: 8, shard: { index, count: 2 } }));
  const whole = mergeReports(parts);
  expect(whole.cut).toBe(parts[0].cut + parts[1].cut);
  expect(whole.complete).toBe(false);
  expect(whole.limits).toEqual([`${whole.cut} executions cut at 8 steps`]);
});

test('nothing is called minimal where executions that could be better were cut', () => {
  const report = check(models[0], { maxSteps: 16 });
  expect(report.violations.map(({ message, minimal }) => [message, minimal])).toEqual([
    ['result is 1', false],
  ]);
});
