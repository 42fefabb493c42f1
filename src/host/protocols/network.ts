import { payloadWord, putWords } from './words.js';

/** Message types of the network protocol (drivers/net/hyperv/hyperv_net.h NVSP_MSG*). */
export const NVSP = {
  INIT: 1,
  INIT_COMPLETE: 2,
  SEND_NDIS_VER: 100,
  SEND_RECV_BUF: 101,
  SEND_RECV_BUF_COMPLETE: 102,
  REVOKE_RECV_BUF: 103,
  SEND_SEND_BUF: 104,
  SEND_SEND_BUF_COMPLETE: 105,
  REVOKE_SEND_BUF: 106,
  SEND_RNDIS_PKT: 107,
  SEND_RNDIS_PKT_COMPLETE: 108,
  SEND_NDIS_CONFIG: 125,
  SEND_VF_ASSOCIATION: 128,
  SWITCH_DATA_PATH: 129,
  SUBCHANNEL: 133,
  SEND_INDIRECTION_TABLE: 134,
} as const;

/** Protocol versions, newest first: 6.1, 6, 5, 4, 2, 1. */
export const nvspVersions: readonly number[] = [0x60001, 0x60000, 0x50000, 0x40000, 0x30002, 2];
/** From this version on an adapter may have sub-channels. */
export const NVSP_VERSION_5 = 0x50000;

/** What an adapter lets through: nothing, or broadcasts, all multicasts and what is for itself (NDIS_PACKET_TYPE_*). */
export const PACKET_FILTER = { NONE: 0, NORMAL: 0xd } as const;

/** Which way frames go (enum nvsp_vm_datapath). */
export const NVSP_DATAPATH = { SYNTHETIC: 0, VF: 1 } as const;

/**
 * The Ethernet address of an adapter, by the four of its bytes that a RNDIS message carries here; the two before them are
 * Azure's.
 */
export function addressOf(word: number): string {
  const bytes = [0x00, 0x0d, word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** Those bytes of an adapter with a virtual function, whose address is the same, and of one without. */
export function addressWord(adapter: { readonly vf: number } | { readonly relid: number }): number {
  if ('vf' in adapter) return (0x3a000000 | (adapter.vf & 0x7fffff)) >>> 0;
  return (0x3a800000 | adapter.relid) >>> 0;
}

export const NVSP_STAT_SUCCESS = 1;
export const NVSP_STAT_FAIL = 2;

/** Types of RNDIS messages; an answer's type is its request's with RNDIS_COMPLETION set. */
export const RNDIS = { PACKET: 1, INIT: 2, HALT: 3, QUERY: 4, SET: 5 } as const;
export const RNDIS_COMPLETION = 0x80000000;

/** What can be asked for and set. */
export const OID = {
  GEN_CURRENT_PACKET_FILTER: 0x0001010e,
  GEN_MAXIMUM_FRAME_SIZE: 0x00010106,
  GEN_LINK_SPEED: 0x00010107,
  GEN_MEDIA_CONNECT_STATUS: 0x00010114,
  GEN_RECEIVE_SCALE_CAPABILITIES: 0x00010203,
  GEN_RECEIVE_SCALE_PARAMETERS: 0x00010204,
  PERMANENT_ADDRESS: 0x01010101,
  TCP_OFFLOAD_HARDWARE_CAPABILITIES: 0xfc01020d,
  TCP_OFFLOAD_PARAMETERS: 0xfc01020c,
} as const;

/** Words of struct nvsp_message as sent by version 6.1. */
const MESSAGE_WORDS = 10;
export const MESSAGE_BYTES = MESSAGE_WORDS * 4;

/** A message: its type and the words behind it. */
export function nvspMessage(type: number, ...words: readonly number[]): Uint8Array {
  const message = new Uint8Array(MESSAGE_BYTES);
  putWords(message, 0, type, ...words);
  return message;
}

export function nvspType(message: Uint8Array): number {
  return payloadWord(message, 0);
}

/** Word `index` behind a message's type. */
export function nvspWord(message: Uint8Array, index: number): number {
  return payloadWord(message, index + 1);
}

/**
 * A RNDIS message, carried behind the NVSP message. On a real host a request lies in guest pages that the packet
 * names, and an answer in the receive buffer.
 */
export interface RndisMessage {
  /** RNDIS type, with RNDIS_COMPLETION for an answer. */
  readonly type: number;
  readonly requestId: number;
  /** Of QUERY and SET. */
  readonly oid: number;
  /** The one word that matters here of what an answer tells. */
  readonly value: number;
  /** Of a SET of the receive table that is not the usual one: the channel of each hash. */
  readonly table?: readonly number[] | undefined;
}

/** Entries of the table that names the channel for each hash: of what the guest sends, and of what it receives. */
export const SEND_TABLE_SIZE = 16;
export const RECEIVE_TABLE_SIZE = 128;
/** No section of the send buffer holds the packet (NETVSC_INVALID_INDEX). */
export const NO_SECTION = 0xffffffff;

const DATA_CHANNEL = 0;
const CONTROL_CHANNEL = 1;

/** An Ethernet frame on its way: with the length and the hash that its RNDIS header names. */
export function framePacket(section: number, bytes: number, hash: number): Uint8Array {
  const packet = new Uint8Array(MESSAGE_BYTES + 16);
  putWords(packet, 0, NVSP.SEND_RNDIS_PKT, DATA_CHANNEL, section, section === NO_SECTION ? 0 : bytes);
  putWords(packet, MESSAGE_BYTES, RNDIS.PACKET, bytes, hash, bytes);
  return packet;
}

/** True for a SEND_RNDIS_PKT message that carries a frame, not control. */
export function isFrame(message: Uint8Array): boolean {
  return nvspWord(message, 0) === DATA_CHANNEL && payloadWord(message, MESSAGE_WORDS) === RNDIS.PACKET;
}

/** The same of a packet whose words are read where they lie. */
export function carriesFrame(packet: { payloadWord(index: number): number }): boolean {
  return packet.payloadWord(1) === DATA_CHANNEL && packet.payloadWord(MESSAGE_WORDS) === RNDIS.PACKET;
}

export function rndisPacket({ type, requestId, oid, value, table = [] }: RndisMessage): Uint8Array {
  const packet = new Uint8Array(MESSAGE_BYTES + 4 * (4 + table.length));
  putWords(packet, 0, NVSP.SEND_RNDIS_PKT, CONTROL_CHANNEL, NO_SECTION, 0);
  putWords(packet, MESSAGE_BYTES, type, requestId, oid, value, ...table);
  return packet;
}

export function rndisOf(packet: Uint8Array): RndisMessage {
  const word = (index: number): number => payloadWord(packet, MESSAGE_WORDS + index);
  const message = { type: word(0), requestId: word(1), oid: word(2), value: word(3) };
  if (packet.length < MESSAGE_BYTES + 16 + 4 * RECEIVE_TABLE_SIZE) return message;
  return { ...message, table: Array.from({ length: RECEIVE_TABLE_SIZE }, (_, i) => word(4 + i)) };
}
