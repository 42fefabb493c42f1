import { describe, expect, test } from '@jest/globals';
import { latin1Bytes, TextBytes } from '../../src/lib/text-bytes.js';

describe('a text of bytes', () => {
  test('grows, and is used again from any place', () => {
    const out = new TextBytes();
    const long = 'abc'.repeat(5000);
    out.text('1: ');
    out.text(long);
    expect(out.asciiText()).toBe(`1: ${long}`);
    out.at = 2;
    out.text('z');
    expect(out.asciiText()).toBe('1:z');
    expect(Buffer.from(out.written()).toString()).toBe('1:z');
  });

  test('room keeps what is there', () => {
    const out = new TextBytes();
    out.text('head');
    expect(Buffer.from(out.reserve(10_000).subarray(0, 4)).toString()).toBe('head');
    expect(out.at).toBe(4);
  });

  test('tells of characters beyond ASCII', () => {
    const out = new TextBytes();
    out.text('~\u007f');
    expect(out.isAscii).toBe(true);
    out.text('é');
    expect([...out.written()]).toEqual([0x7e, 0x7f, 0xe9]);
    expect(out.isAscii).toBe(false);
  });

  test('a byte for each character', () => {
    expect([...latin1Bytes('aÿ')]).toEqual([0x61, 0xff]);
    expect(latin1Bytes('')).toHaveLength(0);
  });
});
