import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import type { KernelVersion } from '../../src/irq/kernel.js';
import { parseScenario } from '../../src/scenario/load.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';
import {
  HV_STATUS_INSUFFICIENT_BUFFERS,
  HV_STATUS_INSUFFICIENT_MEMORY,
  HV_STATUS_INVALID_CONNECTION_ID,
  HV_STATUS_SUCCESS,
} from '../../src/vmbus/host-port.js';
import { CHANNELMSG, decodeMessage, versionWire } from '../../src/vmbus/protocol/channel-messages.js';
import { initiateContact } from '../support/contact.js';
import { errnoOf } from '../support/errors.js';
import { device, TestGuest, type TestGuestOptions } from '../support/guest.js';

// HVCALL_POST_MESSAGE's status and what drivers/hv/connection.c vmbus_post_msg makes of it, in 6.1, 6.12 and 7.2.

const US = 1000;
const MS = 1_000_000;
/** What a hundred failures take: 1 µs, each time twice as long, up to 2.097 s, from 1 ms on in whole ms. */
const ALL_TRIES_NS = 1023 * US + (2093 + 79 * 2097) * MS;

/** When the guest posted messages of a type, and what came of it. */
function postsOf(guest: TestGuest, type: number): [number, number][] {
  const seen: [number, number][] = [];
  const { host, machine } = guest;
  const post = host.postMessage.bind(host);
  host.postMessage = (bytes, connection, canSleep) => {
    const status = post(bytes, connection, canSleep);
    if (decodeMessage(bytes).type === type) seen.push([machine.clock.now, status]);
    return status;
  };
  return seen;
}

/** The status of all posts, instead of what the host would do. */
function answerWith(guest: TestGuest, status: number): () => number {
  let posts = 0;
  guest.host.postMessage = () => {
    posts += 1;
    return status;
  };
  return () => posts;
}

function diskGuest(options: TestGuestOptions = {}): TestGuest {
  const guest = new TestGuest({ devices: [device('scsi', 5)], drivers: () => [], backends: [], ...options });
  return guest.boot();
}

function open(guest: TestGuest): void {
  guest.run(guest.vmbus.operations.open(guest.channel(5), { callback() {} }));
}

const options: GuestOptions = {
  cpus: 4,
  kernel: '6.12',
  devices: [
    { driver: 'heartbeat', relid: 7 },
    { driver: 'storvsc', relid: 14, subChannels: [23, 24] },
    { driver: 'netvsc', relid: 13, channels: 4, subChannels: [16, 17, 18] },
  ],
};

describe('a host with few buffers for messages', () => {
  test.each([1, 2, 5])(
    'of %i: all devices come into service, whatever has to be sent again',
    (messageBuffers) => {
      const guest = Guest.create({ ...options, host: { messageBuffers } });
      guest.run({ ms: 100 });
      const plain = Guest.create(options);
      plain.run({ ms: 100 });
      const opened = ({ fs }: Guest): string[] =>
        fs
          .readdir('/sys/bus/vmbus/devices')
          .map((name) => fs.readFile(`/sys/bus/vmbus/devices/${name}/state`));
      expect(opened(guest)).toEqual(opened(plain));
      for (const cpu of [0, 1, 2, 3]) guest.channel(16).setCpu(cpu);
      guest.run({ ms: 10 });
      expect(guest.host.channel(16)?.targetVp).toBe(3);
      expect(guest.log.filter(({ text }) => text.includes('fail'))).toEqual([]);
    },
  );

  test('a message that it has no room for is sent again after 1 µs, 2 µs, 4 µs, …', () => {
    const guest = diskGuest({ host: { openNs: 20 * US, messageBuffers: 1 } });
    const posts = postsOf(guest, CHANNELMSG.GPADL_TEARDOWN);
    open(guest);
    const from = guest.machine.clock.now;
    // Closing has no answer: the host is still at it when its rings are to be given back.
    guest.host.setLatency({ messageNs: 20 * US });
    guest.run(guest.vmbus.operations.close(guest.channel(5)));
    const times = [0, 1, 3, 7, 15, 31].map((us) => from + us * US);
    expect(posts).toEqual(
      times.map((at, i) => [at, i < 5 ? HV_STATUS_INSUFFICIENT_BUFFERS : HV_STATUS_SUCCESS]),
    );
  });

  test('sleeps of more than 1 ms are whole ones', () => {
    const guest = diskGuest({ host: { messageBuffers: 1 } });
    const posts = postsOf(guest, CHANNELMSG.GPADL_TEARDOWN);
    open(guest);
    guest.host.setLatency({ messageNs: 7 * MS });
    const from = guest.machine.clock.now;
    guest.run(guest.vmbus.operations.close(guest.channel(5)));
    const last = posts.slice(-4).map(([at]) => at - from);
    expect(last).toEqual([1023 * US, 1023 * US + MS, 1023 * US + 3 * MS, 1023 * US + 7 * MS]);
  });
});

