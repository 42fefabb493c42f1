import { describe, expect, test } from '@jest/globals';
import { AssertionError } from '../../src/lib/assert.js';
import { parseScenario } from '../../src/scenario/load.js';
import { type RunResult, runScenarioOn } from '../../src/scenario/runner.js';
import { FakeGuest } from './fake-guest.js';

const head = 'cpus: 4\ndevices: [{driver: kvp, relid: 7}, {driver: vss, relid: 9}]\n';

function run(guest: FakeGuest, text: string, runNs?: number): RunResult {
  return runScenarioOn(guest, parseScenario(head + text, 's.yaml'), { runNs });
}

/** Messages of a run whose timeline is one step. */
function messageOf(step: string, guest = new FakeGuest({ open: [7], files: { '/proc/a': 'text\n' } })) {
  const { ok, steps } = run(guest, `timeline: [${step}]`);
  expect(ok).toBe(steps[0].outcome === 'ok');
  return steps[0].message;
}

describe('the timeline', () => {
  test('does each action when its time has come, from the end of booting', () => {
    const guest = new FakeGuest({ bootNs: 77, open: [7, 9], files: { '/proc/a': '' } });
    const { ok, endNs } = run(
      guest,
      `timeline:
  - {offline: 3}
  - {at: 5ns, online: 3}
  - {affinity: {irq: 7, cpus: "0-1"}}
  - {at: 6ns, affinity: {relid: 7, cpu: 2}}
  - {at: 7ns, write: /proc/a, data: b}
  - {offer: {driver: kvp, relid: 8}}
  - {rescind: 8}
  - {channels: {relid: 9, count: 2}}
  - {at: 8ns, signal: 7, times: 3}
run: 20ns`,
    );
    expect(guest.calls).toEqual([
      '0 offline 3',
      '5 online 3',
      '5 setAffinity 7 0-1',
      '6 setChannelCpu 7 2',
      '7 writeFile /proc/a "b"',
      '7 offer {"relid":8,"driver":"kvp"}',
      '7 rescind 8',
      '7 setChannels 9 2',
    ]);
    expect(guest.signals).toEqual([{ ns: 8, relid: 7, times: 3 }]);
    expect({ ok, endNs, now: guest.now }).toEqual({ ok: true, endNs: 20, now: 97 });
  });

  test('goes on at once when an action took longer than until the next step', () => {
    const guest = new FakeGuest({ hotplugNs: 100 });
    const { steps, endNs } = run(guest, 'timeline: [{at: 10ns, offline: 1}, {at: 20ns, online: 1}]');
    expect(guest.calls).toEqual(['10 offline 1', '110 online 1']);
    expect(steps.map(({ atNs, endNs }) => [atNs, endNs])).toEqual([
      [10, 110],
      [20, 210],
    ]);
    expect(endNs).toBe(210);
  });

  test('skips what lies after a shorter run', () => {
    const guest = new FakeGuest();
    const { ok, steps, endNs } = run(guest, 'timeline: [{at: 10ns, offline: 1}, {at: 20ns, online: 1}]', 15);
    expect(guest.calls).toEqual(['10 offline 1']);
    expect(steps.map(({ outcome }) => outcome)).toEqual(['ok', 'skipped']);
    expect({ ok, endNs }).toEqual({ ok: true, endNs: 15 });
  });

  test('prints on the way and at the end', () => {
    const guest = new FakeGuest({ files: { '/proc/interrupts': 'x\n', '/proc/a': '1' } });
    const { ok, printouts, printFailures } = run(
      guest,
      `timeline: [{at: 5ns, print: /proc/a}, {write: /proc/a, data: 2}]
run: 9ns
print: [/proc/a, /proc/none, interrupts]`,
    );
    expect(printouts).toEqual([
      { path: '/proc/a', atNs: 5, text: '1' },
      { path: '/proc/a', atNs: 9, text: '2' },
      { path: '/proc/interrupts', atNs: 9, text: 'x\n' },
    ]);
    expect(printFailures).toEqual(['cannot print /proc/none: ENOENT: there is no /proc/none']);
    expect(ok).toBe(false);
  });
});

