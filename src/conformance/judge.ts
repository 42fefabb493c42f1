import type { CaseResult } from './replayer.js';

/** Something that was recorded and what the model gives instead. */
export interface Comparison {
  /** What is compared, in a few words. */
  readonly what: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** The result of a case: failed at the first comparison that differs. */
export function judge(id: string, comparisons: Iterable<Comparison>): CaseResult {
  for (const { what, expected, actual } of comparisons) {
    if (!same(expected, actual)) return { outcome: 'failed', id, op: null, expected, actual, what };
  }
  return { outcome: 'passed' };
}

/** For a recording of a kernel that is not modelled. */
export function unknownKernel(id: string, release: string): CaseResult {
  return { outcome: 'not applicable', id, reason: `kernel ${release} is not modelled` };
}
