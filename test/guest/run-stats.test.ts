import { describe, expect, test } from '@jest/globals';
import { guestsWith } from '../../src/command/scenario-file.js';
import { bootGuest } from '../../src/command/boot-guest.js';
import { statsText } from '../../src/cli/run/stats-text.js';
import { Guest } from '../../src/guest/guest.js';
import { RunStats } from '../../src/guest/run-stats.js';
import { guestSignal, hostSignal } from '../../src/host/trace-events.js';
import { kernelBehaviour } from '../../src/irq/kernel.js';
import { parseScenario } from '../../src/scenario/load.js';
import { runScenarioOn } from '../../src/scenario/runner.js';
import { irqHandlerEntry, taskletExit } from '../../src/machine/trace-events.js';
import { Tracer } from '../../src/trace/tracer.js';
import { vmbusChanSched, vmbusOnEventTrace } from '../../src/vmbus/trace-events.js';

/** A machine of which only the tracepoints are there. */
function bare() {
  const machine = {
    clock: { now: 0 },
    bootNs: 0,
    thisCpu: 0,
    interruptNs: 100,
    cpus: [0, 1].map((id) => ({ id, hardirqs: 5 })),
    tracePort: undefined,
    nrCpuIds: 2,
    cpusOfList: () => undefined,
    traceContext: () => ({ cpu: 0, comm: 'x', pid: 1, flags: 0, preemptDepth: 0 }),
  };
  const tracer = new Tracer(machine, [], kernelBehaviour('6.12'));
  return { machine, tracer, stats: new RunStats({ machine, tracer }) };
}

describe('what becomes of signals', () => {
  const { machine, tracer, stats } = bare();
  const at = (ns: number): Tracer => {
    machine.clock.now = ns;
    return tracer;
  };
  const signal = (ns: number, relid: number, fate: number) => at(ns).emit(hostSignal, { relid, vp: 1, fate });
  const tasklet = { tasklet: '0x0', func: 'vmbus_on_event' };

  // Channel 5 has a tasklet, 6 its callback in the interrupt; of 6 the last one waits.
  signal(1000, 5, 0);
  signal(1200, 5, 1);
  at(2000).emit(vmbusChanSched, { relid: 5 });
  at(2000).emit(irqHandlerEntry, { irq: 24, name: 'disk' });
  at(4000).emit(vmbusOnEventTrace, { relid: 5 });
  at(5000).emit(taskletExit, tasklet);
  signal(5000, 5, 2);
  signal(6000, 6, 0);
  at(6500).emit(vmbusChanSched, { relid: 6 });
  signal(7000, 6, 0);
  at(8000).emit(guestSignal, { relid: 6, needless: true });
  at(8000).emit(guestSignal, { relid: 6, needless: false });
  machine.cpus[1] = { id: 1, hardirqs: 8 };
  const report = stats.report();

  test('is counted by channel', () => {
    expect(report.channels).toMatchObject([
      { relid: 5, signalled: 3, delivered: 1, coalesced: 1, lost: 1, waiting: 0, needless: 0 },
      { relid: 6, signalled: 2, delivered: 2, coalesced: 0, lost: 0, waiting: 1, needless: 1 },
    ]);
    expect(report.channels[0].lostAt).toEqual([{ cpu: 1, count: 1 }]);
  });

  test('takes until the tasklet ends, or the interrupt', () => {
    const [disk, nic] = report.channels.map(({ latency }) => latency);
    expect([disk?.count, disk?.p50, disk?.max]).toEqual([2, 3801, 4000]);
    expect([nic?.count, nic?.p50, nic?.max]).toEqual([1, 500, 500]);
  });

  test('is that of each channel, and of all together', () => {
    expect(stats.channelNumbers(6)).toEqual(report.channels[1]);
    expect(stats.channelNumbers(7)).toMatchObject({ signalled: 0, lost: 0, latency: undefined });
    expect(stats.report().channels).toHaveLength(2);
    expect(stats.latency()).toMatchObject({ count: 3, p50: 3801, max: 4000 });
  });

  test('CPUs', () => {
    expect(report.cpus).toEqual([
      { cpu: 0, interrupts: 0, handlers: 1, events: 2, tasklets: 1, busyNs: 0 },
      { cpu: 1, interrupts: 3, handlers: 0, events: 0, tasklets: 0, busyNs: 300 },
    ]);
  });

  test('as text', () => {
    const lines = statsText(report).split('\n');
    expect(lines[1].trim().split(/ +/).slice(0, 7)).toEqual(['5', '3', '1', '1', '1', '0', '0']);
    expect(lines[3]).toBe('channel 5: 1 lost on CPU 1, whose synic was off');
  });

  test('once stopped nothing is counted, and the machine has no port', () => {
    stats.stop();
    expect(machine.tracePort).toBeUndefined();
  });
});

