import type { Relid } from '../../lib/brand.js';
import type { Guid } from './guid.js';

/** Message types (include/linux/hyperv.h enum vmbus_channel_message_type); 0 and 18 to 20 are not used. */
export const CHANNELMSG = {
  OFFERCHANNEL: 1,
  RESCIND_CHANNELOFFER: 2,
  REQUESTOFFERS: 3,
  ALLOFFERS_DELIVERED: 4,
  OPENCHANNEL: 5,
  OPENCHANNEL_RESULT: 6,
  CLOSECHANNEL: 7,
  GPADL_HEADER: 8,
  GPADL_BODY: 9,
  GPADL_CREATED: 10,
  GPADL_TEARDOWN: 11,
  GPADL_TORNDOWN: 12,
  RELID_RELEASED: 13,
  INITIATE_CONTACT: 14,
  VERSION_RESPONSE: 15,
  UNLOAD: 16,
  UNLOAD_RESPONSE: 17,
  TL_CONNECT_REQUEST: 21,
  MODIFYCHANNEL: 22,
  TL_CONNECT_RESULT: 23,
  MODIFYCHANNEL_RESPONSE: 24,
} as const;

/** The name of a control message, without CHANNELMSG_. */
export type ChannelMessageName = keyof typeof CHANNELMSG;

/** The number of the control message of a name. */
export type TypeOf<Name extends ChannelMessageName> = (typeof CHANNELMSG)[Name];

/** Bits of an offer's `flags` (include/linux/hyperv.h VMBUS_CHANNEL_*). */
export const CHANNEL_FLAG = {
  ENUMERATE_DEVICE_INTERFACE: 0x1,
  /** Since version 6.0, to a guest whose VMBus is confidential: the rings are encrypted. */
  CONFIDENTIAL_RING_BUFFER: 0x2,
  /** Likewise: the memory that packets name is encrypted, too. */
  CONFIDENTIAL_EXTERNAL_MEMORY: 0x4,
  NAMED_PIPE_MODE: 0x10,
  LOOPBACK_OFFER: 0x100,
  PARENT_OFFER: 0x200,
  REQUEST_MONITORED_NOTIFICATION: 0x400,
  TLNPI_PROVIDER_OFFER: 0x2000,
} as const;

/** User-defined bytes in an offer and in an open request (include/linux/hyperv.h MAX_USER_DEFINED_BYTES). */
export const USER_DEFINED_BYTES = 120;

/** Host → guest: a channel exists. */
export interface OfferChannel {
  readonly type: TypeOf<'OFFERCHANNEL'>;
  readonly classId: Guid;
  readonly instanceId: Guid;
  /** CHANNEL_FLAG bits. */
  readonly flags: number;
  readonly mmioMegabytes: number;
  /** At most USER_DEFINED_BYTES; shorter ones travel with zeros behind. */
  readonly userDefined: Uint8Array;
  /** 0 for a primary channel. */
  readonly subChannelIndex: number;
  readonly childRelid: Relid;
  readonly monitorId: number;
  readonly monitorAllocated: boolean;
  /** The guest signals with `connectionId` alone, without a bit in the shared interrupt page. */
  readonly isDedicatedInterrupt: boolean;
  readonly connectionId: number;
}

/** Host → guest: the channel is gone. */
export interface RescindChannelOffer {
  readonly type: TypeOf<'RESCIND_CHANNELOFFER'>;
  readonly childRelid: Relid;
}

/** Guest → host: name all channels that exist. */
export interface RequestOffers {
  readonly type: TypeOf<'REQUESTOFFERS'>;
}

/** Host → guest: all channels of now have been named. */
export interface AllOffersDelivered {
  readonly type: TypeOf<'ALLOFFERS_DELIVERED'>;
}

/** Guest → host: the channel's rings lie in this GPADL, its interrupts go to `targetVp`. */
export interface OpenChannel {
  readonly type: TypeOf<'OPENCHANNEL'>;
  readonly childRelid: Relid;
  readonly openId: number;
  readonly ringBufferGpadl: number;
  readonly targetVp: number;
  /** Page of the GPADL at which the host → guest ring begins. */
  readonly downstreamPageOffset: number;
  /** At most USER_DEFINED_BYTES; shorter ones travel with zeros behind. */
  readonly userData: Uint8Array;
}

/** Host → guest: `status` 0 when the channel is open now. */
export interface OpenChannelResult {
  readonly type: TypeOf<'OPENCHANNEL_RESULT'>;
  readonly childRelid: Relid;
  readonly openId: number;
  readonly status: number;
}

/** Guest → host. The host does not answer. */
export interface CloseChannel {
  readonly type: TypeOf<'CLOSECHANNEL'>;
  readonly childRelid: Relid;
}

