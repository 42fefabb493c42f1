import { describe, expect, test } from '@jest/globals';
import type { MisbehaveRule } from '../../../src/host/misbehave/rule.js';
import { HungError } from '../../../src/machine/hung.js';
import { device, TestGuest } from '../../support/guest.js';

const MS = 1_000_000;

function guestWith(...rules: readonly MisbehaveRule[]): TestGuest {
  const guest = new TestGuest({
    present: 4,
    devices: [
      device('heartbeat', 3),
      device('shutdown', 4),
      device('scsi', 2, { subChannelRelids: [50, 51] }),
    ],
  });
  for (const rule of rules) guest.host.faults.add(rule);
  return guest;
}

function refused(guest: TestGuest): Record<string, number> {
  return Object.fromEntries(guest.vmbus.refused());
}

function relidsOf(guest: TestGuest): number[] {
  return [...guest.connection.channels()].map(({ relid }) => relid);
}

describe('messages', () => {
  test('that are dropped never come: the guest waits for its answer as Linux does', () => {
    const guest = guestWith({ what: 'message', message: 'VERSION_RESPONSE', nth: 1, deed: 'drop' });
    expect(() => guest.run(guest.vmbus.init())).toThrow(HungError);
    // Nothing is lost: a late answer lets it go on.
    guest.host.postRaw(new Uint8Array([15, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0]));
    guest.settle();
    expect(relidsOf(guest)).toEqual([3, 4, 2, 50, 51]);
  });

  test('that are dropped for one channel leave the others alone', () => {
    const guest = guestWith({ what: 'message', message: 'OPENCHANNEL_RESULT', relid: 3, deed: 'drop' });
    guest.run(guest.vmbus.init());
    guest.settle();
    expect(guest.channel(3).state.kind).toBe('opening');
    expect(guest.channel(4).state.kind).toBe('opened');
    guest.host.rescind(3);
    guest.settle();
    expect(relidsOf(guest)).toEqual([4, 2, 50, 51]);
    expect(guest.machine.liveTasks).toBe(0);
  });

  test('that come twice are refused once', () => {
    const guest = guestWith(
      { what: 'message', message: 'OFFERCHANNEL', relid: 4, deed: 'duplicate' },
      { what: 'message', message: 'GPADL_CREATED', nth: 2, deed: 'duplicate' },
    ).boot();
    expect(refused(guest)).toEqual({ 'offer-relid-in-use': 1, 'response-nobody-waits-for': 1 });
  });

  test('that are delayed come later, and the guest waits', () => {
    const honest = guestWith().boot();
    const guest = guestWith({
      what: 'message',
      message: 'VERSION_RESPONSE',
      deed: 'delay',
      byNs: 7 * MS,
    }).boot();
    expect(guest.machine.clock.now).toBe(honest.machine.clock.now + 7 * MS);
    expect(refused(guest)).toEqual({});
  });

  test('are overtaken by the next, but not an offer by the end of all offers', () => {
    const guest = guestWith({ what: 'message', message: 'OFFERCHANNEL', nth: 1, deed: 'reorder' }).boot();
    expect(relidsOf(guest)).toEqual([4, 3, 2, 50, 51]);
    const last = guestWith({ what: 'message', message: 'OFFERCHANNEL', nth: 3, deed: 'reorder' }).boot();
    expect(relidsOf(last)).toEqual([3, 4, 2, 50, 51]);
    const alone = guestWith({
      what: 'message',
      message: 'VERSION_RESPONSE',
      deed: 'reorder',
      byNs: MS,
    }).boot();
    expect(relidsOf(alone)).toEqual([3, 4, 2, 50, 51]);
  });

  test('are corrupted where the rule says', () => {
    const offer = { what: 'message', message: 'OFFERCHANNEL', nth: 2, deed: 'corrupt' } as const;
    expect(refused(guestWith({ ...offer, field: 'childRelid', value: 5000 }).boot())).toEqual({
      'offer-relid-out-of-range': 1,
    });
    expect(refused(guestWith({ ...offer, field: 'size', value: 100 }).boot())).toEqual({
      'message-too-short': 1,
    });
    expect(refused(guestWith({ ...offer, field: 'type', value: 200 }).boot())).toEqual({
      'message-unknown-type': 1,
    });
  });

  test('are corrupted at random alike for equal seeds', () => {
    const corrupted = (seed: number): unknown => {
      const guest = new TestGuest({ present: 2, devices: [device('heartbeat', 3)], host: { seed } });
      guest.host.faults.add({ what: 'message', chance: 0.5, deed: 'corrupt' });
      guest.machine.spawn('boot', guest.vmbus.init());
      guest.settle();
      return [refused(guest), guest.log(), guest.machine.clock.now];
    };
    const runs = Array.from({ length: 20 }, (_, seed) => corrupted(seed));
    expect(runs).toEqual(Array.from({ length: 20 }, (_, seed) => corrupted(seed)));
    expect(new Set(runs.map((run) => JSON.stringify(run))).size).toBeGreaterThan(1);
  });
});

