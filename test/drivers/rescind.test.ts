import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { CHANNEL_FLAG } from '../../src/vmbus/protocol/channel-messages.js';
import { parseGuid } from '../../src/vmbus/protocol/guid.js';
import type { HostDeviceOptions } from '../../src/host/device.js';
import { device, TestGuest } from '../support/guest.js';

const US = 1000;

/** One device of each driver; relid 40 and up are its sub-channels. */
const kinds: Readonly<Record<string, HostDeviceOptions>> = {
  storvsc: device('scsi', 5, { subChannelRelids: [40, 41] }),
  'storvsc FC': device('fc', 5, { subChannelRelids: [40] }),
  netvsc: device('nic', 5, { subChannelRelids: [40, 41, 42] }),
  vpci: device('pci', 5),
  heartbeat: device('heartbeat', 5),
  balloon: device('balloon', 5),
  mouse: device('mouse', 5),
  keyboard: device('keyboard', 5),
  framebuffer: device('framebuffer', 5),
  hv_sock: {
    ...device('kvp', 5),
    classId: parseGuid('00000050-facb-11e6-bd58-64006a7986d3'),
    flags: CHANNEL_FLAG.TLNPI_PROVIDER_OFFER,
  },
  'no driver': device('nd', 5),
};
const names = Object.keys(kinds);

/** Boots until `events` events have happened. False if there were fewer. */
function bootFor(guest: TestGuest, events: number): boolean {
  const { machine } = guest;
  machine.spawn('boot', guest.vmbus.init());
  machine.settle();
  for (let i = 0; i < events; i++) {
    if (!machine.clock.runNext()) return false;
    machine.settle();
  }
  return true;
}

function guestWith(kind: HostDeviceOptions): TestGuest {
  return new TestGuest({ present: 4, devices: [device('shutdown', 2), kind] });
}

function rowsOf(guest: TestGuest): string[] {
  return guest.rows().map(([, relid, name]) => `${relid} ${name}`);
}

/** Nothing of the device is left: no channel, no IRQ, no memory, and the host has its relids back. */
function expectGone(guest: TestGuest, kind: HostDeviceOptions): void {
  for (const relid of [kind.relid, ...(kind.subChannelRelids ?? [])]) {
    expect(guest.connection.relids.relid2channel(relid)).toBeUndefined();
    expect(guest.host.channel(relid)).toBeUndefined();
  }
  expect(rowsOf(guest)).toEqual(['2 shutdown']);
  expect(guest.vmbus.bus.devices.map(({ channel }) => channel.relid)).toEqual([2]);
  expect(guest.memory.blocksInUse).toBe(1);
  expect(guest.connection.channelMutex.isHeld).toBe(false);
  expect(guest.connection.rescindWorkQueue.isIdle).toBe(true);
}

/**
 * As in Linux: netvsc waits for its host with RTNL, whatever becomes of the device, and its removal waits for RTNL.
 *
 * @returns what the guest hangs for; undefined if the device is gone.
 */
function netvscHang(guest: TestGuest): string | undefined {
  const waiting = guest.machine.waiting();
  if (waiting.length === 0) return undefined;
  const holder = waiting.find(
    ({ waitsFor }) =>
      waitsFor !== 'rtnl_mutex' && !waitsFor.startsWith('probe') && waitsFor !== 'device_lock',
  );
  expect(holder).toBeDefined();
  const others = waiting.filter((context) => context !== holder);
  for (const { waitsFor, holder: owner } of others)
    if (waitsFor === 'rtnl_mutex') expect(owner?.pid).toBe(holder?.pid);
  return holder?.waitsFor;
}

