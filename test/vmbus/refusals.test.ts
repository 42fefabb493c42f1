import { describe, expect, test } from '@jest/globals';
import { Guest } from 'irqlab';
import { deviceClassId } from '../../src/vmbus/protocol/class-ids.js';
import {
  CHANNEL_FLAG,
  CHANNELMSG,
  type ChannelMessage,
  encodeMessage,
  type OfferChannel,
  versionWire,
} from '../../src/vmbus/protocol/channel-messages.js';
import { RING_WORD, VM_PKT } from '../../src/vmbus/ring/index.js';
import type { Refusal } from '../../src/vmbus/refusals.js';
import { brokenAtRest } from '../../src/vmbus/validate.js';
import type { RingName, RingPlace } from '../../src/host/misbehave/rings.js';
import { errnoOf } from '../support/errors.js';
import { device, instanceOf, TestGuest } from '../support/guest.js';

const HEARTBEAT = 3;

function guestWith(isolation = false): TestGuest {
  const devices = [
    device('nic', 1, { subChannelRelids: [9, 10] }),
    device('scsi', 2, { subChannelRelids: [50] }),
    device('heartbeat', HEARTBEAT),
  ];
  return new TestGuest({ present: 4, devices, isolation }).boot();
}

function send(guest: TestGuest, message: ChannelMessage): void {
  guest.host.postRaw(encodeMessage(message));
}

function offer(guest: TestGuest, childRelid: number, fields: Partial<OfferChannel> = {}): void {
  send(guest, {
    type: CHANNELMSG.OFFERCHANNEL,
    classId: deviceClassId('nd'),
    instanceId: instanceOf(childRelid % 0x10000),
    flags: 0,
    mmioMegabytes: 0,
    userDefined: new Uint8Array(0),
    subChannelIndex: 0,
    childRelid,
    monitorId: 0xff,
    monitorAllocated: false,
    isDedicatedInterrupt: true,
    connectionId: 0x10000,
    ...fields,
  });
}

function poke(guest: TestGuest, ring: RingName, place: RingPlace | number, value: number): void {
  const channel = guest.host.channel(HEARTBEAT);
  if (channel === undefined) throw new Error('no channel');
  guest.host.faults.poke(channel, ring, place, value);
}

/** Spoils `field` of the next packet to the heartbeat, and sends it. */
function spoilPacket(guest: TestGuest, field: string, value: number): void {
  guest.host.faults.add({ what: 'packet', nth: 1, deed: 'corrupt', field, value });
  const channel = guest.host.channel(HEARTBEAT);
  if (channel !== undefined) guest.host.send(channel, new Uint8Array(32), 1, 0);
}

/** Has the host tamper with the ring that the guest writes into, and the guest write. */
function spoilReadIndex(guest: TestGuest, value: number): void {
  poke(guest, 'fromGuest', 'readIndex', value);
  const channel = guest.channel(HEARTBEAT);
  expect(errnoOf(() => guest.vmbus.operations.sendPacket(channel, new Uint8Array(8), 1))).toBe('EIO');
  // And so it stays, though the host is sorry.
  poke(guest, 'fromGuest', 'readIndex', 0);
  expect(errnoOf(() => guest.vmbus.operations.sendPacket(channel, new Uint8Array(8), 1))).toBe('EIO');
}

/** Where the host's next packet to the heartbeat begins. */
function written(guest: TestGuest): number {
  const rings = guest.channel(HEARTBEAT).rings;
  return rings?.inbound.ring.load(RING_WORD.WRITE_INDEX) ?? 0;
}

/** The guest has seen a packet and not yet given its room back when the write index is that of before. */
function takeBack(guest: TestGuest): void {
  const { rings } = guest.channel(HEARTBEAT);
  const channel = guest.host.channel(HEARTBEAT);
  if (rings === undefined || channel === undefined) throw new Error('no channel');
  const before = written(guest);
  channel.write(new Uint8Array(32), 1);
  expect(rings.inbound.next()).toBe(true);
  poke(guest, 'toGuest', 'writeIndex', before);
}

/** Completes a request of the guest that there is not. */
function complete(guest: TestGuest, relid: number, transactionId: number): void {
  const channel = guest.host.channel(relid);
  if (channel === undefined) throw new Error('no channel');
  guest.host.send(channel, new Uint8Array(64), transactionId, 0, VM_PKT.COMP);
}

