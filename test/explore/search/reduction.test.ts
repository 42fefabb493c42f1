import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { exploreShard } from '../../../src/explore/explore.js';
import type { CpuControl, MemoryModel, Model } from '../../../src/explore/model.js';
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

describe('tasks of one CPU', () => {
  type Body = (cpu: CpuControl, words: readonly SharedWord[], log: string[]) => Procedure<void>;

  /** Two tasks of CPU 0, the first of which does two steps on a word that the other one does not use. */
  function twoTasks(second: Body, preemptible = true): Model<string[]> {
    return {
      name: 'two tasks of a CPU',
      setup(world) {
        world.preemptible = preemptible;
        const log: string[] = [];
        const words = [new SharedWord('x'), new SharedWord('y'), new SharedWord('z')];
        const first = function* (): Procedure<void> {
          yield words[0].update;
          yield words[1].update;
          log.push('a');
        };
        world.task(0, 'a', first());
        world.task(0, 'b', second(world.cpu(0), words, log));
        return log;
      },
      outcome: (log) => log.join(' '),
    };
  }

  function* apart(_cpu: CpuControl, words: readonly SharedWord[]): Procedure<void> {
    for (let times = 0; times < 3; times++) yield words[2].update;
  }

  /** Keeps interrupts off from its second step to its third. */
  function* masked(cpu: CpuControl, words: readonly SharedWord[]): Procedure<void> {
    yield words[2].update;
    yield words[2].update;
    cpu.localIrqDisable();
    yield words[2].update;
    cpu.localIrqEnable();
  }

  /** The same, but its second step uses the word of the first task's last one. */
  function* maskedLast(cpu: CpuControl, words: readonly SharedWord[], log: string[]): Procedure<void> {
    yield words[2].update;
    yield words[1].update;
    log.push('b');
    cpu.localIrqDisable();
    yield words[2].update;
    cpu.localIrqEnable();
  }

  test.each<[string, Body, number, number]>([
    ['commute where they use different words', apart, 10, 1],
    ['do not where one has interrupts off: its whole section comes before, between or behind', masked, 6, 3],
    ['meet at a word, too, where a step turns interrupts off', maskedLast, 6, 3],
  ])('%s', (_, second, plain, reduced) => {
    const [all, classes] = (['dfs', 'dpor'] as const).map((kind) =>
      explore(twoTasks(second), { strategy: { kind } }),
    );
    expect(seen(classes)).toEqual(seen(all));
    expect([all.executions, classes.executions]).toEqual([plain, reduced]);
  });

  test('take turns where they may sleep only, so that none commutes with what comes between', () => {
    const model = twoTasks(apart, false);
    const runs = (['dfs', 'dpor'] as const).map((kind) => explore(model, { strategy: { kind } }).executions);
    expect(runs).toEqual([2, 2]);
  });
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
