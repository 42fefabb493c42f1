import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeGuid, GUID_BYTES } from '../../../src/vmbus/protocol/guid.js';
import {
  CHANNELMSG,
  type ChannelMessage,
  type ChannelMessageName,
  decodeMessage,
  encodeMessage,
  MAX_MESSAGE_BYTES,
  messageName,
  minMessageBytes,
  ProtocolError,
  type ProtocolReason,
  USER_DEFINED_BYTES,
  VERSION_WIN10_V5,
  versionName,
  versionWire,
  vmbusVersions,
} from '../../../src/vmbus/protocol/channel-messages.js';
import { layout } from './layout.js';

const names = Object.keys(CHANNELMSG) as ChannelMessageName[];

const u8 = fc.nat(0xff);
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffff_ffff);
const address = fc.nat(Number.MAX_SAFE_INTEGER);
const bool = fc.boolean();
const guid = fc.uint8Array({ minLength: GUID_BYTES, maxLength: GUID_BYTES }).map((wire) => decodeGuid(wire));
const user = fc.uint8Array({ minLength: USER_DEFINED_BYTES, maxLength: USER_DEFINED_BYTES });
const pfns = (maxLength: number): fc.Arbitrary<number[]> => fc.array(address, { maxLength });
const only = <T extends number>(type: T): fc.Arbitrary<T> => fc.constant(type);

const contact = fc
  .record({
    version: fc.oneof(fc.constantFrom(...vmbusVersions.map(({ wire }) => wire)), u32),
    targetVcpu: u32,
    interruptPage: address,
    msgSint: u8,
    msgVtl: u8,
    featureFlags: u32,
    monitorPage1: address,
    monitorPage2: address,
  })
  .map((fields): ChannelMessage => {
    const absent =
      fields.version >= VERSION_WIN10_V5 ? { interruptPage: 0 } : { msgSint: 0, msgVtl: 0, featureFlags: 0 };
    return { type: CHANNELMSG.INITIATE_CONTACT, ...fields, ...absent };
  });

const messages: Readonly<Record<ChannelMessageName, fc.Arbitrary<ChannelMessage>>> = {
  OFFERCHANNEL: fc.record({
    type: only(CHANNELMSG.OFFERCHANNEL),
    classId: guid,
    instanceId: guid,
    flags: u16,
    mmioMegabytes: u16,
    userDefined: user,
    subChannelIndex: u16,
    childRelid: u32,
    monitorId: u8,
    monitorAllocated: bool,
    isDedicatedInterrupt: bool,
    connectionId: u32,
  }),
  RESCIND_CHANNELOFFER: fc.record({ type: only(CHANNELMSG.RESCIND_CHANNELOFFER), childRelid: u32 }),
  REQUESTOFFERS: fc.record({ type: only(CHANNELMSG.REQUESTOFFERS) }),
  ALLOFFERS_DELIVERED: fc.record({ type: only(CHANNELMSG.ALLOFFERS_DELIVERED) }),
  OPENCHANNEL: fc.record({
    type: only(CHANNELMSG.OPENCHANNEL),
    childRelid: u32,
    openId: u32,
    ringBufferGpadl: u32,
    targetVp: u32,
    downstreamPageOffset: u32,
    userData: user,
  }),
  OPENCHANNEL_RESULT: fc.record({
    type: only(CHANNELMSG.OPENCHANNEL_RESULT),
    childRelid: u32,
    openId: u32,
    status: u32,
  }),
  CLOSECHANNEL: fc.record({ type: only(CHANNELMSG.CLOSECHANNEL), childRelid: u32 }),
  GPADL_HEADER: fc.record({
    type: only(CHANNELMSG.GPADL_HEADER),
    childRelid: u32,
    gpadl: u32,
    rangeBufLen: u16,
    byteCount: u32,
    byteOffset: u32,
    pfns: pfns(26),
  }),
  GPADL_BODY: fc.record({ type: only(CHANNELMSG.GPADL_BODY), msgNumber: u32, gpadl: u32, pfns: pfns(28) }),
  GPADL_CREATED: fc.record({
    type: only(CHANNELMSG.GPADL_CREATED),
    childRelid: u32,
    gpadl: u32,
    creationStatus: u32,
  }),
  GPADL_TEARDOWN: fc.record({ type: only(CHANNELMSG.GPADL_TEARDOWN), childRelid: u32, gpadl: u32 }),
  GPADL_TORNDOWN: fc.record({ type: only(CHANNELMSG.GPADL_TORNDOWN), gpadl: u32 }),
  RELID_RELEASED: fc.record({ type: only(CHANNELMSG.RELID_RELEASED), childRelid: u32 }),
  INITIATE_CONTACT: contact,
  VERSION_RESPONSE: fc.record({
    type: only(CHANNELMSG.VERSION_RESPONSE),
    versionSupported: bool,
    connectionState: u8,
    msgConnId: u32,
  }),
  UNLOAD: fc.record({ type: only(CHANNELMSG.UNLOAD) }),
  UNLOAD_RESPONSE: fc.record({ type: only(CHANNELMSG.UNLOAD_RESPONSE) }),
  TL_CONNECT_REQUEST: fc.record({
    type: only(CHANNELMSG.TL_CONNECT_REQUEST),
    guestEndpointId: guid,
    hostServiceId: guid,
  }),
  MODIFYCHANNEL: fc.record({ type: only(CHANNELMSG.MODIFYCHANNEL), childRelid: u32, targetVp: u32 }),
  TL_CONNECT_RESULT: fc.record({
    type: only(CHANNELMSG.TL_CONNECT_RESULT),
    guestEndpointId: guid,
    hostServiceId: guid,
    status: u32,
  }),
  MODIFYCHANNEL_RESPONSE: fc.record({
    type: only(CHANNELMSG.MODIFYCHANNEL_RESPONSE),
    childRelid: u32,
    status: u32,
  }),
};

