import { describe, expect, test } from '@jest/globals';
import { requestIrq } from '../../../src/irq/management/request.js';
import { IRQ_HANDLED } from '../../../src/irq/data/irqaction.js';
import { callbackMode, channelStateNumbers, type VmbusChannel } from '../../../src/vmbus/channel/channel.js';
import {
  CHANNELMSG,
  type ChannelMessage,
  decodeMessage,
  encodeMessage,
} from '../../../src/vmbus/protocol/channel-messages.js';
import { HV_STATUS_SUCCESS } from '../../../src/vmbus/host-port.js';
import { ErrnoError } from '../../../src/lib/errno.js';
import type { Procedure } from '../../../src/machine/step.js';
import { errnoOf } from '../../support/errors.js';
import { device, TestGuest, type TestGuestOptions } from '../../support/guest.js';

/** A guest with one device that no driver opens. */
function closedGuest(options: TestGuestOptions = {}): TestGuest {
  return new TestGuest({ devices: [device('scsi', 5)], drivers: () => [], backends: [], ...options }).boot();
}

function open(guest: TestGuest, callback: (channel: VmbusChannel) => void = () => {}): void {
  guest.run(guest.vmbus.operations.open(guest.channel(5), { callback }));
}

/** Changes or drops messages of the guest. */
function onPost(guest: TestGuest, change: (message: ChannelMessage) => ChannelMessage | undefined): void {
  const { host } = guest;
  const post = host.postMessage.bind(host);
  host.postMessage = (bytes, connection) => {
    const changed = change(decodeMessage(bytes));
    return changed === undefined ? HV_STATUS_SUCCESS : post(encodeMessage(changed), connection);
  };
}

// __vmbus_establish_gpadl looks at the status first, then whether the channel was taken back meanwhile.
test.each([
  [0, 'ENODEV', []],
  [5, 'EDQUOT', ['hv_vmbus: Failed to establish GPADL: err = 0x5']],
  [0xc0000001, 'EDQUOT', ['hv_vmbus: Failed to establish GPADL: err = 0xc0000001']],
] as const)(
  'memory that the host answers with %i, and takes the channel back at once: %s',
  (status, code, said) => {
    const guest = closedGuest();
    const channel = guest.channel(5);
    let gpadl = 0;
    onPost(guest, (message) => {
      if (message.type === CHANNELMSG.GPADL_HEADER) ({ gpadl } = message);
      return message.type === CHANNELMSG.GPADL_HEADER ? undefined : message;
    });
    const before = guest.log().length;
    let thrown: string | undefined;
    guest.machine.spawn(
      'open',
      (function* () {
        thrown = yield* caught(guest.vmbus.operations.open(channel, { callback: () => {} }));
      })(),
    );
    guest.settle();
    guest.vmbus.messages.handle({
      type: CHANNELMSG.GPADL_CREATED,
      childRelid: 5,
      gpadl,
      creationStatus: status,
    });
    guest.host.rescind(5);
    channel.markRescinded('vmbus_onoffer_rescind');
    guest.settle();
    expect(thrown).toBe(code);
    expect(guest.log().slice(before)).toEqual(said);
  },
);

/** The code of the error that `procedure` ends with. */
function* caught(procedure: Procedure<void>): Procedure<string | undefined> {
  try {
    yield* procedure;
    return undefined;
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    return error.code;
  }
}

