import { describe, expect, test } from '@jest/globals';
import { doorbell } from '../../examples/own-race/doorbell.js';
import { check } from '../../src/explore/explore.js';
import { violationText } from '../../src/explore/report/lane-table.js';
import type { Model } from '../../src/explore/model.js';
import { replay } from '../../src/explore/replay.js';
import type { Report, Violation } from '../../src/explore/report/report.js';
import {
  formatTraceFile,
  parseTraceFile,
  type TraceFile,
  traceFileOf,
} from '../../src/explore/report/trace-file.js';
import { counterModel, dekker, twoLocks } from './litmus.js';

function saved(report: Report): { file: TraceFile; violation: Violation } {
  const [violation] = report.violations;
  return { file: parseTraceFile(formatTraceFile(traceFileOf(report, violation))), violation };
}

describe('a saved trace', () => {
  const models: readonly (readonly [string, Model<never>])[] = [
    ['a lost update', counterModel(false) as Model<never>],
    ['store buffers', dekker(false) as Model<never>],
    ['a deadlock', twoLocks(false) as unknown as Model<never>],
    ['an interrupt', doorbell('careless') as unknown as Model<never>],
  ];

  test.each(models)('is reproduced exactly: %s', (_name, model) => {
    const { file, violation } = saved(check(model, { memory: 'tso' }));
    const again = replay(model, file);
    expect(again.divergence).toBeUndefined();
    expect(again.violation).toEqual(violation);
    expect(again.violation && violationText(again.violation)).toBe(violationText(violation));
  });

  test('can be walked through', () => {
    const report = check(doorbell('careless'));
    const walk: string[] = [];
    replay(doorbell('careless'), saved(report).file, {
      onStep: (state, step) => walk.push(`${step?.action ?? 'start'}: ${state.join()}`),
    });
    expect(walk).toEqual([
      'start: work=0 asleep=0 handled=false',
      'read work: work=0 asleep=0 handled=false',
      'begins: work=0 asleep=0 handled=false',
      'write work: work=1 asleep=0 handled=false',
      'read asleep: work=1 asleep=0 handled=false',
      'write asleep: work=1 asleep=1 handled=false',
      'read work: work=1 asleep=1 handled=false',
    ]);
  });

  test('says where the code has changed: another step', () => {
    const { file } = saved(check(doorbell('rechecks'), { memory: 'tso' }));
    const { divergence, violation } = replay(doorbell('barrier'), file);
    expect(violation).toBeUndefined();
    expect(divergence).toEqual({
      after: 2,
      expected: 'CPU 0, driver: read work',
      actual:
        'CPU 0, driver: smp_mb has to wait; ' +
        'only these can go on: CPU 0, store buffer: flush asleep; CPU 1, doorbell: begins',
    });
  });

  test('says where the code has changed: a context that cannot go on, and nothing broken in the end', () => {
    const { file } = saved(check(counterModel(false)));
    expect(replay(counterModel(true), file).divergence).toEqual({
      after: 0,
      expected: 'CPU 0, P0: read count',
      actual: 'CPU 0, P0: acquire lock',
    });
    const fixed = { ...counterModel(false), finally: {} };
    expect(replay(fixed, file).divergence).toEqual({
      after: 4,
      expected: 'finally "no update is lost": 1 of 2',
      actual: 'no property is broken',
    });
    const blocked = { ...file, steps: file.steps.map((step) => ({ ...step, pid: 5 })) };
    expect(replay(counterModel(false), blocked).divergence).toMatchObject({
      actual: 'only these can go on: CPU 0, P0: read count; CPU 1, P1: read count',
    });
  });
});

describe('a trace file', () => {
  const good = saved(check(counterModel(false))).file;

  test('is the same text for the same trace', () => {
    expect(formatTraceFile(good)).toBe(formatTraceFile(parseTraceFile(formatTraceFile(good))));
    expect(formatTraceFile(good)).toMatch(/^\{\n {2}"format": "irqlab-trace",\n {2}"version": 1,\n/);
  });

  test.each<[string, unknown]>([
    ['this is no trace file: "format" must be "irqlab-trace"', {}],
    ['this is no trace file: "format" must be "irqlab-trace"', null],
    ['the trace file has no version; this program reads version 1', { ...good, version: undefined }],
    ['the trace file has version 2; this program reads version 1', { ...good, version: 2 }],
    ['the trace file has no list "steps"', { ...good, steps: 'none' }],
    ['the trace file: "model" must be a text', { ...good, model: 3 }],
    ['the trace file: "memory" must be one of sc, tso, arm64, not "arm"', { ...good, memory: 'arm' }],
    ['step 1 of the trace file is no object', { ...good, steps: [7] }],
    [
      'step 1 of the trace file: "pid" must be a context\'s number, 0 to 30',
      { ...good, steps: [{ ...good.steps[0], pid: 31 }] },
    ],
    [
      'the trace file: step 1: "action" must be a text',
      { ...good, steps: [{ ...good.steps[0], action: 1 }] },
    ],
  ])('is refused with a reason: %s', (message, content) => {
    expect(() => parseTraceFile(JSON.stringify(content))).toThrow(new TypeError(message));
  });

  test('is refused if it is no JSON', () => {
    for (const text of ['{', '', '\u001b[2J', 'NaN'])
      expect(() => parseTraceFile(text)).toThrow(new TypeError('the trace file is no JSON'));
  });
});
