import { describe, expect, test } from '@jest/globals';
import {
  VSTOR,
  vstorArgument,
  vstorCompletion,
  vstorOperation,
} from '../../../src/host/protocols/storage.js';
import { VM_PKT } from '../../../src/vmbus/ring/index.js';
import { backendsWith } from '../../support/backends.js';
import { device, instanceOf, TestGuest, type TestGuestOptions } from '../../support/guest.js';

const SUBS = [20, 21, 22, 23, 24];

function diskGuest(options: TestGuestOptions = {}): TestGuest {
  return new TestGuest({ devices: [device('scsi', 14, { subChannelRelids: SUBS })], ...options });
}

function rowNames(guest: TestGuest): string[] {
  return guest.rows().map(([, relid, name]) => `${relid} ${name}`);
}

/** Models that refuse or ignore a storage operation. */
function refusing(operation: number, how: 'refuse' | 'ignore', times = Number.POSITIVE_INFINITY) {
  let left = times;
  return backendsWith('scsi', ({ payload, transactionId }, channel, services) => {
    if (vstorOperation(payload) !== operation || left === 0) return true;
    left -= 1;
    if (how === 'refuse')
      services.send(channel, vstorCompletion(0xc000000d), transactionId, 1000, VM_PKT.COMP);
    return false;
  });
}

describe('sub-channels', () => {
  test.each([
    [1, 0],
    [2, 1],
    [4, 3],
    [16, 5],
  ])('with %i CPUs: %i', (present, subs) => {
    const guest = diskGuest({ present }).boot();
    expect(rowNames(guest)).toEqual([
      '14 pri@storvsc0',
      ...SUBS.slice(0, subs).map((relid) => `${relid} sub@storvsc0`),
    ]);
  });

  test('by online CPUs, not by present ones', () => {
    const guest = diskGuest({ present: 16, online: [0, 3, 7] }).boot();
    expect(rowNames(guest)).toHaveLength(3);
    expect([14, 20, 21].map((relid) => guest.channel(relid).targetCpu)).toEqual([0, 3, 7]);
  });

  test('a refusal leaves the controller with its primary channel', () => {
    const guest = diskGuest({ backends: refusing(VSTOR.CREATE_SUB_CHANNELS, 'refuse') }).boot();
    expect(rowNames(guest)).toEqual(['14 pri@storvsc0']);
    expect(guest.log().at(-1)).toBe(
      `hv_storvsc ${instanceOf(14)}: Failed to create sub-channel: op=${VSTOR.COMPLETE_IO}, sts=-1073741811`,
    );
    expect(guest.device(14).driver?.name).toBe('hv_storvsc');
  });

  test('no answer within 180 s is no harm either', () => {
    const guest = diskGuest({ backends: refusing(VSTOR.CREATE_SUB_CHANNELS, 'ignore') }).boot();
    expect(guest.log().at(-1)).toBe(`hv_storvsc ${instanceOf(14)}: Failed to create sub-channel: timed out`);
    expect(guest.machine.clock.now).toBeGreaterThan(180e9);
    expect(guest.machine.clock.now).toBeLessThan(180.1e9);
  });

  test('one that cannot be opened is left alone', () => {
    const guest = diskGuest();
    const { host } = guest;
    const enable = host.postMessage.bind(host);
    host.postMessage = (message, connection) => {
      // OPENCHANNEL of relid 21: the host finds no rings under a GPADL that it does not know.
      if (message[0] === 5 && message[8] === 21) message[16] ^= 0xff;
      return enable(message, connection);
    };
    guest.boot();
    expect(guest.log().at(-1)).toBe(`hv_storvsc ${instanceOf(14)}: Failed to open sub-channel: err=-11`);
    expect(rowNames(guest)).toHaveLength(5);
    host.rescind(14);
    guest.settle();
    expect(rowNames(guest)).toEqual([]);
    expect(guest.memory.blocksInUse).toBe(0);
  });
});

