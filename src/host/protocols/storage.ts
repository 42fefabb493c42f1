import { payloadWord, putWord, putWords } from './words.js';

/** Operations of the storage protocol (drivers/scsi/storvsc_drv.c enum vstor_packet_operation). */
export const VSTOR = {
  COMPLETE_IO: 1,
  EXECUTE_SRB: 3,
  BEGIN_INITIALIZATION: 7,
  END_INITIALIZATION: 8,
  QUERY_PROTOCOL_VERSION: 9,
  QUERY_PROPERTIES: 10,
  FCHBA_DATA: 12,
  CREATE_SUB_CHANNELS: 13,
} as const;

/** Protocol versions, newest first: Windows 10, Windows 8.1, Windows 8 (protocol_version). */
export const vstorVersions: readonly number[] = [0x0602, 0x0600, 0x0501];

/** Which word of a packet says what it is about. */
export const VSTOR_OPERATION = 0;
/** Which one says what came of a request: 0 is success. */
export const VSTOR_STATUS = 2;
/** Flag of a request: answer it. */
const REQUEST_COMPLETION_FLAG = 1;
/** Flag in the answer to QUERY_PROPERTIES (STORAGE_CHANNEL_SUPPORTS_MULTI_CHANNEL). */
const SUPPORTS_MULTI_CHANNEL = 1;
/** Words of struct vstor_packet: operation, flags, status, and 52 bytes that depend on the operation. */
const PACKET_WORDS = 16;
/** Bytes of struct vmscsi_request. */
const SRB_BYTES = 52;

/** A request, with the first word of what depends on its operation. */
export function vstorRequest(operation: number, argument = 0): Uint8Array {
  return vstorPacket(operation, REQUEST_COMPLETION_FLAG, 0, argument);
}

/** What came of a request; `status` 0 is success. */
export function vstorCompletion(status: number): Uint8Array {
  return vstorPacket(VSTOR.COMPLETE_IO, 0, status);
}

/** The answer to QUERY_PROPERTIES. */
export function vstorProperties(maxSubChannels: number): Uint8Array {
  const flags = maxSubChannels > 0 ? SUPPORTS_MULTI_CHANNEL : 0;
  return vstorPacket(VSTOR.COMPLETE_IO, 0, 0, 0, maxSubChannels, flags);
}

/** The most sub-channels that the host can give, by its answer to QUERY_PROPERTIES. */
export function maxSubChannelsOf(properties: Uint8Array): number {
  return (payloadWord(properties, 5) & SUPPORTS_MULTI_CHANNEL) !== 0
    ? payloadWord(properties, 4) & 0xffff
    : 0;
}

/** Where a data transfer's bytes lie: one range of whole pages of the guest (struct vmbus_packet_mpb_array). */
export interface VstorBuffer {
  readonly bytes: number;
  /** Number of the first page; the pages lie in a row. */
  readonly pfn: number;
}

export const VSTOR_PAGE_BYTES = 4096;
/** Bytes in front of a request that name its buffer: reserved, count of ranges, bytes, offset, page numbers. */
export function vstorRangeBytes(bytes: number): number {
  return bytes === 0 ? 0 : 16 + 8 * Math.ceil(bytes / VSTOR_PAGE_BYTES);
}

/**
 * A SCSI command with its buffer in front (struct vmscsi_request). The command itself is left out: which blocks are
 * read or written does not matter here.
 */
export function vstorExecuteSrb({ bytes, pfn }: VstorBuffer, isWrite: boolean, lun = 0): Uint8Array {
  const rangeBytes = vstorRangeBytes(bytes);
  const packet = new Uint8Array(rangeBytes + PACKET_WORDS * 4);
  if (bytes > 0) {
    putWord(packet, 4, 1);
    putWord(packet, 8, bytes);
    for (let at = 16, page = pfn; at < rangeBytes; at += 8, page++) putWord(packet, at, page);
  }
  putWord(packet, rangeBytes, VSTOR.EXECUTE_SRB);
  putWord(packet, rangeBytes + 4, REQUEST_COMPLETION_FLAG);
  putWord(packet, rangeBytes + 12, SRB_BYTES);
  packet[rangeBytes + 19] = lun;
  packet[rangeBytes + 22] = isWrite ? 0 : 1;
  putWord(packet, rangeBytes + 24, bytes);
  return packet;
}

export function vstorOperation(packet: Uint8Array): number {
  return payloadWord(packet, VSTOR_OPERATION);
}

export function vstorStatus(packet: Uint8Array): number {
  return payloadWord(packet, VSTOR_STATUS);
}

/** First word of what depends on a request's operation. */
export function vstorArgument(packet: Uint8Array): number {
  return payloadWord(packet, 3);
}

function vstorPacket(...words: readonly number[]): Uint8Array {
  const packet = new Uint8Array(PACKET_WORDS * 4);
  putWords(packet, 0, ...words);
  return packet;
}
