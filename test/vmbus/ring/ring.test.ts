import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { runAtomic } from '../../../src/machine/step.js';
import { ringOrders } from '../../../src/vmbus/variants/index.js';
import {
  packetBytes,
  RING_PAGE_BYTES,
  RING_WORD,
  RING_WRITE,
  RingBuffer,
  type RingError,
  RingReader,
  RingWriter,
  type RingWord,
  VM_PKT,
} from '../../../src/vmbus/ring/index.js';

interface Ring {
  readonly ring: RingBuffer;
  readonly writer: RingWriter;
  readonly reader: RingReader;
}

/** A ring with guard bytes on both sides, which nothing may touch. */
function newRing(dataPages = 1, startIndex = 0): Ring & { readonly guardsIntact: () => boolean } {
  const sizeBytes = (1 + dataPages) * RING_PAGE_BYTES;
  const buffer = new ArrayBuffer(sizeBytes + 2 * RING_PAGE_BYTES);
  const bytes = new Uint8Array(buffer).fill(0xa5);
  const ring = new RingBuffer(buffer, RING_PAGE_BYTES, sizeBytes);
  ring.init();
  ring.store(RING_WORD.WRITE_INDEX, startIndex);
  ring.store(RING_WORD.READ_INDEX, startIndex);
  const guardsIntact = (): boolean =>
    bytes.subarray(0, RING_PAGE_BYTES).every((byte) => byte === 0xa5) &&
    bytes.subarray(RING_PAGE_BYTES + sizeBytes).every((byte) => byte === 0xa5);
  return { ring, writer: new RingWriter(ring), reader: new RingReader(ring), guardsIntact };
}

const bytesOf = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (seed * 31 + i * 7) & 0xff);

/** Fills the ring to the last byte but 8. */
function fill({ writer }: Ring, payloadBytes: number): number {
  let packets = 0;
  while (writer.write(VM_PKT.DATA_INBAND, 0, packets, bytesOf(payloadBytes, packets)) !== RING_WRITE.FULL)
    packets += 1;
  return packets;
}

