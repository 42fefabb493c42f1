import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeGuid, encodeGuid, GUID_BYTES, parseGuid } from '../../../src/vmbus/protocol/guid.js';

const anyGuid = fc.uint8Array({ minLength: GUID_BYTES, maxLength: GUID_BYTES });

describe('guid', () => {
  test('the first three groups travel little-endian, the rest as read', () => {
    const bytes = new Uint8Array(GUID_BYTES);
    encodeGuid(parseGuid('00112233-4455-6677-8899-aabbccddeeff'), bytes);
    expect([...bytes]).toEqual([
      0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
    ]);
  });

  test('bytes → GUID → bytes changes nothing, at any offset', () => {
    fc.assert(
      fc.property(anyGuid, fc.nat(9), (wire, offset) => {
        const bytes = new Uint8Array(offset + GUID_BYTES + 3).fill(0xa5);
        encodeGuid(decodeGuid(wire), bytes, offset);
        expect(bytes.slice(offset, offset + GUID_BYTES)).toEqual(wire);
        expect(bytes.slice(0, offset).every((byte) => byte === 0xa5)).toBe(true);
        expect(bytes.slice(offset + GUID_BYTES).every((byte) => byte === 0xa5)).toBe(true);
      }),
    );
  });

  test('any way of writing one GUID gives the same string', () => {
    fc.assert(
      fc.property(anyGuid, (wire) => {
        const canonical = decodeGuid(wire);
        expect(canonical).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
        expect(parseGuid(canonical)).toBe(canonical);
        expect(parseGuid(canonical.toUpperCase())).toBe(canonical);
        expect(parseGuid(`{${canonical}}`)).toBe(canonical);
      }),
    );
  });

  test.each([
    '',
    'nic',
    '00112233-4455-6677-8899-aabbccddeef',
    '00112233-4455-6677-8899-aabbccddeeff0',
    '00112233445566778899aabbccddeeff',
    '00112233-4455-6677-8899-aabbccddeefg',
    '{00112233-4455-6677-8899-aabbccddeeff',
    ' 00112233-4455-6677-8899-aabbccddeeff',
  ])('refuses %j and says so', (text) => {
    expect(() => parseGuid(text)).toThrow(TypeError);
    expect(() => parseGuid(text)).toThrow(JSON.stringify(text));
  });

  test('reads nothing outside the bytes', () => {
    const bytes = new Uint8Array(20);
    expect(decodeGuid(bytes, 4)).toBe('00000000-0000-0000-0000-000000000000');
    expect(() => decodeGuid(bytes, 5)).toThrow(RangeError);
    expect(() => decodeGuid(bytes, -1)).toThrow(RangeError);
  });
});
