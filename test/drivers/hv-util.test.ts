import { describe, expect, test } from '@jest/globals';
import type { GuestPacket } from '../../src/host/device.js';
import { HV_E_FAIL, ICMSGTYPE, IcMessage, icMessage } from '../../src/host/protocols/icmsg.js';
import { backendsWith } from '../support/backends.js';
import { device, TestGuest } from '../support/guest.js';

/** A guest with one integration service, and what it answered. */
function serviceGuest(className: string): { guest: TestGuest; answers: GuestPacket[] } {
  const answers: GuestPacket[] = [];
  const backends = backendsWith(className, (packet) => answers.push(packet) > 0);
  // The last kernel here whose hv_utils has all of them.
  return {
    guest: new TestGuest({ devices: [device(className, 7)], backends, kernel: '6.1' }).boot(),
    answers,
  };
}

function ask(guest: TestGuest, message: Uint8Array, transactionId: number): void {
  const channel = guest.host.channel(7);
  if (channel === undefined) throw new Error('no channel');
  guest.host.send(channel, message, transactionId, 0);
  guest.settle();
}

describe('integration services', () => {
  test.each(['heartbeat', 'timesync', 'shutdown', 'kvp', 'vss', 'fcopy'])(
    '%s answers the versions',
    (name) => {
      const { guest, answers } = serviceGuest(name);
      expect(guest.rows()).toEqual([[24, 7, name]]);
      expect(answers).toHaveLength(1);
      const [answer] = answers;
      expect(answer.transactionId).toBe(1);
      expect(new IcMessage(answer.payload).type).toBe(ICMSGTYPE.NEGOTIATE);
      expect(new IcMessage(answer.payload).isResponse).toBe(true);
      expect(guest.count(7)).toBe(1);
    },
  );

  test('a heartbeat comes back with the next number', () => {
    const { guest, answers } = serviceGuest('heartbeat');
    ask(guest, icMessage(ICMSGTYPE.HEARTBEAT, 41, 0), 9);
    const answer = new IcMessage(answers[1].payload);
    expect([answer.type, answer.isResponse, answer.word(0), answers[1].transactionId]).toEqual([
      ICMSGTYPE.HEARTBEAT,
      true,
      42,
      9,
    ]);
    expect(guest.count(7)).toBe(2);
  });

  test.each([
    [0, 'Shutdown request received - graceful shutdown initiated', 0],
    [1, 'Shutdown request received - graceful shutdown initiated', 0],
    [2, 'Restart request received - graceful restart initiated', 0],
    [5, 'Hibernation request received', 0],
    [6, 'Shutdown request received - Invalid request', HV_E_FAIL],
  ])('a shutdown request with flags %i: %s', (flags, text, status) => {
    const { guest, answers } = serviceGuest('shutdown');
    ask(guest, icMessage(ICMSGTYPE.SHUTDOWN, 0, 0, flags, 0), 2);
    expect(guest.log().at(-1)).toBe(`hv_utils: ${text}`);
    expect(new IcMessage(answers[1].payload).status).toBe(status);
  });

  test('a packet too short for a message is not answered', () => {
    const { guest, answers } = serviceGuest('heartbeat');
    ask(guest, new Uint8Array(8), 3);
    expect(answers).toHaveLength(1);
    expect(guest.count(7)).toBe(2);
  });

  test('several at once make one interrupt and as many answers', () => {
    const { guest, answers } = serviceGuest('timesync');
    const cpu = guest.machine.cpu(0);
    cpu.localIrqDisable();
    for (let i = 0; i < 3; i++) ask(guest, icMessage(ICMSGTYPE.TIMESYNC, i), i);
    expect(answers).toHaveLength(1);
    cpu.localIrqEnable();
    guest.settle();
    expect(answers).toHaveLength(4);
    expect(guest.count(7)).toBe(2);
  });
});
