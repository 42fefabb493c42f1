import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { findRecordings } from '../../src/conformance/recordings.js';
import { replayAll } from '../../src/conformance/replay.js';

// What the tracefs of Linux 6.1, 6.12 and 7.2 was seen to answer.
const files = findRecordings(fileURLToPath(new URL('../golden-trace/', import.meta.url)));

test('three kernels', () => {
  expect(files.map(({ file }) => file)).toEqual(
    ['6.1', '6.12', '7.2'].map((kernel) => `tracefs-${kernel}.jsonl.gz`),
  );
});

test.each(files)('$file', (file) => {
  const recordings = file.read();
  if (recordings === undefined) throw new Error(`${file.file} has no recordings`);
  const { passed, failures } = replayAll(recordings);
  expect({ passed, failures }).toEqual({ passed: 1, failures: [] });
});

test.each([
  ['a text of an event', 'irq=24 name=ilab', 'irq=24 name=ilab2'],
  ['the flags of a context', 'init-1       [001] d.h1.', 'init-1       [001] d.h..'],
  ['a format', 'offset:12', 'offset:16'],
  ['an errno', '"EINVAL"', '"EPERM"'],
  ['what is enabled', '"X\\n"', '"1\\n"'],
])('%s that differs is noticed', (_what, from, to) => {
  const recordings = files[1].read();
  if (recordings === undefined) throw new Error('there are no recordings');
  const cases = [JSON.parse(JSON.stringify(recordings.cases[0]).replace(from, to))];
  expect(cases).not.toEqual(recordings.cases);
  expect(replayAll({ ...recordings, cases }).failed).toBe(1);
});
