import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { exploreShard } from '../../../src/explore/explore.js';
import type { MemoryModel, Model } from '../../../src/explore/model.js';
import type { ExploreOptions, Strategy } from '../../../src/explore/options.js';
import type { Report } from '../../../src/explore/report/report.js';
import { type Procedure, SharedWord } from '../../../src/machine/step.js';
import { arbitraryPrograms, programsModel } from '../programs.js';
import { runs } from '../../support/long.js';

const memories: readonly MemoryModel[] = ['sc', 'tso'];

/** All that a search can tell of a model, however it got there. */
function seen({ outcomes = [], violations, complete }: Report): unknown {
  return {
    complete,
    outcomes: outcomes.map(({ outcome }) => outcome),
    violations: violations.map(({ kind, message }) => `${kind}: ${message}`).sort(),
  };
}

function explore<S>(model: Model<S>, options: ExploreOptions): Report {
  return exploreShard(model, { stopAtFirst: false, ...options });
}

/** More by hand: EXPLORE_RUNS=5000 npm test -- test/explore/reduction. */
const numRuns = Number(process.env.EXPLORE_RUNS ?? runs(100, 30));

describe.each(memories)('on random programs, %s', (memory) => {
  test('reduction sees what plain depth-first search sees', () => {
    fc.assert(
      fc.property(arbitraryPrograms, (programs) => {
        const model = programsModel(programs);
        const plain = explore(model, { memory, strategy: { kind: 'dfs' }, maxExecutions: 2000 });
        fc.pre(plain.complete);
        const reduced = explore(model, { memory, strategy: { kind: 'dpor' } });
        expect(seen(reduced)).toEqual(seen(plain));
        expect(reduced.executions).toBeLessThanOrEqual(plain.executions);
      }),
      { numRuns },
    );
  });

  test.each<Strategy>([{ kind: 'dfs' }, { kind: 'dpor' }])(
    'shards of $kind see together what the whole sees',
    (strategy) => {
      fc.assert(
        fc.property(arbitraryPrograms, fc.integer({ min: 2, max: 4 }), (programs, count) => {
          const model = programsModel(programs);
          const whole = explore(model, { memory, strategy, maxExecutions: 2000 });
          fc.pre(whole.complete);
          const parts = Array.from({ length: count }, (_, index) =>
            explore(model, { memory, strategy, shard: { index, count } }),
          );
          const outcomes = new Set(
            parts.flatMap((part) => part.outcomes ?? []).map(({ outcome }) => outcome),
          );
          expect([...outcomes].sort()).toEqual((whole.outcomes ?? []).map(({ outcome }) => outcome));
          if (strategy.kind === 'dfs') {
            expect(parts.reduce((sum, { executions }) => sum + executions, 0)).toBe(whole.executions);
          }
        }),
        { numRuns: runs(60, 15) },
      );
    },
  );
});

test('reduction tries what a step kept from going on, also where all else is asleep', () => {
  const model = programsModel({
    tasks: [
      {
        lane: 0,
        virtual: true,
        ops: [
          { op: 'waitTimeout', ns: 10 },
          { op: 'add', word: 1 },
        ],
      },
      { lane: 0, virtual: false, ops: [{ op: 'masked' }, { op: 'complete' }, { op: 'waitTimeout', ns: 10 }] },
      {
        lane: 1,
        virtual: false,
        ops: [
          { op: 'add', word: 0 },
          { op: 'read', word: 1 },
        ],
      },
    ],
    interrupt: [],
    tasklet: [],
    work: [],
    preemptible: false,
  });
  const [plain, reduced] = (['dfs', 'dpor'] as const).map((kind) => explore(model, { strategy: { kind } }));
  expect(seen(reduced)).toEqual(seen(plain));
});

test.each<Strategy>([{ kind: 'dfs' }, { kind: 'dpor' }])('parts of $kind share the work', (strategy) => {
  let begun = 0;
  const model: Model<string[]> = {
    name: 'two writers of a word',
    setup(world) {
      begun += 1;
      const log: string[] = [];
      const word = new SharedWord('word');
      const write = function* (letter: string): Procedure<void> {
        for (let times = 0; times < 5; times++) {
          yield word.update;
          log.push(letter);
        }
      };
      world.task(0, 'a', write('a'));
      world.task(1, 'b', write('b'));
      return log;
    },
    outcome: (log) => log.join(''),
  };
  const part = (index: number, count: number) => {
    begun = 0;
    const { executions } = explore(model, { strategy, shard: { index, count } });
    return { executions, begun };
  };
  const whole = part(0, 1);
  const parts = [0, 1].map((index) => part(index, 2));
  expect(whole.executions).toBe(252);
  expect(parts.reduce((sum, { executions }) => sum + executions, 0)).toBe(whole.executions);
  for (const each of parts) {
    expect(each.executions).toBeLessThan((3 / 4) * whole.executions);
    expect(each.begun).toBeLessThan((3 / 4) * whole.begun);
  }
});
