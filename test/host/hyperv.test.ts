import { describe, expect, test } from '@jest/globals';
import { HyperV } from '../../src/host/hyperv.js';
import { HostSchedule, Lane } from '../../src/host/schedule.js';
import { SynicSender } from '../../src/host/synic-sender.js';
import { Clock } from '../../src/machine/clock.js';
import type { VmbusChannel } from '../../src/vmbus/channel/channel.js';
import { GuestMemory } from '../../src/vmbus/guest-memory.js';
import {
  CHANNELMSG,
  type ChannelMessage,
  decodeMessage,
  encodeMessage,
  VMBUS_MESSAGE_CONNECTION_ID,
} from '../../src/vmbus/protocol/channel-messages.js';
import { HVMSG_NONE, MessageSlot, type SynicPages } from '../../src/vmbus/synic.js';
import { initiateContact } from '../support/contact.js';
import { device, TestGuest } from '../support/guest.js';

/** A guest that takes messages down and does nothing else. */
class DumbGuest {
  readonly clock = new Clock();
  readonly memory = new GuestMemory();
  readonly messages: ChannelMessage[] = [];
  readonly pages: SynicPages = { eventFlags: new Uint32Array(64), message: new MessageSlot() };
  readonly host: HyperV;
  interrupts = 0;

  constructor(options: ConstructorParameters<typeof HyperV>[2] = {}) {
    this.host = new HyperV(
      this.clock,
      { memory: this.memory, interrupt: () => this.onInterrupt(), suspend: () => {} },
      options,
    );
    this.host.enableSynic(0, this.pages);
  }

  post(message: ChannelMessage): this {
    this.host.postMessage(encodeMessage(message), VMBUS_MESSAGE_CONNECTION_ID);
    return this;
  }

  run(): ChannelMessage[] {
    while (this.clock.runNext());
    return this.messages.splice(0);
  }

  private onInterrupt(): void {
    this.interrupts += 1;
    const { message: slot } = this.pages;
    while (slot.type !== HVMSG_NONE) {
      this.messages.push(decodeMessage(slot.payload.subarray(0, slot.payloadSize)));
      const { pending } = slot;
      slot.type = HVMSG_NONE;
      slot.pending = false;
      if (pending) this.host.endOfMessage(0);
    }
  }
}

function types(messages: readonly ChannelMessage[]): number[] {
  return messages.map(({ type }) => type);
}

describe('devices', () => {
  test('are offered when the guest asks, in their order, and later at once', () => {
    const guest = new DumbGuest();
    guest.host.offer(device('kvp', 9));
    guest.host.offer(device('vss', 3));
    expect(guest.run()).toEqual([]);
    const offers = guest.post({ type: CHANNELMSG.REQUESTOFFERS }).run();
    expect(offers.map((offer) => ('childRelid' in offer ? offer.childRelid : 'end'))).toEqual([9, 3, 'end']);
    guest.host.offer(device('fcopy', 4));
    expect(types(guest.run())).toEqual([CHANNELMSG.OFFERCHANNEL]);
  });

  test('have relids from 1 to 2047, each once', () => {
    const { host } = new DumbGuest();
    host.offer(device('kvp', 2047));
    for (const relid of [0, 2048, 1.5, -1, 2047]) {
      expect(() => host.offer({ ...device('vss', 1), relid })).toThrow(RangeError);
    }
    expect(() => host.offer(device('vss', 5, { userDefined: new Uint8Array(121) }))).toThrow(RangeError);
    expect([...host.allChannels()].map(({ relid }) => relid)).toEqual([2047]);
  });

  test('rescinded before the guest asked were never there', () => {
    const guest = new DumbGuest();
    guest.host.offer(device('kvp', 9));
    guest.host.rescind(9);
    expect(guest.host.channel(9)).toBeUndefined();
    expect(types(guest.post({ type: CHANNELMSG.REQUESTOFFERS }).run())).toEqual([
      CHANNELMSG.ALLOFFERS_DELIVERED,
    ]);
    guest.host.offer(device('kvp', 9));
    expect(types(guest.run())).toEqual([CHANNELMSG.OFFERCHANNEL]);
  });

  test('keep their relid until the guest releases it', () => {
    const guest = new DumbGuest();
    guest.host.offer(device('kvp', 9));
    guest.post({ type: CHANNELMSG.REQUESTOFFERS }).run();
    guest.host.rescind(9);
    expect(guest.run()).toEqual([{ type: CHANNELMSG.RESCIND_CHANNELOFFER, childRelid: 9 }]);
    expect(() => guest.host.rescind(9)).toThrow(RangeError);
    expect(() => guest.host.offer(device('kvp', 9))).toThrow('relid 9 is in use');
    guest.post({ type: CHANNELMSG.RELID_RELEASED, childRelid: 9 }).run();
    expect(guest.host.channel(9)).toBeUndefined();
    expect(() => guest.host.rescind(9)).toThrow('the host has no channel 9 to rescind');
  });

  test('a relid that was not rescinded cannot be released', () => {
    const guest = new DumbGuest();
    guest.host.offer(device('kvp', 9));
    guest.post({ type: CHANNELMSG.RELID_RELEASED, childRelid: 9 }).run();
    expect(guest.host.channel(9)?.state.kind).toBe('offered');
  });
});