function setSlot(guest: TestGuest, type: number, payloadSize: number): void {
  const { message } = guest.vmbus.contexts[0];
  message.type = type;
  message.payloadSize = payloadSize;
  guest.host.faults.raise(HEARTBEAT, 0);
}

const ofNic = { classId: deviceClassId('nic'), instanceId: instanceOf(1) };

/** What a host may not do, and what the guest calls it. */
const misdeeds: readonly (readonly [Refusal, string, (guest: TestGuest) => void])[] = [
  [
    'message-too-short',
    'cuts an offer off',
    ({ host }) => host.postRaw(new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 9])),
  ],
  ['message-too-short', 'sends less than a header', ({ host }) => host.postRaw(new Uint8Array(3))],
  [
    'message-unknown-type',
    'makes up a message type',
    ({ host }) => host.postRaw(new Uint8Array([18, 0, 0, 0, 0, 0, 0, 0])),
  ],
  [
    'message-too-short',
    'fills a slot with nothing, and calls it another kind of message',
    (guest) => setSlot(guest, 0x80000000, 0),
  ],
  ['message-slot-size', 'claims more bytes than a slot has', (guest) => setSlot(guest, 1, 241)],
  [
    'message-of-the-guest',
    'opens a channel',
    (guest) => send(guest, { type: CHANNELMSG.CLOSECHANNEL, childRelid: 1 }),
  ],
  [
    'response-nobody-waits-for',
    'answers the version once more',
    (guest) =>
      send(guest, {
        type: CHANNELMSG.VERSION_RESPONSE,
        versionSupported: true,
        connectionState: 0,
        msgConnId: 0,
      }),
  ],
  [
    'response-nobody-waits-for',
    'delivers all offers twice',
    (guest) => send(guest, { type: CHANNELMSG.ALLOFFERS_DELIVERED }),
  ],
  [
    'response-nobody-waits-for',
    'opens what is open',
    (guest) => send(guest, { type: CHANNELMSG.OPENCHANNEL_RESULT, childRelid: 1, openId: 1, status: 0 }),
  ],
  [
    'response-nobody-waits-for',
    'takes memory that it was not given',
    (guest) =>
      send(guest, { type: CHANNELMSG.GPADL_CREATED, childRelid: 1, gpadl: 0xe1e10, creationStatus: 0 }),
  ],
  [
    'response-nobody-waits-for',
    'says that it moved a channel',
    (guest) => send(guest, { type: CHANNELMSG.MODIFYCHANNEL_RESPONSE, childRelid: 1, status: 0 }),
  ],
  [
    'packet-nobody-waits-for',
    'completes a frame that nobody sent',
    (guest) => complete(guest, 1, 2 ** 32 + 99),
  ],
  [
    'packet-nobody-waits-for',
    'completes an I/O that nobody started',
    (guest) => complete(guest, 50, 0x10000 + 99),
  ],
  ['offer-relid-out-of-range', 'offers the control path', (guest) => offer(guest, 0)],
  ['offer-relid-out-of-range', 'offers a relid without an event flag', (guest) => offer(guest, 2048)],
  ['offer-relid-out-of-range', 'offers the largest relid', (guest) => offer(guest, 0xffffffff)],
  ['offer-relid-in-use', 'offers a relid twice', (guest) => offer(guest, 1)],
  ['offer-of-existing-device', 'offers a device twice', (guest) => offer(guest, 77, ofNic)],
  [
    'offer-sub-channel-index-in-use',
    'offers a sub-channel twice',
    (guest) => offer(guest, 77, { ...ofNic, subChannelIndex: 2 }),
  ],
  [
    'offer-sub-channel-nobody-asked-for',
    'offers more sub-channels than asked',
    (guest) => offer(guest, 77, { ...ofNic, subChannelIndex: 8 }),
  ],
  [
    'offer-sub-channel-nobody-asked-for',
    'offers a sub-channel to a driver that has none',
    (guest) =>
      offer(guest, 77, {
        classId: deviceClassId('heartbeat'),
        instanceId: instanceOf(HEARTBEAT),
        subChannelIndex: 1,
      }),
  ],
  [
    'rescind-of-unknown-relid',
    'takes back what was never offered',
    (guest) => send(guest, { type: CHANNELMSG.RESCIND_CHANNELOFFER, childRelid: 77 }),
  ],
  [
    'rescind-of-unknown-relid',
    'takes back a relid out of range',
    (guest) => send(guest, { type: CHANNELMSG.RESCIND_CHANNELOFFER, childRelid: 0xffffffff }),
  ],
  ['event-for-relid-0', 'signals the control path', ({ host }) => host.faults.raise(0, 1)],
  ['event-without-channel', 'signals a relid without a channel', ({ host }) => host.faults.raise(77, 0)],
  [
    'ring-write-index-out-of-range',
    'moves the write index behind the ring',
    (guest) => poke(guest, 'toGuest', 'writeIndex', 3 * 4096),
  ],
  [
    'ring-write-index-unaligned',
    'moves the write index by a byte',
    (guest) => poke(guest, 'toGuest', 'writeIndex', 4095),
  ],
  [
    'ring-packet-length',
    'writes half a packet',
    (guest) => poke(guest, 'toGuest', 'writeIndex', written(guest) + 16),
  ],
  ['ring-write-index-went-back', 'takes back what was read', takeBack],
  [
    'ring-packet-length',
    'makes a packet longer than what is there',
    (guest) => spoilPacket(guest, 'length', 0xffff),
  ],
  [
    'ring-packet-length',
    'makes a packet shorter than its descriptor',
    (guest) => spoilPacket(guest, 'length', 1),
  ],
  ['ring-packet-type', 'makes up a packet type', (guest) => spoilPacket(guest, 'type', 99)],
  [
    'ring-packet-data-offset',
    'puts the data behind the packet',
    (guest) => spoilPacket(guest, 'dataOffset', 0xffff),
  ],
  ['ring-packet-trailer', 'lies about where a packet began', (guest) => spoilPacket(guest, 'trailer', 8)],
  [
    'ring-read-index-out-of-range',
    'moves the read index behind the ring',
    (guest) => spoilReadIndex(guest, 0x7ffffff8),
  ],
  ['ring-read-index-unaligned', 'moves the read index by a byte', (guest) => spoilReadIndex(guest, 1)],
  ['ring-read-index-went-ahead', 'reads what was not written', (guest) => spoilReadIndex(guest, 1024)],
];

