import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { exploreShard } from '../../src/explore/explore.js';
import type { MemoryModel, Model } from '../../src/explore/model.js';
import type { Strategy } from '../../src/explore/options.js';
import { mergeReports } from '../../src/explore/report/merge.js';
import type { Report } from '../../src/explore/report/report.js';
import { enumerate } from './enumerator.js';
import { arbitraryPrograms, type Op, type Program, type Programs, programsModel } from './programs.js';
import { type Part, partsOf, runs } from '../support/long.js';

/** Programs of each memory model that are compared; more by hand: EXPLORE_RUNS=2500 npm test -- test/explore/enumerator */
const numRuns = Number(process.env.EXPLORE_RUNS ?? runs(150, 10));
const MAX_STATES = 4000;
const MAX_EXECUTIONS = 3000;
/** Plain search under arm64 has more executions by far: it does without programs that take more than this. */
const MAX_ARM64_EXECUTIONS = runs(30_000, 1000);

/** What a search says of a model, in the words of the enumerator. */
function seen({ outcomes = [], violations }: Report): unknown {
  const kinds = violations.map(({ kind, message }) => (kind === 'deadlock' ? kind : message));
  return { outcomes: outcomes.map(({ outcome }) => outcome), violations: [...new Set(kinds)].sort() };
}

function inParts<S>(model: Model<S>, memory: MemoryModel, strategy: Strategy, count: number): Report {
  const parts = Array.from({ length: count }, (_, index) =>
    exploreShard(model, { memory, strategy, stopAtFirst: false, shard: { index, count } }),
  );
  return mergeReports(parts);
}

const task = (lane: number | string, ...ops: Op[]): Program => ({ lane, virtual: false, ops });
const locked: Op = { op: 'locked', lock: 0, word: 0 };
const none = { interrupt: [], tasklet: [], work: [], preemptible: false };

/** Programs in which a search and the enumeration differed once. */
const foundBefore: readonly Programs[] = [
  { ...none, tasks: [task(0, { op: 'masked' }), task(1, { op: 'queue' })], work: [{ op: 'sleep', ns: 10 }] },
  {
    ...none,
    tasks: [task(1, { op: 'raise' }), task('host', { op: 'queue' }, { op: 'sleep', ns: 10 })],
    interrupt: [locked],
    work: [{ op: 'sleep', ns: 10 }],
  },
  {
    ...none,
    tasks: [task(0, { op: 'queue' }), task(0, locked)],
    work: [locked, { op: 'read', word: 0 }],
    preemptible: true,
  },
  {
    ...none,
    tasks: [task(0, { op: 'write', word: 0 }, { op: 'queue' }), task('host', { op: 'masked' })],
    work: [{ op: 'reinit' }],
  },
  {
    ...none,
    tasks: [task('host', { op: 'locked', lock: 0, word: 1 }, { op: 'schedule' }), task(0, { op: 'queue' })],
    tasklet: [{ op: 'read', word: 0 }],
    work: [{ op: 'locked', lock: 1, word: 1 }],
  },
];

describe.each(['sc', 'tso'] as const)('an enumeration of states, %s', (memory) => {
  function compare({ numRuns, seed }: Part, examples: readonly Programs[]): void {
    let compared = 0;
    fc.assert(
      fc.property(arbitraryPrograms, (programs) => {
        const enumerated = enumerate(programs, memory, MAX_STATES);
        fc.pre(enumerated !== undefined);
        const { outcomes, violations } = enumerated;
        const expected = { outcomes, violations };
        const model = programsModel(programs);
        const explored = (strategy: Strategy): Report =>
          exploreShard(model, { memory, strategy, stopAtFirst: false, maxExecutions: MAX_EXECUTIONS });
        const reduced = explored({ kind: 'dpor' });
        fc.pre(reduced.complete);
        expect(seen(reduced)).toEqual(expected);
        compared += 1;
        expect(seen(inParts(model, memory, { kind: 'dpor' }, 3))).toEqual(expected);
        expect(seen(explored({ kind: 'states' }))).toEqual(expected);
        const plain = explored({ kind: 'dfs' });
        if (!plain.complete) return;
        expect(seen(plain)).toEqual(expected);
        expect(seen(inParts(model, memory, { kind: 'dfs' }, 2))).toEqual(expected);
        expect(seen(explored({ kind: 'bounded', preemptions: 30 }))).toEqual(expected);
      }),
      { numRuns, seed, maxSkipsPerRun: 1000, examples: examples.map((programs) => [programs]) },
    );
    expect(compared).toBeGreaterThanOrEqual(numRuns);
  }

  test.each(partsOf(numRuns, 5))(
    'agrees with every search, whole and in parts: $numRuns programs of seed $seed',
    (part) => compare(part, []),
    3_600_000,
  );

  test('and so where they differed once', () => {
    compare({ numRuns: foundBefore.length, seed: 1 }, foundBefore);
  });
});

// What arm64 adds is compared with its axioms (arm64/arm64.test.ts); here, whether the reductions hold for all the rest.
describe('plain depth-first search, arm64', () => {
  function compare({ numRuns, seed }: Part): void {
    let compared = 0;
    fc.assert(
      fc.property(arbitraryPrograms, (programs) => {
        const model = programsModel(programs);
        const explored = (strategy: Strategy): Report =>
          exploreShard(model, {
            memory: 'arm64',
            strategy,
            stopAtFirst: false,
            maxExecutions: MAX_ARM64_EXECUTIONS,
          });
        const plain = explored({ kind: 'dfs' });
        fc.pre(plain.complete);
        compared += 1;
        const expected = seen(plain);
        expect(seen(explored({ kind: 'dpor' }))).toEqual(expected);
        expect(seen(explored({ kind: 'states' }))).toEqual(expected);
        expect(seen(inParts(model, 'arm64', { kind: 'dpor' }, 3))).toEqual(expected);
      }),
      { numRuns, seed, maxSkipsPerRun: 1000 },
    );
    expect(compared).toBeGreaterThanOrEqual(numRuns);
  }

  test.each(partsOf(numRuns, 5))(
    'agrees with the reductions, whole and in parts: $numRuns programs of seed $seed',
    compare,
    3_600_000,
  );
});
