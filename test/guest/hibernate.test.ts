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

  test('asleep nobody takes a CPU down or up; awake again everybody can', () => {
    const guest = Guest.create({ cpus: { present: 4, online: [0, 1, 2] }, devices: options.devices });
    guest.suspend();
    for (const cpu of [1, 3]) expect(errnoOf(() => guest.cpu(cpu).online())).toBe('EBUSY');
    expect(errnoOf(() => guest.cpu(0).offline())).toBe('EBUSY');
    expect(errnoOf(() => guest.fs.writeFile('/sys/devices/system/cpu/cpu1/online', '1'))).toBe('EBUSY');
    guest.resume();
    expect(guest.readFile('/sys/devices/system/cpu/online')).toBe('0-2\n');
    guest.cpu(3).online();
    guest.cpu(3).offline();
  });

  test.each([
    ['6.1', [1, 2, 3]],
    ['6.12', [3, 2, 1]],
    ['7.2', [3, 2, 1]],
  ] as const)(
    'Linux %s says of its CPUs in what order they go, and that they are up again',
    (kernel, down) => {
      const guest = Guest.create({ ...options, kernel });
      const from = guest.log.length;
      guest.suspend();
      guest.resume();
      const said = guest.log.slice(from).map(({ text }) => text);
      const matching = (form: RegExp): number[] =>
        said.flatMap((text) => {
          const cpu = form.exec(text)?.[1];
          return cpu === undefined ? [] : [Number(cpu)];
        });
      expect(matching(/^smpboot: CPU (\d) is now offline$/)).toEqual(down);
      expect(matching(/^CPU(\d) is up$/)).toEqual([1, 2, 3]);
    },
  );

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

describe('what a sleeping guest cannot do', () => {
  test('is EBUSY, and nothing of it is left when it wakes up', () => {
    const guest = Guest.create(options);
    guest.suspend();
    expect(errnoOf(() => guest.suspend())).toBe('EBUSY');
    expect(errnoOf(() => guest.connect(5000))).toBe('EBUSY');
    for (const cpu of [0, 1]) {
      expect(errnoOf(() => guest.cpu(cpu).offline())).toBe('EBUSY');
      expect(errnoOf(() => guest.cpu(cpu).online())).toBe('EBUSY');
    }
    guest.resume();
    expect(errnoOf(() => guest.resume())).toBe('EINVAL');
    guest.connect(5000);
    expect(guest.machine.liveTasks).toBe(0);
    expect(brokenInvariants(guest)).toEqual([]);
  });
});

describe('a suspend that fails', () => {
  test.each([0, 20_000])('leaves nothing running, with interrupts of %i ns', (interruptTimeNs) => {
    // The device that has no hibernation was found first, so all others have been suspended before it fails.
    const uio = { class: 'f8615163-df3e-46c5-913f-f2d2f965ed0e', relid: 60 };
    const devices = [{ driver: 'fcopy', relid: 10 } as const, ...(options.devices ?? []), uio];
    const guest = Guest.create({ ...options, interruptTimeNs, devices });
    guest.disk(14).submit({ count: 50, cpu: 1 });
    expect(errnoOf(() => guest.suspend())).toBe('EOPNOTSUPP');
    expect(guest.machine.liveTasks).toBe(0);
    expect(guest.host.hyperv.isBusy).toBe(false);
    const channels = [...guest.vmbus.connection.channels()];
    expect(channels.map(({ state }) => state.kind)).not.toContain('opening');
    guest.disk(14).submit({ count: 5 });
    guest.run({ ms: 50 });
    expect(guest.disk(14).completed).toBe(55);
    expect(brokenInvariants(guest)).toEqual([]);
  });
});

describe('who may sleep and wake', () => {
  const awake = (): Guest => Guest.create(options);

  test('a suspend that hangs keeps others out', () => {
    const guest = awake();
    guest.host.drain(13, false);
    guest.nic(13).transmit({ count: 4, flow: 0 });
    expect(() => guest.suspend()).toThrow(/answer on channel 13/);
    expect(errnoOf(() => guest.suspend())).toBe('EBUSY');
    expect(errnoOf(() => guest.resume())).toBe('EINVAL');
    for (const byAProcess of [
      () => guest.rmmod('hv_balloon'),
      () => guest.modprobe('hv_balloon'),
      () => guest.connect(5000),
      () => guest.shutdown(),
    ])
      expect(errnoOf(byAProcess)).toBe('EBUSY');
    guest.host.drain(13, true);
    guest.run({ seconds: 1 });
    guest.resume();
    expect(brokenInvariants(guest)).toEqual([]);
    expect(guest.hangs()).toEqual([]);
  });

  test('a guest that could not fall asleep is awake, and can try again', () => {
    const fcopy = { driver: 'fcopy', relid: 10 } as const;
    const guest = Guest.create({ ...options, devices: [fcopy, ...(options.devices ?? [])] });
    expect(errnoOf(() => guest.suspend())).toBe('EOPNOTSUPP');
    expect(errnoOf(() => guest.resume())).toBe('EINVAL');
    guest.host.rescind(10);
    guest.suspend();
    guest.resume();
    expect(brokenInvariants(guest)).toEqual([]);
  });
});

describe('the host does not answer a guest that wakes up', () => {
  const hung = (): Guest => {
    const guest = Guest.create(options);
    guest.suspend();
    guest.host.misbehave({ what: 'message', message: 'VERSION_RESPONSE', deed: 'drop' });
    expect(() => guest.resume()).toThrow(/answer to INITIATE_CONTACT/);
    return guest;
  };

  test('its processes stay frozen, and it wakes up only once', () => {
    const guest = hung();
    expect(errnoOf(() => guest.rmmod('hv_balloon'))).toBe('EBUSY');
    expect(errnoOf(() => guest.suspend())).toBe('EBUSY');
    expect(errnoOf(() => guest.resume())).toBe('EINVAL');
  });

  test('channels that lost their relid are given up without it', () => {
    const guest = Guest.create(options);
    guest.suspend();
    guest.host.misbehave({
      what: 'message',
      message: 'VERSION_RESPONSE',
      deed: 'corrupt',
      field: 'versionSupported',
      value: 0,
    });
    expect(() => guest.resume()).toThrow();
    const { modules } = guest.vmbus;
    guest.rmmod(...modules.names.filter((name) => modules.isLoaded(name)).reverse());
    const warned = guest.log.filter(({ text }) => text.endsWith('channel_mgmt.c hv_process_channel_removal'));
    expect(warned.length).toBeGreaterThan(0);
    expect(guest.log.map(({ text }) => text).join('\n')).not.toContain('vmbus_channel_unmap_relid');
  });
});