describe('SCSI host numbers', () => {
  const three = [device('scsi', 5), device('ide', 6), device('scsi', 7)];

  test('in the order of the probes', () => {
    expect(rowNames(diskGuest({ devices: three }).boot())).toEqual([
      '5 pri@storvsc0',
      '6 pri@storvsc1',
      '7 pri@storvsc2',
    ]);
  });

  test('as the settings say, the others around them', () => {
    const scsiHost = (id: string): number | undefined => (id === instanceOf(5) ? 1 : undefined);
    expect(rowNames(diskGuest({ devices: three, settings: { scsiHost } }).boot())).toEqual([
      '5 pri@storvsc1',
      '6 pri@storvsc0',
      '7 pri@storvsc2',
    ]);
  });

  test('the number of a removed controller is given out again', () => {
    const guest = diskGuest({ devices: three }).boot();
    guest.host.rescind(5);
    guest.settle();
    guest.host.offer(device('scsi', 9));
    guest.settle();
    expect(rowNames(guest)).toEqual(['9 pri@storvsc0', '6 pri@storvsc1', '7 pri@storvsc2']);
  });
});

describe('the handshake', () => {
  function operations(className: string): number[] {
    const seen: number[] = [];
    const backends = backendsWith(className, ({ payload }) => seen.push(vstorOperation(payload)) > 0);
    diskGuest({ devices: [device(className, 14, { subChannelRelids: [20] })], backends }).boot();
    return seen;
  }

  test('SCSI and IDE', () => {
    const expected = [
      VSTOR.BEGIN_INITIALIZATION,
      VSTOR.QUERY_PROTOCOL_VERSION,
      VSTOR.QUERY_PROPERTIES,
      VSTOR.END_INITIALIZATION,
      VSTOR.CREATE_SUB_CHANNELS,
    ];
    expect(operations('scsi')).toEqual(expected);
    expect(operations('ide')).toEqual(expected);
  });

  test('Fibre Channel asks for its names, too', () => {
    expect(operations('fc')).toEqual([
      VSTOR.BEGIN_INITIALIZATION,
      VSTOR.QUERY_PROTOCOL_VERSION,
      VSTOR.QUERY_PROPERTIES,
      VSTOR.FCHBA_DATA,
      VSTOR.END_INITIALIZATION,
      VSTOR.CREATE_SUB_CHANNELS,
    ]);
  });

  test.each([0, 1, 2])('a host that refuses %i versions is asked for the next older one', (refused) => {
    const tried: number[] = [];
    const backends = backendsWith('scsi', ({ payload, transactionId }, channel, services) => {
      if (vstorOperation(payload) !== VSTOR.QUERY_PROTOCOL_VERSION) return true;
      tried.push(vstorArgument(payload));
      if (tried.length > refused) return true;
      services.send(channel, vstorCompletion(1), transactionId, 1000, VM_PKT.COMP);
      return false;
    });
    expect(rowNames(diskGuest({ backends, present: 1 }).boot())).toEqual(['14 pri@storvsc0']);
    expect(tried).toEqual([0x602, 0x600, 0x501].slice(0, refused + 1));
  });

  test.each([
    ['a refusal of BEGIN_INITIALIZATION', VSTOR.BEGIN_INITIALIZATION, 'refuse', '-22'],
    ['a refusal of all versions', VSTOR.QUERY_PROTOCOL_VERSION, 'refuse', '-22'],
    ['no answer to END_INITIALIZATION in 180 s', VSTOR.END_INITIALIZATION, 'ignore', '-110'],
  ] as const)('%s: the probe fails and leaves nothing', (_, operation, how, errno) => {
    const guest = diskGuest({ backends: refusing(operation, how) }).boot();
    expect(guest.log().slice(-2)).toEqual([
      `hv_vmbus: probe failed for device ${instanceOf(14)} (${errno})`,
      `hv_storvsc: probe of ${instanceOf(14)} failed with error ${errno}`,
    ]);
    const isObsolete = operation === VSTOR.QUERY_PROTOCOL_VERSION;
    expect(guest.log().includes(`hv_storvsc ${instanceOf(14)}: Obsolete Hyper-V version`)).toBe(isObsolete);
    expect(guest.channel(14).state.kind).toBe('open');
    expect(guest.memory.blocksInUse).toBe(0);
    guest.host.offer(device('scsi', 15));
    guest.settle();
    expect(rowNames(guest)).toContain('15 pri@storvsc0');
  });
});
