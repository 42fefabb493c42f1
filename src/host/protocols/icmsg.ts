/** Types of integration service messages (include/linux/hyperv.h ICMSGTYPE_*). */
export const ICMSGTYPE = {
  NEGOTIATE: 0,
  HEARTBEAT: 1,
  KVPEXCHANGE: 2,
  SHUTDOWN: 3,
  TIMESYNC: 4,
  VSS: 5,
  FCOPY: 7,
} as const;

/** Requests of backups (include/uapi/linux/hyperv.h enum hv_vss_op). */
export const VSS_OP = { HOT_BACKUP: 2, GET_DM_INFO: 3, FREEZE: 5, THAW: 6 } as const;

/** Flags of a message's header. */
export const ICMSGHDRFLAG = { TRANSACTION: 1, REQUEST: 2, RESPONSE: 4 } as const;

/** Bytes of the pipe header (struct vmbuspipe_hdr) and of the message's own (struct icmsg_hdr). */
const PIPE_HEADER_BYTES = 8;
const HEADER_BYTES = PIPE_HEADER_BYTES + 20;
/** Bytes in front of what depends on a message's type (ICMSG_HDR). */
export const ICMSG_HEADER_BYTES = HEADER_BYTES;
/** Byte behind the headers at which the versions of a negotiation begin (struct icmsg_negotiate). */
export const IC_VERSIONS_OFFSET = 8;
const TYPE_OFFSET = PIPE_HEADER_BYTES + 4;
const SIZE_OFFSET = PIPE_HEADER_BYTES + 10;
const STATUS_OFFSET = PIPE_HEADER_BYTES + 12;
const FLAGS_OFFSET = PIPE_HEADER_BYTES + 17;

/** Status of the answer to a request that the guest refuses (HV_E_FAIL). */
export const HV_E_FAIL = 0x80004005;

/** A message with `words` behind its headers. */
export function icMessage(type: number, ...words: readonly number[]): Uint8Array {
  const message = new Uint8Array(HEADER_BYTES + words.length * 4);
  const view = new DataView(message.buffer);
  view.setUint32(4, message.length - PIPE_HEADER_BYTES, true);
  view.setUint16(TYPE_OFFSET, type, true);
  view.setUint8(FLAGS_OFFSET, ICMSGHDRFLAG.TRANSACTION | ICMSGHDRFLAG.REQUEST);
  words.forEach((word, i) => {
    view.setUint32(HEADER_BYTES + i * 4, word, true);
  });
  return message;
}

/** A message as its receiver looks at it and changes it into the answer. */
export class IcMessage {
  private readonly view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get type(): number {
    return this.view.getUint16(TYPE_OFFSET, true);
  }

  get status(): number {
    return this.view.getUint32(STATUS_OFFSET, true);
  }

  set status(status: number) {
    this.view.setUint32(STATUS_OFFSET, status, true);
  }

  /** Bytes behind the headers, as the message says. */
  set size(bytes: number) {
    this.view.setUint16(SIZE_OFFSET, bytes, true);
  }

  get isResponse(): boolean {
    return (this.view.getUint8(FLAGS_OFFSET) & ICMSGHDRFLAG.RESPONSE) !== 0;
  }

  /** Marks the message as the answer to itself. */
  makeResponse(): void {
    this.view.setUint8(FLAGS_OFFSET, ICMSGHDRFLAG.TRANSACTION | ICMSGHDRFLAG.RESPONSE);
  }

  /** Word behind the headers; 0 where the message has none. */
  word(index: number): number {
    const at = HEADER_BYTES + index * 4;
    return at + 4 <= this.bytes.length ? this.view.getUint32(at, true) : 0;
  }

  /** Does nothing where the message has no such word. */
  setWord(index: number, value: number): void {
    const at = HEADER_BYTES + index * 4;
    if (at + 4 <= this.bytes.length) this.view.setUint32(at, value, true);
  }

  /** Half a word, at byte `at` behind the headers; 0 where the message has none. */
  half(at: number): number {
    return HEADER_BYTES + at + 2 <= this.bytes.length ? this.view.getUint16(HEADER_BYTES + at, true) : 0;
  }

  /** Does nothing where the message has no such half word. */
  setHalf(at: number, value: number): void {
    if (HEADER_BYTES + at + 2 <= this.bytes.length) this.view.setUint16(HEADER_BYTES + at, value, true);
  }
}
