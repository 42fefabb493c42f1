import { describe, expect, test } from '@jest/globals';
import { check, exploreShard, minimalViolation } from '../../../src/explore/explore.js';
import { mergeReports } from '../../../src/explore/report/merge.js';
import type { Strategy } from '../../../src/explore/options.js';
import { counterModel, dekker, storeBuffering } from '../litmus.js';

const strategies: readonly Strategy[] = [
  { kind: 'dfs' },
  { kind: 'dpor' },
  { kind: 'bounded', preemptions: 2 },
  { kind: 'random', seed: 5, executions: 100 },
  { kind: 'pct', depth: 3, seed: 5, executions: 100 },
];

describe.each(strategies)('the parts of a search, $kind', (strategy) => {
  test.each([1, 2, 3, 7])('put together are the whole: %i', (count) => {
    const options = { strategy, memory: 'tso', stopAtFirst: false } as const;
    const { model } = storeBuffering;
    const whole = exploreShard(model, options);
    const parts = Array.from({ length: count }, (_, index) =>
      exploreShard(model, { ...options, shard: { index, count } }),
    );
    const merged = mergeReports([...parts].reverse());
    expect(merged.outcomes?.map(({ outcome }) => outcome)).toEqual(
      whole.outcomes?.map(({ outcome }) => outcome),
    );
    expect(merged.limits).toEqual(whole.limits);
    expect(merged.complete).toBe(whole.complete);
    expect(merged.depth).toBe(whole.depth);
    // Reduction has to run all orders of what comes before the parts.
    if (strategy.kind !== 'dpor') expect(merged).toEqual(whole);
  });

  test('lead to the same minimal interleaving', () => {
    const model = dekker(false);
    const options = { strategy, memory: 'tso' } as const;
    const merged = mergeReports(
      [0, 1, 2].map((index) => exploreShard(model, { ...options, shard: { index, count: 3 } })),
    );
    expect(merged.verdict).toBe('found');
    expect(minimalViolation(model, options)).toEqual(check(model, options).violations[0]);
  });
});

describe('reports that do not belong together are refused', () => {
  const part = (index: number, count: number) =>
    exploreShard(counterModel(true), { shard: { index, count }, minimiseExecutions: 0 });

  test('a part that is missing or there twice', () => {
    expect(() => mergeReports([])).toThrow('there are no reports to put together');
    expect(() => mergeReports([part(0, 3), part(2, 3)])).toThrow('part 1 of 3 is missing');
    expect(() => mergeReports([part(0, 2), part(0, 2)])).toThrow(
      'part 1 of 2 is missing, or one is there twice',
    );
    expect(() => mergeReports([part(0, 2)])).toThrow('there are 1 reports of 2 parts');
  });

  test('another model', () => {
    const other = exploreShard(counterModel(false), { shard: { index: 1, count: 2 } });
    expect(() => mergeReports([part(0, 2), other])).toThrow('these are reports of different searches');
  });
});