const anyMessage = fc.oneof(...names.map((name) => messages[name]));

function reasonOf(action: () => unknown): ProtocolReason | 'accepted' {
  try {
    action();
    return 'accepted';
  } catch (error) {
    if (error instanceof ProtocolError) return error.reason;
    throw error;
  }
}

/** A message of this type and length, all zeros but its type. */
function blank(type: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  if (length >= 4) new DataView(bytes.buffer).setUint32(0, type, true);
  return bytes;
}

/** The same as `blank`, with what a GPADL header cannot do without. */
function smallest(name: ChannelMessageName): Uint8Array {
  const bytes = blank(CHANNELMSG[name], layout[name].sizeBytes);
  if (name === 'GPADL_HEADER') bytes[18] = 1;
  return bytes;
}

describe('messages', () => {
  test.each(names)('%s: decode(encode(m)) = m', (name) => {
    fc.assert(
      fc.property(messages[name], (message) => {
        expect(decodeMessage(encodeMessage(message))).toEqual(message);
      }),
    );
  });

  test.each(names)('%s: type number, size and padding', (name) => {
    const { sizeBytes } = layout[name];
    expect(messageName(CHANNELMSG[name])).toBe(name);
    expect(minMessageBytes(CHANNELMSG[name])).toBe(sizeBytes);
    fc.assert(
      fc.property(messages[name], (message) => {
        const encoded = encodeMessage(message);
        const listed = 'pfns' in message ? message.pfns.length * 8 : 0;
        expect(encoded.length).toBe(sizeBytes + listed);
        expect([...encoded.slice(0, 8)]).toEqual([CHANNELMSG[name], 0, 0, 0, 0, 0, 0, 0]);
      }),
      { numRuns: 20 },
    );
  });

  const rows = names.flatMap((name) => layout[name].fields.map((field) => [name, ...field] as const));
  test.each(rows)('%s.%s stands at byte %d, %d wide', (name, field, offset, widthBytes) => {
    const base = smallest(name);
    const before = decodeMessage(base);
    for (let at = 8; at < base.length; at++) {
      const changed = base.slice();
      changed[at] ^= 1;
      // The range count, and the top byte of an address, are refused if they change.
      const refused = (name === 'GPADL_HEADER' && (at === 18 || at === 19)) || isTopOfAddress(name, at);
      if (refused) {
        expect(reasonOf(() => decodeMessage(changed))).not.toBe('accepted');
        continue;
      }
      const after = decodeMessage(changed);
      const differs = !equal(fieldOf(before, field), fieldOf(after, field));
      // Only the lowest bit of a bit field counts.
      const counts = typeof fieldOf(before, field) === 'boolean' && widthBytes > 1 ? at === offset : true;
      expect({ at, differs }).toEqual({ at, differs: at >= offset && at < offset + widthBytes && counts });
    }
  });

  test('from version 5.0 on the interrupt page makes room for SINT, VTL and feature flags', () => {
    const fields = { targetVcpu: 0, interruptPage: 0, monitorPage1: 0, monitorPage2: 0 };
    const encoded = encodeMessage({
      type: CHANNELMSG.INITIATE_CONTACT,
      version: versionWire('5.0'),
      msgSint: 2,
      msgVtl: 1,
      featureFlags: 0x0807_0605,
      ...fields,
    });
    expect([...encoded.slice(16, 24)]).toEqual([2, 1, 0, 0, 5, 6, 7, 8]);
    const old = encodeMessage({
      type: CHANNELMSG.INITIATE_CONTACT,
      version: versionWire('4.1'),
      msgSint: 0,
      msgVtl: 0,
      featureFlags: 0,
      ...fields,
      interruptPage: 0x0008_0706_0504_0302,
    });
    expect([...old.slice(16, 24)]).toEqual([2, 3, 4, 5, 6, 7, 8, 0]);
  });

  test('short user data is followed by zeros, too long ones are refused', () => {
    const open = (userData: Uint8Array): Uint8Array =>
      encodeMessage({
        type: CHANNELMSG.OPENCHANNEL,
        childRelid: 1,
        openId: 1,
        ringBufferGpadl: 1,
        targetVp: 0,
        downstreamPageOffset: 1,
        userData,
      });
    expect([...open(Uint8Array.of(7, 8)).slice(28, 32)]).toEqual([7, 8, 0, 0]);
    expect(() => open(new Uint8Array(USER_DEFINED_BYTES + 1))).toThrow(RangeError);
  });
});