describe('opening', () => {
  test('shares the rings, requests the IRQ on the target CPU, names it', () => {
    const guest = closedGuest();
    const channel = guest.channel(5);
    channel.target.set(3);
    channel.irqName = 'x'.repeat(40);
    open(guest);
    expect(channel.state.kind).toBe('opened');
    expect(guest.rows()).toEqual([[24, 5, 'x'.repeat(31)]]);
    const desc = guest.irq.desc(24);
    expect([...(desc?.data.affinity ?? [])]).toEqual([3]);
    expect([...(desc?.data.effectiveAffinity ?? [])]).toEqual([3]);
    expect([...(desc?.cold.affinityHint ?? [])]).toEqual([3]);
    expect(guest.host.channel(5)?.targetVp).toBe(3);
    expect(channel.rings?.inbound.ring.dataBytes).toBe(4 * 4096);
  });

  test('EINVAL for a channel that is open', () => {
    const guest = closedGuest();
    open(guest);
    expect(() => open(guest)).toThrow('EINVAL: channel 5 is opened; only a closed one can be opened');
  });

  test('EAGAIN if the host refuses; nothing is left', () => {
    const guest = closedGuest();
    onPost(guest, (message) =>
      message.type === CHANNELMSG.OPENCHANNEL ? { ...message, ringBufferGpadl: 1 } : message,
    );
    expect(errnoOf(() => open(guest))).toBe('EAGAIN');
    const channel = guest.channel(5);
    expect(channel.state.kind).toBe('open');
    expect(channel.onChannelCallback).toBeUndefined();
    expect(guest.irq.desc(24)?.cold.affinityHint ?? null).toBeNull();
    expect(guest.log().filter((line) => line.startsWith('WARNING'))).toEqual([]);
    expect(guest.rows()).toEqual([]);
    expect(guest.memory.blocksInUse).toBe(0);
  });

  test('EDQUOT if the host does not take the memory', () => {
    const guest = closedGuest();
    onPost(guest, (message) =>
      message.type === CHANNELMSG.GPADL_HEADER
        ? { ...message, rangeBufLen: message.rangeBufLen + 8 }
        : message,
    );
    expect(errnoOf(() => open(guest))).toBe('EDQUOT');
    expect(guest.channel(5).state.kind).toBe('open');
    expect(guest.memory.blocksInUse).toBe(0);
  });

  test('EBUSY if somebody else has the IRQ', () => {
    const guest = closedGuest();
    guest.run(requestIrq(guest.irq, 24, () => IRQ_HANDLED, 0, 'other', 'other'));
    expect(errnoOf(() => open(guest))).toBe('EBUSY');
    expect(guest.log()).toContain('hv_vmbus: request_irq failed with -16 for relid 5 irq 24');
    expect(guest.memory.blocksInUse).toBe(0);
  });

  test('ENODEV for a channel that the host has taken back', () => {
    const guest = closedGuest();
    const channel = guest.channel(5);
    channel.markRescinded('test');
    expect(errnoOf(() => open(guest))).toBe('ENODEV');
    expect(guest.memory.blocksInUse).toBe(0);
  });

  test('again after closing', () => {
    const guest = closedGuest();
    for (let i = 0; i < 3; i++) {
      open(guest);
      expect(guest.channel(5).state.kind).toBe('opened');
      guest.run(guest.vmbus.operations.close(guest.channel(5)));
      expect(guest.channel(5).state.kind).toBe('open');
    }
    expect(guest.memory.blocksInUse).toBe(0);
  });

  test('an event between OPENCHANNEL and its result reaches the driver', () => {
    const guest = closedGuest();
    let called = 0;
    const { host, vmbus } = guest;
    const post = host.postMessage.bind(host);
    host.postMessage = (bytes, connection) => {
      const posted = post(bytes, connection);
      if (decodeMessage(bytes).type !== CHANNELMSG.OPENCHANNEL) return posted;
      guest.machine.clock.after(1000, {
        fire: () => {
          vmbus.contexts[0].eventFlags[0] |= 1 << 5;
          vmbus.isr.handle(guest.machine.cpu(0));
        },
      });
      return posted;
    };
    open(guest, () => {
      called += 1;
    });
    expect(called).toBe(1);
  });
});

describe('closing', () => {
  test('a channel that is not open does nothing', () => {
    const guest = closedGuest();
    guest.run(guest.vmbus.operations.close(guest.channel(5)));
    expect(guest.channel(5).state.kind).toBe('open');
  });

  test('stops the callback and keeps the IRQ', () => {
    const guest = closedGuest();
    let called = 0;
    open(guest, () => {
      called += 1;
    });
    guest.run(guest.vmbus.operations.close(guest.channel(5)));
    guest.vmbus.contexts[0].eventFlags[0] |= 1 << 5;
    guest.vmbus.isr.handle(guest.machine.cpu(0));
    expect(called).toBe(0);
    expect(guest.rows()).toHaveLength(1);
    expect(guest.host.channel(5)?.state.kind).toBe('offered');
  });
});

describe('sending', () => {
  const payload = new Uint8Array(1000);

  function send(guest: TestGuest): void {
    guest.vmbus.operations.sendPacket(guest.channel(5), payload, 1);
  }

  test('ENODEV unless the channel is open', () => {
    const guest = closedGuest();
    expect(errnoOf(() => send(guest))).toBe('ENODEV');
    open(guest);
    expect(errnoOf(() => send(guest))).toBeUndefined();
    guest.channel(5).markRescinded('test');
    expect(errnoOf(() => send(guest))).toBe('ENODEV');
  });

  test('signals the host for the first packet only, EAGAIN when the ring is full', () => {
    const guest = closedGuest();
    open(guest);
    let sent = 0;
    while (errnoOf(() => send(guest)) === undefined) sent += 1;
    expect(sent).toBe(Math.floor((4 * 4096 - 1) / (16 + 1000 + 8)));
    expect(errnoOf(() => send(guest))).toBe('EAGAIN');
    expect(guest.channel(5).sigEvents).toBe(1);
    guest.settle();
    expect(errnoOf(() => send(guest))).toBeUndefined();
    expect(guest.channel(5).sigEvents).toBe(2);
  });
});

// struct vmbus_channel: out_full_total and the like are the channel's, not its rings'.
test('what is counted of the rings goes on after they are set up anew', () => {
  const guest = closedGuest();
  const { ringCounters } = guest.channel(5);
  const send = (): void => guest.vmbus.operations.sendPacket(guest.channel(5), new Uint8Array(1000), 1);
  for (const times of [1, 2]) {
    open(guest);
    while (errnoOf(send) === undefined);
    expect(ringCounters).toMatchObject({ outFullTotal: times, intrOutEmpty: times });
    guest.run(guest.vmbus.operations.close(guest.channel(5)));
  }
});

test('what the state file in sysfs shows', () => {
  expect(channelStateNumbers).toEqual({ offer: 0, opening: 1, open: 2, opened: 3 });
  expect(callbackMode).toEqual({ batched: 0, direct: 1, isr: 2 });
});