describe('ring', () => {
  test('header words stand where the protocol has them', () => {
    const { ring } = newRing();
    const words: [RingWord, number][] = [
      [RING_WORD.WRITE_INDEX, 0],
      [RING_WORD.READ_INDEX, 4],
      [RING_WORD.INTERRUPT_MASK, 8],
      [RING_WORD.PENDING_SEND_SZ, 12],
      [RING_WORD.FEATURE_BITS, 64],
    ];
    const memory = new DataView(ring.data.buffer, RING_PAGE_BYTES, RING_PAGE_BYTES);
    expect(memory.getUint32(64, true)).toBe(1);
    for (const [word, offset] of words) {
      ring.store(word, 0x01020304 + offset);
      expect(memory.getUint32(offset, true)).toBe(0x01020304 + offset);
      expect(ring.load(word)).toBe(0x01020304 + offset);
    }
    expect(ring.data.byteOffset).toBe(2 * RING_PAGE_BYTES);
  });

  test('init leaves nothing of what was in the header page', () => {
    const { ring } = newRing();
    new Uint8Array(ring.data.buffer, RING_PAGE_BYTES, RING_PAGE_BYTES).fill(0xff);
    ring.init();
    const page = new Uint8Array(ring.data.buffer, RING_PAGE_BYTES, RING_PAGE_BYTES);
    expect(page.reduce((sum, byte) => sum + byte, 0)).toBe(1);
  });

  test.each([0, RING_PAGE_BYTES, RING_PAGE_BYTES + 8, 2.5 * RING_PAGE_BYTES])(
    '%d bytes are no ring',
    (size) => {
      expect(() => new RingBuffer(new ArrayBuffer(4 * RING_PAGE_BYTES), 0, size)).toThrow(RangeError);
    },
  );

  test('a packet is descriptor, padded payload and trailer', () => {
    const { ring, writer } = newRing(1, 4088);
    expect(writer.write(VM_PKT.COMP, 1, 0x0006_0504_0302_01ff, Uint8Array.of(0xaa, 0xbb))).toBe(
      RING_WRITE.SIGNAL,
    );
    const at = (index: number): number[] => [...ring.data.slice(index, index + 8)];
    expect(at(4088)).toEqual([11, 0, 2, 0, 3, 0, 1, 0]);
    expect(at(0)).toEqual([0xff, 1, 2, 3, 4, 5, 6, 0]);
    expect(at(8)).toEqual([0xaa, 0xbb, 0, 0, 0, 0, 0, 0]);
    expect(at(16)).toEqual([0, 0, 0, 0, 0xf8, 0x0f, 0, 0]);
    expect(ring.load(RING_WORD.WRITE_INDEX)).toBe(24);
    expect(ring.bytesToRead()).toBe(packetBytes(2));
    expect(ring.bytesToWrite()).toBe(4096 - packetBytes(2));
  });

  test('what was written is read, in order, around the end of the ring and back', () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 700 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(payloads, fc.nat(511), fc.infiniteStream(fc.boolean()), (sent, startIndex, turns) => {
        const { ring, writer, reader, guardsIntact } = newRing(1, startIndex * 8);
        const received: [number, number, number, Uint8Array][] = [];
        const read = (): boolean => {
          if (!reader.next()) return false;
          const payload = new Uint8Array(reader.payloadLength);
          expect(reader.copyPayload(payload)).toBe(payload.length);
          received.push([reader.type, reader.flags, reader.transactionId, payload]);
          if (received.length % 3 === 0) reader.pktIterClose();
          return true;
        };
        for (let i = 0; i < sent.length; ) {
          const write = turns.next().value;
          if (write && writer.write(VM_PKT.DATA_INBAND, i & 1, i * 2 ** 21, sent[i]) !== RING_WRITE.FULL)
            i += 1;
          else if (!read()) reader.pktIterClose();
        }
        while (read());
        reader.pktIterClose();
        expect(reader.error).toBeUndefined();
        expect(received).toEqual(
          sent.map((payload, i) => {
            const padded = new Uint8Array((payload.length + 7) & ~7);
            padded.set(payload);
            return [VM_PKT.DATA_INBAND, i & 1, i * 2 ** 21, padded];
          }),
        );
        expect(ring.bytesToRead()).toBe(0);
        expect(guardsIntact()).toBe(true);
      }),
    );
  });

  test('one byte always stays free: a packet that would fill the ring does not fit', () => {
    const fits = newRing();
    expect(fits.writer.write(VM_PKT.DATA_INBAND, 0, 0, new Uint8Array(4096 - 24 - 8))).toBe(
      RING_WRITE.SIGNAL,
    );
    const full = newRing();
    expect(full.writer.write(VM_PKT.DATA_INBAND, 0, 0, new Uint8Array(4096 - 24))).toBe(RING_WRITE.FULL);
    expect(full.ring.bytesToRead()).toBe(0);
  });

  test('a payload that no packet can hold is refused as wrong use', () => {
    expect(() => newRing().writer.write(VM_PKT.DATA_INBAND, 0, 0, new Uint8Array(0xffff * 8 - 8))).toThrow(
      RangeError,
    );
  });

  test('words of the payload are read where they are, also across the end', () => {
    const { writer, reader } = newRing(1, 4072);
    writer.write(VM_PKT.DATA_INBAND, 0, 0, Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0));
    expect(reader.next()).toBe(true);
    expect([0, 1, 2].map((index) => reader.payloadWord(index))).toEqual([1, 2, 3]);
    // The fourth word is padding; behind it there is nothing.
    expect([3, 4, 1000].map((index) => reader.payloadWord(index))).toEqual([0, 0, 0]);
  });

  test('a buffer smaller than the payload gets its first bytes', () => {
    const { writer, reader } = newRing();
    writer.write(VM_PKT.DATA_INBAND, 0, 0, Uint8Array.of(1, 2, 3, 4, 5));
    reader.next();
    const target = new Uint8Array(3);
    expect(reader.copyPayload(target)).toBe(3);
    expect([...target]).toEqual([1, 2, 3]);
  });
});