describe('a device that the host rescinds', () => {
  test.each(names)('%s: when it is in service', (name) => {
    const guest = guestWith(kinds[name]).boot();
    const before = rowsOf(guest);
    guest.host.rescind(5);
    guest.settle();
    expectGone(guest, kinds[name]);
    guest.host.offer(kinds[name]);
    guest.settle();
    expect(rowsOf(guest)).toEqual(before);
  });

  test.each(names)('%s: between any two events of its probe, and offered again', (name) => {
    const kind = kinds[name];
    const inService = rowsOf(guestWith(kind).boot());
    const hangs = new Set<string>();
    let events = 0;
    for (let busy = true; busy; events++) {
      const guest = guestWith(kind);
      busy = bootFor(guest, events);
      guest.host.rescind(5);
      guest.settle();
      const hang = name === 'netvsc' ? netvscHang(guest) : undefined;
      if (hang !== undefined) {
        hangs.add(hang);
        continue;
      }
      expectGone(guest, kind);
      guest.host.offer(kind);
      guest.settle();
      expect(rowsOf(guest)).toEqual(inService);
    }
    expect(events).toBeGreaterThan(6);
    expect([...hangs]).toEqual(name === 'netvsc' ? ['answer on channel 5', 'sub-channels of netvsc 5'] : []);
  });

  test('any two devices, at any moments', () => {
    const kind = fc.constantFrom(...names);
    const moment = fc.oneof(fc.nat({ max: 900 * US }), fc.nat({ max: 9_000 * US }));
    fc.assert(
      fc.property(kind, kind, moment, moment, (first, second, firstNs, secondNs) => {
        // The next test has those.
        fc.pre(first !== 'netvsc' || second !== 'netvsc');
        const other = {
          ...kinds[second],
          ...device('scsi', 6),
          classId: kinds[second].classId,
          subChannelRelids: [50],
        };
        const guest = new TestGuest({ present: 4, devices: [device('shutdown', 2), kinds[first], other] });
        const { clock } = guest.machine;
        clock.after(firstNs, { fire: () => guest.host.rescind(5) });
        clock.after(secondNs, { fire: () => guest.host.rescind(6) });
        guest.machine.spawn('boot', guest.vmbus.init());
        guest.settle();
        if ((first === 'netvsc' || second === 'netvsc') && netvscHang(guest) !== undefined) return;
        expectGone(guest, kinds[first]);
        expectGone(guest, other);
      }),
      { numRuns: 150 },
    );
  });
});

/** As in Linux: works of hv_vmbus_rescind come one after the other, and RTNL is one for all adapters. */
test('two NICs in their probes: the one with RTNL waits for its rescind, which comes behind that of the other', () => {
  const nic = kinds.netvsc;
  const other = { ...nic, ...device('scsi', 6), classId: nic.classId, subChannelRelids: [50] };
  const guest = new TestGuest({ present: 4, devices: [device('shutdown', 2), nic, other] });
  const { clock } = guest.machine;
  clock.after(90_001, { fire: () => guest.host.rescind(5) });
  clock.after(20_001, { fire: () => guest.host.rescind(6) });
  guest.machine.spawn('boot', guest.vmbus.init());
  guest.settle();
  expect(guest.connection.relids.relid2channel(5)?.rescind).toBe(false);
  expect(guest.connection.relids.relid2channel(6)?.rescind).toBe(true);
  expect(guest.connection.rescindWorkQueue.isIdle).toBe(false);
});

describe('a sub-channel that the host rescinds', () => {
  test.each(['storvsc', 'netvsc'])('%s: goes at any moment, and the device with it later', (name) => {
    const kind = kinds[name];
    let met = 0;
    let gone = 0;
    for (let busy = true, events = 0; busy; events++) {
      const guest = guestWith(kind);
      busy = bootFor(guest, events);
      const sub = guest.host.channel(40);
      if (sub === undefined || sub.state.kind === 'rescinded') continue;
      met += 1;
      guest.host.rescind(40);
      for (let i = 0; i < met % 7; i++) guest.machine.clock.runNext();
      guest.machine.settle();
      guest.host.rescind(5);
      guest.settle();
      if (name === 'netvsc' && netvscHang(guest) !== undefined) continue;
      gone += 1;
      expectGone(guest, kind);
    }
    expect(met).toBeGreaterThan(5);
    expect(gone).toBeGreaterThan(2);
  });
});
