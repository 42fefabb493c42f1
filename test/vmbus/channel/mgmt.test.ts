import { describe, expect, test } from '@jest/globals';
import { deviceClassId, unsupportedDevices } from '../../../src/vmbus/protocol/class-ids.js';
import {
  CHANNELMSG,
  decodeMessage,
  encodeMessage,
  type OfferChannel,
} from '../../../src/vmbus/protocol/channel-messages.js';
import { device, instanceOf, TestGuest } from '../../support/guest.js';

const US = 1000;

function offerOf(relid: number, fields: Partial<OfferChannel> = {}): OfferChannel {
  return {
    type: CHANNELMSG.OFFERCHANNEL,
    classId: deviceClassId('nd'),
    instanceId: instanceOf(relid),
    flags: 0,
    mmioMegabytes: 0,
    userDefined: new Uint8Array(0),
    subChannelIndex: 0,
    childRelid: relid,
    monitorId: 0xff,
    monitorAllocated: false,
    isDedicatedInterrupt: true,
    connectionId: 0x10000 + relid,
    ...fields,
  };
}

function send(guest: TestGuest, message: OfferChannel): void {
  guest.host.postRaw(encodeMessage(message));
}

function rescind(guest: TestGuest, childRelid: number): void {
  guest.host.postRaw(encodeMessage({ type: CHANNELMSG.RESCIND_CHANNELOFFER, childRelid }));
}

/** Relids that the guest gives back from now on. */
function recordReleased(guest: TestGuest): number[] {
  const released: number[] = [];
  const { host } = guest;
  const post = host.postMessage.bind(host);
  host.postMessage = (bytes, connection) => {
    const message = decodeMessage(bytes);
    if (message.type === CHANNELMSG.RELID_RELEASED) released.push(message.childRelid);
    return post(bytes, connection);
  };
  return released;
}

function refused(guest: TestGuest): Record<string, number> {
  return Object.fromEntries(guest.connection.refused);
}

