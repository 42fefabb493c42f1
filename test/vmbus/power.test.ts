import { describe, expect, test } from '@jest/globals';
import type { KernelVersion } from '../../src/irq/kernel.js';
import { StorvscDevice } from '../../src/drivers/storvsc/device.js';
import type { VmbusDriver } from '../../src/vmbus/driver.js';
import { builtinDrivers } from '../../src/drivers/index.js';
import { defaultDeviceParameters } from '../../src/drivers/device-parameters.js';
import {
  CHANNEL_FLAG,
  CHANNELMSG,
  decodeMessage,
  versionWire,
  vmbusVersions,
} from '../../src/vmbus/protocol/channel-messages.js';
import { deviceClassId } from '../../src/vmbus/protocol/class-ids.js';
import { HV_STATUS_INVALID_CONNECTION_ID } from '../../src/vmbus/host-port.js';
import { INVALID_RELID } from '../../src/vmbus/relid-map.js';
import { errnoOf } from '../support/errors.js';
import { device, instanceOf, TestGuest, type TestGuestOptions } from '../support/guest.js';

const devices = [
  device('heartbeat', 7),
  device('scsi', 14, { subChannelRelids: [23, 24] }),
  device('nic', 13, { subChannelRelids: [16, 17, 18] }),
  device('balloon', 1),
  device('mouse', 3),
  device('keyboard', 4),
  device('framebuffer', 5),
  device('pci', 30),
];

function guestOf(options: TestGuestOptions = {}): TestGuest {
  return new TestGuest({ present: 4, devices, ...options }).boot();
}

function suspend(guest: TestGuest): void {
  guest.run(guest.vmbus.power.suspend());
  guest.settle();
}

function resume(guest: TestGuest): void {
  guest.run(guest.vmbus.power.resume());
  guest.settle();
}

/** Types of the messages that the guest sends from now on. */
function record(guest: TestGuest): number[] {
  const types: number[] = [];
  const { host } = guest;
  const post = host.postMessage.bind(host);
  host.postMessage = (message, connection) => {
    types.push(decodeMessage(message).type);
    return post(message, connection);
  };
  return types;
}

const names = (guest: TestGuest) => guest.rows().map(([, , name]) => name);
const relids = (guest: TestGuest) => guest.rows().map(([, relid]) => relid);

describe('a suspended guest', () => {
  test('has no IRQs of channels, no relids, no sub-channels, and its host knows nothing of it', () => {
    const guest = guestOf();
    const primaries = [...guest.connection.primaries];
    const types = record(guest);
    suspend(guest);
    expect(guest.rows()).toEqual([]);
    expect([...guest.irq.descs()].filter(({ data }) => data.chip.name === 'VMBus')).toEqual([]);
    expect(guest.connection.primaries).toEqual(primaries);
    for (const channel of primaries) {
      expect(channel.relid).toBe(INVALID_RELID);
      expect(channel.subChannels).toEqual([]);
      expect(channel.state.kind).toBe('open');
    }
    expect(guest.connection.state.kind).toBe('unloaded');
    expect(types.at(-1)).toBe(CHANNELMSG.UNLOAD);
    expect(guest.memory.blocksInUse).toBe(0);
    expect([...guest.host.allChannels()].every(({ state }) => state.kind === 'offered')).toBe(true);
  });

  test('may take any CPU offline', () => {
    const guest = guestOf();
    suspend(guest);
    for (const cpu of [1, 2, 3]) expect(errnoOf(() => guest.offline(cpu))).toBeUndefined();
  });

  test('waits for I/Os that are under way', () => {
    const guest = guestOf();
    const disk = guest.device(14).driverData;
    if (!(disk instanceof StorvscDevice)) throw new Error('no disk');
    const results: boolean[] = [];
    const io = { cpu: 0, bytes: 4096, isWrite: true, completed: (ok: boolean) => results.push(ok) };
    disk.submit(io);
    suspend(guest);
    expect(results).toEqual([true]);
    disk.submit(io);
    guest.settle();
    expect(disk.queued).toBe(1);
    resume(guest);
    expect(results).toEqual([true, true]);
  });
});