describe('a host that', () => {
  test.each(misdeeds)('[%s] %s is refused, once, and the guest goes on', (reason, _what, act) => {
    const guest = guestWith();
    const before = guest.vmbus.refused();
    expect(before.get(reason)).toBeUndefined();
    const rows = guest.rows();
    act(guest);
    guest.host.signal(HEARTBEAT);
    guest.settle();
    expect(guest.vmbus.refused()).toEqual(new Map([...before, [reason, 1]]));
    expect(guest.rows()).toEqual(rows);
    expect(brokenAtRest(guest.vmbus)).toEqual([]);
    guest.host.signal(HEARTBEAT);
    guest.host.offer(device('vss', 300));
    guest.settle();
    expect(guest.channel(300).state.kind).toBe('opened');
    expect(guest.vmbus.refused().get(reason)).toBe(1);
  });

  test('breaks a ring gets its channel closed in order when it takes the device back', () => {
    const guest = guestWith();
    const { blocksInUse } = guest.memory;
    poke(guest, 'toGuest', 'writeIndex', 0xffffffff);
    guest.host.signal(HEARTBEAT);
    guest.host.rescind(HEARTBEAT);
    guest.settle();
    expect(guest.connection.relids.isMapped(HEARTBEAT)).toBe(false);
    expect(guest.memory.blocksInUse).toBe(blocksInUse - 1);
    expect(guest.host.channel(HEARTBEAT)).toBeUndefined();
  });

  test('signals another CPU than the target is heard: it may not know yet that the channel moved', () => {
    const guest = guestWith();
    const before = guest.count(HEARTBEAT);
    guest.host.faults.raise(HEARTBEAT, 2);
    guest.settle();
    expect(guest.irq.desc(guest.channel(HEARTBEAT).irq)?.cold.kstat[2]).toBe(1);
    expect(guest.count(HEARTBEAT)).toBe(before + 1);
    expect(guest.vmbus.refused().size).toBe(0);
  });

  test('offers before there is a connection is not heard', () => {
    const guest = new TestGuest({ present: 2 });
    guest.machine.spawn('boot', guest.vmbus.init());
    guest.machine.settle();
    offer(guest, 5);
    send(guest, { type: CHANNELMSG.RESCIND_CHANNELOFFER, childRelid: 5 });
    guest.settle();
    expect(guest.connection.state.kind).toBe('connected');
    expect([...guest.connection.channels()]).toEqual([]);
    expect(guest.vmbus.refused()).toEqual(new Map([['offer-without-connection', 2]]));
  });
});