describe('control messages', () => {
  test('a version that the host does not speak', () => {
    const guest = new DumbGuest({ version: 0x40000 });
    const contact = initiateContact({ version: 0x50000 });
    expect(guest.post(contact).run()).toMatchObject([{ versionSupported: false }]);
    expect(guest.post({ ...contact, version: 0x40000, msgSint: 0 }).run()).toMatchObject([
      { versionSupported: true },
    ]);
  });

  test('opening what is not offered, or without rings, fails', () => {
    const guest = new DumbGuest();
    guest.host.offer(device('kvp', 9));
    const open = {
      type: CHANNELMSG.OPENCHANNEL,
      childRelid: 9,
      openId: 9,
      ringBufferGpadl: 1,
      targetVp: 0,
      downstreamPageOffset: 2,
      userData: new Uint8Array(0),
    } as const;
    expect(guest.post(open).run()).toMatchObject([
      { type: CHANNELMSG.OPENCHANNEL_RESULT, status: 0xc0000001 },
    ]);
    expect(guest.post({ ...open, childRelid: 10 }).run()).toMatchObject([{ status: 0xc0000001 }]);
    expect(guest.host.signal(9)).toBe(0);
    expect(guest.host.signal(10)).toBe(0);
  });

  test('MODIFYCHANNEL of a channel that is not open; closing it', () => {
    const guest = new DumbGuest();
    guest.host.offer(device('kvp', 9));
    const modify = { type: CHANNELMSG.MODIFYCHANNEL, childRelid: 9, targetVp: 3 } as const;
    expect(guest.post(modify).run()).toMatchObject([{ status: 0xc0000001 }]);
    expect(guest.host.channel(9)?.targetVp).toBe(0);
    expect(guest.post({ type: CHANNELMSG.CLOSECHANNEL, childRelid: 9 }).run()).toEqual([]);
  });

  test('before version 5.3 a MODIFYCHANNEL is not answered', () => {
    const guest = new DumbGuest({ version: 0x50002 });
    expect(guest.post({ type: CHANNELMSG.MODIFYCHANNEL, childRelid: 9, targetVp: 3 }).run()).toEqual([]);
  });

  test('a GPADL body of an unknown GPADL, and signals of unknown connections, are ignored', () => {
    const guest = new DumbGuest();
    expect(guest.post({ type: CHANNELMSG.GPADL_BODY, msgNumber: 0, gpadl: 7, pfns: [1] }).run()).toEqual([]);
    guest.host.signalEvent(3);
    expect(guest.run()).toEqual([]);
    expect(guest.post({ type: CHANNELMSG.UNLOAD }).run()).toEqual([{ type: CHANNELMSG.UNLOAD_RESPONSE }]);
  });

  test('wait while the slot is full, and keep their order', () => {
    const clock = new Clock();
    let interrupts = 0;
    const sender = new SynicSender({
      memory: new GuestMemory(),
      interrupt: () => {
        interrupts += 1;
      },
      suspend: () => {},
    });
    const pages: SynicPages = { eventFlags: new Uint32Array(64), message: new MessageSlot() };
    sender.post(Uint8Array.of(1));
    expect([interrupts, sender.hasMessages]).toEqual([0, true]);
    sender.enable(0, pages);
    sender.post(Uint8Array.of(2));
    sender.post(Uint8Array.of(3));
    const slot = pages.message;
    const seen: number[] = [];
    while (slot.type !== HVMSG_NONE) {
      seen.push(slot.payload[0]);
      const { pending } = slot;
      slot.type = HVMSG_NONE;
      if (pending) sender.endOfMessage(0);
    }
    expect(seen).toEqual([1, 2, 3]);
    expect([interrupts, sender.hasMessages]).toEqual([3, false]);
    expect(clock.pending).toBe(0);
    sender.endOfMessage(1);
    expect(slot.type).toBe(HVMSG_NONE);
  });
});