describe('signals', () => {
  test('that are dropped are not heard; the next one is', () => {
    const guest = guestWith().boot();
    const before = guest.count(3);
    guest.host.faults.add({ what: 'signal', relid: 3, nth: 2, deed: 'drop' });
    expect(guest.host.signal(3)).toBe(1);
    expect(guest.host.signal(3)).toBe(1);
    expect(guest.host.signal(3)).toBe(1);
    expect(guest.count(3)).toBe(before + 2);
  });

  test('come twice, late, and for another channel or on another CPU', () => {
    const guest = guestWith().boot();
    const before = guest.count(3);
    guest.host.faults.add({ what: 'signal', nth: 1, deed: 'duplicate' });
    guest.host.faults.add({ what: 'signal', nth: 2, deed: 'delay', byNs: 2 * MS });
    guest.host.faults.add({ what: 'signal', nth: 3, deed: 'corrupt', field: 'relid', value: 77 });
    guest.host.faults.add({ what: 'signal', nth: 4, deed: 'corrupt', field: 'cpu', value: 3 });
    guest.host.signal(3);
    expect(guest.count(3)).toBe(before + 2);
    guest.host.signal(3);
    expect(guest.count(3)).toBe(before + 2);
    guest.machine.elapse(2 * MS);
    expect(guest.count(3)).toBe(before + 3);
    guest.host.signal(3);
    expect(refused(guest)).toEqual({ 'event-without-channel': 1 });
    guest.host.signal(3);
    expect(guest.count(3)).toBe(before + 4);
    expect(guest.irq.desc(guest.channel(3).irq)?.cold.kstat[3]).toBe(1);
  });

  test('overtake each other', () => {
    const guest = guestWith().boot();
    const [three, four] = [guest.count(3), guest.count(4)];
    guest.host.faults.add({ what: 'signal', nth: 1, deed: 'reorder' });
    guest.host.signal(3);
    expect(guest.count(3)).toBe(three);
    guest.host.signal(4);
    expect([guest.count(3), guest.count(4)]).toEqual([three + 1, four + 1]);
  });
});

describe('packets', () => {
  test('that are dropped keep a driver waiting until its time limit', () => {
    const guest = guestWith({ what: 'packet', relid: 2, nth: 1, deed: 'drop' });
    guest.run(guest.vmbus.init());
    guest.settle();
    expect(guest.log().some((line) => line.includes('probe failed'))).toBe(true);
    expect(guest.machine.clock.now).toBeGreaterThan(180_000 * MS);
    expect(guest.channel(2).state.kind).toBe('open');
  });

  test('of one time that the channel was open do not come in the next', () => {
    const guest = guestWith().boot();
    const channel = guest.host.channel(3);
    if (channel === undefined) throw new Error('no channel');
    guest.host.faults.add({ what: 'packet', relid: 3, deed: 'delay', byNs: MS });
    guest.host.send(channel, new Uint8Array(32), 1, 0);
    guest.machine.elapse(0);
    const before = guest.count(3);
    guest.host.rescind(3);
    guest.settle();
    expect(before).toBeGreaterThan(0);
    expect(guest.memory.blocksInUse).toBe(4);
  });
});

describe('rules', () => {
  test('are for all things, for one, or for some', () => {
    const guest = guestWith().boot();
    const before = guest.count(3);
    guest.host.faults.add({ what: 'signal', nth: 2, times: 2, deed: 'drop' });
    for (let i = 0; i < 5; i++) guest.host.signal(3);
    expect(guest.count(3)).toBe(before + 3);
    guest.host.faults.add({ what: 'signal', deed: 'drop' });
    for (let i = 0; i < 5; i++) guest.host.signal(3);
    expect(guest.count(3)).toBe(before + 3);
    guest.host.faults.stop();
    guest.host.signal(3);
    expect(guest.count(3)).toBe(before + 4);
  });

  test('of which the host is done with send what they held back', () => {
    const guest = guestWith().boot();
    const before = guest.count(3);
    guest.host.faults.add({ what: 'signal', deed: 'reorder', byNs: 1000 * MS });
    guest.host.signal(3);
    guest.host.faults.stop();
    expect(guest.count(3)).toBe(before + 1);
    guest.settle();
    expect(guest.count(3)).toBe(before + 1);
  });

  test.each<[MisbehaveRule, string]>([
    [
      { what: 'signal', deed: 'corrupt', field: 'relid', value: 2048 },
      'there is no event flag 2048: relids are 0 to 2047',
    ],
    [{ what: 'signal', deed: 'corrupt', field: 'size' }, 'a signal has no field size; there are relid, cpu'],
    [
      { what: 'message', deed: 'corrupt', field: 'childRelid' },
      'a message has no field childRelid; there are size, type',
    ],
    [{ what: 'packet', message: 'OFFERCHANNEL', deed: 'drop' }, 'a packet is no OFFERCHANNEL'],
    [{ what: 'packet', deed: 'drop', field: 'length' }, 'to drop a packet needs no field'],
    [{ what: 'packet', nth: 0, deed: 'drop' }, 'things are counted from 1'],
    [{ what: 'packet', deed: 'delay', byNs: -1 }, 'nothing can be sent 1 ns earlier'],
  ])('that make no sense are refused: %j', (rule, message) => {
    expect(() => guestWith(rule)).toThrow(new RangeError(message));
  });

  test('reach no further than the ring and the event page', () => {
    const guest = guestWith().boot();
    const channel = guest.host.channel(3);
    if (channel === undefined) throw new Error('no channel');
    const { faults } = guest.host;
    expect(() => faults.poke(channel, 'toGuest', 12288, 1)).toThrow(
      'the ring has no word at byte 12288: its data are 12288 bytes',
    );
    expect(() => faults.poke(channel, 'toGuest', 2, 1)).toThrow(RangeError);
    faults.poke(channel, 'toGuest', 12284, 1);
    expect(() => faults.raise(2048, 0)).toThrow(RangeError);
    expect(() => guest.host.postRaw(new Uint8Array(241))).toThrow('a message of 241 bytes, at most 240 fit');
    guest.host.rescind(3);
    guest.settle();
    expect(() => faults.poke(channel, 'toGuest', 'readIndex', 1)).toThrow('channel 3 is not open');
  });
});