/** Guest → host: a GPADL with its first page numbers. The one range is what Linux sends. */
export interface GpadlHeader {
  readonly type: TypeOf<'GPADL_HEADER'>;
  readonly childRelid: Relid;
  readonly gpadl: number;
  /** Bytes of the range with all its page numbers, also those that follow in GPADL_BODY messages. */
  readonly rangeBufLen: number;
  readonly byteCount: number;
  readonly byteOffset: number;
  readonly pfns: readonly number[];
}

/** Guest → host: more page numbers of a GPADL. */
export interface GpadlBody {
  readonly type: TypeOf<'GPADL_BODY'>;
  /** Linux leaves it 0. */
  readonly msgNumber: number;
  readonly gpadl: number;
  readonly pfns: readonly number[];
}

/** Host → guest: `creationStatus` 0 when the GPADL may be used. */
export interface GpadlCreated {
  readonly type: TypeOf<'GPADL_CREATED'>;
  readonly childRelid: Relid;
  readonly gpadl: number;
  readonly creationStatus: number;
}

/** Guest → host: stop using the GPADL. */
export interface GpadlTeardown {
  readonly type: TypeOf<'GPADL_TEARDOWN'>;
  readonly childRelid: Relid;
  readonly gpadl: number;
}

/** Host → guest: the GPADL's pages are the guest's own again. */
export interface GpadlTorndown {
  readonly type: TypeOf<'GPADL_TORNDOWN'>;
  readonly gpadl: number;
}

/** Guest → host: the relid of a rescinded channel may be used again. */
export interface RelidReleased {
  readonly type: TypeOf<'RELID_RELEASED'>;
  readonly childRelid: Relid;
}

/**
 * Guest → host: proposes a protocol version. Eight bytes hold `interruptPage` below version 5.0, and `msgSint`,
 * `msgVtl` and `featureFlags` from 5.0 on; the fields that the version does not have are 0.
 */
export interface InitiateContact {
  readonly type: TypeOf<'INITIATE_CONTACT'>;
  /** As on the wire: major << 16 | minor. */
  readonly version: number;
  /** VP that the host sends its messages to. */
  readonly targetVcpu: number;
  readonly interruptPage: number;
  readonly msgSint: number;
  readonly msgVtl: number;
  readonly featureFlags: number;
  readonly monitorPage1: number;
  readonly monitorPage2: number;
}

/** Host → guest: whether it speaks the proposed version. */
export interface VersionResponse {
  readonly type: TypeOf<'VERSION_RESPONSE'>;
  readonly versionSupported: boolean;
  readonly connectionState: number;
  /** Connection for the guest's further messages; from version 5.0 on. */
  readonly msgConnId: number;
}

/** Guest → host: forget everything about this guest. */
export interface Unload {
  readonly type: TypeOf<'UNLOAD'>;
}

/** Host → guest: forgotten. */
export interface UnloadResponse {
  readonly type: TypeOf<'UNLOAD_RESPONSE'>;
}

/** Guest → host: connect an hv_sock to a service of the host. */
export interface TlConnectRequest {
  readonly type: TypeOf<'TL_CONNECT_REQUEST'>;
  readonly guestEndpointId: Guid;
  readonly hostServiceId: Guid;
}

/** Guest → host: interrupt `targetVp` from now on. */
export interface ModifyChannel {
  readonly type: TypeOf<'MODIFYCHANNEL'>;
  readonly childRelid: Relid;
  readonly targetVp: number;
}

/** Host → guest: an hv_sock connect failed. */
export interface TlConnectResult {
  readonly type: TypeOf<'TL_CONNECT_RESULT'>;
  readonly guestEndpointId: Guid;
  readonly hostServiceId: Guid;
  readonly status: number;
}

/** Host → guest, from version 5.3 on: the old VP is not interrupted any more. */
export interface ModifyChannelResponse {
  readonly type: TypeOf<'MODIFYCHANNEL_RESPONSE'>;
  readonly childRelid: Relid;
  readonly status: number;
}

/** Every message of the control path, told apart by `type`. */
export type ChannelMessage =
  | OfferChannel
  | RescindChannelOffer
  | RequestOffers
  | AllOffersDelivered
  | OpenChannel
  | OpenChannelResult
  | CloseChannel
  | GpadlHeader
  | GpadlBody
  | GpadlCreated
  | GpadlTeardown
  | GpadlTorndown
  | RelidReleased
  | InitiateContact
  | VersionResponse
  | Unload
  | UnloadResponse
  | TlConnectRequest
  | ModifyChannel
  | TlConnectResult
  | ModifyChannelResponse;

/** The number of a control message that has a meaning here. */
export type ChannelMessageType = ChannelMessage['type'];
