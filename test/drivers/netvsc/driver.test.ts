import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  NVSP,
  NVSP_STAT_FAIL,
  nvspMessage,
  nvspType,
  nvspWord,
} from '../../../src/host/protocols/network.js';
import { NetvscDevice } from '../../../src/drivers/netvsc/device.js';
import type { Procedure } from '../../../src/machine/step.js';
import type { Task } from '../../../src/machine/task.js';
import {
  CHANNELMSG,
  decodeMessage,
  VERSION_WIN10,
  VERSION_WIN8_1,
} from '../../../src/vmbus/protocol/channel-messages.js';
import { VM_PKT } from '../../../src/vmbus/ring/index.js';
import { backendsWith } from '../../support/backends.js';
import { errnoOf } from '../../support/errors.js';
import { device, TestGuest, type TestGuestOptions } from '../../support/guest.js';

const SUBS = [16, 17, 18, 19, 20, 21, 22, 23, 24, 25];

function nicGuest(options: TestGuestOptions = {}, subs: readonly number[] = SUBS): TestGuest {
  return new TestGuest({ devices: [device('nic', 13, { subChannelRelids: subs })], ...options });
}

/** Relids of the adapter's channels that have an IRQ in use. */
function relids(guest: TestGuest): number[] {
  return guest.rows().map(([, relid]) => relid);
}

function setChannels(guest: TestGuest, count: number): Procedure<void> {
  const { driver } = guest.device(13);
  if (driver?.setChannels === undefined) throw new Error('the driver knows no setChannels');
  return driver.setChannels(guest.device(13), count);
}

