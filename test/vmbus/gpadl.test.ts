import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  BODY_PFNS,
  GpadlAssembly,
  GpadlHandles,
  GPADL_PAGE_BYTES,
  gpadlMessages,
  HEADER_PFNS,
  MAX_GPADL_PAGES,
} from '../../src/vmbus/gpadl.js';
import {
  decodeMessage,
  encodeMessage,
  type GpadlBody,
  type GpadlHeader,
  MAX_MESSAGE_BYTES,
} from '../../src/vmbus/protocol/channel-messages.js';

const pages = (count: number, first = 0x10_0000): number[] =>
  Array.from({ length: count }, (_, i) => first + i);

/** The message after its journey over the wire. */
function travel<M extends GpadlHeader | GpadlBody>(message: M): M {
  const arrived = decodeMessage(encodeMessage(message));
  expect(arrived.type).toBe(message.type);
  return arrived as M;
}

function assemble(pfns: readonly number[]): GpadlAssembly {
  const [header, ...bodies] = gpadlMessages(5, 0xe1e10, pfns);
  const assembly = new GpadlAssembly(travel(header));
  for (const body of bodies) {
    expect(assembly.pfns).toBeUndefined();
    assembly.add(travel(body));
  }
  return assembly;
}

describe('GPADL', () => {
  test('26 page numbers travel in the header, 28 in each body', () => {
    expect([HEADER_PFNS, BODY_PFNS, MAX_GPADL_PAGES]).toEqual([26, 28, 8190]);
    const lengths = (count: number): number[] =>
      gpadlMessages(5, 1, pages(count)).map(({ pfns }) => pfns.length);
    expect(lengths(1)).toEqual([1]);
    expect(lengths(26)).toEqual([26]);
    expect(lengths(27)).toEqual([26, 1]);
    expect(lengths(54)).toEqual([26, 28]);
    expect(lengths(55)).toEqual([26, 28, 1]);
  });

  test('the header tells of all pages, whoever carries them', () => {
    const [header, ...bodies] = gpadlMessages(7, 0xe1e11, pages(100));
    expect(header).toMatchObject({
      childRelid: 7,
      gpadl: 0xe1e11,
      rangeBufLen: 8 + 8 * 100,
      byteCount: 100 * GPADL_PAGE_BYTES,
      byteOffset: 0,
    });
    expect(bodies.map(({ gpadl, msgNumber }) => [gpadl, msgNumber])).toEqual([
      [0xe1e11, 0],
      [0xe1e11, 0],
      [0xe1e11, 0],
    ]);
    expect(encodeMessage(header).length).toBe(236);
    expect(encodeMessage(bodies[0]).length).toBe(MAX_MESSAGE_BYTES);
  });

  test('split, sent and put together again gives the same pages', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2 ** 40), { minLength: 1, maxLength: 300 }), (pfns) => {
        expect(assemble(pfns).pfns).toEqual(pfns);
      }),
    );
  });

  test('the largest one works, one page more and none at all are refused', () => {
    expect(assemble(pages(MAX_GPADL_PAGES)).pfns).toHaveLength(MAX_GPADL_PAGES);
    expect(() => gpadlMessages(1, 1, pages(MAX_GPADL_PAGES + 1))).toThrow(RangeError);
    expect(() => gpadlMessages(1, 1, [])).toThrow(RangeError);
  });

  test('handles are given out one after the other', () => {
    const handles = new GpadlHandles();
    expect([handles.next(), handles.next(), handles.next()]).toEqual([0xe1e10, 0xe1e11, 0xe1e12]);
  });
});

describe('GPADLs that lie', () => {
  const [header, body] = gpadlMessages(5, 9, pages(40));

  test.each([
    ['range-length', { rangeBufLen: header.rangeBufLen + 8 }],
    ['range-length', { byteCount: header.byteCount + GPADL_PAGE_BYTES }],
    ['page-count', { byteCount: 0 }],
    ['page-count', { byteOffset: GPADL_PAGE_BYTES }],
    ['too-many-pages', { rangeBufLen: 8 + 8 * 3, byteCount: 3 * GPADL_PAGE_BYTES }],
  ] as const)('header: %s', (error, change) => {
    const assembly = new GpadlAssembly({ ...header, ...change });
    assembly.add(body);
    expect(assembly.error).toBe(error);
    expect(assembly.pfns).toBeUndefined();
  });

  test.each([
    ['wrong-handle', { gpadl: 10 }],
    ['too-many-pages', { pfns: pages(15) }],
  ] as const)('body: %s', (error, change) => {
    const assembly = new GpadlAssembly(header);
    assembly.add({ ...body, ...change });
    expect(assembly.error).toBe(error);
    assembly.add(body);
    expect(assembly.pfns).toBeUndefined();
  });
});
