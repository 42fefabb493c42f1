import { describe, expect, test } from '@jest/globals';
import { sleep } from '../../src/machine/completion.js';
import { INVALID_RELID } from '../../src/vmbus/relid-map.js';
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
    [
      'no channel is open without a connection',
      ({ connection }) => {
        connection['currentState'] = { kind: 'disconnected' };
      },
      ['open channels without a connection'],
    ],
    [
      'no more offers are done than came',
      ({ connection }) => connection.offers.done(),
      ['-1 offers in progress'],
    ],
    [
      'sub-channels have indexes of their own',
      (guest) => {
        const [sub] = guest.channel(DISK).subChannels;
        if (sub !== undefined) guest.channel(DISK).subChannels.push(sub);
      },
      [
        'a channel is in two lists',
        'two channels of one relid',
        'sub-channel 50 has the index of another',
        'channel 50 has the rings of another',
        'channel 50 has the GPADL of another',
      ],
    ],
    [
      'the devices of the bus have their channels among the primary ones',
      ({ connection }) => {
        const primaries = connection['primaryChannels'];
        primaries.splice(
          primaries.findIndex(({ relid }) => relid === HEARTBEAT),
          1,
        );
      },
      ['the device of channel 3 has lost it', /^IRQ \d+ has no channel$/],
    ],
    [
      'a channel without a relid is suspended',
      (guest) => {
        const channel = guest.channel(SUB);
        channel.offer = { ...channel.offer, childRelid: INVALID_RELID };
      },
      ['a suspended channel is opened'],
    ],
    [
      'relids are those that there can be',
      (guest) => {
        const channel = guest.channel(SUB);
        channel.offer = { ...channel.offer, childRelid: 2048 };
      },
      [
        'a channel has relid 2048',
        'relid 2048 does not lead to its channel',
        /^IRQ \d+ of channel 2048 is that of relid 50$/,
      ],
    ],
    [
      'rings lie in memory that is allocated',
      (guest) => {
        const { rings } = guest.channel(SUB);
        if (rings !== undefined) guest.connection.memory.free(rings.pfn);
      },
      ['the rings of channel 50 lie in freed memory'],
    ],
    [
      'and in that of their own',
      (guest) => {
        const [channel, other] = [guest.channel(SUB), guest.channel(HEARTBEAT)];
        const { rings } = channel;
        if (rings !== undefined && other.rings !== undefined)
          channel.stateVar.set({ kind: 'opened', rings: { ...rings, inbound: other.rings.inbound } });
      },
      ['the rings of channel 50 do not lie in their memory'],
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
    ['no offers are in progress', ({ connection }) => connection.offers.arrived(), '1 offers in progress'],
    [
      'drivers have answered',
      (guest) => guest.channel(HEARTBEAT).probeDone.reinit(),
      "channel 3 has no driver's answer",
    ],
  ])('%s', (_name, spoil, expected) => {
    const guest = booted();
    spoil(guest);
    expect(brokenInvariants(guest.vmbus)).toEqual([]);
    expect(brokenAtRest(guest.vmbus)).toContain(expected);
  });

  test('but whoever sleeps for a time with channel_mutex goes on', () => {
    const { vmbus, machine } = booted();
    const { channelMutex } = vmbus.connection;
    machine.spawn(
      'holder',
      (function* hold() {
        yield* channelMutex.lock();
        yield* sleep(1000);
        yield* channelMutex.unlock();
      })(),
    );
    machine.settle();
    expect([channelMutex.isHeld, brokenAtRest(vmbus)]).toEqual([true, []]);
  });
});