describe('when the writer signals', () => {
  test('only for the packet that makes the ring non-empty', () => {
    const { writer, reader } = newRing();
    const write = (): number => writer.write(VM_PKT.DATA_INBAND, 0, 0, new Uint8Array(8));
    expect([write(), write(), write()]).toEqual([RING_WRITE.SIGNAL, RING_WRITE.QUIET, RING_WRITE.QUIET]);
    while (reader.next());
    expect(write()).toBe(RING_WRITE.QUIET);
    while (reader.next());
    reader.pktIterClose();
    expect(write()).toBe(RING_WRITE.SIGNAL);
    expect(writer.intrOutEmpty).toBe(2);
  });

  test('not while the reader has masked it, whose second look finds the packet', () => {
    const { writer, reader } = newRing();
    reader.beginRead();
    expect(writer.write(VM_PKT.DATA_INBAND, 0, 0, new Uint8Array(8))).toBe(RING_WRITE.QUIET);
    expect(reader.endRead()).toBe(packetBytes(8));
    expect(reader.next()).toBe(true);
    reader.pktIterClose();
    expect(reader.endRead()).toBe(0);
    expect(writer.write(VM_PKT.DATA_INBAND, 0, 0, new Uint8Array(8))).toBe(RING_WRITE.SIGNAL);
    expect(writer.intrOutEmpty).toBe(1);
  });

  test('full rings are counted: each time, and the first time of a row', () => {
    const made = newRing();
    const { writer, reader } = made;
    fill(made, 1000);
    expect([writer.outFullTotal, writer.outFullFirst]).toEqual([1, 1]);
    writer.write(VM_PKT.DATA_INBAND, 0, 0, new Uint8Array(1000));
    expect([writer.outFullTotal, writer.outFullFirst]).toEqual([2, 1]);
    expect(writer.requestRoom(1000)).toBe(false);
    expect([writer.outFullTotal, writer.outFullFirst]).toEqual([3, 1]);
    reader.next();
    reader.pktIterClose();
    fill(made, 1000);
    expect([writer.outFullTotal, writer.outFullFirst]).toEqual([4, 2]);
    writer.commitPendingSendSz(0);
    expect(writer.requestRoom(1000)).toBe(false);
    expect([writer.outFullTotal, writer.outFullFirst]).toEqual([5, 3]);
  });
});

