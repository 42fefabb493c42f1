import { expect, test } from '@jest/globals';
import { GuestMemory } from '../../src/vmbus/guest-memory.js';
import { RING_PAGE_BYTES, RingBuffer, RingReader, RingWriter, VM_PKT } from '../../src/vmbus/ring/index.js';

function block(pages = 4) {
  return new GuestMemory().allocate(pages);
}

test('who looks at the same piece of a block sees the same bytes, however far others have looked', () => {
  const memory = block();
  const mine = memory.piece(4096, 8192);
  const yours = memory.piece(4096, 8192);
  mine.reach(1);
  mine.bytes[0] = 7;
  yours.reach(8192);
  yours.bytes[8191] = 9;
  expect([mine.bytes.length, mine.bytes[0], mine.bytes[8191]]).toEqual([8192, 7, 9]);
  expect(mine.view.getUint8(8191)).toBe(9);
});

test('memory takes room only where somebody has looked', () => {
  const piece = block(1000).piece(0, 1000 * 4096);
  expect(piece.bytes.length).toBe(0);
  piece.reach(100);
  expect(piece.bytes.length).toBe(100);
  piece.reach(101);
  expect(piece.bytes.length).toBe(200);
  piece.reach(1);
  expect(piece.bytes.length).toBe(200);
});

test.each([
  ['before the block', -1, 10],
  ['behind the block', 4 * 4096 - 1, 2],
  ['partly another piece', 4000, 200],
  ['around another piece', 0, 4 * 4096],
  ['the beginning of another piece', 4096, 100],
])('a piece that is %s is refused', (_, offsetBytes, sizeBytes) => {
  const memory = block();
  memory.piece(4096, 4096);
  expect(() => memory.piece(offsetBytes, sizeBytes)).toThrow(RangeError);
});

test('nobody looks beyond the end of a piece', () => {
  const piece = block().piece(0, 100);
  piece.reach(100);
  expect(() => piece.reach(101)).toThrow('byte 100 is not within a piece of 100 bytes');
});

test('both sides of a ring in guest memory follow it round its end, and it takes room as it fills', () => {
  const memory = block(9);
  const ours = new RingBuffer(memory, 0, 9 * RING_PAGE_BYTES);
  ours.init();
  const theirs = new RingBuffer(memory, 0, 9 * RING_PAGE_BYTES);
  const writer = new RingWriter(ours);
  const reader = new RingReader(theirs);
  const { dataBytes } = ours;
  const contents = memory.piece(RING_PAGE_BYTES, dataBytes);
  expect(contents.bytes.length).toBe(0);
  const room: number[] = [];
  for (let packet = 0; packet < 40; packet++) {
    const payload = new Uint8Array(1500).fill(packet + 1);
    writer.write(VM_PKT.DATA_INBAND, 0, packet, payload);
    expect(reader.next()).toBe(true);
    const read = new Uint8Array(1500);
    reader.copyPayload(read);
    expect([reader.transactionId, reader.error]).toEqual([packet, undefined]);
    expect(read).toEqual(payload);
    expect(reader.payloadWord(374)).toBe(0x01010101 * (packet + 1));
    reader.pktIterClose();
    room.push(contents.bytes.length);
  }
  expect([room[0], room[3], room[39]]).toEqual([RING_PAGE_BYTES, 2 * RING_PAGE_BYTES, dataBytes]);
});
