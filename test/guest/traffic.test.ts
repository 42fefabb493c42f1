import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { parseScenario } from '../../src/scenario/load.js';
import { runScenarioOn, type RunResult } from '../../src/scenario/runner.js';

const devices = `
devices:
  - {driver: storvsc, relid: 14, subChannels: [23, 24, 25]}
  - {driver: netvsc, relid: 13, channels: 4, subChannels: [16, 17, 18]}
  - {driver: heartbeat, relid: 7}
`;

function run(text: string): { guest: Guest; result: RunResult } {
  const scenario = parseScenario(`cpus: 4\nkernel: "6.18"\n${devices}\n${text}`, 'traffic.yaml');
  const guest = Guest.create(scenario.guest);
  return { guest, result: runScenarioOn(guest, scenario) };
}

describe('a disk workload', () => {
  test('of a number of I/Os ends when they are done', () => {
    const { guest, result } = run('workload: [{disk: 14, outstanding: 8, ios: 1000}]');
    expect(result.workload).toEqual([{ sent: 1000, unsent: 0, completed: 1000 }]);
    expect(guest.disk(14).completed).toBe(1000);
    // 125 rounds of 100 µs and the 10 µs until the host looks.
    expect(result.endNs).toBeGreaterThanOrEqual(125 * 110_000);
    expect(result.endNs).toBeLessThan(125 * 110_000 + 2_000_000);
  });

  test('of a rate, from some CPUs', () => {
    const { guest, result } = run(
      'workload: [{disk: 14, iops: 20000, during: 100ms, cpus: "1"}]\nrun: 200ms',
    );
    expect(result.workload).toEqual([{ sent: 2000, unsent: 0, completed: 2000 }]);
    const relid = guest.disk(14).channelFor(1);
    expect(guest.irqCount(guest.channel(relid).irq, 1)).toBeGreaterThanOrEqual(2000);
  });

  test('goes on while CPUs go and come back, and ends at its end', () => {
    const { guest, result } = run(
      `workload: [{disk: 14, outstanding: 16, until: 50ms, cpus: "0-1"}]
timeline:
  - {at: 10ms, affinity: {relid: 23, cpu: 0}}
  - {affinity: {relid: 24, cpu: 0}}
  - {affinity: {relid: 25, cpu: 0}}
  - {affinity: {relid: 16, cpu: 0}}
  - {affinity: {relid: 17, cpu: 0}}
  - {affinity: {relid: 18, cpu: 0}}
  - {affinity: {relid: 13, cpu: 0}}
  - {affinity: {relid: 14, cpu: 0}}
  - {at: 20ms, offline: 1}
  - {at: 40ms, online: 1}
run: 60ms`,
    );
    expect(result.steps.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
    const [tally] = result.workload;
    expect(tally.completed).toBe(tally.sent);
    expect(tally.sent).toBeGreaterThan(6000);
    expect(guest.disk(14).outstanding).toBe(0);
  });

  // Completions that the host sends before the rescind let more I/Os be sent, which nobody answers; removing the disk
  // waits for them.
  test('a disk that is taken back under load ends it, and hangs as in Linux', () => {
    const { result } = run(`workload: [{disk: 14, outstanding: 4, ios: 1000000}]
timeline: [{at: 5ms, rescind: 14}]`);
    const [{ sent, unsent, completed = 0 }] = result.workload;
    expect(unsent).toBe(0);
    expect(completed).toBe(sent - 4);
    expect(result.ok).toBe(false);
    expect(result.hangs.map(({ functions }) => functions[0])).toEqual(['blk_mq_freeze_queue_wait']);
  });

  test('does not keep a step of the timeline waiting', () => {
    const { result } = run(`workload: [{disk: 14, outstanding: 64, until: 1s}]
timeline: [{at: 10ms, rescind: 7}, {at: 20ms, offer: {driver: timesync, relid: 8}}]
run: 50ms`);
    expect(result.ok).toBe(true);
    expect(result.steps.map(({ endNs }) => endNs < 30_000_000)).toEqual([true, true]);
  });
});

describe('a network workload', () => {
  test('comes and goes over all channels', () => {
    const { guest, result } = run(`workload:
  - {nic: 13, flows: 64, packets: 4000, rate: 100000}
  - {nic: 13, direction: tx, flows: 64, packets: 4000, during: 40ms, burst: 8}
run: 100ms`);
    expect(result.workload).toEqual([
      { sent: 4000, unsent: 0 },
      { sent: 4000, unsent: 0 },
    ]);
    const { received, transmitted, dropped } = guest.nic(13);
    expect({ received, transmitted, dropped }).toEqual({ received: 4000, transmitted: 4000, dropped: 0 });
    for (const relid of [13, 16, 17, 18]) expect(guest.channel(relid).interrupts).toBeGreaterThan(200);
  });

  test('the host interrupts less often when it puts packets together', () => {
    const interrupts = (host: string) => {
      const { guest } = run(`workload: [{nic: 13, packets: 8000, rate: 1000000}]\nrun: 20ms\n${host}`);
      return [13, 16, 17, 18].reduce((sum, relid) => sum + guest.channel(relid).interrupts, 0);
    };
    const [alone, together] = [interrupts(''), interrupts('host: {network: {batch: 16, batchTime: 100us}}')];
    expect(alone).toBeGreaterThan(8000);
    expect(together).toBeLessThan(8000 / 16 + 100);
  });
});

describe('in the library', () => {
  test('I/Os and frames', () => {
    const guest = Guest.create({
      cpus: 2,
      devices: [
        { driver: 'storvsc', relid: 5 },
        { driver: 'netvsc', relid: 6 },
      ],
    });
    guest.disk(5).submit({ count: 10, cpu: 1, bytes: 8192, write: true });
    expect(guest.disk(5).outstanding).toBe(10);
    guest.nic(6).transmit({ count: 3 });
    expect(guest.nic(6).receive({ count: 4, flow: 9 })).toBe(4);
    guest.run({ ms: 1 });
    expect(guest.disk(5).completed).toBe(10);
    expect(guest.nic(6).transmitted).toBe(3);
    expect(guest.nic(6).received).toBe(4);
    expect(() => guest.disk(6)).toThrow(RangeError);
    expect(() => guest.nic(5)).toThrow(RangeError);
  });

  test('the counters of a full ring move', () => {
    const guest = Guest.create({ cpus: 1, devices: [{ driver: 'storvsc', relid: 5 }] });
    guest.disk(5).submit({ count: 300, bytes: 512 * 1024 });
    const { path } = guest.channel(5);
    const read = (name: string) => Number(guest.fs.readFile(`${path}/${name}`));
    expect(read('out_full_first')).toBe(1);
    expect(read('out_full_total')).toBeGreaterThan(0);
    expect(read('intr_out_empty')).toBeGreaterThan(0);
    guest.run({ ms: 100 });
    expect(guest.disk(5).completed).toBe(300);
  });
});

describe('SCSI host numbers', () => {
  const names = (devices: readonly { relid: number; scsiHost?: number }[]): string[] => {
    const guest = Guest.create({
      cpus: 1,
      devices: devices.map((one) => ({ driver: 'storvsc' as const, ...one })),
    });
    return devices.map(({ relid }) => guest.irq(guest.channel(relid).irq).name);
  };

  test('a controller without a number does not take that of a named one', () => {
    expect(names([{ relid: 5 }, { relid: 6, scsiHost: 0 }, { relid: 7 }])).toEqual([
      'pri@storvsc1',
      'pri@storvsc0',
      'pri@storvsc2',
    ]);
  });

  test('nobody named: in the order of the probes', () => {
    expect(names([{ relid: 5 }, { relid: 6 }])).toEqual(['pri@storvsc0', 'pri@storvsc1']);
  });
});
