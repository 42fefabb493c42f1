import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { findRecordings, type Recordings } from '../../src/conformance/recordings.js';
import { replayAll } from '../../src/conformance/replay.js';
import {
  type BootOp,
  bootsOf,
  labParametersOf,
  type RecordedBoot,
} from '../../src/conformance/vmbus/boot.js';
import { expectReplayed } from '../support/recordings.js';

// What the real drivers/hv of Linux 6.1 and 6.12 was seen to do against a host of ours. Every third boot of each file; all
// with GOLDEN=all npm test -- test/conformance/vmbus

const folder = new URL('../golden-vmbus/', import.meta.url);
const every = process.env.GOLDEN === 'all' ? 1 : 3;
const files = findRecordings(fileURLToPath(folder));

function recordingsOf(name: string): Recordings {
  const found = files.find(({ file }) => file === name)?.read();
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

test('both kernels have all groups', () => {
  const groups = ['event', 'life', 'offline', 'place', 'random', 'trace', 'tree', 'version', 'write'];
  const names = groups.flatMap((group) => ['6.1', '6.12'].map((kernel) => `${group}-${kernel}.jsonl.gz`));
  expect(files.map(({ file }) => file).sort()).toEqual(names.sort());
});

test.each(files)('$file', (recorded) => expectReplayed(recorded, every));

describe('what a recording says is what counts', () => {
  /** A boot with one of its operations changed. */
  function changed(
    name: string,
    matches: (op: BootOp) => boolean,
    change: (op: BootOp) => Partial<BootOp>,
  ): Recordings {
    const recordings = recordingsOf(name);
    const boots = recordings.cases as readonly RecordedBoot[];
    const boot = boots.find(({ ops }) => ops.some(matches));
    if (boot === undefined) throw new Error('no boot has such an operation');
    const at = boot.ops.findIndex(matches);
    const ops = boot.ops.map((op, i) => (i === at ? ({ ...op, ...change(op) } as BootOp) : op));
    return { ...recordings, cases: [{ ...boot, ops }] };
  }
  const textsOf = (value: unknown): string[] => value as string[];
  const swapped = ([a, b, ...others]: readonly string[]) => [b, a, ...others];

  test.each<[string, string, (op: BootOp) => boolean, (op: BootOp) => Partial<BootOp>]>([
    ['an errno', 'write-6.12', ({ err }) => err === 'EINVAL', () => ({ err: 'EIO' })],
    [
      'a success',
      'write-6.1',
      ({ path, ret }) => String(path).endsWith('/cpu') && ret !== undefined,
      () => ({ ret: 7 }),
    ],
    [
      'the CPU of a channel',
      'place-6.12',
      ({ text }) => String(text).includes('\n11:'),
      ({ text }) => ({ text: String(text).replace(/11:(\d)/, (_all, cpu) => `11:${Number(cpu) + 1}`) }),
    ],
    [
      'a message left out',
      'place-6.1',
      ({ op }) => op === 'messages',
      ({ list }) => ({ list: textsOf(list).slice(0, -1) }),
    ],
    [
      'the order of messages',
      'life-6.12',
      ({ list }) => String(list).startsWith('guest CLOSECHANNEL'),
      ({ list }) => ({ list: swapped(textsOf(list)) }),
    ],
    [
      'a field of a message',
      'event-6.12',
      ({ op }) => op === 'messages',
      ({ list }) => ({ list: textsOf(list).map((text) => text.replace('offset=2', 'offset=3')) }),
    ],
    ['a log line', 'life-6.12', ({ op }) => op === 'k', ({ log }) => ({ log: textsOf(log).slice(1) })],
    [
      'a callback',
      'event-6.1',
      ({ op }) => op === 'lab',
      ({ channels }) => ({ channels: JSON.parse(JSON.stringify(channels).replace('{"0":5}', '{"0":4}')) }),
    ],
    [
      'the mode of a file',
      'tree-6.12',
      ({ op }) => op === 'tree',
      ({ entries }) => ({ entries: JSON.parse(JSON.stringify(entries).replace('0100644', '0100444')) }),
    ],
    ['a write that has not ended', 'event-6.12', ({ left }) => left === 1, () => ({ left: 0 })],
    [
      'counts of messages',
      'random-6.12',
      ({ op }) => op === 'host',
      ({ counts }) => ({ counts: { ...(counts as object), GPADL_HEADER: 1 } }),
    ],
  ])('%s', (_what, name, matches, change) => {
    const { passed, failed } = replayAll(changed(`${name}.jsonl.gz`, matches, change));
    expect({ passed, failed }).toEqual({ passed: 0, failed: 1 });
  });

  test('a kernel that is not modelled is not applicable', () => {
    const recordings = recordingsOf('version-6.12.jsonl.gz');
    const [first] = recordings.cases as readonly RecordedBoot[];
    const cases = [{ ...first, head: { ...first.head, kernel: '5.4' } }];
    expect(replayAll({ ...recordings, cases }).notApplicable).toBe(1);
  });
});

describe('what is not written down follows from what is', () => {
  const head = { boot: 0, kernel: '6.12', smp: 2 };
  const op = (name: string, more: object) => ({ boot: 0, op: name, ...more });

  test('lines fall into boots', () => {
    const boots = bootsOf([
      head,
      op('rmmod', {}),
      { boot: 0, end: 1 },
      { ...head, boot: 1 },
      op('k', { log: [] }),
    ]);
    expect(boots.map(({ head: { boot }, ops }) => [boot, ops.map((one) => one.op)])).toEqual([
      [0, ['rmmod']],
      [1, ['k']],
    ]);
  });

  test.each([
    [[op('host', { counts: { OPENCHANNEL: 3 } })], true],
    [[op('host', { counts: { REQUESTOFFERS: 1 } })], false],
    [
      [
        op('host', { counts: {} }),
        op('w', { path: 'lab', data: 'open 1' }),
        op('host', { counts: { OPENCHANNEL: 1 } }),
      ],
      false,
    ],
    [[op('messages', { list: ['guest OPENCHANNEL relid=1'] })], true],
    [[], true],
  ])('whether the driver opens channels by itself: %j', (ops, autoopen) => {
    expect(labParametersOf(ops).autoopen).toBe(autoopen);
  });

  test('the size of its rings', () => {
    const list = ['guest GPADL_HEADER relid=1 gpadl=0xe1e10 buflen=136 ranges=1 bytes=65536'];
    expect(labParametersOf([op('messages', { list })]).ringPages).toBe(8);
  });
});
