import { describe, expect, test } from '@jest/globals';
import { HVMSG_NONE } from '../../src/vmbus/synic.js';
import { brokenAtRest, brokenInvariants } from '../../src/vmbus/validate.js';
import { device, TestGuest } from '../support/guest.js';

const DISK = 2;
const SUB = 50;
const HEARTBEAT = 3;

function booted(): TestGuest {
  const devices = [device('scsi', DISK, { subChannelRelids: [SUB] }), device('heartbeat', HEARTBEAT)];
  return new TestGuest({ present: 4, devices }).boot();
}

// Each rule of the checker, which other tests rely on, must say so when it is broken, and nothing else.
describe('what always holds of VMBus', () => {
  test('holds of a guest that has booted, and at rest', () => {
    const { vmbus } = booted();
    expect(brokenInvariants(vmbus)).toEqual([]);
    expect(brokenAtRest(vmbus)).toEqual([]);
  });

  test.each<[string, (guest: TestGuest) => void, (string | RegExp)[]]>([
    [
      'relids lead to their channels',
      (guest) => {
        const channel = guest.channel(HEARTBEAT);
        channel.offer = { ...channel.offer, childRelid: 7 };
      },
      ['relid 7 does not lead to its channel', /^IRQ \d+ of channel 7 is that of relid 3$/],
    ],
    [
      'sub-channels know their primary channel',
      (guest) => {
        guest.channel(SUB).primary = guest.channel(HEARTBEAT);
      },
      ['sub-channel 50 is in the list of channel 2'],
    ],
    [
      'sub-channels have no device',
      (guest) => {
        guest.channel(SUB).device = guest.channel(DISK).device;
      },
      ['sub-channel 50 has a device'],
    ],
    [
      'primary channels have no primary channel',
      (guest) => {
        guest.channel(HEARTBEAT).primary = guest.channel(DISK);
      },
      ['sub-channel 3 is among the primary ones'],
    ],
    [
      'devices are those of their channels',
      (guest) => {
        guest.channel(HEARTBEAT).device = undefined;
      },
      ['the device of channel 3 is not its device'],
    ],
    [
      'no channel is in two lists',
      (guest) => guest.channel(HEARTBEAT).subChannels.push(guest.channel(SUB)),
      [
        'a channel is in two lists',
        'two channels of one relid',
        'sub-channel 50 is in the list of channel 3',
        'channel 50 has the rings of another',
        'channel 50 has the GPADL of another',
      ],
    ],
    [
      'open channels have requested their IRQ',
      (guest) => {
        guest.channel(SUB).irqRequested = false;
      },
      ['channel 50 is open without its IRQ'],
    ],
    [
      'an IRQ is that of its channel’s relid, and of one channel',
      (guest) => {
        guest.channel(SUB).irq = guest.channel(HEARTBEAT).irq;
      },
      [/^IRQ \d+ of channel 50 is that of relid 3$/, /^IRQ \d+ is that of channels (3 and 50|50 and 3)$/],
    ],
    [
      'IRQs of channels are there',
      (guest) => {
        guest.channel(SUB).irq = 4000;
      },
      ['IRQ 4000 of channel 50 does not exist'],
    ],
    [
      'channels target a CPU that the machine has',
      (guest) => guest.channel(SUB).target.set(4),
      ['channel 50 targets CPU 4'],
    ],
    [
      'no MODIFYCHANNEL is completed that was not sent',
      (guest) => guest.vmbus.connection.modchans.completedOne(),
      ['1 MODIFYCHANNELs completed of 0 sent'],
    ],
  ])('%s', (_name, spoil, expected) => {
    const guest = booted();
    spoil(guest);
    const broken = brokenInvariants(guest.vmbus);
    for (const one of expected) {
      const matching = expect.arrayContaining([typeof one === 'string' ? one : expect.stringMatching(one)]);
      expect(broken).toEqual(matching);
    }
    expect(broken).toHaveLength(expected.length);
  });
});

describe('what holds at rest', () => {
  test.each<[string, (guest: TestGuest) => void, string]>([
    [
      'channel_mutex is free',
      ({ vmbus, machine }) => {
        machine.spawn('holder', vmbus.connection.channelMutex.lock());
        machine.settle();
      },
      'channel_mutex is held',
    ],
    [
      'set_affinity_lock is free',
      ({ vmbus, machine }) => {
        machine.spawn('holder', vmbus.connection.setAffinityLock.spinLock());
        machine.settle();
      },
      'set_affinity_lock is held',
    ],
    [
      'the connect CPU has handled its messages',
      ({ vmbus }) => {
        vmbus.contexts[0].message.type = HVMSG_NONE + 1;
      },
      'a message that nobody handles',
    ],
    [
      'channels target CPUs whose synic is on',
      (guest) => guest.vmbus.connection.synicOnline.clear(guest.channel(SUB).targetCpu),
      'channel 50 targets CPU 1, which is off',
    ],
  ])('%s', (_name, spoil, expected) => {
    const guest = booted();
    spoil(guest);
    expect(brokenInvariants(guest.vmbus)).toEqual([]);
    expect(brokenAtRest(guest.vmbus)).toContain(expected);
  });
});
