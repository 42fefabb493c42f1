import { describe, expect, test } from '@jest/globals';
import type { GuestPacket } from '../../src/host/device.js';
import { HV_E_FAIL, ICMSGTYPE, IcMessage, icMessage, VSS_OP } from '../../src/host/protocols/icmsg.js';
import { backendsWith } from '../support/backends.js';
import { versionWire } from '../../src/vmbus/protocol/versions.js';
import { device, instanceOf, TestGuest, type TestGuestOptions } from '../support/guest.js';

/** A guest with one integration service, and what it answered. */
function serviceGuest(
  className: string,
  options: TestGuestOptions = {},
): { guest: TestGuest; answers: GuestPacket[] } {
  const answers: GuestPacket[] = [];
  const backends = backendsWith(className, (packet) => answers.push(packet) > 0);
  // The last kernel here whose hv_utils has all of them.
  return {
    guest: new TestGuest({ devices: [device(className, 7)], backends, kernel: '6.1', ...options }).boot(),
    answers,
  };
}

/** A request with room for all that its service looks for. */
function request(type: number, ...words: readonly number[]): Uint8Array {
  return icMessage(type, ...words, ...new Array<number>(515 - words.length).fill(0));
}

function logsOf(guest: TestGuest): string[] {
  return guest.log().filter((line) => line.startsWith('hv_utils: ') && !line.includes('Registering'));
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
    ask(guest, request(ICMSGTYPE.SHUTDOWN, 0, 0, flags), 2);
    const sent = text.startsWith('Hibernation') ? ['hv_utils: Sent hibernation uevent'] : [];
    expect(logsOf(guest).slice(1)).toEqual([`hv_utils: ${text}`, ...sent]);
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
    for (let i = 0; i < 3; i++) ask(guest, request(ICMSGTYPE.TIMESYNC, i), i);
    expect(answers).toHaveLength(1);
    cpu.localIrqEnable();
    guest.settle();
    expect(answers).toHaveLength(4);
    expect(guest.count(7)).toBe(2);
  });

  // heartbeat, timesync and shutdown refuse what they do not know; the others say nothing to the host.
  test.each([
    ['heartbeat', 'Heartbeat', true],
    ['timesync', 'Timesync', true],
    ['shutdown', 'Shutdown', true],
    ['kvp', 'KVP', false],
    ['vss', 'VSS', false],
    ['fcopy', 'Fcopy', false],
  ])('%s: messages of unknown types, and too short ones', (name, requests, isAnswered) => {
    const { guest, answers } = serviceGuest(name);
    ask(guest, request(9), 2);
    ask(guest, new Uint8Array(16), 3);
    expect(logsOf(guest).slice(-2)).toEqual([
      `hv_utils: ${requests} request received. Invalid msg type: 9`,
      `hv_utils: ${requests} request received. Packet length too small: 16`,
    ]);
    expect(answers.slice(1).map(({ payload }) => new IcMessage(payload).status)).toEqual(
      isAnswered ? [HV_E_FAIL] : [],
    );
  });

  test.each([
    ['heartbeat', ICMSGTYPE.HEARTBEAT, 'Invalid heartbeat msg data. Length too small: 32'],
    ['timesync', ICMSGTYPE.TIMESYNC, 'Invalid ictimesync ref data. Length too small: 32'],
    ['shutdown', ICMSGTYPE.SHUTDOWN, 'Invalid shutdown msg data. Packet length too small: 32'],
    ['vss', ICMSGTYPE.VSS, 'Invalid VSS msg. Packet length too small: 32'],
    ['fcopy', ICMSGTYPE.FCOPY, 'Invalid Fcopy hdr. Packet length too small: 32'],
  ])('%s: a request that lacks its data is not answered', (name, type, text) => {
    const { guest, answers } = serviceGuest(name);
    ask(guest, icMessage(type, 0), 2);
    expect(logsOf(guest).at(-1)).toBe(`hv_utils: ${text}`);
    expect(answers).toHaveLength(1);
  });

  // A shutdown reads one packet each time that its callback runs, and so does a backup.
  test.each([
    ['heartbeat', ICMSGTYPE.HEARTBEAT, 3],
    ['shutdown', ICMSGTYPE.SHUTDOWN, 1],
    ['kvp', ICMSGTYPE.KVPEXCHANGE, 3],
    ['vss', ICMSGTYPE.VSS, 3],
  ])('%s: of three requests with one signal are read so many', (name, type, count) => {
    const { guest, answers } = serviceGuest(name);
    const cpu = guest.machine.cpu(0);
    cpu.localIrqDisable();
    for (let i = 0; i < 3; i++) ask(guest, request(type, 0, 0, 6), i);
    cpu.localIrqEnable();
    guest.settle();
    expect(answers).toHaveLength(1 + count);
  });
});