describe('messages that lie', () => {
  test.each(names)('%s: one byte less is too short, more is not looked at', (name) => {
    const good = smallest(name);
    expect(reasonOf(() => decodeMessage(good.slice(0, -1)))).toBe('too-short');
    if (name === 'GPADL_HEADER' || name === 'GPADL_BODY') return;
    const longer = new Uint8Array(MAX_MESSAGE_BYTES).fill(0xff);
    longer.set(good);
    expect(decodeMessage(longer)).toEqual(decodeMessage(good));
    expect(reasonOf(() => decodeMessage(new Uint8Array([...longer, 0])))).toBe('too-long');
  });

  test('numbers without a message are refused by name', () => {
    for (const type of [0, 18, 19, 20, 25, 0x7fff_ffff, 0xffff_ffff]) {
      expect(reasonOf(() => decodeMessage(blank(type, 100)))).toBe('unknown-type');
      expect(reasonOf(() => messageName(type))).toBe('unknown-type');
    }
  });

  test('page numbers: whole ones, of one range, that are addresses', () => {
    const header = blank(CHANNELMSG.GPADL_HEADER, 28 + 8);
    header[18] = 1;
    expect(reasonOf(() => decodeMessage(header))).toBe('accepted');
    expect(reasonOf(() => decodeMessage(header.slice(0, -1)))).toBe('ragged-pfn-list');
    const twoRanges = header.slice();
    twoRanges[18] = 2;
    expect(reasonOf(() => decodeMessage(twoRanges))).toBe('range-count');
    const nowhere = header.slice();
    nowhere[35] = 0xff;
    expect(reasonOf(() => decodeMessage(nowhere))).toBe('u64-out-of-range');
  });

  test('a list of page numbers that does not fit one message is not made', () => {
    const body = (count: number): ChannelMessage => ({
      type: CHANNELMSG.GPADL_BODY,
      msgNumber: 0,
      gpadl: 1,
      pfns: new Array<number>(count).fill(1),
    });
    expect(encodeMessage(body(28)).length).toBe(MAX_MESSAGE_BYTES);
    expect(reasonOf(() => encodeMessage(body(29)))).toBe('too-long');
  });

  test('any bytes are a message or a named error; what is read again gives the same', () => {
    const typed = fc.tuple(fc.nat(30), fc.uint8Array({ maxLength: 260 })).map(([type, bytes]) => {
      if (bytes.length >= 4) bytes.set([type, 0, 0, 0]);
      return bytes;
    });
    fc.assert(
      fc.property(typed, (bytes) => {
        const shifted = new Uint8Array([0xee, ...bytes]).subarray(1);
        if (reasonOf(() => decodeMessage(shifted)) !== 'accepted') return;
        const message = decodeMessage(shifted);
        expect(decodeMessage(encodeMessage(message))).toEqual(message);
      }),
      { numRuns: 1000 },
    );
  });

  test('a changed length never gets a message past its own size', () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(300), (message, length) => {
        const encoded = encodeMessage(message);
        const cut = new Uint8Array(length);
        cut.set(encoded.subarray(0, length));
        const { sizeBytes } = layout[messageName(message.type)];
        const reason = reasonOf(() => decodeMessage(cut));
        if (length < sizeBytes) expect(['too-short', 'unknown-type']).toContain(reason);
        if (length > MAX_MESSAGE_BYTES) expect(reason).toBe('too-long');
      }),
    );
  });
});

describe('versions', () => {
  test('newest first, with the numbers of the protocol', () => {
    expect(vmbusVersions.map(({ name }) => name).join(' ')).toBe(
      '6.0 5.3 5.2 5.1 5.0 4.1 4.0 3.0 2.4 1.1 0.13',
    );
    expect(vmbusVersions.map(({ wire }) => wire)).toEqual([
      0x60000, 0x50003, 0x50002, 0x50001, 0x50000, 0x40001, 0x40000, 0x30000, 0x20004, 0x10001, 0xd,
    ]);
  });

  test('name ↔ wire', () => {
    for (const { name, wire } of vmbusVersions) {
      expect(versionWire(name)).toBe(wire);
      expect(versionName(wire)).toBe(name);
    }
    expect(versionName(0x60001)).toBeUndefined();
    expect(() => versionWire('6.1')).toThrow(TypeError);
  });
});

function isTopOfAddress(name: ChannelMessageName, at: number): boolean {
  return layout[name].fields.some(([, offset, widthBytes]) => widthBytes === 8 && at === offset + 7);
}

function fieldOf(message: ChannelMessage, name: string): unknown {
  expect(Object.keys(message)).toContain(name);
  return (message as unknown as Readonly<Record<string, unknown>>)[name];
}

function equal(a: unknown, b: unknown): boolean {
  return String(a) === String(b);
}
