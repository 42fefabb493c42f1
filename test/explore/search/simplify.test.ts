import { describe, expect, test } from '@jest/globals';
import { minimalViolation } from '../../../src/explore/explore.js';
import type { Violation } from '../../../src/explore/report/report.js';
import { doorbell } from '../../../examples/own-race/doorbell.js';
import { counterModel, twoLocks } from '../litmus.js';

function switches(violation: Violation | undefined): number {
  const { steps } = violation?.trace ?? { steps: [] };
  return steps.filter((step, at) => at > 0 && step.pid !== steps[at - 1].pid).length;
}

describe('a violation that there are too few executions to find the best of', () => {
  // One execution: the search by preemptions ends at once, and the first violation found is simplified.
  test.each([
    ['a lost update', () => minimalViolation(counterModel(false), { minimiseExecutions: 2 })],
    ['a lost wake-up', () => minimalViolation(doorbell('careless'), { minimiseExecutions: 5 })],
    ['a deadlock', () => minimalViolation(twoLocks(false), { minimiseExecutions: 2 })],
  ])('is simplified, does not claim to be minimal, and is the same each time: %s', (_name, look) => {
    const violation = look();
    expect(violation?.minimal).toBe(false);
    expect(switches(violation)).toBeLessThanOrEqual(2);
    expect(look()).toEqual(violation);
  });
});
