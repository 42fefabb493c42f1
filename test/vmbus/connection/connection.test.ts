import { describe, expect, test } from '@jest/globals';
import { errnoOf } from '../../support/errors.js';
import { errnoValue } from '../../../src/lib/errno.js';
import { runAtomic } from '../../../src/machine/step.js';
import {
  HV_STATUS_INSUFFICIENT_BUFFERS,
  HV_STATUS_INSUFFICIENT_MEMORY,
  HV_STATUS_INVALID_CONNECTION_ID,
  HV_STATUS_INVALID_PARAMETER,
  HV_STATUS_SUCCESS,
} from '../../../src/vmbus/host-port.js';
import {
  CHANNEL_FLAG,
  CHANNELMSG,
  type ChannelMessage,
  decodeMessage,
  encodeMessage,
  type InitiateContact,
  VERSION_WIN10,
  VERSION_WIN10_V5_3,
  VERSION_WIN7,
  VERSION_WIN8,
} from '../../../src/vmbus/protocol/channel-messages.js';
import { device, instanceOf, TestGuest } from '../../support/guest.js';

function proposals(guest: TestGuest): InitiateContact[] {
  const seen: InitiateContact[] = [];
  const { host } = guest;
  const post = host.postMessage.bind(host);
  host.postMessage = (bytes, connection) => {
    const message = decodeMessage(bytes);
    if (message.type === CHANNELMSG.INITIATE_CONTACT) seen.push(message);
    return post(bytes, connection);
  };
  return seen;
}

describe('first contact', () => {
  test('proposes the newest version, control messages to CPU 0 by SINT 2', () => {
    const guest = new TestGuest();
    const seen = proposals(guest);
    guest.boot();
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ version: VERSION_WIN10_V5_3, targetVcpu: 0, msgSint: 2 });
    expect(guest.connection.version).toBe(VERSION_WIN10_V5_3);
    expect(guest.log()[0]).toBe('hv_vmbus: Vmbus version:5.3');
  });

  test('goes down until the host agrees', () => {
    const guest = new TestGuest({ host: { version: VERSION_WIN10 } });
    const seen = proposals(guest);
    guest.boot();
    expect(seen.map(({ version }) => version.toString(16))).toEqual([
      '50003',
      '50002',
      '50001',
      '50000',
      '40001',
      '40000',
    ]);
    expect(seen.at(-1)?.msgSint).toBe(0);
    expect(guest.connection.version).toBe(VERSION_WIN10);
  });

  test('gives up below Windows 8', () => {
    const guest = new TestGuest({ host: { version: VERSION_WIN7 }, devices: [device('kvp', 5)] });
    const seen = proposals(guest);
    expect(guest.run(guest.vmbus.init())).toBe(false);
    expect(seen.at(-1)?.version).toBe(VERSION_WIN8);
    expect(guest.connection.state.kind).toBe('disconnected');
    expect(guest.connection.version).toBe(0);
    expect(guest.log()).toEqual(['hv_vmbus: Unable to connect to host']);
    expect(guest.vmbus.bus.devices).toEqual([]);
  });

  test('ends when all offers are there', () => {
    const guest = new TestGuest({ devices: [device('kvp', 5), device('vss', 6)] });
    expect(guest.run(guest.vmbus.init())).toBe(true);
    expect(guest.connection.primaries.map(({ relid }) => relid)).toEqual([5, 6]);
  });
});

test('channels() names each primary channel and then its sub-channels', () => {
  const guest = new TestGuest({
    devices: [device('scsi', 5, { subChannelRelids: [8, 9] }), device('kvp', 6)],
  }).boot();
  expect([...guest.connection.channels()].map(({ relid }) => relid)).toEqual([5, 8, 9, 6]);
  expect(guest.run(guest.connection.channelsOn(2)).map(({ relid }) => relid)).toEqual([9]);
  expect(guest.run(guest.connection.channelsOn(7))).toEqual([]);
});