// vmbus_prep_negotiate_resp
describe('the versions of an integration service', () => {
  const v = (major: number, minor = 0): number => (minor << 16) | major;
  test.each([
    ['heartbeat', [v(3)], [v(1), v(3)], [0x10001, v(3), v(3)], 'Heartbeat IC version 3.0'],
    ['heartbeat', [v(1)], [v(1)], [0x10001, v(1), v(1)], 'Heartbeat IC version 1.0'],
    ['shutdown', [v(1), v(3)], [v(3), v(3, 2), v(3, 1)], [0x10001, v(3), v(3, 2)], 'Shutdown IC version 3.2'],
    ['timesync', [v(3)], [v(9), v(4), v(3)], [0x10001, v(3), v(4)], 'TimeSync IC version 4.0'],
    ['kvp', [v(3)], [v(5), v(3)], [0x10001, v(3), v(3)], 'KVP IC version 3.0'],
    ['vss', [v(1)], [v(5)], [0, v(1), v(1)], undefined],
    ['vss', [v(3)], [v(4)], [0, v(3), v(1)], undefined],
    ['fcopy', [v(3)], [v(1)], [0, v(3), v(1)], undefined],
    ['fcopy', [v(3)], [v(1), v(1, 1)], [0x10001, v(3), v(1, 1)], 'FCopy IC version 1.1'],
  ] as const)('%s with frameworks %j and versions %j', (name, frameworks, versions, expected, line) => {
    const { guest, answers } = serviceGuest(name);
    const counts = (versions.length << 16) | frameworks.length;
    const before = logsOf(guest).length;
    ask(guest, icMessage(ICMSGTYPE.NEGOTIATE, counts, 0, ...frameworks, ...versions), 2);
    const answer = new IcMessage(answers[1].payload);
    expect([0, 2, 3].map((at) => answer.word(at))).toEqual(expected);
    expect(logsOf(guest).slice(before)).toEqual(line === undefined ? [] : [`hv_utils: ${line}`]);
  });

  test.each([
    ['more versions than the message has', [(9 << 16) | 1, 0, 3, 3]],
    ['more than there may be', [101, 0, 3, 3]],
    ['none, in a message that is too short', [0]],
  ])('%s: refused', (_, words) => {
    const { guest, answers } = serviceGuest('heartbeat');
    ask(guest, icMessage(ICMSGTYPE.NEGOTIATE, ...words), 2);
    const said = ` - icframe_major: ${words[0] & 0xffff}, icmsg_major: ${words[0] >>> 16}`;
    expect(guest.log().at(-1)).toBe(`hv_vmbus: Invalid icmsg negotiate${said}`);
    expect(new IcMessage(answers[1].payload).word(0)).toBe(0);
  });

  test('refused over and over: the log has 10 in 5 s, and then how many there would have been', () => {
    const { guest, answers } = serviceGuest('heartbeat');
    const before = guest.log().length;
    const refuse = (i: number): void => ask(guest, icMessage(ICMSGTYPE.NEGOTIATE, 101 + i, 0, 3, 3), 2 + i);
    for (let i = 0; i < 15; i++) refuse(i);
    const said = (i: number) =>
      `hv_vmbus: Invalid icmsg negotiate - icframe_major: ${101 + i}, icmsg_major: 0`;
    expect(guest.log().slice(before)).toEqual(Array.from({ length: 10 }, (_, i) => said(i)));
    guest.machine.clock.advanceTo(guest.machine.clock.now + 6e9);
    refuse(15);
    expect(guest.log().slice(before + 10)).toEqual([
      'vmbus_prep_negotiate_resp: 5 callbacks suppressed',
      said(15),
    ]);
    expect(answers).toHaveLength(17);
  });
});

