import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { NetvscDevice } from '../../../src/drivers/netvsc/device.js';
import { builtinBackends, NetworkBackend, type NetworkOptions } from '../../../src/host/backends/index.js';
import { flowHash, toeplitz } from '../../../src/host/protocols/flow-hash.js';
import { NVSP, nvspMessage } from '../../../src/host/protocols/network.js';
import { VM_PKT } from '../../../src/vmbus/ring/index.js';
import { device, TestGuest, type TestGuestOptions } from '../../support/guest.js';

const US = 1000;
const SUBS = [16, 17, 18];

interface NicOptions extends TestGuestOptions {
  readonly network?: NetworkOptions;
}

function nicGuest({ network, ...options }: NicOptions = {}): TestGuest {
  const backends = builtinBackends({ network });
  return new TestGuest({
    present: 4,
    devices: [device('nic', 13, { subChannelRelids: SUBS })],
    backends,
    ...options,
  }).boot();
}

function adapterOf(guest: TestGuest): NetvscDevice {
  const { driverData } = guest.device(13);
  if (!(driverData instanceof NetvscDevice)) throw new Error('no adapter');
  return driverData;
}

function deliver(guest: TestGuest, flow: number, count = 1): (number | undefined)[] {
  const hostDevice = guest.host.channel(13)?.device;
  const backend = hostDevice?.backend;
  if (hostDevice === undefined || !(backend instanceof NetworkBackend))
    throw new Error('no adapter on the host');
  return Array.from(
    { length: count },
    () => backend.deliver(hostDevice, flowHash(flow), 1514, guest.host)?.relid,
  );
}

function transmit(guest: TestGuest, flow: number, count = 1): void {
  for (let i = 0; i < count; i++) adapterOf(guest).transmit({ hash: flowHash(flow), bytes: 1514 });
}

describe('the hash of a flow', () => {
  // The verification vectors of receive side scaling, as published for this key.
  test.each([
    [
      '66.9.149.187:2794 to 161.142.100.80:1766',
      [66, 9, 149, 187, 161, 142, 100, 80, 10, 234, 6, 230],
      0x51ccc178,
    ],
    [
      '199.92.111.2:14230 to 65.69.140.83:4739',
      [199, 92, 111, 2, 65, 69, 140, 83, 55, 150, 18, 131],
      0xc626b0ea,
    ],
  ])('%s', (_, bytes, hash) => {
    expect(toeplitz(Uint8Array.from(bytes))).toBe(hash);
  });
});

describe('frames from the host', () => {
  test('go over the channel of their flow, all channels are used', () => {
    const guest = nicGuest();
    const used = new Set<number | undefined>();
    for (let flow = 0; flow < 64; flow++) {
      const [first, second] = [deliver(guest, flow)[0], deliver(guest, flow)[0]];
      expect(first).toBe(second);
      used.add(first);
    }
    guest.settle();
    expect(used).toEqual(new Set([13, ...SUBS]));
    expect(adapterOf(guest).statistics.received).toBe(128);
  });

  test('one interrupt each, unless the host puts them together', () => {
    for (const [batch, interrupts] of [
      [{}, 12],
      [{ count: 4, waitNs: 1000 * US }, 3],
    ] as const) {
      const guest = nicGuest({ network: { batch } });
      const [relid = 0] = deliver(guest, 5);
      guest.settle();
      const before = guest.count(relid);
      deliver(guest, 5, 12);
      guest.settle();
      expect(guest.count(relid)).toBe(before + interrupts);
      expect(adapterOf(guest).statistics.received).toBe(13);
    }
  });

  test('those that come while the poll is pending make no interrupt', () => {
    const guest = nicGuest({ interruptNs: 100 * US });
    const [relid = 0] = deliver(guest, 5);
    guest.settle();
    const before = guest.count(relid);
    guest.machine.cpu(guest.channel(relid).targetCpu).localIrqDisable();
    deliver(guest, 5, 200);
    expect(guest.channel(relid).rings?.inbound.ring.bytesToRead()).toBeGreaterThan(0);
    guest.machine.cpu(guest.channel(relid).targetCpu).localIrqEnable();
    guest.settle();
    expect(guest.count(relid)).toBe(before + 1);
    expect(adapterOf(guest).statistics.received).toBe(201);
  });

  test('more than the ring holds wait on the host, which is signalled when there is room', () => {
    const guest = nicGuest();
    const [relid = 0] = deliver(guest, 5);
    guest.settle();
    const channel = guest.channel(relid);
    const inbound = channel.rings?.inbound;
    const { events } = { events: channel.sigEvents };
    guest.machine.cpu(channel.targetCpu).localIrqDisable();
    deliver(guest, 5, 8000);
    const hostState = guest.host.channel(relid)?.state;
    expect(hostState?.kind === 'open' && hostState.outgoing.blocked).toBeGreaterThan(1000);
    guest.machine.cpu(channel.targetCpu).localIrqEnable();
    guest.settle();
    expect(adapterOf(guest).statistics.received).toBe(8001);
    expect(inbound?.intrInFull).toBeGreaterThan(0);
    expect(channel.sigEvents).toBeGreaterThan(events);
    expect(hostState?.kind === 'open' && hostState.outgoing.blocked).toBe(0);
  });

  test('none are delivered while the adapter is closed', () => {
    const guest = nicGuest();
    guest.host.rescind(13);
    expect(deliverOrNone(guest)).toEqual([undefined]);
    guest.settle();
    expect(guest.memory.blocksInUse).toBe(0);
  });
});