describe('control messages that make no sense', () => {
  /** What the guest counts after messages that a host should not send. */
  function refusals(...messages: readonly Uint8Array[]): Record<string, number> {
    const guest = new TestGuest({ devices: [device('kvp', 5)] }).boot();
    const before = guest.rows();
    for (const message of messages) guest.host.postRaw(message);
    guest.settle();
    expect(guest.rows()).toEqual(before);
    expect(guest.vmbus.contexts[0].message.type).toBe(0);
    return Object.fromEntries(guest.connection.refused);
  }

  test('unknown types, and messages shorter than their structure', () => {
    expect(refusals(new Uint8Array(3))).toEqual({ 'message-too-short': 1 });
    expect(refusals(Uint8Array.of(99, 0, 0, 0, 0, 0, 0, 0))).toEqual({ 'message-unknown-type': 1 });
    expect(refusals(Uint8Array.of(18, 0, 0, 0, 0, 0, 0, 0))).toEqual({ 'message-unknown-type': 1 });
    expect(refusals(Uint8Array.of(CHANNELMSG.OFFERCHANNEL, 0, 0, 0, 0, 0, 0, 0))).toEqual({
      'message-too-short': 1,
    });
  });

  test('answers that nobody waits for', () => {
    const answers: ChannelMessage[] = [
      { type: CHANNELMSG.OPENCHANNEL_RESULT, childRelid: 5, openId: 5, status: 0 },
      { type: CHANNELMSG.GPADL_CREATED, childRelid: 5, gpadl: 1, creationStatus: 0 },
      { type: CHANNELMSG.GPADL_TORNDOWN, gpadl: 1 },
      { type: CHANNELMSG.VERSION_RESPONSE, versionSupported: true, connectionState: 0, msgConnId: 0 },
      { type: CHANNELMSG.UNLOAD_RESPONSE },
      { type: CHANNELMSG.MODIFYCHANNEL_RESPONSE, childRelid: 5, status: 0 },
    ];
    expect(refusals(...answers.map(encodeMessage))).toEqual({ 'response-nobody-waits-for': 6 });
  });

  test('messages that only a guest sends', () => {
    const messages: ChannelMessage[] = [
      { type: CHANNELMSG.REQUESTOFFERS },
      { type: CHANNELMSG.CLOSECHANNEL, childRelid: 5 },
      { type: CHANNELMSG.RELID_RELEASED, childRelid: 5 },
      { type: CHANNELMSG.UNLOAD },
      { type: CHANNELMSG.MODIFYCHANNEL, childRelid: 5, targetVp: 1 },
    ];
    expect(refusals(...messages.map(encodeMessage))).toEqual({ 'message-of-the-guest': 5 });
  });

  test.each([0x80000000, 2, 0xffffffff])(
    'a slot of type %i is taken for what it has in it, and freed',
    (type) => {
      const guest = new TestGuest().boot();
      const { message } = guest.vmbus.contexts[0];
      const unasked = encodeMessage({ type: CHANNELMSG.UNLOAD_RESPONSE });
      message.payload.set(unasked);
      message.payloadSize = unasked.length;
      message.type = type;
      expect(guest.vmbus.isr.handle(guest.machine.cpu(0))).toBe(true);
      guest.machine.settle();
      expect(message.type).toBe(0);
      expect(Object.fromEntries(guest.connection.refused)).toEqual({ 'response-nobody-waits-for': 1 });
    },
  );

  test('a message tasklet that finds no message does nothing', () => {
    const guest = new TestGuest().boot();
    guest.machine.cpu(1).taskletSchedule(guest.vmbus.contexts[1].msgDpc);
    expect(() => guest.machine.settle()).not.toThrow();
    expect(guest.connection.refused.size).toBe(0);
  });
});

test('a MODIFYCHANNEL that the host could not do is completed, and logged', () => {
  const guest = new TestGuest({ devices: [device('scsi', 5)] }).boot();
  guest.connection.modchans.sentOne();
  guest.host.postRaw(
    encodeMessage({ type: CHANNELMSG.MODIFYCHANNEL_RESPONSE, childRelid: 5, status: 0xc0000001 }),
  );
  guest.settle();
  expect(guest.connection.modchans.completed).toBe(1);
  expect(guest.log().at(-1)).toBe('hv_vmbus: Error status c0000001 in MODIFYCHANNEL response for relid 5');
});

