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

/** Flags of a message's header. */
export const ICMSGHDRFLAG = { TRANSACTION: 1, REQUEST: 2, RESPONSE: 4 } as const;

/** Bytes of the pipe header (struct vmbuspipe_hdr) and of the message's own (struct icmsg_hdr). */
const PIPE_HEADER_BYTES = 8;
const HEADER_BYTES = PIPE_HEADER_BYTES + 20;
const TYPE_OFFSET = PIPE_HEADER_BYTES + 4;
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

  /** False for a packet that is too short to be a message. */
  get isComplete(): boolean {
    return this.bytes.length >= HEADER_BYTES;
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
}
