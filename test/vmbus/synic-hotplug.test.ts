import { describe, expect, test } from '@jest/globals';
import { irqSetAffinity } from '../../src/irq/affinity/affinity.js';
import { setBit } from '../../src/lib/bitmap.js';
import { CpuMask } from '../../src/machine/cpumask.js';
import {
  VERSION_WIN10,
  VERSION_WIN10_V4_1,
  VERSION_WIN10_V5_2,
} from '../../src/vmbus/protocol/channel-messages.js';
import { errnoOf } from '../support/errors.js';
import { device, TestGuest, type TestGuestOptions } from '../support/guest.js';

const MS = 1_000_000;

/** A disk at relid 1 on CPU 0, one at relid 2 on CPU 1; CPUs 2 and 3 are idle. */
function diskGuest(options: TestGuestOptions = {}): TestGuest {
  return new TestGuest({ present: 4, devices: [device('scsi', 1), device('scsi', 2)], ...options }).boot();
}

function move(guest: TestGuest, relid: number, cpu: number): void {
  const ret = irqSetAffinity(guest.irq, guest.channel(relid).irq, CpuMask.of(4, [cpu]));
  if (ret !== 0) throw new Error(`moving channel ${relid} returned ${ret}`);
}

/** How long taking `cpu` offline takes, in ms. */
function offlineMs(guest: TestGuest, cpu: number): number {
  const start = guest.machine.clock.now;
  guest.offline(cpu);
  return (guest.machine.clock.now - start) / MS;
}

describe('taking a CPU offline', () => {
  test('an idle CPU goes, and its synic with it', () => {
    const guest = diskGuest();
    expect(offlineMs(guest, 3)).toBe(0);
    expect(guest.machine.online.has(3)).toBe(false);
    expect(guest.connection.synicOnline.has(3)).toBe(false);
    guest.online(3);
    expect(guest.connection.synicOnline.has(3)).toBe(true);
    move(guest, 2, 3);
    guest.settle();
    guest.host.signal(2);
    expect(guest.irq.desc(guest.channel(2).irq)?.cold.kstat[3]).toBe(1);
  });

  test('not the connect CPU', () => {
    const guest = diskGuest();
    move(guest, 1, 2);
    guest.settle();
    expect(errnoOf(() => guest.offline(0))).toBe('EBUSY');
    expect(guest.connection.synicOnline.has(0)).toBe(true);
  });

  test('not one that a channel is on; it stays open to channels', () => {
    const guest = diskGuest();
    expect(() => guest.offline(1)).toThrow(
      'EBUSY: CPU 1 is the target of channel 2 (IRQ 25, pri@storvsc1); move it first',
    );
    expect(guest.machine.online.has(1)).toBe(true);
    expect(guest.connection.synicOnline.has(1)).toBe(true);
    move(guest, 2, 2);
    guest.offline(1);
    expect(guest.machine.online.has(1)).toBe(false);
  });

  test('not one that a sub-channel is on', () => {
    const guest = diskGuest({ devices: [device('scsi', 1, { subChannelRelids: [9] })] });
    expect(guest.channel(9).targetCpu).toBe(1);
    expect(errnoOf(() => guest.offline(1))).toBe('EBUSY');
  });

  test('waits until the host has followed, version 5.3', () => {
    const guest = diskGuest({ host: { modifyChannelNs: 12 * MS } });
    move(guest, 2, 3);
    // 5 ms at a time: done after 12, seen after 15.
    expect(offlineMs(guest, 1)).toBe(15);
    expect(guest.log().some((line) => line.includes('Timed out'))).toBe(false);
    expect(guest.host.channel(2)?.lost).toBe(0);
  });

  test('goes on after 25 ms without a response, and says so', () => {
    const guest = diskGuest({ host: { modifyChannelNs: 40 * MS } });
    move(guest, 2, 3);
    expect(offlineMs(guest, 1)).toBe(25);
    expect(guest.log()).toContain('hv_vmbus: Timed out waiting for MODIFYCHANNEL. CPU 1 sent 1 completed 0');
    // The host goes on raising the CPU that is gone.
    guest.host.signal(2);
    expect(guest.host.channel(2)?.lost).toBe(1);
  });

  test('waits for those in flight when it began, whichever channel they are of', () => {
    const guest = diskGuest({ host: { modifyChannelNs: 12 * MS } });
    move(guest, 1, 3);
    move(guest, 1, 0);
    expect(offlineMs(guest, 2)).toBe(15);
    expect(guest.connection.modchans.completed).toBe(2);
  });

  test('sleeps blindly where the host sends no responses', () => {
    for (const version of [VERSION_WIN10_V4_1, VERSION_WIN10_V5_2]) {
      expect(offlineMs(diskGuest({ host: { version } }), 3)).toBe(20);
    }
  });

  test('waits for nothing where there is no MODIFYCHANNEL', () => {
    const guest = diskGuest({ host: { version: VERSION_WIN10 } });
    setBit(guest.vmbus.contexts[3].eventFlags, 7);
    expect(offlineMs(guest, 3)).toBe(0);
  });

  test('events that nobody handles: EBUSY after three more looks', () => {
    const guest = diskGuest();
    setBit(guest.vmbus.contexts[3].eventFlags, 1);
    const start = guest.machine.clock.now;
    expect(errnoOf(() => guest.offline(3))).toBe('EBUSY');
    expect((guest.machine.clock.now - start) / MS).toBe(30);
    expect(guest.log().at(-1)).toBe('hv_vmbus: Events pending when trying to offline CPU 3');
    expect(guest.machine.online.has(3)).toBe(true);
    expect(guest.connection.synicOnline.has(3)).toBe(true);
  });

  test('an event that is handled meanwhile is no reason to refuse', () => {
    const guest = diskGuest();
    const { eventFlags } = guest.vmbus.contexts[3];
    setBit(eventFlags, 1);
    guest.machine.clock.after(25 * MS, { fire: () => eventFlags.fill(0) });
    expect(offlineMs(guest, 3)).toBe(30);
  });

  test('the flag of relid 0 means nothing', () => {
    const guest = diskGuest();
    setBit(guest.vmbus.contexts[3].eventFlags, 0);
    expect(offlineMs(guest, 3)).toBe(0);
  });

  test('before there is a connection, only the synic goes', () => {
    const guest = new TestGuest({ present: 2 });
    expect(offlineMs(guest, 1)).toBe(0);
    guest.boot();
    guest.online(1);
    expect(guest.connection.synicOnline.has(1)).toBe(true);
  });
});

test('a CPU that comes only after boot can be given channels', () => {
  const guest = diskGuest({ online: [0, 1] });
  expect(guest.connection.synicOnline.weight).toBe(2);
  guest.online(2);
  guest.host.offer(device('scsi', 5));
  guest.settle();
  expect(guest.channel(5).targetCpu).toBe(2);
  guest.host.signal(5);
  expect(guest.host.channel(5)?.lost).toBe(0);
});
