import type { ChannelMessageName } from '../vmbus/protocol/channel-messages.js';

/** Where a field stands and how many bytes it has. Of a packet, a negative place counts from its end. */
export type WireField = readonly [offset: number, sizeBytes: 1 | 2 | 4];

/** Messages that a host sends, and those of their fields that it may lie in (include/linux/hyperv.h). */
export const messageFields = {
  OFFERCHANNEL: {
    flags: [56, 2],
    mmioMegabytes: [58, 2],
    subChannelIndex: [180, 2],
    childRelid: [184, 4],
    monitorId: [188, 1],
    connectionId: [192, 4],
  },
  RESCIND_CHANNELOFFER: { childRelid: [8, 4] },
  ALLOFFERS_DELIVERED: {},
  OPENCHANNEL_RESULT: { childRelid: [8, 4], openId: [12, 4], status: [16, 4] },
  GPADL_CREATED: { childRelid: [8, 4], gpadl: [12, 4], creationStatus: [16, 4] },
  GPADL_TORNDOWN: { gpadl: [8, 4] },
  VERSION_RESPONSE: { versionSupported: [8, 1], connectionState: [9, 1], msgConnId: [12, 4] },
  UNLOAD_RESPONSE: {},
  TL_CONNECT_RESULT: { status: [40, 4] },
  MODIFYCHANNEL_RESPONSE: { childRelid: [8, 4], status: [12, 4] },
} as const satisfies Partial<Record<ChannelMessageName, Readonly<Record<string, WireField>>>>;

export type HostMessageName = keyof typeof messageFields;
export const hostMessageNames = Object.keys(messageFields) as readonly HostMessageName[];

/** Fields that every message has. `size` is no field: it is how many bytes of the message arrive. */
const anyMessage: Readonly<Record<string, WireField>> = { type: [0, 4] };
export const SIZE_FIELD = 'size';

const packetFields: Readonly<Record<string, WireField>> = {
  type: [0, 2],
  dataOffset: [2, 2],
  length: [4, 2],
  flags: [6, 2],
  transactionId: [8, 4],
  payload: [16, 4],
  trailer: [-4, 4],
};
/** The ring's index instead of a field of the packet. */
export const WRITE_INDEX_FIELD = 'writeIndex';

/** Names of what a host may lie in. */
export function messageFieldNames(message: HostMessageName | undefined): readonly string[] {
  return [SIZE_FIELD, ...Object.keys({ ...anyMessage, ...(message && messageFields[message]) })];
}

export const signalFieldNames: readonly string[] = ['relid', 'cpu'];
export const packetFieldNames: readonly string[] = [...Object.keys(packetFields), WRITE_INDEX_FIELD];

/** @throws RangeError if a message of this type has no such field. */
export function messageField(message: HostMessageName | undefined, name: string): WireField {
  const own: Readonly<Record<string, WireField>> = message === undefined ? {} : messageFields[message];
  const field = own[name] ?? anyMessage[name];
  if (field === undefined) throw new RangeError(`a ${message ?? 'message'} has no field ${name}`);
  return field;
}

/** @throws RangeError if a packet has no such field. */
export function packetField(name: string): WireField {
  const field = packetFields[name];
  if (field === undefined) throw new RangeError(`a packet has no field ${name}`);
  return field;
}