describe('a guest that wakes up', () => {
  test('has everything again, under other relids', () => {
    const guest = guestOf();
    const [before, places] = [names(guest), relids(guest)];
    const found = [...guest.vmbus.bus.devices];
    const drivers = found.map(({ driver }) => driver);
    suspend(guest);
    guest.host.moveRelids(new Map(places.map((relid) => [relid, relid + 100])));
    resume(guest);
    expect(relids(guest).toSorted()).toEqual(places.map((relid) => relid + 100).toSorted());
    expect(names(guest).toSorted()).toEqual(before.toSorted());
    expect(guest.vmbus.bus.devices).toEqual(found);
    expect(found.map(({ driver }) => driver)).toEqual(drivers);
    expect(guest.connection.refused.size).toBe(0);
    for (const relid of relids(guest)) {
      expect(guest.channel(relid).state.kind).toBe('opened');
      const counted = guest.count(relid);
      expect(guest.host.signal(relid)).toBe(1);
      guest.settle();
      expect(guest.count(relid)).toBe(counted + 1);
    }
  });

  test('proposes the version of before, and no other', () => {
    const guest = guestOf({ host: { version: versionWire('5.1') } });
    suspend(guest);
    const contacts: number[] = [];
    const { host } = guest;
    const post = host.postMessage.bind(host);
    host.postMessage = (bytes, connection) => {
      const message = decodeMessage(bytes);
      if (message.type === CHANNELMSG.INITIATE_CONTACT) contacts.push(message.version);
      return post(bytes, connection);
    };
    resume(guest);
    expect(contacts).toEqual([versionWire('5.1')]);
  });

  test('can sleep again and again', () => {
    const guest = guestOf();
    const before = names(guest).toSorted();
    for (let i = 0; i < 3; i++) {
      suspend(guest);
      guest.host.moveRelids();
      resume(guest);
      expect(names(guest).toSorted()).toEqual(before);
    }
  });

  test('a device that was added meanwhile is found', () => {
    const guest = guestOf();
    suspend(guest);
    guest.host.offer(device('timesync', 50));
    resume(guest);
    expect(names(guest)).toContain('timesync');
  });

  test('without having slept: EINVAL', () => {
    const guest = guestOf();
    guest.run(guest.vmbus.power.initiateUnload());
    expect(errnoOf(() => resume(guest))).toBe('EINVAL');
    expect(guest.log()).toContain('hv_vmbus: Invalid proto version = 0x0');
  });
});

describe('a device that is not offered again', () => {
  const lost = (kernel: KernelVersion): TestGuest => {
    const guest = guestOf({ kernel });
    suspend(guest);
    guest.host.rescind(7);
    resume(guest);
    expect(names(guest)).not.toContain('heartbeat');
    expect(names(guest)).toContain('pri@storvsc0');
    expect(guest.log()).toContain(`hv_utils ${instanceOf(7)}: PM: failed to restore: error -122`);
    return guest;
  };

  test('Linux 6.12 waits for it for 10 s, and does not sleep any more', () => {
    const guest = lost('6.12');
    expect(guest.machine.clock.now).toBeGreaterThan(10e9);
    expect(guest.log()).toContain('hv_vmbus: Some vmbus device is missing after suspending?');
    const before = names(guest).toSorted();
    expect(errnoOf(() => suspend(guest))).toBe('EBUSY');
    expect(guest.log()).toContain('hv_vmbus: Can not suspend due to a previous failed resuming');
    guest.settle();
    expect(names(guest).toSorted()).toEqual(before);
  });

  test('Linux 6.18 names it', () => {
    const guest = lost('6.18');
    expect(guest.machine.clock.now).toBeLessThan(10e9);
    const { classId } = guest.vmbus.bus.devices[0];
    expect(guest.log()).toContain(`hv_vmbus: channel ${classId}/${instanceOf(7)} not present after resume.`);
    expect(warnings(guest)).toEqual([]);
    suspend(guest);
    expect(warnings(guest)).toEqual(['WARNING: at drivers/hv/channel_mgmt.c vmbus_channel_unmap_relid']);
    resume(guest);
    expect(names(guest)).toContain('pri@storvsc0');
  });
});

const warnings = (guest: TestGuest) => guest.log().filter((line) => line.startsWith('WARNING: '));

// vmbus_bus_resume: before 6.14 it waits for an event that comes with the last device, and warns if there is none.
test.each([
  ['6.1', 10, 'vmbus_bus_resume'],
  ['6.12', 10, 'vmbus_bus_resume'],
  ['6.18', 0, undefined],
] as const)('Linux %s without devices takes %i s to resume', (kernel, seconds, warns) => {
  const guest = guestOf({ kernel, devices: [] });
  suspend(guest);
  const from = guest.machine.clock.now;
  resume(guest);
  expect(Math.round((guest.machine.clock.now - from) / 1e9)).toBe(seconds);
  expect(warnings(guest)).toEqual(warns === undefined ? [] : [`WARNING: at drivers/hv/vmbus_drv.c ${warns}`]);
  const missing = guest
    .log()
    .filter((line) => line.includes('Some vmbus device is missing after suspending?'));
  expect(missing).toHaveLength(warns === undefined ? 0 : 1);
});

