import { describe, expect, test } from '@jest/globals';
import { irqSetAffinity } from '../../src/irq/affinity/affinity.js';
import { irqSetHandlerData } from '../../src/irq/management/chip.js';
import { errnoValue } from '../../src/lib/errno.js';
import { CpuMask } from '../../src/machine/cpumask.js';
import type { VmbusChannel } from '../../src/vmbus/channel/channel.js';
import type { VmbusDriver } from '../../src/vmbus/driver.js';
import {
  CHANNELMSG,
  decodeMessage,
  VERSION_WIN10,
  VERSION_WIN10_V4_1,
} from '../../src/vmbus/protocol/channel-messages.js';
import { device, TestGuest, type TestGuestOptions } from '../support/guest.js';

const EINVAL = errnoValue('EINVAL');
const EIO = errnoValue('EIO');

/** Disks at relids 1 to 4, on CPUs 0 to 3, without sub-channels. */
function diskGuest(options: TestGuestOptions = {}): TestGuest {
  return new TestGuest({ devices: [1, 2, 3, 4].map((relid) => device('scsi', relid)), ...options }).boot();
}

/** Gives the chip a mask, as the interrupt layer does. */
function setAffinity(guest: TestGuest, relid: number, cpus: readonly number[]): number {
  const desc = guest.irq.desc(guest.channel(relid).irq);
  if (desc?.data.chip.irqSetAffinity === undefined) throw new Error('no setter');
  return desc.data.chip.irqSetAffinity(desc.data, CpuMask.of(guest.machine.nrCpuIds, cpus), false);
}

function effective(guest: TestGuest, relid: number): number[] {
  return [...(guest.irq.desc(guest.channel(relid).irq)?.data.effectiveAffinity ?? [])];
}

/** Relids and CPUs of the MODIFYCHANNEL messages from now on. */
function recordModify(guest: TestGuest): (readonly [relid: number, vp: number])[] {
  const sent: (readonly [number, number])[] = [];
  const { host } = guest;
  const post = host.postMessage.bind(host);
  host.postMessage = (bytes, connection) => {
    const message = decodeMessage(bytes);
    if (message.type === CHANNELMSG.MODIFYCHANNEL) sent.push([message.childRelid, message.targetVp]);
    return post(bytes, connection);
  };
  return sent;
}

describe('moving a channel', () => {
  test('tells the host, does not wait, and shows one CPU', () => {
    const guest = diskGuest();
    const sent = recordModify(guest);
    expect(setAffinity(guest, 2, [5, 6])).toBe(0);
    expect(sent).toEqual([[2, 5]]);
    expect(effective(guest, 2)).toEqual([5]);
    expect(guest.channel(2).targetCpu).toBe(5);
    expect(guest.host.channel(2)?.targetVp).toBe(1);
    expect([guest.connection.modchans.sent, guest.connection.modchans.completed]).toEqual([1, 0]);
    guest.settle();
    expect(guest.host.channel(2)?.targetVp).toBe(5);
    expect([guest.connection.modchans.sent, guest.connection.modchans.completed]).toEqual([1, 1]);
  });

  test('an event on the old CPU is still handled, there', () => {
    const guest = diskGuest();
    const { irq } = guest.channel(2);
    setAffinity(guest, 2, [5]);
    guest.host.signal(2);
    guest.settle();
    guest.host.signal(2);
    guest.settle();
    const counts = guest.irq.desc(irq)?.cold.kstat;
    // Four interrupts of the handshake came to CPU 1 before.
    expect([counts?.[1], counts?.[5]]).toEqual([5, 1]);
  });

  test('nothing is sent if the channel is on one of the CPUs', () => {
    const guest = diskGuest();
    const sent = recordModify(guest);
    expect(setAffinity(guest, 3, [0, 2, 7])).toBe(0);
    expect(sent).toEqual([]);
    expect(effective(guest, 3)).toEqual([2]);
  });

  test('takes the CPU behind the one picked last, for whichever channel', () => {
    const guest = diskGuest();
    expect(setAffinity(guest, 1, [4, 5, 6])).toBe(0);
    expect(setAffinity(guest, 2, [4, 5, 6])).toBe(0);
    expect(setAffinity(guest, 3, [4, 5, 6])).toBe(0);
    expect(setAffinity(guest, 4, [4, 5, 6])).toBe(0);
    expect([1, 2, 3, 4].map((relid) => guest.channel(relid).targetCpu)).toEqual([4, 5, 6, 4]);
  });

  test('makes the new CPU count as used and the old one as free', () => {
    const guest = diskGuest();
    setAffinity(guest, 1, [4]);
    guest.settle();
    guest.host.offer(device('scsi', 9));
    guest.settle();
    // CPU 0 is free again and comes before CPU 5.
    expect(guest.channel(9).targetCpu).toBe(0);
  });

  test('tells the driver', () => {
    const moves: (readonly [number, number, number])[] = [];
    const driver: VmbusDriver = {
      name: 'test',
      classIds: [device('scsi', 1).classId],
      *probe() {},
      *remove() {},
      targetCpuChanged: (channel, oldCpu, newCpu) => moves.push([channel.relid, oldCpu, newCpu]),
    };
    const guest = diskGuest({
      drivers: (operations) => [
        {
          ...driver,
          *probe({ channel }) {
            yield* operations.open(channel, { callback: () => {} });
          },
        },
      ],
    });
    setAffinity(guest, 2, [1, 6]);
    setAffinity(guest, 2, [6]);
    expect(moves).toEqual([[2, 1, 6]]);
  });
});

