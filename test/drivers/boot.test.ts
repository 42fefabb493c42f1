import { describe, expect, test } from '@jest/globals';
import { unsupportedDevices } from '../../src/vmbus/protocol/class-ids.js';
import type { HostDeviceOptions } from '../../src/host/device.js';
import { device, instanceOf, TestGuest, type TestGuestOptions } from '../support/guest.js';

const unsupported: readonly HostDeviceOptions[] = unsupportedDevices.map(({ guid }, i) => ({
  classId: guid,
  instanceId: instanceOf(100 + i),
  relid: [2, 6, 12, 25][i],
}));

/** The devices of the RFC's cover letter, in the order of its IRQs. */
const rfcDevices: readonly HostDeviceOptions[] = [
  device('heartbeat', 7),
  device('shutdown', 9),
  device('timesync', 10),
  device('vss', 11),
  device('scsi', 14, { subChannelRelids: [23] }),
  device('scsi', 15, { subChannelRelids: [24] }),
  device('balloon', 1),
  device('mouse', 3),
  device('keyboard', 4),
  device('framebuffer', 5),
  device('nic', 13, { subChannelRelids: [16, 17, 18, 19, 20, 21, 22] }),
  device('kvp', 8),
  ...unsupported,
];

const hostOfRelid = new Map([
  [instanceOf(14), 1],
  [instanceOf(15), 0],
]);

function rfcGuest(options: TestGuestOptions = {}): TestGuest {
  return new TestGuest({
    devices: rfcDevices,
    settings: { scsiHost: (instanceId) => hostOfRelid.get(instanceId) },
    ...options,
  }).boot();
}

describe("the guest of the RFC's cover letter", () => {
  test('has its IRQs, in its order, with its names', () => {
    expect(rfcGuest().rows()).toEqual([
      [24, 7, 'heartbeat'],
      [25, 9, 'shutdown'],
      [26, 10, 'timesync'],
      [27, 11, 'vss'],
      [28, 14, 'pri@storvsc1'],
      [29, 15, 'pri@storvsc0'],
      [30, 1, 'balloon'],
      [31, 3, 'mouse'],
      [32, 4, 'keyboard'],
      [33, 5, 'framebuffer'],
      [34, 13, 'netvsc'],
      [35, 8, 'kvp'],
      [36, 16, 'netvsc'],
      [37, 17, 'netvsc'],
      [38, 18, 'netvsc'],
      [39, 19, 'netvsc'],
      [40, 20, 'netvsc'],
      [41, 21, 'netvsc'],
      [42, 22, 'netvsc'],
      [43, 23, 'sub@storvsc1'],
      [44, 24, 'sub@storvsc0'],
    ]);
  });

  test('gets its 71 control messages', () => {
    expect(rfcGuest().controlInterrupts).toBe(71);
  });

  test('has its counts where the handshake alone makes them', () => {
    const guest = rfcGuest();
    const counts = (relids: readonly number[]): number[] => relids.map((relid) => guest.count(relid));
    // shutdown, vss, kvp, balloon and framebuffer, as in the letter.
    expect(counts([9, 11, 8, 1, 5])).toEqual([1, 1, 1, 3, 6]);
    // heartbeat, timesync, mouse, keyboard, storvsc, netvsc: the beginning of what the letter shows.
    expect(counts([7, 10, 3, 4, 14, 15, 13])).toEqual([1, 1, 2, 1, 5, 5, 25]);
    expect(counts([16, 17, 18, 19, 20, 21, 22, 23, 24])).toEqual(new Array(9).fill(0));
  });
});
