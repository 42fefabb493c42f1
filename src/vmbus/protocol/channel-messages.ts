// How each control message is laid out, byte for byte. One file, although long, because it is one table: the types of
// message-types.ts, each with its codec, and the functions that look them up.
import {
  CHANNELMSG,
  type ChannelMessage,
  type ChannelMessageName,
  type ChannelMessageType,
  type GpadlBody,
  type GpadlHeader,
  type InitiateContact,
  USER_DEFINED_BYTES,
} from './message-types.js';
import { VERSION_WIN10_V5 } from './versions.js';
import {
  bool8,
  bytes,
  type Field,
  flag,
  guid,
  ProtocolError,
  readU64,
  u8,
  u16,
  u32,
  u64,
  writeU64,
} from './fields.js';

export * from './message-types.js';
export * from './versions.js';
export { ProtocolError, type ProtocolReason } from './fields.js';

/** Bytes of the header that every message begins with: its type and 4 reserved bytes. */
export const MESSAGE_HEADER_BYTES = 8;
/** Largest message, header included (include/asm-generic/hyperv-tlfs.h HV_MESSAGE_PAYLOAD_BYTE_COUNT). */
export const MAX_MESSAGE_BYTES = 240;
/** Bytes of GPADL_HEADER before its page numbers. */
export const GPADL_HEADER_FIXED_BYTES = 28;
/** Bytes of GPADL_BODY before its page numbers. */
export const GPADL_BODY_FIXED_BYTES = 16;
export const PFN_BYTES = 8;

/** How one message type is laid out. `sizeBytes` is the whole message's, or its fixed part's if a list follows. */
interface Codec<M extends ChannelMessage> {
  readonly sizeBytes: number;
  encode(message: M): Uint8Array;
  decode(view: DataView): M;
}

type FieldsOf<M extends ChannelMessage> = { readonly [K in Exclude<keyof M, 'type'>]: Field<M[K]> };

/** A message of fixed size, all of whose fields are always there. */
function fixed<M extends ChannelMessage>(type: M['type'], sizeBytes: number, fields: FieldsOf<M>): Codec<M> {
  const names = Object.keys(fields) as (keyof FieldsOf<M>)[];
  return {
    sizeBytes,
    encode(message) {
      const view = newMessage(type, sizeBytes);
      const write = <K extends keyof FieldsOf<M>>(name: K): void => fields[name].write(view, message[name]);
      for (const name of names) write(name);
      return new Uint8Array(view.buffer);
    },
    decode(view) {
      const message = { type } as M;
      const read = <K extends keyof FieldsOf<M>>(name: K): void => {
        message[name] = fields[name].read(view);
      };
      for (const name of names) read(name);
      return message;
    },
  };
}

function newMessage(type: ChannelMessageType, sizeBytes: number): DataView {
  const view = new DataView(new ArrayBuffer(sizeBytes));
  view.setUint32(0, type, true);
  return view;
}

const contactFields = {
  version: u32(8),
  targetVcpu: u32(12),
  interruptPage: u64(16),
  msgSint: u8(16),
  msgVtl: u8(17),
  featureFlags: u32(20),
  monitorPage1: u64(24),
  monitorPage2: u64(32),
};

/** Its eight bytes at 16 mean one thing before version 5.0 and another since (include/linux/hyperv.h). */
const initiateContact: Codec<InitiateContact> = {
  sizeBytes: 40,
  encode(message) {
    const view = newMessage(CHANNELMSG.INITIATE_CONTACT, this.sizeBytes);
    contactFields.version.write(view, message.version);
    contactFields.targetVcpu.write(view, message.targetVcpu);
    if (message.version >= VERSION_WIN10_V5) {
      contactFields.msgSint.write(view, message.msgSint);
      contactFields.msgVtl.write(view, message.msgVtl);
      contactFields.featureFlags.write(view, message.featureFlags);
    } else {
      contactFields.interruptPage.write(view, message.interruptPage);
    }
    contactFields.monitorPage1.write(view, message.monitorPage1);
    contactFields.monitorPage2.write(view, message.monitorPage2);
    return new Uint8Array(view.buffer);
  },
  decode(view) {
    const version = contactFields.version.read(view);
    const modern = version >= VERSION_WIN10_V5;
    return {
      type: CHANNELMSG.INITIATE_CONTACT,
      version,
      targetVcpu: contactFields.targetVcpu.read(view),
      interruptPage: modern ? 0 : contactFields.interruptPage.read(view),
      msgSint: modern ? contactFields.msgSint.read(view) : 0,
      msgVtl: modern ? contactFields.msgVtl.read(view) : 0,
      featureFlags: modern ? contactFields.featureFlags.read(view) : 0,
      monitorPage1: contactFields.monitorPage1.read(view),
      monitorPage2: contactFields.monitorPage2.read(view),
    };
  },
};