describe('what is refused, in this order', () => {
  test('EINVAL for an IRQ without a channel', () => {
    const guest = diskGuest();
    const { irq } = guest.channel(1);
    irqSetHandlerData(guest.irq, irq, null);
    expect(irqSetAffinity(guest.irq, irq, CpuMask.of(8, [3]))).toBe(EINVAL);
    expect(guest.log().at(-1)).toBe('hv_vmbus: Bad channel in vmbus_irq_set_affinity for relid 1');
  });

  test('nothing where the channel is already, not even of a closed one on an old host', () => {
    const guest = diskGuest({ host: { version: VERSION_WIN10 } });
    guest.run(guest.vmbus.operations.close(guest.channel(1)));
    expect(setAffinity(guest, 1, [0, 3])).toBe(0);
  });

  test('EINVAL if no CPU of the mask may be used, before the state of the channel is looked at', () => {
    const guest = diskGuest({ isolated: [6], online: [0, 1, 2, 3, 4, 6] });
    expect(setAffinity(guest, 1, [6])).toBe(EINVAL);
    expect(setAffinity(guest, 1, [5])).toBe(EINVAL);
    expect(setAffinity(guest, 1, [5, 6])).toBe(EINVAL);
    guest.run(guest.vmbus.operations.close(guest.channel(1)));
    expect(setAffinity(guest, 1, [5])).toBe(EINVAL);
    expect(setAffinity(guest, 1, [4])).toBe(EIO);
  });

  test('EIO unless the channel is open, before the version is looked at', () => {
    const guest = diskGuest({ host: { version: VERSION_WIN10 } });
    guest.run(guest.vmbus.operations.close(guest.channel(1)));
    expect(setAffinity(guest, 1, [4])).toBe(EIO);
  });

  test('EINVAL below version 4.1, which has no MODIFYCHANNEL', () => {
    const old = diskGuest({ host: { version: VERSION_WIN10 } });
    expect(setAffinity(old, 1, [4])).toBe(EINVAL);
    expect(old.channel(1).targetCpu).toBe(0);
    const newer = diskGuest({ host: { version: VERSION_WIN10_V4_1 } });
    expect(setAffinity(newer, 1, [4])).toBe(0);
  });

  test('an isolated CPU that the channel is on does not count as being there', () => {
    const guest = diskGuest({ isolated: [1] });
    const channel: VmbusChannel = guest.channel(2);
    channel.target.set(1);
    expect(setAffinity(guest, 2, [1, 5])).toBe(0);
    expect(channel.targetCpu).toBe(5);
  });

  test('a CPU whose synic is going off is not chosen', () => {
    const guest = diskGuest();
    guest.connection.synicOnline.clear(5);
    expect(setAffinity(guest, 1, [5])).toBe(EINVAL);
    expect(setAffinity(guest, 1, [5, 7])).toBe(0);
    expect(guest.channel(1).targetCpu).toBe(7);
  });
});

test('masking does nothing, and shows nothing', () => {
  const guest = diskGuest();
  const desc = guest.irq.desc(guest.channel(1).irq);
  desc?.data.chip.irqMask?.(desc.data);
  guest.host.signal(1);
  guest.settle();
  expect(guest.count(1)).toBe(5);
  desc?.data.chip.irqUnmask?.(desc.data);
  expect(desc?.data.chip.name).toBe('VMBus');
});