// vmbus_on_msg_dpc: three WARN_ONCEs; messages that have no handler are dropped in silence.
describe('a message that makes no sense is warned of once', () => {
  const message = (type: number, bytes: number): Uint8Array => {
    const raw = new Uint8Array(bytes);
    new DataView(raw.buffer).setUint32(0, type, true);
    return raw;
  };
  const cases: readonly (readonly [string, string | undefined, readonly Uint8Array[]])[] = [
    ['a type too high', 'unknown msgtype=25', [message(25, 8), message(99, 8)]],
    ['the highest type', 'unknown msgtype=-1', [message(0xffffffff, 240)]],
    ['half an offer', 'message too short: msgtype=1 len=195', [message(1, 195), message(2, 8)]],
    ['half a rescind', 'message too short: msgtype=2 len=11', [message(2, 11), message(1, 8)]],
    ['half an answer', 'message too short: msgtype=24 len=8', [message(24, 8)]],
    ['unused types', undefined, [message(0, 8), message(18, 8), message(19, 8), message(20, 240)]],
    ['types of the guest', undefined, [message(3, 8), message(5, 8), message(14, 8), message(22, 8)]],
    ['an answer to nobody', undefined, [message(23, 8)]],
  ];

  test.each(cases)('%s: %s', (_what, text, messages) => {
    for (const [kernel, func] of [
      ['6.1', 'vmbus_on_msg_dpc'],
      ['6.12', 'vmbus_on_msg_dpc'],
      ['7.2', '__vmbus_on_msg_dpc'],
    ] as const) {
      const guest = new TestGuest({ present: 2, kernel, devices: [device('heartbeat', HEARTBEAT)] }).boot();
      const before = guest.log().length;
      for (const raw of messages) guest.host.postRaw(raw);
      guest.settle();
      const said = text === undefined ? [] : [text, `WARNING: at drivers/hv/vmbus_drv.c ${func}`];
      expect(guest.log().slice(before)).toEqual(said);
      expect([...guest.vmbus.refused().values()].reduce((sum, count) => sum + count, 0)).toBe(
        messages.length,
      );
    }
  });

  test('a slot that claims too many bytes, and each warning of its own', () => {
    const guest = guestWith();
    const before = guest.log().length;
    for (let i = 0; i < 2; i++) {
      guest.host.postRaw(message(2, 8));
      guest.host.postRaw(message(77, 8));
      guest.settle();
    }
    guest.host.postRaw(message(24, 16));
    guest.settle();
    setSlot(guest, 1, 241);
    guest.settle();
    expect(guest.log().slice(before)).toEqual([
      'message too short: msgtype=2 len=8',
      'WARNING: at drivers/hv/vmbus_drv.c vmbus_on_msg_dpc',
      'unknown msgtype=77',
      'WARNING: at drivers/hv/vmbus_drv.c vmbus_on_msg_dpc',
      'payload size is too large (241)',
      'WARNING: at drivers/hv/vmbus_drv.c vmbus_on_msg_dpc',
    ]);
  });

  test('and once more when the module has been loaded again', () => {
    const vm = Guest.create({
      cpus: 2,
      kernel: '6.12',
      devices: [{ driver: 'heartbeat', relid: HEARTBEAT }],
    });
    const send = (type: number): void => {
      vm.host.hyperv.postRaw(message(type, 8));
      vm.run({ ms: 100 });
    };
    vm.run({ ms: 100 });
    for (const type of [77, 78]) send(type);
    const { modules } = vm.vmbus;
    vm.rmmod(...modules.names.slice(1).filter((name) => modules.isLoaded(name)), 'hv_vmbus');
    vm.modprobe('hv_vmbus');
    for (const type of [79, 80]) send(type);
    const said = vm.log.map(({ text }) => text).filter((text) => text.startsWith('unknown msgtype='));
    expect(said).toEqual(['unknown msgtype=77', 'unknown msgtype=79']);
  });
});

