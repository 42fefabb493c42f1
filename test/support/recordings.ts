import { expect } from '@jest/globals';
import { replayAll } from '../../src/conformance/replay.js';
import type { findRecordings } from '../../src/conformance/recordings.js';

type Recorded = ReturnType<typeof findRecordings>[number];

/** Replays each `every`th case of a file of recordings; all must pass. */
export function expectReplayed({ read }: Recorded, every: number): void {
  const recordings = read();
  if (recordings === undefined) throw new Error('nothing replays it');
  const cases = recordings.cases.filter((_recorded, at) => at % every === 0);
  expect(cases.length).toBeGreaterThan(0);
  const { passed, failures, notApplicable } = replayAll({ ...recordings, cases });
  expect({ passed, failures, notApplicable }).toEqual({
    passed: cases.length,
    failures: [],
    notApplicable: 0,
  });
}