describe('when the reader signals', () => {
  /** A ring of 4 packets of 1024 bytes less one, whose writer waits for `wanted` bytes. */
  function blocked(wanted: number): Ring {
    const made = newRing();
    expect(fill(made, 1000)).toBe(3);
    made.writer.commitPendingSendSz(wanted);
    return made;
  }

  const readAndClose = ({ reader }: Ring): boolean => {
    expect(reader.next()).toBe(true);
    return reader.pktIterClose();
  };

  test('never if nobody waits', () => {
    const made = blocked(0);
    expect([readAndClose(made), readAndClose(made), readAndClose(made)]).toEqual([false, false, false]);
    expect(made.reader.intrInFull).toBe(0);
  });

  test('on the way from not enough to enough, and not again', () => {
    const made = blocked(2048 + 8);
    expect([readAndClose(made), readAndClose(made), readAndClose(made)]).toEqual([false, true, false]);
    expect(made.reader.intrInFull).toBe(1);
  });

  test('exactly enough is not enough', () => {
    const made = blocked(2048);
    expect([readAndClose(made), readAndClose(made)]).toEqual([false, true]);
    const more = blocked(2047);
    expect(readAndClose(more)).toBe(true);
  });

  test('not for a writer that had enough room before', () => {
    const made = blocked(1016);
    expect(readAndClose(made)).toBe(false);
  });

  test('not for a writer without flow control, which polls', () => {
    const made = blocked(2048 + 8);
    made.ring.store(RING_WORD.FEATURE_BITS, 0);
    expect([readAndClose(made), readAndClose(made), readAndClose(made)]).toEqual([false, false, false]);
  });

  test.each(Object.entries(ringOrders).filter(([name]) => name !== 'signal-always'))(
    'nor in the order %s',
    (_, order) => {
      const made = newRing();
      expect(fill(made, 1000)).toBe(3);
      made.writer.commitPendingSendSz(2048 + 8);
      made.ring.store(RING_WORD.FEATURE_BITS, 0);
      const reader = new RingReader(made.ring, made.ring, undefined, order);
      for (let i = 0; i < 3; i++) {
        expect(reader.next()).toBe(true);
        expect(i === 1 ? runAtomic(reader.pktIterCloseSteps()) : reader.pktIterClose()).toBe(false);
      }
    },
  );

  test('whatever the interrupt mask says', () => {
    const made = blocked(2048);
    made.reader.beginRead();
    expect([readAndClose(made), readAndClose(made)]).toEqual([false, true]);
  });

  test('a writer finds room that was made before it asked', () => {
    const made = newRing();
    fill(made, 1000);
    expect(readAndClose(made)).toBe(false);
    expect(made.writer.requestRoom(1000)).toBe(true);
  });
});

test('packets of all types that there are can be read (vmbus_packet_type, without VM_PKT_INVALID)', () => {
  for (let type = 1; type <= 0xd; type++) {
    const { ring, writer, reader } = newRing();
    writer.write(VM_PKT.DATA_INBAND, 0, 0, new Uint8Array(8));
    ring.dataView.setUint16(0, type, true);
    expect([reader.next(), reader.type, reader.error]).toEqual([true, type, undefined]);
  }
});

