import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { exploreShard, exploreUnit } from '../../src/explore/explore.js';
import type { MemoryModel, Model } from '../../src/explore/model.js';
import type { Strategy } from '../../src/explore/options.js';
import type { Report } from '../../src/explore/report/report.js';
import {
  Frontier,
  type NumberedUnit,
  type SavedFrontier,
  type UnitResult,
} from '../../src/explore/frontier.js';
import { Prng } from '../../src/lib/prng.js';
import { MemoryWord } from '../../src/machine/memory.js';
import type { Procedure } from '../../src/machine/step.js';
import { races } from '../../src/races/index.js';
import { arbitraryPrograms, programsModel } from './programs.js';
import { isLong, runs } from '../support/long.js';

const memories: readonly MemoryModel[] = ['sc', 'tso', 'arm64'];
const strategies: readonly Strategy[] = [
  { kind: 'dfs' },
  { kind: 'dpor' },
  { kind: 'bounded', preemptions: 2 },
];

/** More by hand: EXPLORE_RUNS=5000 npm test -- test/explore/frontier. */
const numRuns = Number(process.env.EXPLORE_RUNS ?? runs(100, 6));

/** What goes to another thread or machine. */
function sent<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

interface Many {
  readonly memory: MemoryModel;
  readonly strategy: Strategy;
  readonly stopAtFirst?: boolean;
  readonly maxExecutions?: number;
  /** Steps of a unit; default: as the frontier says. */
  readonly steps?: number;
  /** How many work at it. */
  readonly workers: number;
  /** Which of them is ready first. */
  readonly seed?: number;
  /** After how many units all is saved, and begun again from what was saved; default: never. */
  readonly restartAfter?: number;
}

/** A search by many, each as slow as it happens to be. */
function byMany<S>(model: Model<S>, many: Many): Report {
  const {
    memory,
    strategy,
    stopAtFirst = false,
    maxExecutions,
    steps,
    workers,
    seed = 1,
    restartAfter,
  } = many;
  const prng = new Prng(seed);
  const limits = { stopAtFirst, maxExecutions };
  let frontier = new Frontier(limits);
  let busy: { number: number; result: UnitResult }[] = [];
  let units = 0;
  const run = ({ number, unit, steps: budget }: NumberedUnit): void => {
    const result = exploreUnit(model, { memory, strategy, stopAtFirst }, sent(unit), steps ?? budget);
    busy.push({ number, result: sent(result) });
  };
  while (!frontier.isDone) {
    for (
      let unit = frontier.take();
      unit !== undefined;
      unit = busy.length < workers ? frontier.take() : undefined
    )
      run(unit);
    const [{ number, result }] = busy.splice(prng.below(busy.length), 1);
    frontier.give(number, result);
    units += 1;
    if (restartAfter !== undefined && units % restartAfter === 0) {
      const saved: SavedFrontier = sent(frontier.saved());
      frontier = new Frontier(limits, saved);
      busy = [];
    }
  }
  if (frontier.report === undefined) throw new Error('no unit was done');
  return frontier.report;
}

/** All that a search can tell of a model, however it got there. */
function seen({ outcomes = [], violations, complete, depth }: Report): unknown {
  return {
    complete,
    depth,
    outcomes: outcomes.map(({ outcome }) => outcome),
    violations: violations.map(({ kind, message }) => `${kind}: ${message}`).sort(),
  };
}

describe.each(memories)('random programs in units, %s', (memory) => {
  // On arm64 most steps never sleep, so that more depends on the order in which states are come to.
  const factor = memory === 'arm64' ? 1.5 : 1.2;

  test.each(strategies)('$kind sees what one thread sees', (strategy) => {
    fc.assert(
      fc.property(arbitraryPrograms, fc.constantFrom(1, 40, 300), (programs, steps) => {
        const model = programsModel(programs);
        const options = { memory, strategy, stopAtFirst: false };
        const alone = exploreShard(model, { ...options, maxExecutions: 2000 });
        fc.pre(alone.executions < 2000);
        const report = byMany(model, { ...options, steps, workers: 1 });
        expect(seen(report)).toEqual(seen(alone));
        if (strategy.kind !== 'dpor') expect(report.executions).toBe(alone.executions);
        else expect(report.executions).toBeLessThanOrEqual(Math.ceil(alone.executions * factor));
      }),
      { numRuns },
    );
  });

  test.each(strategies)('$kind is the same whoever is fast, and after a restart', (strategy) => {
    fc.assert(
      fc.property(arbitraryPrograms, fc.integer({ min: 2, max: 9 }), fc.nat(), (programs, workers, seed) => {
        const model = programsModel(programs);
        const options = { memory, strategy, steps: 30, maxExecutions: runs(500, 200) };
        const one = byMany(model, { ...options, workers: 1 });
        expect(byMany(model, { ...options, workers, seed })).toEqual(one);
        const restartAfter = 1 + (seed % 7);
        expect(byMany(model, { ...options, workers, seed, restartAfter })).toEqual(one);
      }),
      { numRuns: Math.ceil(numRuns / 3) },
    );
  });
});

/** Unlocked increments: every order of their reads and writes is a class of its own. */
function* addSome(count: MemoryWord, times: number): Procedure<void> {
  for (let i = 0; i < times; i++) {
    yield count.read;
    const value = count.load();
    yield count.write;
    count.store(value + 1);
  }
}

const counter: Model<MemoryWord> = {
  name: 'counter',
  setup(world) {
    const count = new MemoryWord('count');
    for (const cpu of [0, 1, 2]) world.task(cpu, `P${cpu}`, addSome(count, 2));
    return count;
  },
  outcome: ({ value }) => value,
};

describe('reduction by many costs at most a fifth more executions than by one', () => {
  const strategy = { kind: 'dpor' } as const;

  test.each([200, 3000, undefined])('in units of %s steps', (steps) => {
    const alone = exploreShard(counter, { strategy, stopAtFirst: false });
    const many = byMany(counter, { memory: 'sc', strategy, steps, workers: 4 });
    expect(alone.executions).toBeGreaterThan(5000);
    expect(many.executions).toBeLessThanOrEqual(alone.executions * 1.2);
    expect(seen(many)).toEqual(seen(alone));
  });

  const inLong = isLong ? test : test.skip;
  inLong(
    'of rescind-reuse/rfc',
    () => {
      const variant = races
        .find(({ id }) => id === 'rescind-reuse')
        ?.variants.find(({ name }) => name === 'rfc');
      if (variant === undefined) throw new Error('there is no race rescind-reuse/rfc');
      const alone = exploreShard(variant.model(), { strategy });
      const many = byMany(variant.model(), { memory: 'sc', strategy, workers: 4 });
      expect(many.executions).toBeLessThanOrEqual(alone.executions * 1.2);
    },
    600_000,
  );
});

test('ends with the first violation of the first unit that has one, or with enough executions', () => {
  const lost = { 'no update is lost': ({ value }: MemoryWord) => value === 6 };
  const model = { ...counter, finally: lost };
  const options = { memory: 'sc', strategy: { kind: 'dfs' }, steps: 100 } as const;
  const one = byMany(model, { ...options, stopAtFirst: true, workers: 1 });
  expect([one.verdict, one.violations.length]).toEqual(['found', 1]);
  for (const seed of [1, 2, 3])
    expect(byMany(model, { ...options, stopAtFirst: true, workers: 6, seed })).toEqual(one);
  const some = byMany(model, { ...options, maxExecutions: 100, workers: 6 });
  expect(some.executions).toBeGreaterThanOrEqual(100);
  expect(some.executions).toBeLessThan(120);
});