describe('sub-channels', () => {
  test('are offered as their relids become free, in their order', () => {
    const guest = new TestGuest({
      devices: [device('nic', 5, { subChannelRelids: [7, 6] })],
      drivers: () => [],
      backends: [],
    }).boot();
    const primary = guest.host.channel(5);
    if (primary === undefined) throw new Error('no channel');
    guest.host.offerSubChannels(primary, 9, 0);
    guest.settle();
    expect(guest.channel(5).subChannels.map(({ relid }) => relid)).toEqual([7, 6]);
    expect(guest.host.maxSubChannels(primary)).toBe(2);

    // With its relid in the guest's hands still, nothing is offered before it comes back.
    guest.host.rescind(7);
    guest.host.offerSubChannels(primary, 1, 0);
    guest.settle();
    expect(guest.channel(5).subChannels.map(({ relid }) => relid)).toEqual([6, 7]);
  });

  test('that wait for a relid are forgotten when the guest closes the primary', () => {
    const guest = new TestGuest({
      devices: [device('nic', 5, { subChannelRelids: [7] })],
      drivers: () => [],
      backends: [],
    }).boot();
    guest.run(guest.vmbus.operations.open(guest.channel(5), { callback: () => {} }));
    const primary = guest.host.channel(5);
    if (primary === undefined) throw new Error('no channel');
    guest.host.offerSubChannels(primary, 1, 0);
    guest.settle();
    guest.host.rescind(7);
    guest.host.offerSubChannels(primary, 1, 0);
    guest.machine.clock.runNext();
    expect(primary.device.subChannelsToOffer).toEqual([7]);
    const close = encodeMessage({ type: CHANNELMSG.CLOSECHANNEL, childRelid: 5 });
    guest.host.postMessage(close, VMBUS_MESSAGE_CONNECTION_ID);
    guest.settle();
    expect(primary.device.subChannelsToOffer).toEqual([]);
    expect(guest.host.channel(7)).toBeUndefined();
  });

  test('nothing comes of it when the primary is closed or rescinded meanwhile', () => {
    const guest = new TestGuest({
      devices: [device('nic', 5, { subChannelRelids: [7] })],
      drivers: () => [],
    }).boot();
    const primary = guest.host.channel(5);
    if (primary === undefined) throw new Error('no channel');
    guest.host.offerSubChannels(primary, 1, 1000);
    guest.host.rescind(5);
    guest.settle();
    expect([...guest.host.allChannels()]).toEqual([]);
  });
});

test('a packet on its way is lost when the channel is closed, even if it is opened again', () => {
  const guest = new TestGuest({ devices: [device('kvp', 5)], drivers: () => [], backends: [] }).boot();
  const { operations } = guest.vmbus;
  let packets = 0;
  const callback = ({ rings }: VmbusChannel): void => {
    while (rings?.inbound.next()) packets += 1;
    rings?.inbound.pktIterClose();
  };
  const host = guest.host.channel(5);
  if (host === undefined) throw new Error('no channel');
  guest.run(operations.open(guest.channel(5), { callback }));
  guest.host.send(host, new Uint8Array(8), 1, 1_000_000);
  guest.run(operations.close(guest.channel(5)));
  guest.run(operations.open(guest.channel(5), { callback }));
  guest.settle();
  expect(packets).toBe(0);
  guest.host.send(host, new Uint8Array(8), 1, 1_000_000);
  guest.settle();
  expect(packets).toBe(1);
});

test('an schedule knows what is left to do; a lane keeps the order', () => {
  const clock = new Clock();
  const schedule = new HostSchedule(clock);
  const lane = new Lane(schedule);
  const done: string[] = [];
  lane.after(100, () => done.push(`a ${clock.now}`));
  lane.after(10, () => done.push(`b ${clock.now}`));
  schedule.after(50, () => done.push(`c ${clock.now}`));
  expect(schedule.pending).toBe(3);
  while (clock.runNext());
  expect(done).toEqual(['c 50', 'a 100', 'b 100']);
  expect(schedule.pending).toBe(0);
  lane.after(10, () => done.push(`d ${clock.now}`));
  while (clock.runNext());
  expect(done.at(-1)).toBe('d 110');
});
