import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { exploreShard } from '../../../src/explore/explore.js';
import type { Strategy } from '../../../src/explore/options.js';
import { type Part, partsOf, runs } from '../../support/long.js';
import { allowedOutcomes, omissions } from './axioms.js';
import { arbitraryThreads, modelOf, type Thread } from './programs.js';

const numRuns = Number(process.env.EXPLORE_RUNS ?? runs(2000, 100));
const MAX_EXECUTIONS = runs(20_000, 2000);

function outcomesOf(threads: readonly Thread[], strategy: Strategy): string[] | undefined {
  const report = exploreShard(modelOf(threads), {
    memory: 'arm64',
    strategy,
    stopAtFirst: false,
    maxExecutions: MAX_EXECUTIONS,
  });
  if (!report.complete) return undefined;
  return (report.outcomes ?? []).map(({ outcome }) => String(outcome)).sort();
}

/** Programs in which a search and the axioms differed once. */
const foundBefore: readonly (readonly Thread[])[] = [
  // Reduction took the atomic operation for what lets the first store reach memory, so that they had but one order.
  [[{ op: 'swap', word: 0 }], [{ op: 'store', word: 1 }, { op: 'full' }, { op: 'store', word: 0 }]],
  [
    [{ op: 'swap', word: 0 }],
    [{ op: 'store', word: 1 }, { op: 'full' }, { op: 'store', word: 0 }, { op: 'load', word: 0 }],
  ],
];

describe('the axioms of arm64', () => {
  function compare({ numRuns, seed }: Part): void {
    let compared = 0;
    fc.assert(
      fc.property(arbitraryThreads, (threads) => {
        const reduced = outcomesOf(threads, { kind: 'dpor' });
        fc.pre(reduced !== undefined);
        const expected = allowedOutcomes(threads, omissions);
        expect(reduced).toEqual(expected);
        const allowed = new Set(allowedOutcomes(threads));
        expect(expected.filter((outcome) => !allowed.has(outcome))).toEqual([]);
        expect(outcomesOf(threads, { kind: 'states' }) ?? expected).toEqual(expected);
        expect(outcomesOf(threads, { kind: 'dfs' }) ?? expected).toEqual(expected);
        compared += 1;
      }),
      {
        numRuns,
        seed,
        maxSkipsPerRun: 100,
        examples: foundBefore.map((threads): [Thread[]] => [[...threads]]),
      },
    );
    expect(compared).toBeGreaterThanOrEqual(numRuns);
  }

  test.each(partsOf(numRuns, 20))(
    'allow what every search finds, and nothing else: $numRuns programs of seed $seed',
    compare,
    3_600_000,
  );
});