describe('without the program in user space', () => {
  const settings = { hasDaemon: () => false };

  test('the host waits for the versions of KVP for ever, and is looked at once more', () => {
    const { guest, answers } = serviceGuest('kvp', { settings });
    expect(answers).toEqual([]);
    expect(guest.machine.clock.now).toBeGreaterThan(55e9);
    expect(logsOf(guest)).toEqual([]);
    expect(guest.count(7)).toBe(1);
  });

  test('KVP answers after a hibernation, and fails requests', () => {
    const { guest, answers } = serviceGuest('kvp', { settings });
    guest.run(guest.vmbus.power.suspend());
    guest.run(guest.vmbus.power.resume());
    guest.settle();
    ask(guest, request(ICMSGTYPE.KVPEXCHANGE, 1), 3);
    expect(logsOf(guest)).toEqual(['hv_utils: KVP IC version 4.0']);
    expect(answers.map(({ payload }) => new IcMessage(payload).status)).toEqual([0, HV_E_FAIL]);
  });

  test.each([
    [VSS_OP.FREEZE, [HV_E_FAIL, 0, HV_E_FAIL]],
    [VSS_OP.THAW, [HV_E_FAIL, 0, HV_E_FAIL]],
    [VSS_OP.HOT_BACKUP, [HV_E_FAIL, 0, HV_E_FAIL]],
    [VSS_OP.GET_DM_INFO, [0, 0, 0]],
  ])('a backup: versions are agreed on, request %i is answered so', (operation, expected) => {
    const { guest, answers } = serviceGuest('vss', { settings });
    expect(logsOf(guest)).toEqual(['hv_utils: VSS IC version 5.0']);
    for (const one of [operation, VSS_OP.GET_DM_INFO, operation]) ask(guest, request(ICMSGTYPE.VSS, one), 2);
    expect(answers.slice(1).map(({ payload }) => new IcMessage(payload).status)).toEqual(expected);
    // What needs no daemon makes the driver believe that there is one.
    expect(logsOf(guest).slice(1)).toEqual(
      operation === VSS_OP.GET_DM_INFO ? [] : ['hv_utils: VSS: failed to communicate to the daemon: -22'],
    );
  });

  test('a file copy is refused', () => {
    const { guest, answers } = serviceGuest('fcopy', { settings });
    ask(guest, request(ICMSGTYPE.FCOPY, 0), 2);
    expect(answers.map(({ payload }) => new IcMessage(payload).status)).toEqual([0, HV_E_FAIL]);
  });

  test('with it all are done', () => {
    for (const [name, type] of [
      ['kvp', ICMSGTYPE.KVPEXCHANGE],
      ['vss', ICMSGTYPE.VSS],
      ['fcopy', ICMSGTYPE.FCOPY],
    ] as const) {
      const { guest, answers } = serviceGuest(name);
      ask(guest, request(type, VSS_OP.FREEZE), 2);
      expect(answers.map(({ payload }) => new IcMessage(payload).status)).toEqual([0, 0]);
      const isVss = name === 'vss';
      expect(guest.log().includes('hv_utils: VSS: userspace daemon ver. 129 connected')).toBe(isVss);
    }
  });
});

// hv_vss_init; util_probe
test.each([
  ['6.1', '2.4', -19],
  ['6.12', '2.4', -19],
  ['6.18', '2.4', -524],
  ['7.2', '2.4', -524],
  ['7.2', '3.0', 0],
] as const)('backups of Linux %s on VMBus %s: errno %i', (kernel, version, errno) => {
  const host = { version: versionWire(version) };
  const guest = new TestGuest({ devices: [device('vss', 7)], kernel, host }).boot();
  const text = "hv_utils: Integration service 'Backup (volume snapshot)' not supported on this host version.";
  const failed = `hv_vmbus: probe failed for device ${instanceOf(7)} (${errno})`;
  expect(guest.log().includes(text)).toBe(errno !== 0);
  expect(guest.log().includes(failed)).toBe(errno !== 0);
  expect(guest.rows()).toEqual(errno === 0 ? [[24, 7, 'vss']] : []);
});
