import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/index.js';
import { brokenAtRest } from '../../src/vmbus/validate.js';

const CHANNELS = 2047;

/** Network adapters of 16 channels, with all relids that there are. */
function adapters() {
  return Array.from({ length: 128 }, (_, i) => {
    const relid = 1 + 16 * i;
    const count = Math.min(16, CHANNELS - 16 * i);
    const subChannels = Array.from({ length: count - 1 }, (__, sub) => relid + 1 + sub);
    return { driver: 'netvsc' as const, relid, channels: count, subChannels };
  });
}

describe('large machines', () => {
  test('1,792 CPUs and 2,047 channels: all open, spread over the CPUs, each with its files', () => {
    const guest = Guest.create({ cpus: 1792, devices: adapters() });
    const channels = [...guest.vmbus.connection.channels()];
    expect(channels.filter(({ rings }) => rings !== undefined)).toHaveLength(CHANNELS);
    const used = new Set(channels.map(({ targetCpu }) => targetCpu));
    expect([used.size, brokenAtRest(guest.vmbus)]).toEqual([1792, []]);
    expect(guest.fs.readFile('/sys/devices/system/cpu/cpu1791/topology/core_id')).toBe('1791\n');
    const { irq, targetCpu } = channels[CHANNELS - 1];
    expect(guest.fs.readFile(`/proc/irq/${irq}/effective_affinity_list`)).toBe(`${targetCpu}\n`);
  });

  test('8,192 CPUs: the last one counts, goes offline and comes back', () => {
    const guest = Guest.create({ cpus: 8192, devices: [{ driver: 'storvsc', relid: 1 }] });
    guest.fs.writeFile('/sys/devices/system/cpu/cpu8191/online', '0');
    expect(guest.fs.readFile('/sys/devices/system/cpu/online')).toBe('0-8190\n');
    guest.fs.writeFile('/sys/devices/system/cpu/cpu8191/online', '1');
    const { irq } = [...guest.vmbus.connection.channels()][0];
    guest.irq(irq).setAffinity('8191');
    guest.run({ seconds: 1 });
    guest.host.signal(1);
    const row = guest
      .procInterrupts()
      .split('\n')
      .find((line) => line.trimStart().startsWith(`${irq}:`));
    expect(Number(row?.trim().split(/\s+/)[8192])).toBeGreaterThan(0);
  });

  test('more CPUs than any Linux can have are refused', () => {
    expect(() => Guest.create({ cpus: 8193 })).toThrow(
      'cpus: expected a whole number from 1 to 8192, not 8193',
    );
  });

  test.each([4097, 8192])('arm64 with %i CPUs is refused: Linux has at most 4096', (cpus) => {
    expect(() => Guest.create({ arch: 'arm64', cpus })).toThrow(
      new RangeError(`cpus: Linux on arm64 can have at most 4096 CPUs (NR_CPUS), not ${cpus}`),
    );
  });

  test('room for more CPUs than Linux can have is refused, too', () => {
    expect(() => Guest.create({ cpus: { present: 2, possible: 8193 } })).toThrow('from 1 to 8192, not 8193');
  });
});
