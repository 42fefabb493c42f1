import { completeDesign } from '../../src/scenario/options/design.js';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { axisNames, choicesOf } from '../../src/compare/axes.js';
import type { Comparison } from '../../src/compare/comparison.js';
import { InterruptedError } from '../../src/command/interruptible.js';
import { runCompare } from '../../src/compare/run.js';
import { collected, irqlab } from '../support/cli.js';

const example = (name: string) =>
  readFileSync(new URL(`../../examples/${name}.yaml`, import.meta.url), 'utf8');

async function compared(name: string, axis: string): Promise<Comparison> {
  const { out, err } = await irqlab(['compare', '-', '--vary', axis, '--json'], example(name));
  expect(err).toBe('');
  return JSON.parse(out) as Comparison;
}

const small = `
description: A small one
arch: arm64
cpus: 2
devices:
  - {driver: heartbeat, relid: 7}
workload:
  - {relid: 7, signals: 10, during: 1s}
`;

const irqfds = small
  .replace('arch: arm64\n', '')
  .concat('kvm: {devices: [{name: uart, gsi: 10, every: 10ms, during: 100ms, wants: 2, reassign: 20ms}]}\n');

describe('irqlab compare', () => {
  test('prints a table of what came of each choice', async () => {
    const { status, out, err, progress } = await irqlab(['compare', '-', '--vary', 'top-level'], small);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toBe(
      `<stdin>: A small one

  top-level              signalled  events  interrupts  /proc/stat  double  missing  dropped  lost  signals  needless  p50  p99  max  steps took
* percpu-demux                  10      10          10          10       0        0        0     0        0         0   0s   0s   0s          0s
  percpu                        10      10          10          20      10        0        0     0        0         0   0s   0s   0s          0s
  percpu-nostat-visible         10      10          10          10       0        0        0     0        0         0   0s   0s   0s          0s
  percpu-nostat-hidden          10      10          10          10       0        0        0     0        0         0   0s   0s   0s          0s
`,
    );
    expect(progress.slice(0, 2)).toEqual(['top-level percpu-demux', 'top-level percpu']);
  });

  test("the RFC's guest on arm64: percpu counts every channel interrupt twice in /proc/stat, the others once", async () => {
    const rfc = example('rfc-gen2-8vcpu')
      .replace('cpus: 8', 'arch: arm64\ncpus: 8')
      .replace('run: 10s', 'run: 1s')
      // Rows and interrupts of an x86 machine.
      .replace(/architectureRows:\n( .*\n)+/, '')
      .replace(/interrupts:\n( .*IO-APIC.*\n)+/, '');
    const { out } = await irqlab(['compare', '-', '--vary', 'top-level', '--json'], rfc);
    const { rows } = JSON.parse(out) as Comparison;
    const events = rows[0].events;
    expect(events).toBeGreaterThan(8_000);
    expect(
      rows.map(({ choice, inStat, doubleCounts, missingCounts }) => [
        choice,
        inStat,
        doubleCounts,
        missingCounts,
      ]),
    ).toEqual([
      ['percpu-demux', events, 0, 0],
      ['percpu', 2 * events, events, 0],
      ['percpu-nostat-visible', events, 0, 0],
      ['percpu-nostat-hidden', events, 0, 0],
    ]);
  });

  test('lifetimes differ in references and grace periods', async () => {
    const { rows } = await compared('compare-lifetime', 'lifetime');
    const [{ events }] = rows;
    expect(rows.map(({ choice, references, gracePeriods }) => [choice, references, gracePeriods])).toEqual([
      // The NIC and its sub-channel at first, later the NIC alone.
      ['rescind-ref', 0, 3],
      ['free-unconditionally', 0, 0],
      // One for each channel event, and for each rescind; control messages need none.
      ['get-put', expect.any(Number), 0],
      ['get-put-completed', rows[2].references, 0],
      // The second NIC is opened during the run.
      ['get-put-open', rows[2].references + 1, 0],
    ]);
    expect(rows[2].references).toBeGreaterThan(1000);
    expect(rows[2].references).toBeLessThanOrEqual(events + 3);
  });

  test('only the first row of compare-offline that waits for nobody loses events', async () => {
    const { rows } = await compared('compare-offline', 'modify-channel');
    expect(rows.map(({ choice, lost, stepsNs }) => [choice, lost, stepsNs / 1e6])).toEqual([
      ['wait-on-offline', 0, 15],
      ['wait-in-setter', 0, 12],
      ['no-wait', 119, 0],
      ['fixed-sleep', 0, 20],
    ]);
  });

  test('numbers of signals are those that steps see, of each choice', async () => {
    const { rows } = await compared('signal-numbers', 'modify-channel');
    for (const { choice, signalled, lost, latency, failedSteps } of rows) {
      const isLossy = choice === 'no-wait';
      expect({ choice, signalled, isLossy: lost > 0 }).toEqual({ choice, signalled: 4200, isLossy });
      expect(failedSteps).toEqual(isLossy ? [`lost of channel 17: expected 0, but it is ${lost}`] : []);
      // What is lost is not handled, and takes no time.
      expect(latency).toEqual({ count: 4200 - lost, p50: 0, p99: 3000, p999: 3000, max: 3000 });
    }
    expect(rows).toHaveLength(4);
  });

  test('of a guest without traffic nothing is handled, and takes no time', async () => {
    const quiet = small.replace(/workload:\n.*\n/, 'run: 1s\n');
    const { out } = await irqlab(['compare', '-', '--vary', 'lifetime'], quiet);
    expect(out).toMatch(/^\* rescind-ref +0 .* - +- +- .*$/m);
  });

  test('a fixed sleep loses events of a host that takes longer', async () => {
    const slow = example('compare-offline').replace('modifyChannel: 12ms', 'modifyChannel: 24ms');
    const { out } = await irqlab(['compare', '-', '--vary', 'modify-channel', '--json'], slow);
    const lost = (JSON.parse(out) as Comparison).rows.map((row) => row.lost);
    expect(lost[0]).toBe(0);
    expect(lost[3]).toBeGreaterThan(0);
  });

  test('needless signals are those of signal-always', async () => {
    const { rows } = await compared('compare-signals', 'ring-order');
    for (const { choice, needlessSignals } of rows) {
      if (choice === 'signal-always') expect(needlessSignals).toBeGreaterThan(1000);
      else expect({ choice, needlessSignals }).toEqual({ choice, needlessSignals: 0 });
    }
  });

  test('events are counted once whatever the map', async () => {
    const { rows } = await compared('compare-irq-layer', 'relid-map');
    for (const row of rows) {
      expect(row).toMatchObject({
        events: 60_100,
        inStat: 60_100,
        doubleCounts: 0,
        missingCounts: 0,
        dropped: 0,
        lost: 0,
      });
    }
  });

  test('irqfds come and go under each lifetime of their resamplers, and all wants are served', async () => {
    const { rows } = await compared('kvm-level-irqfd', 'irqfd-source');
    const same = { wants: 7000, served: 7000, unserved: 0, interrupts: 6000, asserts: 7000 };
    const kvm = { ...same, reassigned: 9 + 99, unnotified: 0, orphaned: 0, sourceIds: 2 };
    expect(rows).toMatchObject([
      { choice: 'shared-id-under-lock', isOwn: true, inStat: 6000, doubleCounts: 0, missingCounts: 0, kvm },
      { choice: 'shared-id-unregister-outside', kvm },
      { choice: 'shared-id-lock-dropped', kvm },
      { choice: 'shared-id-under-irq-lock', kvm },
      // User space, the one of all shared ids, and one for each of two lines.
      { choice: 'own-id', kvm: { ...kvm, sourceIds: 4 } },
    ]);
    expect(
      rows.filter(({ problem, failedSteps }) => problem !== undefined || failedSteps.length > 0),
    ).toEqual([]);
  });

  test('irqfd-source has columns of its own', async () => {
    const { out } = await irqlab(['compare', '-', '--vary', 'irqfd-source'], irqfds);
    expect(out).toBe(
      `<stdin>: A small one

  irqfd-source                  wants  interrupts  served  unserved  asserts  reassigned  not notified  orphaned  source ids  steps took
* shared-id-under-lock             20          20      20         0       20           4             0         0           2          0s
  shared-id-unregister-outside     20          20      20         0       20           4             0         0           2          0s
  shared-id-lock-dropped           20          20      20         0       20           4             0         0           2          0s
  shared-id-under-irq-lock         20          20      20         0       20           4             0         0           2          0s
  own-id                           20          20      20         0       20           4             0         0           3          0s
`,
    );
  });

  test.each([...axisNames])('%s: the same bytes each time, all choices run to their end', async (axis) => {
    const args = ['compare', '-', '--vary', axis];
    const text = axis === 'irqfd-source' ? irqfds : small;
    const first = await irqlab(args, text);
    expect(first.status).toBe(0);
    expect(await irqlab(args, text)).toEqual(first);
    const { rows } = JSON.parse((await irqlab([...args, '--json'], text)).out) as Comparison;
    expect(rows.map(({ choice }) => choice)).toEqual(choicesOf(axis).map(({ name }) => name));
    expect(rows.filter(({ problem }) => problem !== undefined)).toEqual([]);
  });

  test("starts from the file's own design, and says which choices do not go with it", async () => {
    const { status, out } = await irqlab(
      ['compare', '-', '--vary', 'top-level'],
      `${small}design: {relidMap: array, topLevel: percpu}\n`,
    );
    expect(status).toBe(0);
    expect(out).toMatch(/^\* percpu /m);
    expect(out).toContain(
      'percpu-nostat-hidden: top level percpu-nostat-hidden gives control messages an IRQ',
    );
  });

  test('an expectation that fails is told; status 1 if it fails as the file is', async () => {
    const failing = `${small}timeline: [{at: 500ms, offline: 0}]\n`;
    const { status, out } = await irqlab(['compare', '-', '--vary', 'lifetime'], failing);
    expect(status).toBe(1);
    expect(out).toContain('get-put: offline 0: expected success, but got EBUSY');
  });

  test('what cannot be compared is wrong use', async () => {
    const use = async (args: string[], text = small) => {
      const { status, err } = await irqlab(['compare', ...args], text);
      return [status, err.split('\n')[0]];
    };
    expect(await use(['-'])).toEqual([2, "irqlab: required option '--vary <axis>' not specified"]);
    expect(await use(['-', '--vary', 'colour'])).toEqual([
      2,
      expect.stringContaining('Allowed choices are relid-map, top-level'),
    ]);
    expect(await use(['-', '--vary', 'lifetime'], 'cpus: 2\nvmbus: false\n')).toEqual([
      2,
      'irqlab: <stdin>: a machine without VMBus has no design to vary',
    ]);
    expect(await use(['-', '--vary', 'irqfd-source'])).toEqual([
      2,
      'irqlab: <stdin>: a guest without "kvm" has no irqfds to vary',
    ]);
    expect(await use(['-', '--vary', 'irqfd-source', '--time'], irqfds)).toEqual([
      2,
      'irqlab: --time measures events of VMBus, of which irqfds have none',
    ]);
    expect(await use(['-', '--vary', 'lifetime'], `${small}design: {relidMap: list}\n`)).toEqual([
      2,
      'irqlab: <stdin>:9:20: expected one of irqdomain, array, percpu-list, irqdomain-redirect, irqdomain-global, not "list"',
    ]);
  });

  test('--time adds what an event costs, for choices that can be run', async () => {
    const { ran, io } = collected(small);
    const timed: string[] = [];
    const status = await runCompare('-', { vary: 'relid-map', time: true }, io, async ({ design }) => {
      timed.push(completeDesign(design).relidMap);
      return 41.6;
    });
    expect(status).toBe(0);
    expect(timed).toEqual(['irqdomain', 'array', 'percpu-list', 'irqdomain-redirect', 'irqdomain-global']);
    expect(ran.out).toMatch(/an event\n(.* 42ns\n){5}$/);
  });

  test.each([false, true])('Ctrl-C leaves the choices that are done, except as JSON (%s)', async (json) => {
    const { ran, io } = collected(small);
    let measured = 0;
    const status = await runCompare('-', { vary: 'relid-map', time: true, json }, io, () => {
      measured += 1;
      if (measured < 3) return Promise.resolve(41.6);
      return Promise.reject(new InterruptedError('while an event was measured'));
    });
    expect({ status, err: ran.err }).toEqual({
      status: 130,
      err: 'irqlab: percpu-list: ended by Ctrl-C while an event was measured; done: 2 of 5 choices\n',
    });
    expect(ran.out).toMatch(json ? /^$/ : /an event\n(.* 42ns\n){2}$/);
  });
});