// The files of a device say %d; since 7.2 those of the outgoing ring's indexes say %u, as all of a channel do.
test.each([
  ['6.1', '-8'],
  ['6.12', '-8'],
  ['7.2', '4294967288'],
] as const)('Linux %s shows indexes that cannot be as negative numbers', (kernel, outgoing) => {
  const vm = Guest.create({ cpus: 2, kernel, devices: [{ driver: 'heartbeat', relid: HEARTBEAT }] });
  vm.run({ ms: 100 });
  const channel = vm.host.hyperv.channel(HEARTBEAT);
  if (channel === undefined) throw new Error('no channel');
  vm.host.hyperv.faults.poke(channel, 'toGuest', 'writeIndex', 0xfffffff8);
  vm.host.hyperv.faults.poke(channel, 'fromGuest', 'readIndex', 0xfffffff8);
  const [instance] = vm.fs.readdir('/sys/bus/vmbus/devices');
  const read = (name: string): string => vm.fs.readFile(`/sys/bus/vmbus/devices/${instance}/${name}`).trim();
  expect([read('in_write_index'), read('out_read_index')]).toEqual(['-8', outgoing]);
  expect(read('in_read_bytes_avail')).toMatch(/^-\d+$/);
  expect(Number(read(`channels/${HEARTBEAT}/read_avail`))).toBe(
    Number(read('in_read_bytes_avail')) + 2 ** 32,
  );
});

describe('a confidential VM', () => {
  test('takes hardened devices and hv_sock only', () => {
    const guest = guestWith(true);
    offer(guest, 20);
    offer(guest, 21, { classId: deviceClassId('balloon') });
    offer(guest, 22, { classId: instanceOf(22) });
    offer(guest, 23, { classId: deviceClassId('shutdown') });
    offer(guest, 24, { classId: instanceOf(24), flags: 0x2000 });
    guest.settle();
    expect([...guest.connection.channels()].map(({ relid }) => relid).sort((a, b) => a - b)).toEqual([
      1, 2, 3, 9, 10, 23, 24, 50,
    ]);
    expect(guest.vmbus.refused().get('offer-not-allowed-in-isolated')).toBe(3);
    expect(guest.log()).toContain('hv_vmbus: Invalid offer 21 from the host supporting isolation');
  });

  test('fills its log with at most 10 such offers in 5 s', () => {
    const guest = guestWith(true);
    for (let relid = 100; relid < 150; relid++) offer(guest, relid);
    guest.settle();
    expect(guest.log().filter((line) => line.includes('Invalid offer'))).toHaveLength(10);
    expect(guest.vmbus.refused().get('offer-not-allowed-in-isolated')).toBe(50);
  });

  test('takes no version below 5.2', () => {
    const guest = new TestGuest({ present: 2, isolation: true, host: { version: versionWire('5.1') } });
    expect(guest.run(guest.vmbus.init())).toBe(false);
    expect(guest.log()).toEqual([
      'hv_vmbus: Invalid VMBus version 5.1 (expected >= 5.2) from the host supporting isolation',
      'hv_vmbus: Unable to connect to host',
    ]);
    const other = new TestGuest({ present: 2, isolation: true, host: { version: versionWire('5.2') } });
    expect(other.run(other.vmbus.init())).toBe(true);
  });
});

// vmbus_onoffer of 7.2: is_co_ring_buffer, is_co_external_memory
describe('an offer of encrypted rings', () => {
  const { CONFIDENTIAL_RING_BUFFER: RING, CONFIDENTIAL_EXTERNAL_MEMORY: MEMORY } = CHANNEL_FLAG;
  const unsupported = 'hv_vmbus: Invalid offer relid=20: no support for confidential VMBus';
  const withoutRing = "hv_vmbus: Invalid offer relid=20: the ring buffer isn't encrypted";
  test.each([
    ['6.18', false, RING, undefined],
    ['6.18', true, MEMORY, undefined],
    ['7.2', false, 0, undefined],
    ['7.2', false, RING, unsupported],
    ['7.2', false, RING | MEMORY, unsupported],
    ['7.2', false, MEMORY, withoutRing],
    ['7.2', true, MEMORY, withoutRing],
    ['7.2', true, RING, undefined],
    ['7.2', true, RING | MEMORY, undefined],
  ] as const)('on %s, with confidential VMBus: %p, flags %i', (kernel, confidential, flags, said) => {
    const guest = new TestGuest({
      present: 2,
      kernel,
      isolation: confidential,
      confidential,
      host: { version: versionWire('6.0') },
    }).boot();
    const before = guest.log().length;
    offer(guest, 20, { flags, classId: deviceClassId('shutdown') });
    guest.settle();
    expect([...guest.connection.channels()].map(({ relid }) => relid)).toEqual(
      said === undefined ? [20] : [],
    );
    expect(
      guest
        .log()
        .slice(before)
        .filter((line) => line.includes('Invalid')),
    ).toEqual(said === undefined ? [] : [said]);
  });
});
