import { describe, expect, test } from '@jest/globals';
import { ErrnoError, errnoValue } from '../../src/lib/errno.js';
import { deviceClassId } from '../../src/vmbus/protocol/class-ids.js';
import { CHANNEL_FLAG } from '../../src/vmbus/protocol/channel-messages.js';
import type { VmbusDriver } from '../../src/vmbus/driver.js';
import { deviceOf } from '../../src/vmbus/driver.js';
import { device, TestGuest } from '../support/guest.js';

const EBUSY = -16;
const ENODEV = -19;
const EIO = -5;

/** A driver for `className`; its probe does `probing()`. */
function driver(name: string, className: string, probing: () => void = () => {}): VmbusDriver {
  return {
    name,
    classIds: [deviceClassId(className)],
    *probe() {
      probing();
    },
    *remove() {},
  };
}

function guestWith(...drivers: VmbusDriver[]): TestGuest {
  const devices = [device('kvp', 3), device('vss', 4)];
  return new TestGuest({ present: 2, devices, backends: [], drivers: () => drivers }).boot();
}

// drivers/base/bus.c bind_store, unbind_store; drivers/hv/vmbus_drv.c hv_vmbus_match.
describe('binding by hand', () => {
  test('only what matches, and what has no driver', () => {
    const kvp = driver('kvp', 'kvp');
    const guest = guestWith(kvp);
    const { bus } = guest.vmbus;
    const [first, second] = [3, 4].map((relid) => deviceOf(guest.channel(relid)));
    if (first === undefined || second === undefined) throw new Error('no device');
    expect([first.driver, second.driver]).toEqual([kvp, undefined]);
    expect(guest.run(bus.bindByHand(first, kvp))).toBe(EBUSY);
    expect(guest.run(bus.bindByHand(second, kvp))).toBe(ENODEV);
    guest.run(bus.unbind(first));
    expect(first.driver).toBeUndefined();
    expect(guest.run(bus.bindByHand(first, kvp))).toBe(0);
    expect(first.driver).toBe(kvp);
  });

  test('answers what the probe failed with, until one does not', () => {
    let isBroken = true;
    const kvp = driver('kvp', 'kvp', () => {
      if (isBroken) throw new ErrnoError('EIO', 'broken');
    });
    const guest = guestWith(kvp);
    const { bus } = guest.vmbus;
    const first = deviceOf(guest.channel(3));
    if (first === undefined) throw new Error('no device');
    expect([first.driver, first.probeError]).toEqual([undefined, EIO]);
    expect(guest.run(bus.bindByHand(first, kvp))).toBe(EIO);
    expect(first.driver).toBeUndefined();
    isBroken = false;
    expect(guest.run(bus.bindByHand(first, kvp))).toBe(0);
  });

  test('driver_override decides alone', () => {
    const kvp = driver('kvp', 'kvp');
    const other = driver('other', 'shutdown');
    const guest = guestWith(kvp, other);
    const { bus } = guest.vmbus;
    const second = deviceOf(guest.channel(4));
    if (second === undefined) throw new Error('no device');
    second.driverOverride = 'other';
    expect(guest.run(bus.bindByHand(second, kvp))).toBe(ENODEV);
    expect(guest.run(bus.bindByHand(second, other))).toBe(0);
  });

  test('a class that was added is served, until it is taken away; who is bound stays', () => {
    const kvp = driver('kvp', 'kvp');
    const guest = guestWith(kvp);
    const { bus } = guest.vmbus;
    const vss = deviceClassId('vss');
    const second = deviceOf(guest.channel(4));
    if (second === undefined) throw new Error('no device');
    expect(guest.run(bus.addId(kvp, vss))).toBe(0);
    expect(second.driver).toBe(kvp);
    expect(guest.run(bus.addId(kvp, vss))).toBe(errnoValue('EEXIST'));
    expect([bus.removeId(kvp, vss), bus.removeId(kvp, vss)]).toEqual([0, ENODEV]);
    expect(second.driver).toBe(kvp);
    guest.run(bus.unbind(second));
    expect(guest.run(bus.bindByHand(second, kvp))).toBe(ENODEV);
  });
});