test('a guest memory block is found by its pages only', () => {
  const { memory } = new TestGuest();
  const block = memory.allocate(3);
  const { pfn } = block;
  const other = memory.allocate(2);
  expect(memory.resolve([pfn, pfn + 1, pfn + 2])).toBe(block);
  expect(memory.resolve([pfn, pfn + 1])).toBeUndefined();
  expect(memory.resolve([pfn, pfn + 2, pfn + 1])).toBeUndefined();
  expect(memory.resolve([pfn + 1, pfn + 2])).toBeUndefined();
  expect(memory.resolve([])).toBeUndefined();
  memory.free(other.pfn);
  expect(memory.resolve([other.pfn, other.pfn + 1])).toBeUndefined();
  expect(() => memory.free(other.pfn)).toThrow(RangeError);
  expect(memory.blocksInUse).toBe(1);
  expect(errnoOf(() => memory.allocate(1))).toBeUndefined();
});

// vmbus_post_msg
test.each([
  [HV_STATUS_SUCCESS, 0, []],
  [HV_STATUS_INVALID_CONNECTION_ID, errnoValue('EAGAIN'), []],
  [HV_STATUS_INSUFFICIENT_MEMORY, errnoValue('ENOBUFS'), []],
  [HV_STATUS_INSUFFICIENT_BUFFERS, errnoValue('ENOBUFS'), []],
  [HV_STATUS_INVALID_PARAMETER, errnoValue('EINVAL'), ['hv_vmbus: hv_post_msg() failed; error code:5']],
])('a message that the host answers with status %i', (status, ret, said) => {
  const guest = new TestGuest().boot();
  const { connection, host } = guest;
  const before = guest.log().length;
  host.postMessage = () => status;
  const message: ChannelMessage = { type: CHANNELMSG.RELID_RELEASED, childRelid: 5 };
  expect(connection.post(message)).toBe(ret);
  expect(runAtomic(connection.postSteps(message))).toBe(ret);
  expect(guest.log().slice(before)).toEqual(said.flatMap((line) => [line, line]));
});

// vmbus_connect, vmbus_add_channel_work, vmbus_force_channel_rescinded: as workqueue:workqueue_queue_work shows them.
test('what the messages of the host have queued, and where', () => {
  const guest = new TestGuest({
    devices: [device('scsi', 5, { subChannelRelids: [8] }), device('kvp', 6)],
  });
  const queued = new Set<string>();
  guest.machine.tracePort = {
    emit: ({ name }, values) => {
      const { function: func, workqueue } = values as unknown as Record<string, string>;
      if (name === 'workqueue_queue_work') queued.add(`${workqueue}: ${func}`);
    },
  };
  guest.boot();
  expect([...queued].filter((line) => line.startsWith('hv_'))).toEqual([
    'hv_vmbus_con: vmbus_onmessage_work',
    'hv_pri_chan: vmbus_add_channel_work',
    'hv_sub_chan: vmbus_add_channel_work',
  ]);
  queued.clear();
  guest.host.offer(
    device('heartbeat', 60, { flags: CHANNEL_FLAG.TLNPI_PROVIDER_OFFER, instanceId: instanceOf(61) }),
  );
  guest.settle();
  queued.clear();
  guest.run(guest.vmbus.power.suspend());
  expect([...queued]).toContain('hv_vmbus_con: vmbus_onmessage_work');
  queued.clear();
  guest.run(guest.vmbus.power.resume());
  guest.settle();
  guest.host.rescind(6);
  guest.settle();
  expect([...queued]).toContain('hv_vmbus_rescind: vmbus_onmessage_work');
});

test.each(['none', 'during-choice', 'until-listed'] as const)(
  'the CPU of a channel is chosen, with cpus_read_lock held: %s',
  (offerCpusLock) => {
    const devices = [device('nic', 5, { subChannelRelids: [8] }), device('scsi', 6)];
    const guest = new TestGuest({ present: 4, devices, offerCpusLock }).boot();
    expect([5, 6, 8].map((relid) => guest.channel(relid).targetCpu)).toEqual([0, 1, 2]);
  },
);