describe('a writer that lies', () => {
  const cases: [RingError, (ring: RingBuffer) => void][] = [
    ['write-index-out-of-range', (ring) => ring.store(RING_WORD.WRITE_INDEX, 4096)],
    ['write-index-out-of-range', (ring) => ring.store(RING_WORD.WRITE_INDEX, 0xffff_ffff)],
    ['write-index-unaligned', (ring) => ring.store(RING_WORD.WRITE_INDEX, 36)],
    ['packet-length', (ring) => ring.store(RING_WORD.WRITE_INDEX, 16)],
    ['packet-length', (ring) => ring.store(RING_WORD.WRITE_INDEX, 24)],
    ['packet-type', (ring) => ring.dataView.setUint16(0, 0, true)],
    ['packet-type', (ring) => ring.dataView.setUint16(0, 14, true)],
    ['packet-length', (ring) => ring.dataView.setUint16(4, 1, true)],
    ['packet-length', (ring) => ring.dataView.setUint16(4, 4, true)],
    ['packet-length', (ring) => ring.dataView.setUint16(4, 0xffff, true)],
    ['packet-data-offset', (ring) => ring.dataView.setUint16(2, 1, true)],
    ['packet-data-offset', (ring) => ring.dataView.setUint16(2, 4, true)],
    ['packet-trailer', (ring) => ring.dataView.setUint32(28, 8, true)],
  ];

  test.each(cases)('%s', (error, lie) => {
    const { ring, writer, reader } = newRing();
    writer.write(VM_PKT.DATA_INBAND, 0, 0, new Uint8Array(8));
    lie(ring);
    expect(reader.next()).toBe(false);
    expect(reader.error).toBe(error);
    // The ring stays shut, and nobody waits for a packet that cannot come.
    writer.write(VM_PKT.DATA_INBAND, 0, 0, new Uint8Array(8));
    expect(reader.next()).toBe(false);
    expect(reader.endRead()).toBe(0);
    expect(reader.pktIterClose()).toBe(false);
    expect(ring.load(RING_WORD.READ_INDEX)).toBe(0);
  });

  test('write-index-went-back', () => {
    const { ring, writer, reader } = newRing();
    for (let i = 0; i < 3; i++) writer.write(VM_PKT.DATA_INBAND, 0, i, new Uint8Array(8));
    reader.next();
    reader.next();
    ring.store(RING_WORD.WRITE_INDEX, packetBytes(8));
    expect(reader.next()).toBe(false);
    expect(reader.error).toBe('write-index-went-back');
  });

  test('a payload may begin behind a longer header', () => {
    const { ring, writer, reader } = newRing();
    writer.write(VM_PKT.DATA_USING_GPA_DIRECT, 0, 0, bytesOf(24, 1));
    ring.dataView.setUint16(2, 4, true);
    expect(reader.next()).toBe(true);
    expect([reader.payloadOffset, reader.payloadLength]).toEqual([32, 8]);
  });

  test('any header words and data: no access outside the ring, no packet outside the data, no endless reading', () => {
    const wild = fc.oneof(
      fc.nat(0xffff_ffff),
      fc.nat(511).map((index) => index * 8),
    );
    const lies = fc.array(fc.tuple(fc.nat(4), wild, fc.nat(1023), wild), { maxLength: 12 });
    const words = Object.values(RING_WORD);
    fc.assert(
      fc.property(lies, fc.nat(511), (story, startIndex) => {
        const { ring, writer, reader, guardsIntact } = newRing(1, startIndex * 8);
        let packets = 0;
        for (const [word, value, at, noise] of story) {
          for (let i = 0; i < 3; i++) writer.write(VM_PKT.DATA_INBAND, 0, i, bytesOf(40 * i, i));
          ring.dataView.setUint32(at * 4, noise, true);
          ring.store(words[word], value);
          reader.beginRead();
          while (reader.next()) {
            packets += 1;
            expect(reader.payloadOffset).toBeLessThan(ring.dataBytes);
            expect(reader.payloadLength).toBeLessThanOrEqual(ring.dataBytes - 24);
            reader.copyPayload(new Uint8Array(reader.payloadLength));
          }
          reader.pktIterClose();
          reader.endRead();
        }
        // Each round holds at most as many packets as a full ring.
        expect(packets).toBeLessThanOrEqual(story.length * (4096 / 24));
        expect(guardsIntact()).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a reader that lies', () => {
  const cases: [RingError, number][] = [
    ['read-index-out-of-range', 4096],
    ['read-index-out-of-range', 0xffff_fff8],
    ['read-index-unaligned', 4],
    ['read-index-went-ahead', 72],
  ];

  test.each(cases)('%s', (error, index) => {
    const { ring, writer } = newRing();
    const write = (): number => writer.write(VM_PKT.DATA_INBAND, 0, 0, new Uint8Array(8));
    write();
    write();
    ring.store(RING_WORD.READ_INDEX, index);
    expect(write()).toBe(RING_WRITE.FULL);
    expect(writer.error).toBe(error);
    ring.store(RING_WORD.READ_INDEX, 0);
    expect(write()).toBe(RING_WRITE.FULL);
    expect(ring.load(RING_WORD.WRITE_INDEX)).toBe(64);
  });
});

describe('a ring that begins with a nonsense index', () => {
  test.each([
    [4096, 'out-of-range'],
    [12, 'unaligned'],
  ])('%d: nothing is written or read', (index, reason) => {
    const { ring } = newRing();
    ring.store(RING_WORD.WRITE_INDEX, index);
    ring.store(RING_WORD.READ_INDEX, index);
    const writer = new RingWriter(ring);
    const reader = new RingReader(ring);
    expect(writer.write(VM_PKT.DATA_INBAND, 0, 0, new Uint8Array(8))).toBe(RING_WRITE.FULL);
    expect(reader.next()).toBe(false);
    expect([writer.error, reader.error]).toEqual([`write-index-${reason}`, `read-index-${reason}`]);
  });
});