describe('number of channels at first', () => {
  test.each([
    ['8 unless more are asked for', 16, SUBS, undefined, 8],
    ['no more than online CPUs', 3, SUBS, undefined, 3],
    ['no more than the host has', 16, [16, 17], undefined, 3],
    ['what was asked for', 16, SUBS, 11, 11],
    ['one without sub-channels on the host', 16, [], 8, 1],
    ['one on one CPU', 1, SUBS, 8, 1],
  ] as const)('%s', (_, present, subs, channels, expected) => {
    const guest = nicGuest({ present, settings: { netvscChannels: () => channels } }, subs).boot();
    expect(relids(guest)).toEqual([13, ...SUBS].slice(0, expected));
    expect(new Set(guest.rows().map(([, , name]) => name))).toEqual(new Set(['netvsc']));
  });

  test('64 at the most', () => {
    const subs = Array.from({ length: 80 }, (_, i) => 100 + i);
    const guest = nicGuest({ present: 96, settings: { netvscChannels: () => 90 } }, subs).boot();
    expect(relids(guest)).toHaveLength(64);
  });

  test('each goes to a CPU of its own', () => {
    const guest = nicGuest().boot();
    expect(
      relids(guest)
        .map((relid) => guest.channel(relid).targetCpu)
        .sort(),
    ).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test('only online CPUs count, and only they get channels', () => {
    const guest = nicGuest({ online: [0, 1, 4, 6] }).boot();
    expect(
      relids(guest)
        .map((relid) => guest.channel(relid).targetCpu)
        .sort(),
    ).toEqual([0, 1, 4, 6]);
  });
});

describe('set_channels', () => {
  test('fewer and more', () => {
    const guest = nicGuest().boot();
    const before = guest.memory.blocksInUse;
    for (const count of [3, 8, 1, 5]) {
      guest.run(setChannels(guest, count));
      expect(relids(guest)).toEqual([13, ...SUBS].slice(0, count));
      expect(guest.channel(13).subChannels).toHaveLength(count - 1);
    }
    guest.run(setChannels(guest, 8));
    guest.settle();
    expect(guest.memory.blocksInUse).toBe(before);
    expect(guest.connection.refused.size).toBe(0);
  });

  test('the primary channel keeps its IRQ and its counts', () => {
    const guest = nicGuest().boot();
    const { irq } = guest.channel(13);
    const counted = guest.count(13);
    guest.run(setChannels(guest, 2));
    expect(guest.channel(13).irq).toBe(irq);
    expect(guest.count(13)).toBeGreaterThan(counted);
  });

  test('refuses what Linux refuses', () => {
    const guest = nicGuest().boot();
    expect(errnoOf(() => guest.run(setChannels(guest, 0)))).toBe('EINVAL');
    expect(errnoOf(() => guest.run(setChannels(guest, 9)))).toBe('EINVAL');
    expect(errnoOf(() => guest.run(setChannels(guest, 1.5)))).toBe('EINVAL');
    expect(relids(guest)).toHaveLength(8);
    const removing = setChannels(guest, 2);
    guest.host.rescind(13);
    guest.settle();
    expect(errnoOf(() => guest.run(removing))).toBe('ENODEV');
  });

  test('no channel goes to a CPU that is offline', () => {
    const guest = nicGuest().boot();
    guest.run(setChannels(guest, 1));
    const { targetCpu } = guest.channel(13);
    const gone = [1, 2, 3, 4].filter((cpu) => cpu !== targetCpu);
    for (const cpu of gone) guest.offline(cpu);
    expect(errnoOf(() => guest.run(setChannels(guest, 9)))).toBe('EINVAL');
    // The most that there can be was found when the adapter was set up last: 8. So this is cut down, not refused.
    guest.run(setChannels(guest, 8));
    expect(relids(guest)).toHaveLength(8 - gone.length);
    for (const relid of relids(guest)) expect(gone).not.toContain(guest.channel(relid).targetCpu);
    for (const cpu of gone) guest.online(cpu);
    // The number that is there would change nothing.
    guest.run(setChannels(guest, 3));
    guest.run(setChannels(guest, 8));
    expect(relids(guest)).toHaveLength(8);
  });

  test('a buffer that the host refuses: the old number is tried again', () => {
    let refusals = 0;
    const backends = backendsWith('nic', ({ payload, transactionId }, channel, services) => {
      if (nvspType(payload) !== NVSP.SEND_SEND_BUF || refusals === 0) return true;
      refusals -= 1;
      const answer = nvspMessage(NVSP.SEND_SEND_BUF_COMPLETE, NVSP_STAT_FAIL);
      services.send(channel, answer, transactionId, 1000, VM_PKT.COMP);
      return false;
    });
    const guest = nicGuest({ backends }).boot();
    refusals = 1;
    expect(errnoOf(() => guest.run(setChannels(guest, 2)))).toBe('EINVAL');
    expect(relids(guest)).toHaveLength(8);
    refusals = 2;
    expect(errnoOf(() => guest.run(setChannels(guest, 2)))).toBe('EINVAL');
    expect(guest.log().at(-1)).toMatch(/eth0: restoring channel setting failed$/);
    expect(errnoOf(() => guest.run(setChannels(guest, 2)))).toBe('ENODEV');
    guest.settle();
    // A closed channel keeps its IRQ until it is gone.
    expect(relids(guest)).toEqual([13]);
    expect(guest.channel(13).state.kind).toBe('open');
    expect(guest.memory.blocksInUse).toBe(0);
    guest.host.rescind(13);
    guest.settle();
    expect(guest.vmbus.bus.devices).toEqual([]);
  });

  test('the device is rescinded between any two events: what it waits for then never comes, and RTNL stays held', () => {
    let events = 0;
    const hangs = new Set<string>();
    for (let busy = true; busy; events++) {
      const guest = nicGuest({ present: 4 }).boot();
      const { machine } = guest;
      const task = machine.spawn('ethtool', setChannels(guest, 2));
      task.errorTaken = true;
      machine.settle();
      for (let i = 0; i < events && busy; i++) {
        busy = machine.clock.runNext();
        machine.settle();
      }
      guest.host.rescind(13);
      guest.settle();
      if (task.state !== 'done') {
        const waiting = machine.waiting();
        const { waitsFor, functions } = waiting.find(({ task: of }) => of === 'ethtool') ?? waiting[0];
        expect(functions).toContain('netvsc_set_channels');
        expect(waiting).toContainEqual(
          expect.objectContaining({
            waitsFor: 'rtnl_mutex',
            functions: expect.arrayContaining(['netvsc_remove']),
            holder: expect.objectContaining({ comm: 'ethtool' }),
          }),
        );
        hangs.add(waitsFor);
        continue;
      }
      expect(guest.rows()).toEqual([]);
      expect(guest.memory.blocksInUse).toBe(0);
      expect([...guest.host.allChannels()]).toEqual([]);
    }
    expect(events).toBeGreaterThan(50);
    expect([...hangs]).toEqual(['answer on channel 13', 'sub-channels of netvsc 13']);
  });

  test('a sub-channel is rescinded between any two events', () => {
    let events = 0;
    for (let busy = true; busy; events++) {
      const guest = nicGuest({ present: 4 }).boot();
      const { machine, host } = guest;
      const task = machine.spawn('ethtool', setChannels(guest, 3));
      task.errorTaken = true;
      machine.settle();
      for (let i = 0; i < events && busy; i++) {
        busy = machine.clock.runNext();
        machine.settle();
      }
      const sub = host.channel(17);
      if (sub !== undefined && sub.state.kind !== 'rescinded') host.rescind(17);
      guest.settle();
      expect(task.state).toBe('done');
      // The number that is there changes nothing, even where a channel is missing.
      guest.run(setChannels(guest, 1));
      guest.run(setChannels(guest, 3));
      expect(relids(guest)).toEqual([13, 16, 17]);
      host.rescind(13);
      guest.settle();
      expect(guest.rows()).toEqual([]);
      expect(guest.memory.blocksInUse).toBe(0);
      expect([...host.allChannels()]).toEqual([]);
    }
  });

  test('any sequence of numbers, with CPUs coming and going', () => {
    const step = fc.record({ count: fc.integer({ min: 1, max: 6 }), cpu: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
        const guest = nicGuest({ present: 6 }).boot();
        for (const { count, cpu } of steps) {
          if (guest.machine.online.has(cpu)) errnoOf(() => guest.offline(cpu));
          else guest.online(cpu);
          errnoOf(() => guest.run(setChannels(guest, count)));
          const online = guest.machine.online;
          expect(relids(guest).length).toBeLessThanOrEqual(Math.min(count, online.weight));
          for (const relid of relids(guest)) expect(online.has(guest.channel(relid).targetCpu)).toBe(true);
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('what the host may refuse', () => {
  test('sub-channels: the adapter goes on with its primary channel', () => {
    const backends = backendsWith('nic', ({ payload, transactionId }, channel, services) => {
      if (nvspType(payload) !== NVSP.SUBCHANNEL) return true;
      services.send(channel, nvspMessage(NVSP.SUBCHANNEL, NVSP_STAT_FAIL), transactionId, 1000, VM_PKT.COMP);
      return false;
    });
    const guest = nicGuest({ backends }).boot();
    expect(relids(guest)).toEqual([13]);
    expect(guest.log().at(-1)).toContain('sub channel request failed');
    expect(errnoOf(() => guest.run(setChannels(guest, 2)))).toBe('EINVAL');
  });

  test('fewer sub-channels than asked for', () => {
    const backends = backendsWith('nic', ({ payload, transactionId }, channel, services) => {
      if (nvspType(payload) !== NVSP.SUBCHANNEL) return true;
      services.send(channel, nvspMessage(NVSP.SUBCHANNEL, 1, 2), transactionId, 1000, VM_PKT.COMP);
      services.offerSubChannels(channel, 2, 1000);
      return false;
    });
    expect(relids(nicGuest({ backends }).boot())).toEqual([13, 16, 17]);
  });

  test('new protocol versions: the next older one is tried', () => {
    const tried: number[] = [];
    const backends = backendsWith('nic', ({ payload, transactionId }, channel, services) => {
      if (nvspType(payload) !== NVSP.INIT) return true;
      tried.push(nvspWord(payload, 0));
      if (nvspWord(payload, 0) <= 0x40000) return true;
      services.send(
        channel,
        nvspMessage(NVSP.INIT_COMPLETE, 0, 0, NVSP_STAT_FAIL),
        transactionId,
        1000,
        VM_PKT.COMP,
      );
      return false;
    });
    const guest = nicGuest({ backends }).boot();
    expect(tried).toEqual([0x60001, 0x60000, 0x50000, 0x40000]);
    // Below version 5 there are no sub-channels.
    expect(relids(guest)).toEqual([13]);
  });

  test('every protocol version: the probe fails and leaves nothing', () => {
    const backends = backendsWith('nic', ({ payload, transactionId }, channel, services) => {
      if (nvspType(payload) !== NVSP.INIT) return true;
      services.send(
        channel,
        nvspMessage(NVSP.INIT_COMPLETE, 0, 0, NVSP_STAT_FAIL),
        transactionId,
        1000,
        VM_PKT.COMP,
      );
      return false;
    });
    const guest = nicGuest({ backends }).boot();
    expect(guest.channel(13).state.kind).toBe('open');
    expect(guest.memory.blocksInUse).toBe(0);
    expect(guest.device(13).driver).toBeUndefined();
    expect(guest.log().at(-2)).toMatch(/^hv_vmbus: probe failed for device .* \(-71\)$/);
  });

  test('a buffer goes before the channel is closed on hosts before Windows 10, after it on later ones', () => {
    const { CLOSECHANNEL, GPADL_TEARDOWN } = CHANNELMSG;
    for (const [version, expected] of [
      [VERSION_WIN8_1, [GPADL_TEARDOWN, GPADL_TEARDOWN, CLOSECHANNEL, GPADL_TEARDOWN]],
      [VERSION_WIN10, [CLOSECHANNEL, GPADL_TEARDOWN, GPADL_TEARDOWN, GPADL_TEARDOWN]],
    ] as const) {
      const guest = nicGuest({ host: { version }, present: 1 }).boot();
      const sent: number[] = [];
      const { host } = guest;
      const post = host.postMessage.bind(host);
      host.postMessage = (message, connection) => {
        const { type } = decodeMessage(message);
        if (type === CLOSECHANNEL || type === GPADL_TEARDOWN) sent.push(type);
        return post(message, connection);
      };
      guest.run(guest.vmbus.power.suspend());
      expect(sent).toEqual(expected);
    }
  });
});

describe('RTNL', () => {
  const twoNics = (): TestGuest =>
    new TestGuest({
      present: 4,
      devices: [
        device('nic', 13, { subChannelRelids: [16, 17] }),
        device('nic', 14, { subChannelRelids: [26, 27] }),
      ],
    });

  test('is one for all adapters: the number of channels is changed of one after the other', () => {
    const guest = twoNics().boot();
    const { machine } = guest;
    const { driver } = guest.device(14);
    const first = machine.spawn('first', setChannels(guest, 1));
    const second = machine.spawn(
      'second',
      driver?.setChannels?.(guest.device(14), 2) ?? setChannels(guest, 2),
    );
    machine.settle();
    expect(second.blockedOn?.object.name).toBe('rtnl_mutex');
    while (first.state !== 'done') {
      expect(second.blockedOn?.object.name).toBe('rtnl_mutex');
      machine.clock.runNext();
      machine.settle();
    }
    guest.settle();
    expect(second.state).toBe('done');
    expect(relids(guest).sort((a, b) => a - b)).toEqual([13, 14, 26]);
  });

  test('ethtool -L takes back the work that has not begun to open sub-channels', () => {
    const guest = nicGuest({ present: 4 }, [16, 17]);
    const { machine } = guest;
    machine.spawn('boot', guest.vmbus.init());
    machine.settle();
    // From the end of the probe on the work waits for RTNL, which ethtool -L has been waiting for.
    let changes: Task | undefined;
    while (changes?.state !== 'done') {
      const busy = guest.vmbus.bus.devices.some(({ driverData }) => driverData instanceof NetvscDevice);
      if (busy) changes ??= machine.spawn('ethtool -L', setChannels(guest, 1));
      machine.settle();
      if (changes?.state === 'done' || !machine.clock.runNext()) break;
      machine.settle();
    }
    guest.settle();
    expect(changes?.state).toBe('done');
    expect(relids(guest)).toEqual([13]);
  });
});