describe('expectations that hold:', () => {
  test.each([
    '{offline: 1}',
    '{offline: 0, expect: EBUSY}',
    '{read: /proc/a}',
    '{read: /proc/a, expect: text}',
    '{read: /proc/a, expect: "text\\n"}',
    '{read: /proc/a, contains: ext}',
    '{read: /proc/b, expect: ENOENT}',
    '{count: {irq: 7}, expect: 0}',
    '{signal: 7}',
  ])('%s', (step) => {
    expect(messageOf(step)).toBeUndefined();
  });
});

describe('expectations that fail:', () => {
  test.each([
    ['{offline: 0}', 'expected success, but got EBUSY: CPU 0 must stay online'],
    ['{offline: 0, expect: EINVAL}', 'expected EINVAL, but got EBUSY: CPU 0 must stay online'],
    ['{offline: 1, expect: EBUSY}', 'expected EBUSY, but it succeeded'],
    ['{read: /proc/a, expect: other}', 'expected "other", but it is "text\\n"'],
    ['{read: /proc/a, expect: "text\\n\\n"}', 'expected "text\\n\\n", but it is "text\\n"'],
    ['{read: /proc/a, contains: other}', 'expected a text that contains "other", but it is "text\\n"'],
    ['{read: /proc/b, expect: x}', 'expected "x", but got ENOENT: there is no /proc/b'],
    [
      '{read: /proc/b, contains: x}',
      'expected a text that contains "x", but got ENOENT: there is no /proc/b',
    ],
    ['{read: /proc/a, expect: EIO}', 'expected EIO, but it succeeded'],
    ['{count: {irq: 7, cpu: 0}, expect: 5}', 'expected 5, but it is 0'],
    ['{count: {irq: 8}, expect: 5}', 'expected 5, but got not possible: the guest has no IRQ 8 now'],
    ['{signal: 9}', 'expected success, but got not possible: the host has no open channel with relid 9'],
    ['{affinity: {irq: 8, cpus: 1}, expect: EIO}', 'expected EIO, but got not possible: there is no IRQ 8'],
  ])('%s', (step, message) => {
    expect(messageOf(step)).toBe(message);
  });

  const times = { p50: 1000, p99: 2000, p999: 50_000, max: 61_000 };
  const counts = { delivered: 9, coalesced: 2, lost: 3, waiting: 0, needless: 1 };

  /** Channel 7 has handled signals, 9 none; of others nothing is counted. */
  const counted = (): FakeGuest => {
    const latencies = new Map([
      [7, times],
      [9, undefined],
    ]);
    const stats = {
      channelNumbers: (relid: number) =>
        latencies.has(relid) ? { ...counts, latency: latencies.get(relid) } : undefined,
    };
    return Object.assign(new FakeGuest({ open: [7] }), { stats });
  };

  test.each([
    ['{lost: 7, expect: 3}', undefined],
    ['{lost: 7, expect: 0}', 'expected 0, but it is 3'],
    ['{delivered: 7, expect: 9}', undefined],
    ['{coalesced: 7, expect: 1}', 'expected 1, but it is 2'],
    ['{waiting: 7, expect: 0}', undefined],
    ['{needless: 9, expect: 0}', 'expected 0, but it is 1'],
    ['{latency: 7, p50: "<=1us", p99: "<2.001us", p999: ">49us", max: ">=61us"}', undefined],
    ['{latency: 7, p50: "<1us"}', 'expected p50 <1us, but p50 is 1us'],
    ['{latency: 7, p99: <50us, max: < 0.05ms}', 'expected max < 0.05ms, but max is 61us'],
    [
      '{latency: 7, p50: ">1us", p999: <=49999ns, max: <1s}',
      'expected p50 >1us and p999 <=49999ns, but p50 is 1us and p999 is 50us',
    ],
    [
      '{latency: 9, max: <1s}',
      'expected max <1s, but got not possible: no signal of channel 9 has been handled',
    ],
  ])('of numbers: %s', (step, message) => {
    expect(messageOf(step, counted())).toBe(message);
  });

  test('of numbers that nobody has counted', () => {
    expect(messageOf('{lost: 7, expect: 0}')).toMatch(
      /^expected 0, but got not possible: signals are counted /,
    );
    expect(messageOf('{latency: 7, max: <1s}')).toMatch(/^expected max <1s, but got not possible: /);
  });

  test('a failed step says where it stands and what it was', () => {
    const { steps } = run(new FakeGuest(), 'timeline:\n  - {at: 1us, offline: 0}\n');
    expect(steps).toEqual([
      {
        place: { file: 's.yaml', line: 4, column: 5 },
        ...{ atNs: 1000, endNs: 1000, action: 'offline 0', outcome: 'failed', refusal: 'EBUSY' },
        message: 'expected success, but got EBUSY: CPU 0 must stay online',
      },
    ]);
  });

  test('a broken invariant of the model is none', () => {
    const guest = new FakeGuest();
    guest.online = () => {
      throw new AssertionError('broken');
    };
    expect(() => run(guest, 'timeline: [{online: 1}]')).toThrow('broken');
  });
});

