import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { setBit } from '../../src/lib/bitmap.js';
import { callbackMode, type CallbackMode, type VmbusChannel } from '../../src/vmbus/channel/channel.js';
import { deviceClassId } from '../../src/vmbus/protocol/class-ids.js';
import type { VmbusDriver } from '../../src/vmbus/driver.js';
import { device, TestGuest, type TestGuestOptions } from '../support/guest.js';

/** A driver that opens its device with a callback of the test. */
function driverWith(
  callback: (channel: VmbusChannel) => void,
  mode: CallbackMode = callbackMode.isr,
): TestGuestOptions['drivers'] {
  return (operations) => {
    const driver: VmbusDriver = {
      name: 'test',
      classIds: ['scsi', 'kvp', 'nic'].map(deviceClassId),
      *probe({ channel }) {
        channel.callbackMode = mode;
        yield* operations.open(channel, { callback });
      },
      *remove({ channel }) {
        yield* operations.close(channel);
      },
    };
    return [driver];
  };
}

function guestWith(relids: readonly number[], drivers: TestGuestOptions['drivers']): TestGuest {
  return new TestGuest({
    devices: relids.map((relid) => device('kvp', relid)),
    backends: [],
    drivers,
  }).boot();
}

describe('demultiplexing', () => {
  test('one interrupt handles all channels that have events, from the lowest relid up', () => {
    const seen: number[] = [];
    const guest = guestWith(
      [2047, 3, 64, 31, 32],
      driverWith(({ relid }) => seen.push(relid)),
    );
    const cpu = guest.machine.cpu(0);
    cpu.localIrqDisable();
    for (const relid of [2047, 3, 64, 31, 32, 3]) guest.host.signal(relid);
    expect(seen).toEqual([]);
    cpu.localIrqEnable();
    expect(seen).toEqual([3, 31, 32, 64, 2047]);
    expect(guest.host.channel(3)?.coalesced).toBe(1);
  });

  test('an event of a lower relid during a callback waits for its own interrupt', () => {
    const seen: number[] = [];
    const guest: TestGuest = guestWith(
      [3, 5, 7],
      driverWith(({ relid }) => {
        seen.push(relid);
        if (seen.length === 1) {
          guest.host.signal(3);
          guest.host.signal(7);
        }
      }),
    );
    guest.host.signal(5);
    expect(seen).toEqual([5, 7, 3]);
  });

  test('counts the top level for control messages only', () => {
    const guest = guestWith(
      [3],
      driverWith(() => {}),
    );
    const before = guest.controlInterrupts;
    guest.host.signal(3, 5);
    expect(guest.controlInterrupts).toBe(before);
    guest.host.offer(device('vss', 9));
    expect(guest.controlInterrupts).toBe(before + 1);
  });

  test('events of relids without a channel, and of rescinded ones, are dropped', () => {
    let called = 0;
    const guest = guestWith(
      [3],
      driverWith(() => {
        called += 1;
      }),
    );
    const { eventFlags } = guest.vmbus.contexts[0];
    const { relids } = guest.connection;
    setBit(eventFlags, 0);
    setBit(eventFlags, 99);
    guest.vmbus.isr.handle(guest.machine.cpu(0));
    expect(relids.droppedEvents).toBe(1);
    guest.channel(3).markRescinded('test');
    setBit(eventFlags, 3);
    guest.vmbus.isr.handle(guest.machine.cpu(0));
    expect(relids.droppedEvents).toBe(2);
    expect([called, guest.count(3)]).toEqual([0, 0]);
    expect(eventFlags.every((word) => word === 0)).toBe(true);
  });

  test('an event of a mapped channel that is not open counts nothing', () => {
    const guest = new TestGuest({ devices: [device('kvp', 3)], drivers: () => [] }).boot();
    setBit(guest.vmbus.contexts[0].eventFlags, 3);
    expect(() => guest.vmbus.isr.handle(guest.machine.cpu(0))).not.toThrow();
    expect(guest.channel(3).interrupts).toBe(0);
  });

  test('any pattern of events, on any CPU: each channel is called once', () => {
    const relids = [1, 2, 31, 32, 33, 63, 64, 1000, 2046, 2047];
    fc.assert(
      fc.property(fc.subarray(relids, { minLength: 1 }), fc.nat({ max: 3 }), (subset, cpu) => {
        const seen: number[] = [];
        const guest = guestWith(
          relids,
          driverWith(({ relid }) => seen.push(relid)),
        );
        for (const relid of subset) setBit(guest.vmbus.contexts[cpu].eventFlags, relid);
        guest.vmbus.isr.handle(guest.machine.cpu(cpu));
        expect(seen).toEqual(subset);
      }),
      { numRuns: 30 },
    );
  });
});