const gpadlHeader: Codec<GpadlHeader> = {
  sizeBytes: GPADL_HEADER_FIXED_BYTES,
  encode(message) {
    const view = newMessage(CHANNELMSG.GPADL_HEADER, this.sizeBytes + message.pfns.length * PFN_BYTES);
    view.setUint32(8, message.childRelid, true);
    view.setUint32(12, message.gpadl, true);
    view.setUint16(16, message.rangeBufLen, true);
    view.setUint16(18, 1, true);
    view.setUint32(20, message.byteCount, true);
    view.setUint32(24, message.byteOffset, true);
    writePfns(view, this.sizeBytes, message.pfns);
    return new Uint8Array(view.buffer);
  },
  decode(view) {
    const rangeCount = view.getUint16(18, true);
    if (rangeCount !== 1)
      throw new ProtocolError('range-count', `${rangeCount} ranges in a GPADL, expected 1`);
    return {
      type: CHANNELMSG.GPADL_HEADER,
      childRelid: view.getUint32(8, true),
      gpadl: view.getUint32(12, true),
      rangeBufLen: view.getUint16(16, true),
      byteCount: view.getUint32(20, true),
      byteOffset: view.getUint32(24, true),
      pfns: readPfns(view, this.sizeBytes),
    };
  },
};

const gpadlBody: Codec<GpadlBody> = {
  sizeBytes: GPADL_BODY_FIXED_BYTES,
  encode(message) {
    const view = newMessage(CHANNELMSG.GPADL_BODY, this.sizeBytes + message.pfns.length * PFN_BYTES);
    view.setUint32(8, message.msgNumber, true);
    view.setUint32(12, message.gpadl, true);
    writePfns(view, this.sizeBytes, message.pfns);
    return new Uint8Array(view.buffer);
  },
  decode(view) {
    return {
      type: CHANNELMSG.GPADL_BODY,
      msgNumber: view.getUint32(8, true),
      gpadl: view.getUint32(12, true),
      pfns: readPfns(view, this.sizeBytes),
    };
  },
};

function writePfns(view: DataView, from: number, pfns: readonly number[]): void {
  for (let i = 0; i < pfns.length; i++) writeU64(view, from + i * PFN_BYTES, pfns[i]);
}

function readPfns(view: DataView, from: number): number[] {
  const listBytes = view.byteLength - from;
  if (listBytes % PFN_BYTES !== 0) {
    throw new ProtocolError('ragged-pfn-list', `${listBytes} bytes are no whole number of page numbers`);
  }
  const pfns: number[] = [];
  for (let at = from; at < view.byteLength; at += PFN_BYTES) pfns.push(readU64(view, at));
  return pfns;
}

type Codecs = {
  readonly [Name in ChannelMessageName]: Codec<Extract<ChannelMessage, { type: (typeof CHANNELMSG)[Name] }>>;
};

const relidOnly = { childRelid: u32(8) };

