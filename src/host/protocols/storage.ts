import { payloadWord, wordPayload } from './words.js';

/** Operations of the storage protocol (drivers/scsi/storvsc_drv.c enum vstor_packet_operation). */
export const VSTOR = {
  COMPLETE_IO: 1,
  BEGIN_INITIALIZATION: 7,
  END_INITIALIZATION: 8,
  QUERY_PROTOCOL_VERSION: 9,
  QUERY_PROPERTIES: 10,
  FCHBA_DATA: 12,
  CREATE_SUB_CHANNELS: 13,
} as const;

/** Protocol versions, newest first: Windows 10, Windows 8.1. */
export const vstorVersions: readonly number[] = [0x0602, 0x0600];

/** Flag of a request: answer it. */
const REQUEST_COMPLETION_FLAG = 1;
/** Flag in the answer to QUERY_PROPERTIES (STORAGE_CHANNEL_SUPPORTS_MULTI_CHANNEL). */
const SUPPORTS_MULTI_CHANNEL = 1;
/** Words of struct vstor_packet: operation, flags, status, and 52 bytes that depend on the operation. */
const PACKET_WORDS = 16;

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

export function vstorOperation(packet: Uint8Array): number {
  return payloadWord(packet, 0);
}

export function vstorStatus(packet: Uint8Array): number {
  return payloadWord(packet, 2);
}

/** First word of what depends on a request's operation. */
export function vstorArgument(packet: Uint8Array): number {
  return payloadWord(packet, 3);
}

function vstorPacket(...words: readonly number[]): Uint8Array {
  const packet = new Uint8Array(PACKET_WORDS * 4);
  packet.set(wordPayload(...words));
  return packet;
}
