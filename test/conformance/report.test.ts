import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tracefsReplayer } from '../../src/conformance/tracefs/replayer.js';
import { vmbusReplayer } from '../../src/conformance/vmbus/replayer.js';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readRecordings, replayers } from '../../src/conformance/recordings.js';
import { replayAll } from '../../src/conformance/replay.js';
import { formatReport } from '../../src/conformance/report.js';
import type { CaseResult, Replayer } from '../../src/conformance/replayer.js';

const saying: Replayer = { file: 'said.jsonl', replay: (recorded) => recorded as CaseResult };

function failure(id: string, op: number | null): CaseResult {
  return { outcome: 'failed', id, op, what: 'res.ret', expected: -16, actual: undefined };
}

describe('replayAll and formatReport', () => {
  test('count, keep the first failures, and say what differs', () => {
    const cases = [
      { outcome: 'passed' },
      failure('6.12-1', 3),
      failure('6.12-2', null),
      failure('6.12-3', 0),
      { outcome: 'not applicable', id: 'x', reason: 'timing' },
      { outcome: 'not applicable', id: 'y', reason: 'timing' },
    ];
    const report = replayAll({ replayer: saying, cases }, { first: 2 });
    expect(formatReport([report])).toBe(
      [
        'said.jsonl  1 passed, 3 failed, 2 not applicable',
        '  not applicable (2): timing',
        '  6.12-1, operation 3: res.ret differs',
        '    expected -16',
        '    actual   nothing',
        '  6.12-2: res.ret differs',
        '    expected -16',
        '    actual   nothing',
        '  … and 1 more failures',
        '',
      ].join('\n'),
    );
  });

  test('a replay that breaks down is a failure', () => {
    const breaking: Replayer = {
      file: 'breaks.jsonl',
      replay: () => {
        throw new RangeError('unknown command frobnicate');
      },
    };
    const { failures } = replayAll({ replayer: breaking, cases: [{ id: 'a' }, null] });
    expect(failures).toEqual([
      {
        outcome: 'failed',
        id: 'a',
        op: null,
        what: 'replay',
        expected: 'a replay to its end',
        actual: 'RangeError: unknown command frobnicate',
      },
      expect.objectContaining({ id: 'case 2' }),
    ]);
  });
});

describe('readRecordings', () => {
  let directory = '';

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'irqlab-'));
    writeFileSync(join(directory, 'hotplug.jsonl'), '{"id":"a"}\n{"id":"b"}\n');
    mkdirSync(join(directory, 'interrupts'));
    writeFileSync(join(directory, 'interrupts', 'one.json'), '{"kernel":"6.12"}');
    writeFileSync(join(directory, 'interrupts', 'one.txt'), 'CPU0\n');
  });

  afterAll(() => rmSync(directory, { recursive: true }));

  test('finds the files that are there, and pairs of JSON and text', () => {
    const found = readRecordings(directory).map(({ replayer, cases }) => [replayer.file, cases]);
    expect(found).toEqual([
      ['hotplug.jsonl', [{ id: 'a' }, { id: 'b' }]],
      ['interrupts/*.json', [{ kernel: '6.12', text: 'CPU0\n' }]],
    ]);
  });

  test('reads compressed ones: the project’s own are complete', () => {
    // What drivers/hv was seen to do is in test/golden-vmbus, and what tracefs says in test/golden-trace.
    const own = new URL('../golden/', import.meta.url).pathname;
    const here = replayers.filter((replayer) => replayer !== vmbusReplayer && replayer !== tracefsReplayer);
    expect(readRecordings(own).map(({ replayer }) => replayer)).toEqual(here);
  });

  test('a directory that is not there has none', () => {
    expect(readRecordings(join(directory, 'nowhere'))).toEqual([]);
  });
});
