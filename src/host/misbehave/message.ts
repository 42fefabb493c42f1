import type { Relid } from '../../lib/brand.js';
import type { Prng } from '../../lib/prng.js';
import { CHANNELMSG, type ChannelMessageName, decodeMessage } from '../../vmbus/protocol/channel-messages.js';
import type { SynicSender } from '../synic-sender.js';
import type { Corruption, Sent } from './sent.js';
import { anyWord, type WireField, type WireFields, writeField } from './wire-field.js';

/** Messages that a host sends, and those of their fields that it may lie in (include/linux/hyperv.h). */
const messageFields = {
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
} as const satisfies Partial<Record<ChannelMessageName, WireFields>>;

/** A control message of the host that a rule can change. */
export type HostMessageName = keyof typeof messageFields;
export const hostMessageNames = Object.keys(messageFields) as readonly HostMessageName[];

/** Fields that every message has. `size` is no field: it is how many bytes of the message arrive. */
const anyMessage: WireFields = { type: [0, 4] };
const SIZE_FIELD = 'size';

/** Names of what can be changed in messages of a type, or of any. */
export function messageFieldNames(message: HostMessageName | undefined): readonly string[] {
  return [SIZE_FIELD, ...Object.keys({ ...anyMessage, ...(message && messageFields[message]) })];
}

/** A control message. */
export class SentMessage implements Sent {
  readonly kind = 'message';
  readonly type: number;
  readonly relid: Relid | undefined;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly synic: SynicSender,
  ) {
    const decoded = decodeMessage(bytes);
    this.type = decoded.type;
    this.relid = 'childRelid' in decoded ? decoded.childRelid : undefined;
  }

  send(): void {
    this.synic.post(this.bytes);
  }

  sendCorrupted({ field, value }: Corruption, prng: Prng): void {
    const bytes = this.bytes.slice();
    if (field === SIZE_FIELD) {
      this.synic.post(bytes.subarray(0, value ?? prng.below(bytes.length)));
      return;
    }
    const [offset, sizeBytes] = field === undefined ? anyWord(bytes.length, prng) : this.fieldNamed(field);
    writeField(new DataView(bytes.buffer), offset, sizeBytes, value ?? prng.next());
    this.synic.post(bytes);
  }

  private fieldNamed(name: string): WireField {
    const message = hostMessageNames.find((candidate) => CHANNELMSG[candidate] === this.type);
    const own: WireFields = message === undefined ? {} : messageFields[message];
    const field = own[name] ?? anyMessage[name];
    if (field === undefined) throw new RangeError(`a ${message ?? 'message'} has no field ${name}`);
    return field;
  }
}
