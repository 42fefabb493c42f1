import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { OutgoingPackets } from '../../src/host/outgoing.js';
import { RING_WORD, RingBuffer, RingReader, RingWriter, VM_PKT } from '../../src/vmbus/ring/index.js';

function rig() {
  const ring = new RingBuffer(new ArrayBuffer(8192), 0, 8192);
  ring.init();
  const fromGuest = new RingBuffer(new ArrayBuffer(8192), 0, 8192);
  fromGuest.init();
  const outgoing = new OutgoingPackets(new RingWriter(ring), fromGuest);
  return { ring, fromGuest, outgoing, reader: new RingReader(ring) };
}

const packet = (transactionId: number, bytes = 100) => ({
  type: VM_PKT.DATA_INBAND,
  transactionId,
  payload: new Uint8Array(bytes),
});

describe('packets for a guest that does not read', () => {
  test('wait, and the guest is asked to signal', () => {
    const { ring, outgoing } = rig();
    for (let i = 0; i < 100; i++) outgoing.write(packet(i));
    expect(outgoing.blocked).toBe(100 - Math.floor(4095 / 128));
    expect(ring.load(RING_WORD.PENDING_SEND_SZ)).toBe(128);
  });

  test('the request ends with the last of them', () => {
    const { ring, outgoing, reader } = rig();
    for (let i = 0; i < 40; i++) outgoing.write(packet(i));
    while (reader.next());
    expect(reader.pktIterClose()).toBe(true);
    expect(outgoing.flush()).toBe(true);
    expect(outgoing.blocked).toBe(0);
    expect(ring.load(RING_WORD.PENDING_SEND_SZ)).toBe(0);
  });

  test('all arrive in order, woken by nothing but signals', () => {
    const step = fc.oneof(
      fc.record({ write: fc.integer({ min: 0, max: 1200 }) }),
      fc.record({ read: fc.integer({ min: 1, max: 12 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const { outgoing, reader } = rig();
        const read: number[] = [];
        let next = 0;
        let signalled = 0;
        const take = (most: number): void => {
          for (let i = 0; i < most && reader.next(); i++) read.push(reader.transactionId);
          if (reader.pktIterClose() && outgoing.flush()) signalled += 1;
        };
        for (const one of steps) {
          if ('read' in one) take(one.read);
          else if (outgoing.write(packet(next++, one.write))) signalled += 1;
        }
        while (read.length < next) {
          const before = read.length;
          take(Number.POSITIVE_INFINITY);
          expect(read.length).toBeGreaterThan(before);
        }
        expect(read).toEqual(Array.from({ length: next }, (_, i) => i));
        if (next > 0) expect(signalled).toBeGreaterThan(0);
      }),
    );
  });
});