describe('the workload', () => {
  test('spreads its signals evenly over the time', () => {
    const guest = new FakeGuest({ bootNs: 5, open: [7] });
    const { workload, endNs } = run(guest, 'workload: [{relid: 7, signals: 4, from: 10ns, during: 80ns}]');
    expect(guest.signals.map(({ ns }) => ns)).toEqual([20, 40, 60, 80]);
    expect(workload).toEqual([{ sent: 4, unsent: 0 }]);
    expect(endNs).toBe(90);
  });

  test('takes what booting signalled off a total', () => {
    const guest = new FakeGuest({ open: [7, 9] });
    guest.signal(7, 2);
    guest.signal(9, 5);
    const { workload } = run(
      guest,
      'workload: [{relid: 7, total: 4, during: 80ns}, {relid: 9, total: 3, during: 80ns}]',
    );
    expect(workload.map(({ sent }) => sent)).toEqual([2, 0]);
    expect(guest.signals.slice(2).map(({ ns }) => ns)).toEqual([20, 60]);
  });

  test('repeats until its end, which is not included', () => {
    const guest = new FakeGuest({ open: [7] });
    const { workload } = run(guest, 'workload: [{relid: 7, every: 10ns, from: 5ns, until: 35ns, burst: 2}]');
    expect(guest.signals).toEqual([5, 15, 25].map((ns) => ({ ns, relid: 7, times: 2 })));
    expect(workload).toEqual([{ sent: 6, unsent: 0 }]);
  });

  test('ends with the run', () => {
    const guest = new FakeGuest({ open: [7, 9] });
    run(guest, 'workload: [{relid: 7, every: 10ns}, {relid: 9, signals: 10, during: 100ns}]\nrun: 25ns');
    expect(guest.signals.map(({ ns, relid }) => [relid, ns])).toEqual([
      [7, 0],
      [9, 5],
      [7, 10],
      [9, 15],
      [7, 20],
      [9, 25],
    ]);
  });

  test('comes late by its jitter, the same for the same seed', () => {
    const times = (seed: number) => {
      const guest = new FakeGuest({ open: [7] });
      run(guest, `seed: ${seed}\nworkload: [{relid: 7, every: 1us, jitter: 999ns, until: 1ms}]`);
      return guest.signals.map(({ ns }) => ns);
    };
    const first = times(1);
    expect(first).toHaveLength(1000);
    expect(first.every((ns, i) => ns >= i * 1000 && ns <= i * 1000 + 999)).toBe(true);
    expect(new Set(first.map((ns) => ns % 1000)).size).toBeGreaterThan(300);
    expect(times(1)).toEqual(first);
    expect(times(2)).not.toEqual(first);
  });

  test('counts what the host could not send', () => {
    const guest = new FakeGuest({ open: [7] });
    const { ok, workload } = run(
      guest,
      'workload: [{relid: 7, every: 10ns, until: 40ns}]\ntimeline: [{at: 15ns, rescind: 7}]',
    );
    expect(workload).toEqual([{ sent: 2, unsent: 2 }]);
    expect(ok).toBe(true);
  });

  test('what falls on the time of a step comes first', () => {
    const guest = new FakeGuest({ open: [7] });
    const { ok } = run(
      guest,
      'workload: [{relid: 7, every: 10ns, until: 40ns}]\ntimeline: [{at: 20ns, count: {irq: 7}, expect: 3}]',
    );
    expect(ok).toBe(true);
  });
});
