import { describe, expect, test } from '@jest/globals';
import { HyperV } from '../../src/host/hyperv.js';
import { Clock } from '../../src/machine/clock.js';
import { GuestMemory } from '../../src/vmbus/guest-memory.js';
import { device } from '../support/guest.js';

function hostWith(...devices: ReturnType<typeof device>[]): HyperV {
  const host = new HyperV(new Clock(), { memory: new GuestMemory(), interrupt: () => {}, suspend: () => {} });
  for (const one of devices) host.offer(one);
  return host;
}

const relids = (host: HyperV) =>
  host.devices.map(({ relid, subChannelRelids }) => [relid, ...subChannelRelids]);

describe('moveRelids', () => {
  const nic = device('nic', 13, { subChannelRelids: [16, 17] });

  test('counts on behind the highest', () => {
    const host = hostWith(device('heartbeat', 7), nic);
    host.moveRelids();
    expect(relids(host)).toEqual([[18], [19, 20, 21]]);
    expect([...host.allChannels()].map(({ relid }) => relid)).toEqual([18, 19]);
  });

  test('behind 2047 comes 1', () => {
    const host = hostWith(device('heartbeat', 2046), nic);
    host.moveRelids();
    expect(relids(host)).toEqual([[2047], [1, 2, 3]]);
  });

  test('as given, the others stay', () => {
    const host = hostWith(device('heartbeat', 7), nic);
    host.moveRelids(
      new Map([
        [7, 13],
        [13, 7],
        [17, 99],
      ]),
    );
    expect(relids(host)).toEqual([[13], [7, 16, 99]]);
  });

  test.each([
    [[[7, 13]], 'in use'],
    [[[7, 16]], 'in use'],
    [[[7, 0]], 'not in'],
    [[[7, 2048]], 'not in'],
  ] as const)('%j cannot be', (moves, reason) => {
    const host = hostWith(device('heartbeat', 7), nic);
    expect(() => host.moveRelids(new Map(moves.map(([from, to]) => [from, to])))).toThrow(reason);
    expect(relids(host)).toEqual([[7], [13, 16, 17]]);
  });
});
