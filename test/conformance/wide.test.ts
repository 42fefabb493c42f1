import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { replayAll } from '../../src/conformance/replay.js';
import { findRecordings } from '../../src/conformance/recordings.js';

// Recordings of Linux 6.1, 6.12, 7.2 and 7.3 of more kinds than those of test/golden. Every fourth case of each file; all
// with GOLDEN=all npm test -- test/conformance/wide

const folder = new URL('../golden-wide/', import.meta.url);
const every = process.env.GOLDEN === 'all' ? 1 : 4;

/** What depended on which of two things was faster on the recorded machine. */
const timing = new Set([
  // The resend's tasklet ran before bus_sync_unlock.
  '7.3-90',
  '7.2-files-0',
  // The thread ran before the hard handler's CPU had come to the end of the interrupt.
  '6.12-threadirqs-2',
]);

test.each(findRecordings(fileURLToPath(folder)))('$file', ({ read }) => {
  const recordings = read();
  if (recordings === undefined) throw new Error('nothing replays it');
  const cases = recordings.cases.filter(
    (recorded, at) => at % every === 0 && !timing.has((recorded as { readonly id: string }).id),
  );
  expect(cases.length).toBeGreaterThan(0);
  const { passed, failures, notApplicable } = replayAll({ ...recordings, cases });
  expect({ passed, failures, notApplicable }).toEqual({
    passed: cases.length,
    failures: [],
    notApplicable: 0,
  });
});
