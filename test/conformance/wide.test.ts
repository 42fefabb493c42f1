import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { replayAll } from '../../src/conformance/replay.js';
import { findRecordings } from '../../src/conformance/recordings.js';

// Recordings of Linux 6.1, 6.12, 7.2 and 7.3 of more kinds than those of test/golden. Every fourth case of each file; all
// with GOLDEN=all npm test -- test/conformance/wide

const folder = new URL('../golden-wide/', import.meta.url);
const every = process.env.GOLDEN === 'all' ? 1 : 4;

test.each(findRecordings(fileURLToPath(folder)))('$file', ({ read }) => {
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
});
