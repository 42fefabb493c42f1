import { describe, expect, test } from '@jest/globals';
import { NVSP, NVSP_STAT_SUCCESS, nvspMessage, nvspType } from '../../src/host/protocols/network.js';
import { deviceClassId } from '../../src/vmbus/protocol/class-ids.js';
import { CHANNELMSG, encodeMessage } from '../../src/vmbus/protocol/channel-messages.js';
import { VM_PKT } from '../../src/vmbus/ring/index.js';
import { brokenAtRest } from '../../src/vmbus/validate.js';
import { backendsWith } from '../support/backends.js';
import { device, instanceOf, TestGuest } from '../support/guest.js';

// What the host does here it may do at no other moment, and each of it once went wrong.

const MS = 1_000_000;

function disk(): TestGuest {
  return new TestGuest({ present: 4, devices: [device('scsi', 2, { subChannelRelids: [50, 51] })] });
}

function rescind(guest: TestGuest, ...relids: readonly number[]): void {
  for (const childRelid of relids)
    guest.host.postRaw(encodeMessage({ type: CHANNELMSG.RESCIND_CHANNELOFFER, childRelid }));
  guest.machine.settle();
}

function offerSubChannel(guest: TestGuest, childRelid: number, subChannelIndex: number): void {
  const fields = { flags: 0, mmioMegabytes: 0, monitorId: 0xff, monitorAllocated: false, connectionId: 1 };
  guest.host.postRaw(
    encodeMessage({
      type: CHANNELMSG.OFFERCHANNEL,
      classId: deviceClassId('scsi'),
      instanceId: instanceOf(2),
      userDefined: new Uint8Array(0),
      isDedicatedInterrupt: true,
      childRelid,
      subChannelIndex,
      ...fields,
    }),
  );
  guest.machine.settle();
}

function expectNothingLeft(guest: TestGuest): void {
  expect([...guest.connection.channels()]).toEqual([]);
  expect(guest.memory.blocksInUse).toBe(0);
  expect(guest.rows()).toEqual([]);
  expect(guest.machine.liveTasks).toBe(0);
  expect(brokenAtRest(guest.vmbus)).toEqual([]);
}

describe('a device that goes', () => {
  test('takes a sub-channel with it that is just being opened', () => {
    const guest = disk();
    guest.host.faults.add({
      what: 'message',
      message: 'OPENCHANNEL_RESULT',
      relid: 50,
      deed: 'delay',
      byNs: 5 * MS,
    });
    guest.run(guest.vmbus.init());
    while (guest.connection.relids.relid2channel(50)?.state.kind !== 'opening') guest.machine.elapse(10_000);
    rescind(guest, 2);
    guest.settle();
    // The sub-channel lives until its own rescind, closed.
    expect(guest.connection.primaries).toEqual([]);
    expect(guest.memory.blocksInUse).toBe(0);
    rescind(guest, 50, 51);
    guest.settle();
    expectNothingLeft(guest);
  });

  test('leaves a sub-channel that comes afterwards to be a device of its own', () => {
    const guest = disk();
    guest.host.faults.add({ what: 'message', message: 'OFFERCHANNEL', relid: 51, deed: 'drop' });
    guest.boot();
    guest.host.faults.add({
      what: 'message',
      message: 'GPADL_TORNDOWN',
      nth: 1,
      deed: 'delay',
      byNs: 5 * MS,
    });
    rescind(guest, 2);
    guest.machine.elapse(MS);
    expect(guest.channel(50).state.kind).toBe('open');
    offerSubChannel(guest, 60, 2);
    guest.settle();
    expect(guest.connection.primaries.map(({ relid }) => relid)).toEqual([60]);
    rescind(guest, 50, 60);
    guest.settle();
    expectNothingLeft(guest);
  });

  test('while it is suspended waits for that', () => {
    const guest = disk().boot();
    guest.host.faults.add({
      what: 'message',
      message: 'GPADL_TORNDOWN',
      nth: 1,
      deed: 'delay',
      byNs: 5 * MS,
    });
    guest.machine.spawn('suspend', guest.vmbus.power.suspend());
    guest.machine.elapse(MS);
    rescind(guest, 2);
    guest.settle();
    expect(guest.vmbus.bus.devices).toEqual([]);
    expect(guest.connection.primaries).toEqual([]);
    expect(guest.machine.liveTasks).toBe(0);
  });
});

test('a device that comes while the guest is suspended gets its driver afterwards', () => {
  const guest = disk().boot();
  guest.machine.spawn('suspend', guest.vmbus.power.suspend());
  while (guest.channel(2).state.kind === 'opened') guest.machine.elapse(10_000);
  guest.host.offer(device('heartbeat', 3));
  guest.machine.elapse(MS);
  expect(guest.channel(3).state.kind).toBe('open');
  expect(guest.device(3).driver).toBeUndefined();
  guest.settle();
  guest.run(guest.vmbus.power.resume());
  guest.settle();
  const states = guest.connection.primaries.map(({ offer, state }) => [offer.instanceId, state.kind]);
  expect(states).toEqual([
    [instanceOf(2), 'opened'],
    [instanceOf(3), 'opened'],
  ]);
});

test('a network adapter that has more sub-channels than it was asked for goes on with one channel', () => {
  const backends = backendsWith('nic', ({ payload, transactionId }, channel, services) => {
    if (nvspType(payload) !== NVSP.SUBCHANNEL) return true;
    const answer = nvspMessage(NVSP.SUBCHANNEL, NVSP_STAT_SUCCESS, 0xffffffff);
    services.send(channel, answer, transactionId, 1000, VM_PKT.COMP);
    return false;
  });
  const guest = new TestGuest({
    present: 4,
    devices: [device('nic', 1, { subChannelRelids: [9, 10] })],
    backends,
  }).boot();
  expect(guest.log()).toContain(`hv_netvsc ${instanceOf(1)} eth0: invalid number of allocated sub channel`);
  expect([...guest.connection.channels()].map(({ relid, state }) => [relid, state.kind])).toEqual([
    [1, 'opened'],
  ]);
  expect(guest.machine.liveTasks).toBe(0);
});
