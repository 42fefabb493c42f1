import { describe, expect, test } from '@jest/globals';
import type { KernelVersion } from '../../../src/irq/kernel.js';
import {
  CHANNELMSG,
  decodeMessage,
  versionName,
  versionWire,
} from '../../../src/vmbus/protocol/channel-messages.js';
import { HV_STATUS_SUCCESS } from '../../../src/vmbus/host-port.js';
import { device, TestGuest, type TestGuestOptions } from '../../support/guest.js';

interface Post {
  readonly type: number;
  readonly version: string | undefined;
  readonly connection: number;
  readonly taken: boolean;
  readonly atNs: number;
}

function posts(guest: TestGuest): Post[] {
  const seen: Post[] = [];
  const { host, machine } = guest;
  const post = host.postMessage.bind(host);
  host.postMessage = (bytes, connection) => {
    const status = post(bytes, connection);
    const taken = status === HV_STATUS_SUCCESS;
    const message = decodeMessage(bytes);
    const version = message.type === CHANNELMSG.INITIATE_CONTACT ? versionName(message.version) : undefined;
    seen.push({ type: message.type, version, connection, taken, atNs: machine.clock.now });
    return status;
  };
  return seen;
}

function guestOf(version: string, options: TestGuestOptions = {}): TestGuest {
  return new TestGuest({
    present: 2,
    devices: [device('kvp', 8)],
    host: { version: versionWire(version) },
    ...options,
  });
}

describe('first contact', () => {
  test.each([
    ['5.3', 'v5.3 on 4'],
    ['5.1', 'v5.3 on 4, v5.2 on 4, v5.1 on 4'],
    ['4.1', 'v5.3 on 4 (none), v5.2 on 4 (none), v5.1 on 4 (none), v5.0 on 4 (none), v4.1 on 1'],
    [
      '3.0',
      'v5.3 on 4 (none), v5.2 on 4 (none), v5.1 on 4 (none), v5.0 on 4 (none), v4.1 on 1, v4.0 on 1, v3.0 on 1',
    ],
  ])('a host of %s sees the proposals that go to a connection it has', (version, expected) => {
    const guest = guestOf(version);
    const seen = posts(guest);
    guest.boot();
    const contacts = seen.filter(({ type }) => type === CHANNELMSG.INITIATE_CONTACT);
    const texts = contacts.map(
      (each) => `v${each.version} on ${each.connection}${each.taken ? '' : ' (none)'}`,
    );
    expect(texts.join(', ')).toBe(expected);
    const later = new Set(
      seen.filter(({ version: proposed }) => proposed === undefined).map((each) => each.connection),
    );
    expect([...later]).toEqual([versionWire(version) >= versionWire('5.0') ? 4 : 1]);
  });

  // Each answered proposal is one message more; then come the offer, the last of them, GPADL, open, and KVP's first packet.
  test.each<[KernelVersion, string, number]>([
    ['6.10', '5.3', 6],
    ['6.10', '5.2', 7],
    ['6.1', '5.0', 9],
    ['6.10', '4.1', 6],
    ['6.10', '4.0', 7],
    ['6.12', '4.0', 7],
    ['6.10', '2.4', 9],
    ['7.2', '6.0', 6],
    ['7.2', '5.3', 7],
    ['7.3', '5.0', 10],
    ['7.2', '4.0', 7],
  ])(
    'what is never posted is never answered: Linux %s is interrupted by a host of %s %i times',
    (kernel, version, interrupts) => {
      const guest = guestOf(version, { kernel }).boot();
      expect(guest.vmbus.isr.interrupts).toBe(interrupts);
    },
  );

  test.each<[KernelVersion, string, string]>([
    ['6.1', '6.0', '5.3'],
    ['6.18', '6.0', '5.3'],
    ['7.2', '6.0', '6.0'],
    ['7.2', '5.3', '5.3'],
    ['7.3', '4.0', '4.0'],
  ])('Linux %s and a host of %s agree on %s', (kernel, host, agreed) => {
    const guest = guestOf(host, { kernel }).boot();
    expect(guest.log()).toContain(`hv_vmbus: Vmbus version:${agreed}`);
    expect(guest.connection.version).toBe(versionWire(agreed));
  });

  test('7.2 proposes 6.0 first, and a host of 5.3 answers that, too', () => {
    const guest = guestOf('5.3', { kernel: '7.2' });
    const seen = posts(guest);
    guest.boot();
    const contacts = seen.filter(({ version }) => version !== undefined);
    expect(contacts.map(({ version, taken }) => [version, taken])).toEqual([
      ['6.0', true],
      ['5.3', true],
    ]);
  });
});

describe('the connection that the host names', () => {
  const wrongConnection = {
    what: 'message',
    message: 'VERSION_RESPONSE',
    deed: 'corrupt',
    field: 'msgConnId',
    value: 9,
  } as const;

  test('is used from then on; one that is not there is tried a hundred times', () => {
    const guest = guestOf('5.3');
    guest.host.faults.add(wrongConnection);
    const seen = posts(guest);
    guest.run(guest.vmbus.init());
    const tries = seen.filter(({ type }) => type === CHANNELMSG.REQUESTOFFERS);
    expect(tries.map(({ connection, taken }) => `${connection} ${taken}`)).toEqual(
      new Array(100).fill('9 false'),
    );
    expect(guest.log()).toContain('hv_vmbus: Unable to request offers - -11');
    expect(guest.connection.primaries).toEqual([]);
    // After 1, 2, 4, … 2^21 µs, and then always that; from 1 ms on msleep takes whole ones.
    const gaps = tries.slice(1).map(({ atNs }, i) => (atNs - tries[i].atNs) / 1000);
    const delayUs = (us: number): number => (us > 1000 ? Math.floor(us / 1000) * 1000 : us);
    expect(gaps).toEqual(Array.from({ length: 99 }, (_, i) => delayUs(2 ** Math.min(i, 21))));
  });

  test('keeps kexec waiting for ever if it is not there: nobody looks whether UNLOAD was taken', () => {
    const guest = guestOf('5.3');
    guest.host.faults.add(wrongConnection);
    const seen = posts(guest);
    guest.run(guest.vmbus.init());
    expect(() => guest.run(guest.vmbus.kexec())).toThrow('waits for answer to UNLOAD');
    expect(seen.filter(({ type, taken }) => type === CHANNELMSG.UNLOAD && !taken)).toHaveLength(100);
  });

  test('is not looked at below version 5.0', () => {
    const guest = guestOf('4.1');
    guest.host.faults.add(wrongConnection);
    guest.boot();
    expect(guest.connection.primaries).toHaveLength(1);
  });
});
