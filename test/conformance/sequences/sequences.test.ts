import { describe, expect, test } from '@jest/globals';
import { hotplugDevicesReplayer } from '../../../src/conformance/sequences/hotplug-devices.js';
import { replayAll } from '../../../src/conformance/replay.js';
import type { Replayer } from '../../../src/conformance/replayer.js';
import { genirqApiReplayer, hotplugReplayer } from '../../../src/conformance/sequences/sequence.js';
import { goldenCases } from '../../view/golden.js';

describe('what a real kernel did, replayed', () => {
  test.each([
    ['genirq-api', genirqApiReplayer, 405],
    ['hotplug', hotplugReplayer, 139],
    ['hotplug-devices', hotplugDevicesReplayer, 4],
  ] as const)('%s', (name, replayer: Replayer, count) => {
    const cases = goldenCases(name);
    expect(cases).toHaveLength(count);
    expect(replayAll({ replayer, cases })).toEqual({
      file: `${name}.jsonl`,
      passed: count,
      failed: 0,
      leftOut: {},
      notApplicable: 0,
      failures: [],
      reasons: {},
    });
  });
});

interface Op {
  cmd?: string;
  res?: { ret?: number; calls?: string[] };
  log: string[];
  log_once?: string[];
  online?: string;
  changed: Record<string, Record<string, unknown> | null>;
}

interface Case {
  id: string;
  kernel: string;
  ops: Op[];
}

describe('a recording that says otherwise is noticed', () => {
  const [hotplugged] = goldenCases<Case>('hotplug');

  function altered(change: (recorded: Case) => void): unknown {
    const copy = structuredClone(hotplugged);
    change(copy);
    const result = hotplugReplayer.replay(copy);
    return result.outcome === 'failed' ? [result.op, result.what, result.expected, result.actual] : result;
  }

  test('unaltered it passes', () => {
    expect(altered(() => {})).toEqual({ outcome: 'passed' });
  });

  test('another result', () => {
    expect(altered(({ ops }) => Object.assign(ops[0].res ?? {}, { ret: 1 }))).toEqual([0, 'res.ret', 1, 0]);
  });

  test('another callback, or one less', () => {
    const calls = ['map(24,18)=0'];
    expect(altered(({ ops }) => ops[0].res?.calls?.push('mask'))).toEqual([
      0,
      'res.calls',
      [...calls, 'mask'],
      calls,
    ]);
    expect(altered(({ ops }) => delete ops[0].res?.calls)).toEqual([0, 'res.calls', undefined, calls]);
  });

  test('another log line, also one that comes only once', () => {
    expect(altered(({ ops }) => ops[0].log.push('hello'))).toEqual([0, 'log', ['hello'], []]);
    expect(altered(({ ops }) => Object.assign(ops[0], { log_once: ['hello'] }))).toEqual([
      0,
      'log_once',
      ['hello'],
      [],
    ]);
  });

  test('another state, a line that should have gone, other CPUs online', () => {
    expect(altered(({ ops }) => Object.assign(ops[1].changed['24'] ?? {}, { depth: 3 }))).toEqual([
      1,
      'changed.24.depth',
      3,
      0,
    ]);
    const gone = altered(({ ops }) => Object.assign(ops[1].changed, { 24: null }));
    expect(gone).toEqual([1, 'changed.24', null, expect.objectContaining({ hwirq: 18 })]);
    expect(altered(({ ops }) => Object.assign(ops[2], { online: '0' }))).toEqual([2, 'online', '0', '0-3']);
  });

  test('a change that Linux made earlier and the recording withholds', () => {
    expect(altered(({ ops }) => delete ops[2].changed['24']?.effective)).toEqual([
      2,
      'changed.24.effective',
      '0',
      '3',
    ]);
  });

  test('a kernel that is not modelled is not applicable', () => {
    const copy = { ...hotplugged, kernel: '5.4.0-generic' };
    expect(hotplugReplayer.replay(copy)).toEqual({
      outcome: 'not applicable',
      id: hotplugged.id,
      reason: 'kernel 5.4.0-generic is not modelled',
    });
    expect(hotplugDevicesReplayer.replay(copy).outcome).toBe('not applicable');
  });
});
