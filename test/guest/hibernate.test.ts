import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';
import { errnoOf } from '../support/errors.js';
import { accountOf, brokenInvariants } from './invariants.js';

const options: GuestOptions = {
  cpus: 4,
  kernel: '6.12',
  host: { sockets: [5000] },
  devices: [
    { driver: 'heartbeat', relid: 7 },
    { driver: 'storvsc', relid: 14, subChannels: [23, 24] },
    { driver: 'netvsc', relid: 13, channels: 4, subChannels: [16, 17, 18] },
  ],
};

describe('hibernation', () => {
  test('CPUs but the first go offline and come back; relids count on', () => {
    const guest = Guest.create(options);
    guest.suspend();
    expect(guest.readFile('/sys/devices/system/cpu/online')).toBe('0\n');
    expect(guest.procInterrupts()).not.toContain('VMBus');
    expect(() => guest.channel(7)).toThrow(RangeError);
    guest.resume();
    expect(guest.readFile('/sys/devices/system/cpu/online')).toBe('0-3\n');
    expect([25, 26, 29].map((relid) => guest.irq(guest.channel(relid).irq).name)).toEqual([
      'heartbeat',
      'pri@storvsc0',
      'netvsc',
    ]);
    expect(brokenInvariants(guest)).toEqual([]);
    guest.host.signal(25, 5);
    expect(accountOf(guest, 25).counted).toBeGreaterThanOrEqual(5);
  });

  test("a device's directory in sysfs keeps the number of its first channel, the id file has the new one", () => {
    const guest = Guest.create(options);
    const { path } = guest.channel(7);
    guest.suspend();
    guest.resume(new Map([[7, 70]]));
    expect(guest.channel(70).path).toBe(path);
    expect(guest.readFile(`${path}/cpu`)).toBe('0\n');
    expect(guest.readFile(`${path.replace(/\/channels.*/, '')}/id`)).toBe('70\n');
  });

  test('the disk goes on; what was submitted meanwhile was only late', () => {
    const guest = Guest.create(options);
    guest.disk(14).submit({ count: 50, cpu: 2 });
    guest.suspend();
    expect(guest.disk(14).completed).toBe(50);
    guest.disk(14).submit({ count: 7 });
    guest.run({ ms: 100 });
    expect(guest.disk(14).completed).toBe(50);
    guest.resume();
    guest.run({ ms: 1 });
    expect(guest.disk(14).completed).toBe(57);
  });

  test('a guest that is awake cannot wake up', () => {
    expect(errnoOf(() => Guest.create(options).resume())).toBe('EINVAL');
  });
});

describe('shutdown', () => {
  test('the host forgets the guest, CPUs may go', () => {
    const guest = Guest.create(options);
    expect(errnoOf(() => guest.cpu(2).offline())).toBe('EBUSY');
    guest.shutdown();
    expect(guest.host.signal(7)).toBe(0);
    expect(errnoOf(() => guest.cpu(2).offline())).toBeUndefined();
  });
});

describe('sockets', () => {
  test('a channel named hv_sock, which a sleep ends', () => {
    const guest = Guest.create(options);
    const relid = guest.connect(5000);
    expect(guest.irq(guest.channel(relid).irq).name).toBe('hv_sock');
    expect(errnoOf(() => guest.connect(1))).toBe('ETIMEDOUT');
    guest.suspend();
    guest.resume();
    expect(guest.procInterrupts()).not.toContain('hv_sock');
  });
});