describe('a host without any room', () => {
  test.each([
    [HV_STATUS_INSUFFICIENT_BUFFERS, 'ENOBUFS', 100, ALL_TRIES_NS],
    [HV_STATUS_INSUFFICIENT_MEMORY, 'ENOBUFS', 100, ALL_TRIES_NS],
    [HV_STATUS_INVALID_CONNECTION_ID, 'EAGAIN', 100, ALL_TRIES_NS],
    [3, 'EINVAL', 1, 0],
  ] as const)('status %i is %s, after %i tries in %i ns', (status, errno, tries, ns) => {
    const guest = diskGuest();
    const posts = answerWith(guest, status);
    const from = guest.machine.clock.now;
    expect(errnoOf(() => open(guest))).toBe(errno);
    expect([posts(), guest.machine.clock.now - from]).toEqual([tries, ns]);
    const said = guest.log().filter((line) => line.includes('hv_post_msg() failed'));
    expect(said).toEqual(status === 3 ? ['hv_vmbus: hv_post_msg() failed; error code:3'] : []);
    expect(guest.connection.requests.size).toBe(0);
  });

  test('a close that fails leaves the rings with the host, and says so', () => {
    const guest = diskGuest();
    open(guest);
    const inUse = guest.memory.blocksInUse;
    guest.host.setMessageBuffers(0);
    guest.run(guest.vmbus.operations.close(guest.channel(5)));
    expect(guest.log().at(-1)).toBe('hv_vmbus: Close failed: close post msg return is -105');
    expect(guest.memory.blocksInUse).toBe(inUse);
  });

  test("a write to a channel's cpu file is EIO, and the channel stays", () => {
    const guest = Guest.create({ ...options, design: 'mainline' });
    const { cpu, path } = guest.channel(16);
    guest.host.hyperv.setMessageBuffers(0);
    const other = (cpu + 1) % 4;
    expect(errnoOf(() => guest.fs.writeFile(`${path}/cpu`, `${other}`))).toBe('EIO');
    expect(guest.channel(16).cpu).toBe(cpu);
    guest.host.hyperv.setMessageBuffers(1);
    guest.fs.writeFile(`${path}/cpu`, `${other}`);
    expect(guest.channel(16).cpu).toBe(other);
  });

  test("the RFC's irqdomain cannot sleep: it asks until there is room", () => {
    const guest = Guest.create({ ...options, host: { messageBuffers: 1, latency: { modifyChannelNs: MS } } });
    const { irq } = guest.channel(16);
    for (const cpu of [0, 1, 2]) guest.irq(irq).setAffinity(`${cpu}`);
    guest.run({ ms: 10 });
    expect([guest.channel(16).cpu, guest.host.channel(16)?.targetVp]).toEqual([2, 2]);
  });

  test('a guest that begins there tries each version, and gives up', () => {
    const guest = new TestGuest({ devices: [device('scsi', 5)], host: { messageBuffers: 0 } });
    guest.machine.spawn('boot', guest.vmbus.init());
    guest.machine.elapse(2_000_000 * MS);
    expect(guest.log().at(-1)).toBe('hv_vmbus: Unable to connect to host');
  });
});

test.each([
  ['6.1', -22],
  ['6.10', -22],
  ['6.12', -6],
  ['7.2', -6],
] as const)(
  'Linux %s: a proposal to a connection that an old host lacks fails with %i',
  (kernel: KernelVersion, ret) => {
    const guest = diskGuest({ kernel });
    const posts = answerWith(guest, HV_STATUS_INVALID_CONNECTION_ID);
    const { connection } = guest;
    const message = initiateContact({ version: versionWire('5.3') });
    let returned = 0;
    guest.run(
      (function* () {
        returned = yield* connection.postMsg(message);
      })(),
    );
    expect([returned, posts()]).toEqual([ret, 1]);
  },
);

test('a scenario says how many buffers there are', () => {
  const { guest } = parseScenario('cpus: 2\nhost: {messageBuffers: 3}\n', 'f');
  expect(guest.host).toMatchObject({ messageBuffers: 3 });
  expect(() => parseScenario('cpus: 2\nhost: {messageBuffers: -1}\n', 'f')).toThrow(/0 to 1000000/);
});