test('drivers that leave lose their devices, the one bound last first', () => {
  const order: number[] = [];
  const both: VmbusDriver = {
    name: 'both',
    classIds: ['kvp', 'vss'].map(deviceClassId),
    *probe() {},
    *remove({ channel }) {
      order.push(channel.relid);
    },
  };
  const guest = guestWith(both);
  guest.run(guest.vmbus.bus.unregisterDriver(both));
  expect(order).toEqual([4, 3]);
  expect(guest.vmbus.bus.drivers).toEqual([]);
  expect(guest.vmbus.bus.devices.map(({ driver }) => driver)).toEqual([undefined, undefined]);
});

// drivers/base/dd.c __driver_attach: PROBE_PREFER_ASYNCHRONOUS; bind_store probes itself, and returns what that does.
describe('a driver whose probes come beside others', () => {
  function probed(isAsynchronous: boolean) {
    const told: string[] = [];
    const kvp = driver('kvp', 'kvp', () => told.push('probed'));
    const guest = guestWith();
    guest.run(
      (function* () {
        yield* guest.vmbus.bus.registerDriver({ ...kvp, probesAsynchronously: isAsynchronous });
        told.push('registered');
      })(),
    );
    guest.settle();
    return told;
  }

  test('is registered before they are done; another one after that', () => {
    expect(probed(true)).toEqual(['registered', 'probed']);
    expect(probed(false)).toEqual(['probed', 'registered']);
  });

  test('probes at once where a device is bound by hand', () => {
    let isBroken = false;
    const kvp: VmbusDriver = {
      ...driver('kvp', 'kvp', () => {
        if (isBroken) throw new ErrnoError('EIO', 'broken');
      }),
      probesAsynchronously: true,
    };
    const guest = guestWith(kvp);
    const { bus } = guest.vmbus;
    const first = guest.device(3);
    guest.run(bus.unbind(first));
    isBroken = true;
    expect(guest.run(bus.bindByHand(first, kvp))).toBe(EIO);
    isBroken = false;
    expect(guest.run(bus.bindByHand(first, kvp))).toBe(0);
  });
});

// drivers/base/dd.c really_probe (defer_all_probes), device_driver_attach, device_unblock_probing.
describe('while probes are blocked, as in a suspend', () => {
  test('neither a new driver nor one that begins late has devices; they have their drivers when it is over', () => {
    const probed: string[] = [];
    const kvp = driver('kvp', 'kvp', () => probed.push('kvp'));
    const vss = { ...driver('vss', 'vss', () => probed.push('vss')), probesAsynchronously: true };
    const guest = guestWith();
    const { bus } = guest.vmbus;
    guest.run(
      (function* () {
        yield* bus.registerDriver(vss); // whose worker has yet to begin
        bus.blockProbing();
        yield* bus.registerDriver(kvp);
      })(),
    );
    guest.settle();
    expect(probed).toEqual([]);
    expect(bus.devices.map((one) => one.driver)).toEqual([undefined, undefined]);
    expect(guest.run(bus.bindByHand(guest.device(3), kvp))).toBe(errnoValue('EAGAIN'));
    guest.run(bus.unblockProbing());
    guest.settle();
    expect(probed).toEqual(['kvp', 'vss']);
    expect(bus.devices.map((one) => one.driver)).toEqual([kvp, vss]);
  });
});

// hv_vmbus_get_id, vmbus_match: is_hvsock_channel comes first.
test('a socket goes to the driver of sockets, whatever its class id and driver_override say', () => {
  const kvp = driver('kvp', 'kvp');
  const sockets = { ...driver('sockets', 'vss'), hvsock: true };
  const offered = [
    device('kvp', 3, { flags: CHANNEL_FLAG.TLNPI_PROVIDER_OFFER }),
    device('kvp', 4),
    device('vss', 5, { flags: CHANNEL_FLAG.TLNPI_PROVIDER_OFFER }),
  ];
  const guest = new TestGuest({
    present: 2,
    devices: offered,
    backends: [],
    drivers: () => [kvp, sockets],
  }).boot();
  const names = [3, 4, 5].map((relid) => guest.device(relid).driver?.name);
  expect(names).toEqual(['sockets', 'kvp', 'sockets']);
  const socket = guest.device(3);
  guest.run(guest.vmbus.bus.unbind(socket));
  socket.driverOverride = 'kvp';
  expect(guest.run(guest.vmbus.bus.bindByHand(socket, kvp))).toBe(ENODEV);
  expect(guest.run(guest.vmbus.bus.bindByHand(socket, sockets))).toBe(0);
});