test('a guest: all signals of the host are there, and nothing is switched on in its tracefs', () => {
  const vm = Guest.create({ cpus: 2, interruptTimeNs: 20_000, devices: [{ driver: 'storvsc', relid: 14 }] });
  const { signalled: before } = vm.host.hyperv.totals;
  const stats = new RunStats(vm);
  vm.disk(14).submit({ count: 50 });
  vm.host.signal(14, 5);
  vm.run({ ms: 10 });
  const { channels, cpus } = stats.report();
  const [disk] = channels;
  expect(disk.signalled).toBe(vm.host.hyperv.totals.signalled - before);
  expect(disk.signalled).toBeGreaterThan(5);
  expect(disk.delivered + disk.coalesced).toBe(disk.signalled);
  expect(disk.latency?.count).toBe(disk.signalled);
  expect(disk.latency?.max).toBeGreaterThan(0);
  expect(cpus.reduce((sum, { busyNs }) => sum + busyNs, 0)).toBeGreaterThan(20_000);
  expect(vm.fs.readFile('/sys/kernel/tracing/events/enable')).toBe('0\n');
  expect(vm.fs.readFile('/sys/kernel/tracing/trace')).toContain('entries-in-buffer/entries-written: 0/0 ');
});

/** Runs steps on a guest with a network channel on each of two CPUs. */
async function failuresOf(steps: string): Promise<(string | undefined)[]> {
  const scenario = parseScenario(
    `cpus: 2
interruptTime: 1us
host: {latency: {modifyChannel: 5ms}}
design: {modifyChannel: no-wait}
devices: [{driver: netvsc, relid: 13, channels: 2, subChannels: [16]}]
timeline:
${steps}`,
    's.yaml',
  );
  const guest = await bootGuest(scenario, guestsWith());
  return runScenarioOn(guest, scenario).steps.map(({ message }) => message);
}

describe('steps see', () => {
  test('a signal that is lost, and those that are handled', async () => {
    const failures = await failuresOf(`
  - {lost: 16, expect: 0}
  - {latency: 16, max: <1s}
  - {affinity: {relid: 13, cpu: 0}}
  - {affinity: {relid: 16, cpu: 0}}
  - {offline: 1}
  - {signal: 13}
  - {signal: 16, times: 3}
  - {at: 1s, lost: 13, expect: 0}
  - {lost: 16, expect: 3}
  - {signal: 16, times: 3}
  - {at: 2s, delivered: 16, expect: 2}
  - {coalesced: 16, expect: 1}
  - {waiting: 16, expect: 0}
  - {latency: 16, p50: ">=0ns", max: <=1us}
`);
    expect(failures[1]).toBe(
      'expected max <1s, but got not possible: no signal of channel 16 has been handled',
    );
    expect(failures.filter((_, i) => i !== 1)).toEqual(Array(13).fill(undefined));
  });

  test('nothing of a second kernel', async () => {
    const [, lost] = await failuresOf('  - {kexec: {}}\n  - {lost: 13, expect: 0}\n');
    expect(lost).toMatch(/^expected 0, but got not possible: .* to the end of its first kernel$/);
  });

  test('is counted only if a step asks for it', async () => {
    const scenario = parseScenario('cpus: 1\ntimeline: [{hostCount: lost, expect: 0}]', 's.yaml');
    expect((await bootGuest(scenario, guestsWith())).stats).toBeUndefined();
  });
});