test('a driver without suspend keeps the guest awake, and all devices go on', () => {
  const guest = guestOf({
    drivers: (operations) =>
      builtinDrivers.map((Driver): VmbusDriver => {
        const driver = new Driver(operations, defaultDeviceParameters);
        // The first device found is the last one asked.
        if (driver.name === 'hv_utils') Object.assign(driver, { suspend: undefined });
        return driver;
      }),
  });
  const before = names(guest).toSorted();
  expect(errnoOf(() => suspend(guest))).toBe('EOPNOTSUPP');
  guest.settle();
  expect(names(guest).toSorted()).toEqual(before);
  expect(guest.connection.state.kind).toBe('connected');
});

describe('by the version of the host', () => {
  test.each(vmbusVersions.map(({ name, wire }) => [name, wire] as const))('%s', (_, version) => {
    const guest = new TestGuest({ present: 4, devices, host: { version }, kernel: '7.2' });
    const types = record(guest);
    guest.run(guest.vmbus.init());
    guest.settle();
    const tried = vmbusVersions.filter(({ wire }) => wire >= Math.max(version, versionWire('2.4')));
    expect(types.filter((type) => type === CHANNELMSG.INITIATE_CONTACT)).toHaveLength(tried.length);
    if (version < versionWire('2.4')) {
      expect(guest.connection.state.kind).toBe('disconnected');
      expect(guest.rows()).toEqual([]);
      return;
    }
    expect(guest.connection.version).toBe(version);
    expect(names(guest)).toHaveLength(13);
    guest.run(guest.vmbus.power.initiateUnload());
    // Hosts before Windows 8.1 know no second connection, so they are told nothing.
    expect(types.at(-1) === CHANNELMSG.UNLOAD).toBe(version >= versionWire('3.0'));
    expect(guest.connection.state.kind).toBe('unloaded');
  });

  test('unloading twice asks once', () => {
    const guest = guestOf();
    const types = record(guest);
    guest.run(guest.vmbus.power.initiateUnload());
    guest.run(guest.vmbus.power.initiateUnload());
    expect(types).toEqual([CHANNELMSG.UNLOAD]);
  });
});

test('sockets do not survive a sleep', () => {
  const guest = guestOf();
  guest.host.offer(
    device('heartbeat', 60, { flags: CHANNEL_FLAG.TLNPI_PROVIDER_OFFER, instanceId: instanceOf(61) }),
  );
  guest.settle();
  expect(names(guest)).toContain('hv_sock');
  suspend(guest);
  expect(guest.connection.primaries.some(({ isHvSock }) => isHvSock)).toBe(false);
  resume(guest);
  expect(names(guest)).not.toContain('hv_sock');
  expect(guest.connection.refused.size).toBe(0);
});

describe('a resume on another host', () => {
  test.each<[KernelVersion, string]>([
    ['6.1', 'EINVAL'],
    ['6.10', 'EINVAL'],
    ['6.12', 'ENXIO'],
    ['7.2', 'ENXIO'],
  ])('Linux %s: one of 4.0 has no connection for the proposal: %s', (kernel, errno) => {
    const guest = guestOf({ kernel });
    suspend(guest);
    const { host } = guest;
    const post = host.postMessage.bind(host);
    host.postMessage = (message, connection) =>
      decodeMessage(message).type === CHANNELMSG.INITIATE_CONTACT
        ? HV_STATUS_INVALID_CONNECTION_ID
        : post(message, connection);
    expect(errnoOf(() => resume(guest))).toBe(errno);
    expect(guest.connection.state.kind).toBe('disconnected');
  });

  test.each<KernelVersion>(['6.1', '6.12', '7.2'])(
    'Linux %s: one that refuses it: ECONNREFUSED',
    (kernel) => {
      const guest = guestOf({ kernel });
      suspend(guest);
      guest.host.faults.add({
        what: 'message',
        message: 'VERSION_RESPONSE',
        deed: 'corrupt',
        field: 'versionSupported',
        value: 0,
      });
      expect(errnoOf(() => resume(guest))).toBe('ECONNREFUSED');
      expect(guest.connection.state.kind).toBe('disconnected');
    },
  );

  test('one that refuses it leaves drivers free to take devices', () => {
    const probed: string[] = [];
    const late: VmbusDriver = {
      name: 'late',
      classIds: [deviceClassId('kvp')],
      *probe() {
        probed.push('late');
      },
      *remove() {},
    };
    const guest = guestOf({ devices: [device('kvp', 3)], drivers: () => [] });
    suspend(guest);
    guest.host.postMessage = () => HV_STATUS_INVALID_CONNECTION_ID;
    expect(errnoOf(() => resume(guest))).toBe('EINVAL');
    guest.run(guest.vmbus.bus.registerDriver(late));
    guest.settle();
    expect(probed).toEqual(['late']);
  });
});
