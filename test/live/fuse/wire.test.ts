import { describe, expect, test } from '@jest/globals';
import {
  attrOut,
  decodeRequest,
  answerHeader,
  encodeError,
  entriesOut,
  entryOut,
  initOut,
  nameAt,
  openOut,
  statfsOut,
  word,
  writeOut,
} from '../../../src/live/fuse/wire.js';
import { fieldsOf, fuseRequest } from '../../support/fuse-requests.js';

const attributes = { inode: 7, size: 4096, mode: 0o100644, links: 1, uid: 5, gid: 6, timeS: 1_700_000_000 };
const attrWidths = [
  ...(['u64', 'u64', 'u64', 'u64', 'u64', 'u64'] as const),
  ...(['u32', 'u32', 'u32', 'u32', 'u32', 'u32', 'u32', 'u32', 'u32', 'u32'] as const),
];
const attrFields = [
  7, 4096, 0, 1_700_000_000, 1_700_000_000, 1_700_000_000, 0, 0, 0, 0o100644, 1, 5, 6, 0, 4096, 0,
];

describe('requests', () => {
  test('header and body', () => {
    const { opcode, unique, nodeId, body } = decodeRequest(fuseRequest(1, 9, ['smp_affinity']));
    expect({ opcode, unique, nodeId, name: nameAt(body) }).toEqual({
      opcode: 1,
      unique: 77n,
      nodeId: 9,
      name: 'smp_affinity',
    });
  });

  test('bytes behind the request are not part of it', () => {
    const bytes = Buffer.concat([fuseRequest(15, 2, [1, 2]), Buffer.alloc(100, 9)]);
    const { body } = decodeRequest(bytes);
    expect(body.byteLength).toBe(8);
    expect(word(body, 4)).toBe(2);
  });

  test.each([20, 39])('%p bytes are none', (lengthBytes) => {
    expect(() => decodeRequest(fuseRequest(1, 1).subarray(0, lengthBytes))).toThrow(RangeError);
  });
});

describe('answers have the sizes and fields that the kernel expects', () => {
  test('header', () => {
    expect(fieldsOf(answerHeader(77n, 4), ['u32', 'u32', 'u64'])).toEqual([20, 0, 77]);
    expect(fieldsOf(encodeError(78n, -16), ['u32', 'u32', 'u64'])).toEqual([16, 2 ** 32 - 16, 78]);
  });

  test('fuse_init_out takes only what it wants of what is offered', () => {
    const out = initOut(0xffffffff);
    expect(out).toHaveLength(64);
    const [major, minor, readahead, flags, background, congestion, maxWrite, granularity] = fieldsOf(out, [
      ...(['u32', 'u32', 'u32', 'u32', 'u16', 'u16', 'u32', 'u32'] as const),
    ]);
    expect([major, minor, readahead, flags]).toEqual([7, 31, 0, 0b101000]);
    expect([background, congestion, maxWrite, granularity]).toEqual([12, 9, 65536, 1]);
    expect(fieldsOf(initOut(0), ['u32', 'u32', 'u32', 'u32'])[3]).toBe(0);
  });

  test('fuse_attr_out and fuse_entry_out may not be cached', () => {
    expect(fieldsOf(attrOut(attributes, 0), ['u64', 'u32', 'u32', ...attrWidths])).toEqual([
      0,
      0,
      0,
      ...attrFields,
    ]);
    const entry = fieldsOf(entryOut(attributes, 0, 0), [
      'u64',
      'u64',
      'u64',
      'u64',
      'u32',
      'u32',
      ...attrWidths,
    ]);
    expect(entry).toEqual([7, 0, 0, 0, 0, 0, ...attrFields]);
    expect(entryOut(attributes, 0, 0)).toHaveLength(128);
    expect(attrOut(attributes, 0)).toHaveLength(104);
  });

  test('fuse_open_out: files are read directly', () => {
    expect(fieldsOf(openOut(3, 'file'), ['u64', 'u32', 'u32'])).toEqual([3, 1, 0]);
    expect(fieldsOf(openOut(4, 'directory'), ['u64', 'u32', 'u32'])).toEqual([4, 0, 0]);
  });

  test('fuse_write_out, fuse_statfs_out', () => {
    expect(fieldsOf(writeOut(12), ['u32', 'u32'])).toEqual([12, 0]);
    expect(statfsOut()).toHaveLength(80);
  });

  test('directory entries are padded to 8 bytes and cut to whole ones', () => {
    const entries = [
      { name: '.', inode: 1, type: 4 },
      { name: 'cpu8', inode: 2, type: 8 },
      { name: 'longname', inode: 3, type: 10 },
    ];
    const all = entriesOut(entries, 0, 4096);
    expect(all).toHaveLength(32 + 32 + 32);
    expect(fieldsOf(all.subarray(32), ['u64', 'u64', 'u32', 'u32'])).toEqual([2, 2, 4, 8]);
    expect(all.toString('latin1', 32 + 24, 32 + 28)).toBe('cpu8');
    expect(entriesOut(entries, 0, 95)).toHaveLength(64);
    expect(entriesOut(entries, 2, 4096)).toEqual(all.subarray(64));
    expect(entriesOut(entries, 3, 4096)).toHaveLength(0);
  });
});
