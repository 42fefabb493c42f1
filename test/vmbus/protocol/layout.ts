import type { ChannelMessageName } from '../../../src/vmbus/protocol/channel-messages.js';

export interface LayoutRow {
  /** Whole message; for GPADL_HEADER and GPADL_BODY the part before the page numbers. */
  readonly sizeBytes: number;
  /** Field, offset and width in bytes, counted by hand from the packed structures of include/linux/hyperv.h. */
  readonly fields: readonly (readonly [name: string, offset: number, widthBytes: number])[];
}

/** Where each field stands on the wire. The 8-byte header (type, padding) is not repeated. */
export const layout: Readonly<Record<ChannelMessageName, LayoutRow>> = {
  OFFERCHANNEL: {
    sizeBytes: 196,
    fields: [
      ['classId', 8, 16],
      ['instanceId', 24, 16],
      ['flags', 56, 2],
      ['mmioMegabytes', 58, 2],
      ['userDefined', 60, 120],
      ['subChannelIndex', 180, 2],
      ['childRelid', 184, 4],
      ['monitorId', 188, 1],
      ['monitorAllocated', 189, 1],
      ['isDedicatedInterrupt', 190, 2],
      ['connectionId', 192, 4],
    ],
  },
  RESCIND_CHANNELOFFER: { sizeBytes: 12, fields: [['childRelid', 8, 4]] },
  REQUESTOFFERS: { sizeBytes: 8, fields: [] },
  ALLOFFERS_DELIVERED: { sizeBytes: 8, fields: [] },
  OPENCHANNEL: {
    sizeBytes: 148,
    fields: [
      ['childRelid', 8, 4],
      ['openId', 12, 4],
      ['ringBufferGpadl', 16, 4],
      ['targetVp', 20, 4],
      ['downstreamPageOffset', 24, 4],
      ['userData', 28, 120],
    ],
  },
  OPENCHANNEL_RESULT: {
    sizeBytes: 20,
    fields: [
      ['childRelid', 8, 4],
      ['openId', 12, 4],
      ['status', 16, 4],
    ],
  },
  CLOSECHANNEL: { sizeBytes: 12, fields: [['childRelid', 8, 4]] },
  GPADL_HEADER: {
    sizeBytes: 28,
    fields: [
      ['childRelid', 8, 4],
      ['gpadl', 12, 4],
      ['rangeBufLen', 16, 2],
      ['byteCount', 20, 4],
      ['byteOffset', 24, 4],
    ],
  },
  GPADL_BODY: {
    sizeBytes: 16,
    fields: [
      ['msgNumber', 8, 4],
      ['gpadl', 12, 4],
    ],
  },
  GPADL_CREATED: {
    sizeBytes: 20,
    fields: [
      ['childRelid', 8, 4],
      ['gpadl', 12, 4],
      ['creationStatus', 16, 4],
    ],
  },
  GPADL_TEARDOWN: {
    sizeBytes: 16,
    fields: [
      ['childRelid', 8, 4],
      ['gpadl', 12, 4],
    ],
  },
  GPADL_TORNDOWN: { sizeBytes: 12, fields: [['gpadl', 8, 4]] },
  RELID_RELEASED: { sizeBytes: 12, fields: [['childRelid', 8, 4]] },
  INITIATE_CONTACT: {
    sizeBytes: 40,
    fields: [
      ['version', 8, 4],
      ['targetVcpu', 12, 4],
      ['interruptPage', 16, 8],
      ['monitorPage1', 24, 8],
      ['monitorPage2', 32, 8],
    ],
  },
  VERSION_RESPONSE: {
    sizeBytes: 16,
    fields: [
      ['versionSupported', 8, 1],
      ['connectionState', 9, 1],
      ['msgConnId', 12, 4],
    ],
  },
  UNLOAD: { sizeBytes: 8, fields: [] },
  UNLOAD_RESPONSE: { sizeBytes: 8, fields: [] },
  TL_CONNECT_REQUEST: {
    sizeBytes: 40,
    fields: [
      ['guestEndpointId', 8, 16],
      ['hostServiceId', 24, 16],
    ],
  },
  MODIFYCHANNEL: {
    sizeBytes: 16,
    fields: [
      ['childRelid', 8, 4],
      ['targetVp', 12, 4],
    ],
  },
  TL_CONNECT_RESULT: {
    sizeBytes: 44,
    fields: [
      ['guestEndpointId', 8, 16],
      ['hostServiceId', 24, 16],
      ['status', 40, 4],
    ],
  },
  MODIFYCHANNEL_RESPONSE: {
    sizeBytes: 16,
    fields: [
      ['childRelid', 8, 4],
      ['status', 12, 4],
    ],
  },
};
