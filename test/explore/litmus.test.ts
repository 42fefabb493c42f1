import { describe, expect, test } from '@jest/globals';
import { check } from '../../src/explore/explore.js';
import type { MemoryModel, Model } from '../../src/explore/model.js';
import type { Strategy } from '../../src/explore/options.js';
import type { Report } from '../../src/explore/report/report.js';
import { isLong, runs } from '../support/long.js';
import { counterModel, dekker, type Litmus, litmusTests, storeBuffering, twoLocks } from './litmus.js';

const memories: readonly MemoryModel[] = ['sc', 'tso', 'arm64'];

/** Strategies that cover everything in a model this small. */
const covering: readonly Strategy[] = [
  { kind: 'dfs' },
  { kind: 'dpor' },
  { kind: 'states' },
  { kind: 'bounded', preemptions: 20 },
];

const reducing = covering.filter(({ kind }) => kind === 'dpor' || kind === 'states');

/** Strategies that see everything only with luck, which the seed decides once and for all. */
const sampling: readonly Strategy[] = [
  { kind: 'random', seed: 1, executions: runs(3000, 300) },
  { kind: 'pct', depth: 4, seed: 1, executions: runs(6000, 600) },
];

function outcomes(report: Report): (string | number)[] {
  return (report.outcomes ?? []).map(({ outcome }) => outcome);
}

function all<S>(model: Model<S>, memory: MemoryModel, strategy: Strategy): Report {
  return check(model, { memory, strategy, stopAtFirst: false, minimiseExecutions: 0 });
}

describe.each(litmusTests.map((litmus) => [litmus.model.name, litmus] as const))(
  '%s',
  (_name, { model, outcomes: allowed, isLarge }: Litmus) => {
    test.each(memories)('has exactly the outcomes that %s allows', (memory) => {
      const isTooMuch = isLarge === true && memory === 'arm64' && !isLong;
      for (const strategy of isTooMuch ? reducing : covering) {
        const report = all(model, memory, strategy);
        expect({ strategy, outcomes: outcomes(report) }).toEqual({ strategy, outcomes: allowed[memory] });
        expect(report.complete).toBe(true);
        expect(report.verdict).toBe('none');
      }
      for (const strategy of sampling) {
        const report = all(model, memory, strategy);
        expect(report.complete).toBe(false);
        for (const outcome of outcomes(report)) expect(allowed[memory]).toContain(outcome);
      }
    });
  },
);

describe('sampling', () => {
  test.each(sampling)('shows both reads old with store buffers: $kind', (strategy) => {
    expect(outcomes(all(storeBuffering.model, 'tso', strategy))).toEqual(['00', '01', '10', '11']);
    expect(outcomes(all(storeBuffering.model, 'sc', strategy))).toEqual(['01', '10', '11']);
  });
});

describe.each([...covering, ...sampling])('strategy $kind', (strategy) => {
  test.each(memories)('a lock-protected counter has one outcome: %s', (memory) => {
    const report = all(counterModel(true), memory, strategy);
    expect(report.verdict).toBe('none');
    expect(outcomes(report)).toEqual([2]);
  });

  test.each(memories)('an unprotected counter loses an update: %s', (memory) => {
    const report = all(counterModel(false), memory, strategy);
    expect(report.verdict).toBe('found');
    expect(report.violations.map(({ message }) => message)).toEqual(['1 of 2']);
    expect(outcomes(report)).toEqual([2]);
  });

  test.each(memories)('two locks in different orders deadlock: %s', (memory) => {
    const report = all(twoLocks(false), memory, strategy);
    expect(report.violations.map(({ kind, message }) => ({ kind, message }))).toEqual([
      {
        kind: 'deadlock',
        message: 'P0 (CPU 0) waits: acquire of b; P1 (CPU 1) waits: acquire of a',
      },
    ]);
    expect(all(twoLocks(true), memory, strategy).verdict).toBe('none');
  });

  test('Dekker needs its barriers with store buffers only', () => {
    expect(all(dekker(false), 'sc', strategy).verdict).toBe('none');
    expect(all(dekker(false), 'tso', strategy).verdict).toBe('found');
    const fenced = all(dekker(true), 'tso', strategy);
    expect(fenced.verdict).toBe('none');
    expect(fenced.witnesses).toEqual([{ name: 'one is inside', reached: true }]);
  });
});