describe('offers', () => {
  test('make a channel, a device and an IRQ number', () => {
    const guest = new TestGuest().boot();
    send(guest, offerOf(5));
    guest.settle();
    const channel = guest.channel(5);
    expect(channel.state.kind).toBe('open');
    expect(channel.irq).toBe(24);
    expect(channel.irqName).toBe('netdirect');
    expect(guest.vmbus.bus.devices).toHaveLength(1);
    expect(guest.connection.offers.count).toBe(0);
  });

  test.each([
    ['relid 0', 0],
    ['relid 2048', 2048],
    ['a relid of many digits', 0xffffffff],
  ])('with %s are refused', (_, relid) => {
    const guest = new TestGuest().boot();
    send(guest, offerOf(5, { childRelid: relid }));
    guest.settle();
    expect(refused(guest)).toEqual({ 'offer-relid-out-of-range': 1 });
    const warnings = guest.log().filter((line) => /^WARNING: .*vmbus_channel_map_relid/.test(line));
    expect(warnings).toHaveLength(relid === 0 ? 0 : 1);
    expect(guest.vmbus.bus.devices).toEqual([]);
    expect(guest.connection.offers.count).toBe(0);
  });

  test('the highest relid is fine', () => {
    const guest = new TestGuest().boot();
    send(guest, offerOf(2047));
    guest.settle();
    expect(guest.channel(2047).irq).toBe(24);
  });

  test('of a relid in use are refused', () => {
    const guest = new TestGuest({ devices: [device('kvp', 5)] }).boot();
    send(guest, offerOf(5, { instanceId: instanceOf(77) }));
    guest.settle();
    expect(refused(guest)).toEqual({ 'offer-relid-in-use': 1 });
    expect(guest.channel(5).irqName).toBe('kvp');
    expect(guest.vmbus.bus.devices).toHaveLength(1);
  });

  test('of a device that exists are refused, unless for a sub-channel', () => {
    const guest = new TestGuest().boot();
    send(guest, offerOf(5));
    send(guest, offerOf(6, { instanceId: instanceOf(5) }));
    send(guest, offerOf(7, { instanceId: instanceOf(5), subChannelIndex: 1 }));
    guest.settle();
    expect(refused(guest)).toEqual({
      'offer-of-existing-device': 1,
      'offer-sub-channel-nobody-asked-for': 1,
    });
    expect(guest.connection.relids.relid2channel(6)).toBeUndefined();
    expect(guest.channel(7).primary).toBe(guest.channel(5));
    expect(guest.channel(5).subChannels.map(({ relid }) => relid)).toEqual([7]);
  });

  // find_primary_channel_by_offer looks at the instance only
  test.each([
    ['the same class', 'nd'],
    ['another class', 'fcopy'],
    ['another class', 'nic'],
    ['another class', 'scsi'],
  ])('of the same instance and %s are warned of: %s', (_, name) => {
    const guest = new TestGuest().boot();
    send(guest, offerOf(5));
    send(guest, offerOf(6, { instanceId: instanceOf(5), classId: deviceClassId(name) }));
    guest.settle();
    expect(guest.vmbus.bus.devices).toHaveLength(1);
    expect(guest.connection.primaries.map(({ relid }) => relid)).toEqual([5]);
    expect(refused(guest)).toEqual({ 'offer-of-existing-device': 1 });
    expect(guest.log().filter((line) => /^WARNING: .*vmbus_onoffer/.test(line))).toHaveLength(1);
    expect(guest.connection.offers.count).toBe(0);
  });

  test.each([1, 2, 64, 0xffff])(
    'of a sub-channel of nothing, with index %i, make a device, and no suspend ends',
    (subChannelIndex) => {
      const guest = new TestGuest().boot();
      send(guest, offerOf(5, { subChannelIndex }));
      guest.settle();
      expect(guest.vmbus.bus.devices.map(({ channel }) => channel.relid)).toEqual([5]);
      expect(guest.channel(5).primary).toBeUndefined();
      expect(refused(guest)).toEqual({});
      guest.machine.spawn('suspend', guest.vmbus.power.suspend());
      guest.machine.elapse(10e9);
      expect(guest.connection.state.kind).toBe('connected');
    },
  );

  test('of devices for Windows guests are dropped without a trace', () => {
    const guest = new TestGuest().boot();
    unsupportedDevices.forEach(({ guid }, i) => {
      send(guest, offerOf(5 + i, { classId: guid }));
    });
    guest.settle();
    expect(refused(guest)).toEqual({});
    expect(guest.vmbus.bus.devices).toEqual([]);
    expect(guest.connection.offers.count).toBe(0);
    rescind(guest, 5);
    guest.settle();
    expect(refused(guest)).toEqual({ 'rescind-of-unknown-relid': 1 });
  });
});