const codecs: Codecs = {
  OFFERCHANNEL: fixed(CHANNELMSG.OFFERCHANNEL, 196, {
    classId: guid(8),
    instanceId: guid(24),
    flags: u16(56),
    mmioMegabytes: u16(58),
    userDefined: bytes(60, USER_DEFINED_BYTES),
    subChannelIndex: u16(180),
    childRelid: u32(184),
    monitorId: u8(188),
    monitorAllocated: flag(189, 1),
    isDedicatedInterrupt: flag(190, 2),
    connectionId: u32(192),
  }),
  RESCIND_CHANNELOFFER: fixed(CHANNELMSG.RESCIND_CHANNELOFFER, 12, relidOnly),
  REQUESTOFFERS: fixed(CHANNELMSG.REQUESTOFFERS, 8, {}),
  ALLOFFERS_DELIVERED: fixed(CHANNELMSG.ALLOFFERS_DELIVERED, 8, {}),
  OPENCHANNEL: fixed(CHANNELMSG.OPENCHANNEL, 148, {
    childRelid: u32(8),
    openId: u32(12),
    ringBufferGpadl: u32(16),
    targetVp: u32(20),
    downstreamPageOffset: u32(24),
    userData: bytes(28, USER_DEFINED_BYTES),
  }),
  OPENCHANNEL_RESULT: fixed(CHANNELMSG.OPENCHANNEL_RESULT, 20, {
    childRelid: u32(8),
    openId: u32(12),
    status: u32(16),
  }),
  CLOSECHANNEL: fixed(CHANNELMSG.CLOSECHANNEL, 12, relidOnly),
  GPADL_HEADER: gpadlHeader,
  GPADL_BODY: gpadlBody,
  GPADL_CREATED: fixed(CHANNELMSG.GPADL_CREATED, 20, {
    childRelid: u32(8),
    gpadl: u32(12),
    creationStatus: u32(16),
  }),
  GPADL_TEARDOWN: fixed(CHANNELMSG.GPADL_TEARDOWN, 16, { childRelid: u32(8), gpadl: u32(12) }),
  GPADL_TORNDOWN: fixed(CHANNELMSG.GPADL_TORNDOWN, 12, { gpadl: u32(8) }),
  RELID_RELEASED: fixed(CHANNELMSG.RELID_RELEASED, 12, relidOnly),
  INITIATE_CONTACT: initiateContact,
  VERSION_RESPONSE: fixed(CHANNELMSG.VERSION_RESPONSE, 16, {
    versionSupported: bool8(8),
    connectionState: u8(9),
    msgConnId: u32(12),
  }),
  UNLOAD: fixed(CHANNELMSG.UNLOAD, 8, {}),
  UNLOAD_RESPONSE: fixed(CHANNELMSG.UNLOAD_RESPONSE, 8, {}),
  TL_CONNECT_REQUEST: fixed(CHANNELMSG.TL_CONNECT_REQUEST, 40, {
    guestEndpointId: guid(8),
    hostServiceId: guid(24),
  }),
  MODIFYCHANNEL: fixed(CHANNELMSG.MODIFYCHANNEL, 16, { childRelid: u32(8), targetVp: u32(12) }),
  TL_CONNECT_RESULT: fixed(CHANNELMSG.TL_CONNECT_RESULT, 44, {
    guestEndpointId: guid(8),
    hostServiceId: guid(24),
    status: u32(40),
  }),
  MODIFYCHANNEL_RESPONSE: fixed(CHANNELMSG.MODIFYCHANNEL_RESPONSE, 16, {
    childRelid: u32(8),
    status: u32(12),
  }),
};

interface Entry {
  readonly name: ChannelMessageName;
  readonly codec: Codec<ChannelMessage>;
}

const entries: (Entry | undefined)[] = [];
for (const name of Object.keys(CHANNELMSG) as ChannelMessageName[]) {
  // Each codec only ever meets messages of its own type: the type is the index it is found under.
  entries[CHANNELMSG[name]] = { name, codec: codecs[name] as unknown as Codec<ChannelMessage> };
}

function entryOf(type: number): Entry {
  const entry = entries[type];
  if (entry === undefined) throw new ProtocolError('unknown-type', `there is no message type ${type}`);
  return entry;
}

/** Name of a message type, e.g. 22 → MODIFYCHANNEL. @throws ProtocolError if there is no such type. */
export function messageName(type: number): ChannelMessageName {
  return entryOf(type).name;
}

/** Smallest message of this type, header included. @throws ProtocolError if there is no such type. */
export function minMessageBytes(type: number): number {
  return entryOf(type).codec.sizeBytes;
}

/**
 * The message as it travels (the packed structures of include/linux/hyperv.h, little-endian). Reserved bytes are 0.
 *
 * @throws ProtocolError if it has more page numbers than a message holds.
 */
export function encodeMessage(message: ChannelMessage): Uint8Array {
  const encoded = entryOf(message.type).codec.encode(message);
  if (encoded.length > MAX_MESSAGE_BYTES) {
    throw new ProtocolError(
      'too-long',
      `a message of ${encoded.length} bytes, at most ${MAX_MESSAGE_BYTES} fit`,
    );
  }
  return encoded;
}

/**
 * Reads a message, trusting nothing in it but its length. As in Linux (drivers/hv/vmbus_drv.c vmbus_on_msg_dpc) a
 * message may be longer than its structure, and what follows is not looked at.
 *
 * @throws ProtocolError if it is no message of the protocol.
 */
export function decodeMessage(message: Uint8Array): ChannelMessage {
  const { length } = message;
  if (length < MESSAGE_HEADER_BYTES)
    throw new ProtocolError('too-short', `${length} bytes hold no message header`);
  if (length > MAX_MESSAGE_BYTES) {
    throw new ProtocolError('too-long', `a message of ${length} bytes, at most ${MAX_MESSAGE_BYTES} fit`);
  }
  const view = new DataView(message.buffer, message.byteOffset, length);
  const { name, codec } = entryOf(view.getUint32(0, true));
  if (length < codec.sizeBytes) {
    throw new ProtocolError('too-short', `a ${name} of ${length} bytes, expected ${codec.sizeBytes} or more`);
  }
  return codec.decode(view);
}