function deliverOrNone(guest: TestGuest): (number | undefined)[] {
  const hostDevice = guest.host.channel(13)?.device;
  const backend = hostDevice?.backend;
  if (hostDevice === undefined || !(backend instanceof NetworkBackend)) return [];
  return [backend.deliver(hostDevice, 1, 1514, guest.host)?.relid];
}

describe('frames of the guest', () => {
  test('are completed, over the channel of their flow', () => {
    const guest = nicGuest();
    const relids = [13, ...SUBS];
    const sent = () => relids.map((relid) => guest.channel(relid).rings?.outbound.ring.bytesToRead() ?? 0);
    const before = sent();
    for (let flow = 0; flow < 64; flow++) transmit(guest, flow);
    expect(sent().every((bytes, i) => bytes > before[i])).toBe(true);
    guest.settle();
    expect(adapterOf(guest).statistics).toMatchObject({ transmitted: 64, dropped: 0 });
  });

  test('a ring that is nearly full stops the queue until the host has completed enough', () => {
    const guest = nicGuest({ present: 1 });
    transmit(guest, 1, 7000);
    const { statistics } = adapterOf(guest);
    expect(statistics.stops).toBeGreaterThan(0);
    guest.settle();
    expect(statistics.transmitted + statistics.dropped).toBe(7000);
    expect(statistics.dropped).toBeGreaterThan(0);
    // The queue before the ring takes 1000.
    expect(statistics.transmitted).toBeGreaterThan(4000);
    transmit(guest, 1, 10);
    guest.settle();
    expect(statistics.transmitted + statistics.dropped).toBe(7010);
  });

  test("the host's send table is followed, unless it is nonsense", () => {
    const guest = nicGuest();
    const channel = guest.host.channel(13);
    if (channel === undefined) throw new Error('no channel 13');
    const say = (size: number, offset: number, length: number, entry: number): void => {
      const message = new Uint8Array(length);
      message.set(nvspMessage(NVSP.SEND_INDIRECTION_TABLE, size, offset).subarray(0, length));
      for (let at = 40; at < length; at += 4) message[at] = entry;
      guest.host.send(channel, message, 0, 0, VM_PKT.DATA_INBAND);
      guest.settle();
    };
    const bytesOut = () =>
      [13, ...SUBS].map((relid) => guest.channel(relid).rings?.outbound.ring.bytesToRead() ?? 0);
    say(16, 40, 104, 2);
    const before = bytesOut();
    for (let flow = 0; flow < 16; flow++) transmit(guest, flow);
    expect(bytesOut().map((bytes, i) => bytes > before[i])).toEqual([false, false, true, false]);
    say(15, 40, 104, 1);
    expect(guest.log().at(-1)).toContain('Received wrong send-table size:15');
    say(16, 44, 104, 1);
    expect(guest.log().at(-1)).toContain('Received send-table offset too big:44');
    for (let flow = 0; flow < 16; flow++) transmit(guest, flow);
    guest.settle();
    expect(adapterOf(guest).statistics.transmitted).toBe(32);
  });
});

describe('traffic and changes of the adapter', () => {
  test('nothing is lost unseen, whatever comes when', () => {
    const act = fc.oneof(
      fc.record({
        kind: fc.constantFrom('rx' as const, 'tx' as const),
        flow: fc.nat(20),
        count: fc.integer({ min: 1, max: 90 }),
      }),
      fc.record({ kind: fc.constant('channels' as const), count: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ kind: fc.constant('wait' as const), us: fc.nat(60) }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 25 }), (acts) => {
        const guest = nicGuest({ network: { batch: { count: 3, waitNs: 10 * US } } });
        let sent = 0;
        let delivered = 0;
        for (const one of acts) {
          if (one.kind === 'wait') guest.machine.elapse(one.us * US);
          else if (one.kind === 'tx') {
            transmit(guest, one.flow, one.count);
            sent += one.count;
          } else if (one.kind === 'rx') {
            delivered += deliver(guest, one.flow, one.count).filter((relid) => relid !== undefined).length;
          } else {
            const { driver } = guest.device(13);
            if (driver?.setChannels !== undefined) guest.run(driver.setChannels(guest.device(13), one.count));
          }
        }
        guest.settle();
        const { transmitted, dropped, received } = adapterOf(guest).statistics;
        expect(transmitted + dropped).toBe(sent);
        expect(received).toBeLessThanOrEqual(delivered);
        if (!acts.some(({ kind }) => kind === 'channels')) expect(received).toBe(delivered);
        expect(guest.connection.refused.size).toBe(0);
      }),
      { numRuns: 40 },
    );
  });
});
