import { describe, expect, test } from '@jest/globals';
import { HvSockDriver, vsockService } from '../../../src/drivers/hv-sock/driver.js';
import { deviceOf } from '../../../src/vmbus/driver.js';
import { HvSocket } from '../../../src/drivers/hv-sock/socket.js';
import { versionWire } from '../../../src/vmbus/protocol/channel-messages.js';
import { errnoOf } from '../../support/errors.js';
import { device, TestGuest, type TestGuestOptions } from '../../support/guest.js';

function guestOf(options: TestGuestOptions = {}): TestGuest {
  const guest = new TestGuest({ present: 2, devices: [device('heartbeat', 7)], ...options });
  guest.host.services.add(vsockService(5000));
  return guest.boot();
}

function driverOf(guest: TestGuest): HvSockDriver {
  const driver = guest.vmbus.bus.drivers.find(({ name }) => name === 'hv_sock');
  if (!(driver instanceof HvSockDriver)) throw new Error('no hv_sock');
  return driver;
}

function connect(guest: TestGuest, port: number): HvSocket {
  const channel = guest.run(driverOf(guest).connect(vsockService(port)));
  const data = deviceOf(channel)?.driverData;
  if (!(data instanceof HvSocket)) throw new Error('not connected');
  return data;
}

describe('a connect', () => {
  test('to a service of the host ends in a channel of its own', () => {
    const guest = guestOf();
    const [first, second] = [connect(guest, 5000), connect(guest, 5000)];
    guest.settle();
    expect(guest.rows().map(([, relid, name]) => [relid, name])).toEqual([
      [7, 'heartbeat'],
      [8, 'hv_sock'],
      [9, 'hv_sock'],
    ]);
    expect(first.channel.state.kind).toBe('opened');
    expect(second.channel.offer.classId).toBe(vsockService(5000));
  });

  test('to nobody is given up after 2 s', () => {
    const guest = guestOf();
    const begin = guest.machine.clock.now;
    expect(errnoOf(() => connect(guest, 5001))).toBe('ETIMEDOUT');
    expect(guest.machine.clock.now - begin).toBe(2e9);
    expect(guest.connection.refused.size).toBe(0);
    connect(guest, 5000);
  });

  test('needs VMBus 4.0', () => {
    expect(errnoOf(() => connect(guestOf({ host: { version: versionWire('3.0') } }), 5000))).toBe('ENODEV');
    expect(errnoOf(() => connect(guestOf({ host: { version: versionWire('4.0') } }), 5000))).toBeUndefined();
  });
});

// hvs_open_connection: six pages for hosts before 5.0, else as large as a socket's buffers.
test.each([
  ['4.0', 5],
  ['4.1', 5],
  ['5.0', 52],
  ['5.3', 52],
])('a connection over VMBus %s has rings of %i pages of data', (version, pages) => {
  const { channel } = connect(guestOf({ host: { version: versionWire(version) } }), 5000);
  expect(channel.rings?.outbound.ring.dataBytes).toBe(pages * 4096);
  expect(channel.rings?.inbound.ring.dataBytes).toBe(pages * 4096);
});

describe('bytes to the host', () => {
  test('more than the ring holds: the guest waits for the signals of the host', () => {
    const guest = guestOf();
    const socket = connect(guest, 5000);
    const hostState = guest.host.channel(socket.channel.relid)?.state;
    if (hostState?.kind !== 'open') throw new Error('not open');
    guest.run(socket.send(2_000_000));
    expect(socket.sent).toBe(2_000_000);
    expect(hostState.fromGuest.intrInFull).toBeGreaterThan(3);
    expect(socket.channel.rings?.outbound.outFullFirst).toBe(1);
    expect(guest.count(socket.channel.relid)).toBeGreaterThan(3);
    guest.settle();
    expect(hostState.fromGuest.error).toBeUndefined();
  });

  test('the connection goes meanwhile', () => {
    const guest = guestOf();
    const socket = connect(guest, 5000);
    const task = guest.machine.spawn('send', socket.send(10_000_000));
    task.errorTaken = true;
    guest.machine.settle();
    guest.host.rescind(socket.channel.relid);
    guest.settle();
    expect(task.error).toMatchObject({ code: 'ENODEV' });
    expect(guest.rows().map(([, relid]) => relid)).toEqual([7]);
  });
});