describe('callback modes', () => {
  function modeGuest(mode: CallbackMode, log: string[]): TestGuest {
    const drain = (channel: VmbusChannel): void => {
      const inInterrupt = channel.machine.cpus[channel.machine.thisCpu].hardirq;
      log.push(`${inInterrupt ? 'irq' : 'tasklet'} mask=${channel.rings?.inbound.ring.load(2)}`);
      const inbound = channel.rings?.inbound;
      while (inbound?.next());
      inbound?.pktIterClose();
    };
    return guestWith([3], driverWith(drain, mode));
  }

  test('isr: in the interrupt', () => {
    const log: string[] = [];
    modeGuest(callbackMode.isr, log).host.signal(3);
    expect(log).toEqual(['irq mask=0']);
  });

  test('direct: in a tasklet, with signals on', () => {
    const log: string[] = [];
    modeGuest(callbackMode.direct, log).host.signal(3);
    expect(log).toEqual(['tasklet mask=0']);
  });

  test('batched: in a tasklet, with signals off', () => {
    const log: string[] = [];
    const guest = modeGuest(callbackMode.batched, log);
    guest.host.signal(3);
    expect(log).toEqual(['tasklet mask=1']);
    expect(guest.channel(3).rings?.inbound.ring.load(2)).toBe(0);
  });

  test('batched: what comes in before signals are on again is read, too', () => {
    const log: string[] = [];
    let arrivals = 2;
    const guest: TestGuest = guestWith(
      [3],
      driverWith((channel) => {
        log.push('read');
        const inbound = channel.rings?.inbound;
        while (inbound?.next());
        inbound?.pktIterClose();
        const host = guest.host.channel(3);
        if (arrivals-- > 0) host?.write(new Uint8Array(8), arrivals);
      }, callbackMode.batched),
    );
    guest.host.signal(3);
    expect(log).toEqual(['read', 'read', 'read']);
    expect([guest.channel(3).interrupts, guest.count(3)]).toEqual([1, 1]);
  });

  test('a tasklet that finds its callback gone does nothing', () => {
    const log: string[] = [];
    const guest = modeGuest(callbackMode.direct, log);
    const channel = guest.channel(3);
    const cpu = guest.machine.cpu(0);
    cpu.taskletSchedule(channel.callbackEvent);
    channel.storeCallback(undefined, 'test');
    guest.machine.settle();
    expect(log).toEqual([]);
  });
});

test('conservation: what the host signals is counted, coalesced, or lost with an offline CPU', () => {
  const step = fc.record({
    relid: fc.constantFrom(1, 2, 3, 4),
    times: fc.integer({ min: 1, max: 5 }),
    hold: fc.boolean(),
    moveTo: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
    waitNs: fc.integer({ min: 0, max: 400_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const guest = new TestGuest({
        present: 4,
        devices: [1, 2, 3, 4].map((relid) => device('scsi', relid)),
        backends: [],
        drivers: driverWith(() => {}),
      }).boot();
      for (const { relid, times, hold, moveTo, waitNs } of steps) {
        const cpu = guest.machine.cpu(guest.channel(relid).targetCpu);
        if (hold) cpu.holdIrqs(100_000);
        guest.host.signal(relid, times);
        if (moveTo !== undefined) {
          const desc = guest.irq.desc(guest.channel(relid).irq);
          const mask = guest.machine.online.clone();
          mask.clearAll();
          mask.set(moveTo);
          if (desc) desc.data.chip.irqSetAffinity?.(desc.data, mask, false);
        }
        guest.machine.elapse(waitNs);
      }
      guest.settle();
      for (const relid of [1, 2, 3, 4]) {
        const host = guest.host.channel(relid);
        expect(host?.lost).toBe(0);
        expect(guest.count(relid) + (host?.coalesced ?? 0)).toBe(host?.signalled);
        expect(guest.channel(relid).interrupts).toBe(guest.count(relid));
      }
      expect(guest.connection.relids.droppedEvents).toBe(0);
    }),
    { numRuns: 60 },
  );
});