describe('rescinds', () => {
  test('of relids that nobody has are ignored', () => {
    const guest = new TestGuest().boot();
    const released = recordReleased(guest);
    for (const relid of [5, 0, 2047, 2048, 0xffffffff]) rescind(guest, relid);
    guest.settle();
    expect(refused(guest)).toEqual({ 'rescind-of-unknown-relid': 5 });
    expect(released).toEqual([]);
  });

  test('take the device away and give the relid back', () => {
    const guest = new TestGuest({ devices: [device('kvp', 5)] }).boot();
    const released = recordReleased(guest);
    rescind(guest, 5);
    guest.settle();
    expect(released).toEqual([5]);
    expect(guest.vmbus.bus.devices).toEqual([]);
    expect(guest.connection.primaries).toEqual([]);
    expect(guest.irq.desc(24)).toBeUndefined();
  });

  test('twice: the second one is ignored', () => {
    const guest = new TestGuest({ devices: [device('scsi', 5, { subChannelRelids: [9] })] }).boot();
    const released = recordReleased(guest);
    const channel = guest.channel(5);
    rescind(guest, 9);
    rescind(guest, 9);
    rescind(guest, 5);
    rescind(guest, 5);
    guest.settle();
    // The sub-channel stays until its device goes; the device's second rescind finds nothing.
    expect(refused(guest)).toMatchObject({ 'rescind-twice': 1 });
    expect(released).toEqual([9, 5]);
    expect(channel.subChannels).toEqual([]);
  });

  test('do not end what storvsc waits for in its probe, but the time limit of that does', () => {
    const guest = new TestGuest({ devices: [device('scsi', 5)], backends: [] });
    guest.machine.spawn('boot', guest.vmbus.init());
    guest.machine.elapse(500 * US);
    expect(guest.channel(5).state.kind).toBe('opened');
    guest.host.rescind(5);
    guest.machine.elapse(179_000_000 * US);
    expect(guest.vmbus.bus.devices).toHaveLength(1);
    guest.machine.elapse(2_000_000 * US);
    expect(guest.vmbus.bus.devices).toEqual([]);
    expect(guest.log()).toContain(`hv_vmbus: probe failed for device ${instanceOf(5)} (-110)`);
    expect(guest.host.channel(5)).toBeUndefined();
  });

  test('end what the driver waits for of the host itself', () => {
    const guest = new TestGuest({ devices: [device('kvp', 5)], host: { openNs: 1e9 } });
    guest.machine.spawn('boot', guest.vmbus.init());
    guest.machine.elapse(500 * US);
    expect(guest.channel(5).state.kind).toBe('opening');
    rescind(guest, 5);
    guest.machine.elapse(5_000 * US);
    expect(guest.connection.relids.relid2channel(5)).toBeUndefined();
    expect(guest.irq.desc(24)).toBeUndefined();
    guest.settle();
    // The answer that comes later is nobody's.
    expect(refused(guest)).toEqual({ 'response-nobody-waits-for': 1 });
  });

  test('that come while an offer is being handled wait for it', () => {
    const guest = new TestGuest().boot();
    const { connection, machine } = guest;
    // The offer waits for a CPU that comes or goes, and has no channel yet.
    machine.spawn('hotplug', machine.hotplug.cpusWriteLock());
    machine.settle();
    send(guest, offerOf(5));
    rescind(guest, 5);
    machine.elapse(3_000 * US);
    expect(connection.offers.count).toBe(1);
    expect(refused(guest)).toEqual({});
    machine.spawn('hotplug', machine.hotplug.cpusWriteUnlock());
    guest.settle();
    expect(refused(guest)).toEqual({});
    expect(connection.relids.relid2channel(5)).toBeUndefined();
    expect(connection.rescindWorkQueue.isIdle).toBe(true);
  });

  test('free the CPU of a performance channel for the next one', () => {
    const guest = new TestGuest({
      devices: [device('scsi', 1), device('scsi', 2), device('scsi', 3)],
    }).boot();
    expect(guest.channel(2).targetCpu).toBe(1);
    rescind(guest, 2);
    guest.settle();
    guest.host.offer(device('scsi', 9));
    guest.settle();
    expect(guest.channel(9).targetCpu).toBe(1);
  });

  test('of a sub-channel that nobody opened, while its device is being closed: both come to an end', () => {
    const guest = new TestGuest({
      devices: [device('nic', 5, { subChannelRelids: [7] })],
      drivers: () => [],
      backends: [],
    }).boot();
    const { machine, host, vmbus } = guest;
    guest.run(vmbus.operations.open(guest.channel(5), { callback: () => {} }));
    const primary = host.channel(5);
    if (primary === undefined) throw new Error('no channel');
    host.offerSubChannels(primary, 1, 0);
    guest.settle();
    const released = recordReleased(guest);
    const sub = guest.channel(7);
    // The rescind has begun and waits for what is being done with the offer.
    sub.probeDone.reinit();
    host.rescind(7);
    machine.elapse(500 * US);
    expect(sub.rescind).toBe(true);
    const closing = machine.spawn('close', vmbus.operations.close(guest.channel(5)));
    machine.elapse(500 * US);
    expect(closing.state).toBe('blocked');
    sub.probeDone.completeAll();
    guest.settle();
    expect(closing.state).toBe('done');
    expect(released).toEqual([7]);
    expect(guest.channel(5).subChannels).toEqual([]);
    expect(guest.connection.rescindWorkQueue.isIdle).toBe(true);
  });

  test('a late event for the old channel does not reach the new one with its relid', () => {
    const guest = new TestGuest({ devices: [device('kvp', 5)] }).boot();
    const old = guest.channel(5);
    rescind(guest, 5);
    guest.settle();
    send(guest, offerOf(5, { instanceId: instanceOf(77) }));
    guest.settle();
    const fresh = guest.channel(5);
    expect(fresh).not.toBe(old);
    expect(old.onChannelCallback).toBeUndefined();
    expect(() => guest.run(guest.vmbus.operations.close(old))).toThrow('use after free: channel=5');
    expect(fresh.irq).toBe(24);
    expect(guest.connection.relids.isMapped(5)).toBe(true);
  });
});
