import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { setBit } from '../../src/lib/bitmap.js';
import { deviceClassId, vmbusDeviceClasses } from '../../src/vmbus/protocol/class-ids.js';
import { CHANNELMSG, type ChannelMessage, encodeMessage } from '../../src/vmbus/protocol/channel-messages.js';
import { RING_WORD, type RingWord } from '../../src/vmbus/ring/index.js';
import { device, instanceOf, TestGuest } from '../support/guest.js';
import { runs } from '../support/long.js';

const RELIDS = [0, 1, 2, 3, 9, 10, 11, 50, 51, 2047, 2048, 0xffffffff];

function victim(): TestGuest {
  return new TestGuest({
    present: 4,
    devices: [
      device('nic', 1, { subChannelRelids: [9, 10, 11] }),
      device('scsi', 2, { subChannelRelids: [50] }),
      device('heartbeat', 3),
    ],
  });
}

const relid = fc.constantFrom(...RELIDS);
const u32 = fc.oneof(fc.constantFrom(0, 1, 2, 0xc0000001, 0xffffffff), fc.nat());

const message: fc.Arbitrary<ChannelMessage> = fc.oneof(
  fc.record({
    type: fc.constant(CHANNELMSG.OFFERCHANNEL),
    classId: fc.constantFrom(...vmbusDeviceClasses.map(({ name }) => deviceClassId(name))),
    instanceId: fc.constantFrom(1, 2, 3, 77).map(instanceOf),
    flags: fc.constantFrom(0, 0x2000, 0xffff),
    mmioMegabytes: fc.constant(0),
    userDefined: fc.constant(new Uint8Array(0)),
    subChannelIndex: fc.constantFrom(0, 1, 2, 3, 7, 0xffff),
    childRelid: relid,
    monitorId: fc.constant(0xff),
    monitorAllocated: fc.boolean(),
    isDedicatedInterrupt: fc.boolean(),
    connectionId: u32,
  }),
  fc.record({ type: fc.constant(CHANNELMSG.RESCIND_CHANNELOFFER), childRelid: relid }),
  fc.record({ type: fc.constant(CHANNELMSG.ALLOFFERS_DELIVERED) }),
  fc.record({
    type: fc.constant(CHANNELMSG.OPENCHANNEL_RESULT),
    childRelid: relid,
    openId: relid,
    status: u32,
  }),
  fc.record({
    type: fc.constant(CHANNELMSG.GPADL_CREATED),
    childRelid: relid,
    gpadl: fc.integer({ min: 0xe1e10, max: 0xe1e20 }),
    creationStatus: u32,
  }),
  fc.record({
    type: fc.constant(CHANNELMSG.GPADL_TORNDOWN),
    gpadl: fc.integer({ min: 0xe1e10, max: 0xe1e20 }),
  }),
  fc.record({ type: fc.constant(CHANNELMSG.MODIFYCHANNEL_RESPONSE), childRelid: relid, status: u32 }),
);

type Act = (guest: TestGuest) => void;

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: message.map(
      (m): Act =>
        (guest) =>
          guest.host.postRaw(encodeMessage(m)),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 240 }).map(
      (bytes): Act =>
        (guest) =>
          guest.host.postRaw(bytes),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat({ max: 2047 }), fc.nat({ max: 3 })).map(
      ([bit, cpu]): Act =>
        (guest) => {
          setBit(guest.vmbus.contexts[cpu].eventFlags, bit);
          guest.vmbus.isr.handle(guest.machine.cpu(cpu));
        },
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom(1, 2, 3, 9, 50),
        fc.boolean(),
        fc.constantFrom<RingWord>(...Object.values(RING_WORD)),
        u32,
      )
      .map(
        ([of, inbound, word, value]): Act =>
          (guest) => {
            const rings = guest.connection.relids.relid2channel(of)?.rings;
            (inbound ? rings?.inbound : rings?.outbound)?.ring.store(word, value);
            guest.host.signal(of);
          },
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(1, 2, 3, 9), fc.uint8Array({ maxLength: 64 }), fc.constantFrom(6, 7, 11))
      .map(
        ([of, payload, type]): Act =>
          (guest) => {
            const channel = guest.host.channel(of);
            if (channel !== undefined) guest.host.send(channel, payload, 1, 0, type);
          },
      ),
  },
);

describe('a host that does what it must not', () => {
  test('never brings the guest down, whatever it sends and whenever', () => {
    let stuck = 0;
    const plan = fc.array(fc.tuple(fc.nat({ max: 700_000 }), act), { maxLength: 25 });
    fc.assert(
      fc.property(plan, (acts) => {
        const guest = victim();
        guest.machine.spawn('boot', guest.vmbus.init());
        for (const [waitNs, what] of acts) {
          guest.machine.elapse(waitNs);
          what(guest);
        }
        guest.settle();
        expect(guest.connection.channelMutex.isHeld).toBe(false);
        expect(guest.connection.setAffinityLock.isHeld).toBe(false);
        expect(guest.connection.offers.count).toBe(0);
        expect(guest.vmbus.contexts[0].message.type).toBe(0);
        // Every channel has its own IRQ, and every IRQ its channel.
        const channels = [...guest.connection.channels()];
        expect(new Set(channels.map(({ irq }) => irq)).size).toBe(channels.length);
        for (const channel of channels)
          expect(guest.connection.relids.relid2channel(channel.relid)).toBe(channel);
        for (const [, of] of guest.rows()) expect(guest.connection.relids.relid2channel(of)).toBeDefined();
        // And it still takes an honest device, unless the probe of an adapter waits for its host for ever, which keeps all
        // later devices waiting (netvsc_probe, in vmbus_add_channel_work).
        if (!guest.connection.primaryChannelQueue.isIdle) {
          stuck += 1;
          return;
        }
        guest.host.offer(device('vss', 300, { instanceId: instanceOf(300) }));
        guest.settle();
        expect(guest.rows().some(([, of, name]) => of === 300 && name === 'vss')).toBe(true);
      }),
      { numRuns: runs(400, 100) },
    );
    expect(stuck).toBeLessThan(runs(400, 100) / 4);
  });
});
