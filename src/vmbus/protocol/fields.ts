import { decodeGuid, encodeGuid, GUID_BYTES, type Guid } from './guid.js';

/** Why a message was refused. */
export type ProtocolReason =
  | 'too-short'
  | 'too-long'
  | 'unknown-type'
  | 'ragged-pfn-list'
  | 'range-count'
  | 'u64-out-of-range';

/** A message that is not of the protocol: its sender is at fault, the receiver drops and counts it. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';

  /** @param reason what is wrong, for programs. @param detail the same with the numbers, for people. */
  constructor(
    readonly reason: ProtocolReason,
    detail: string,
  ) {
    super(`${reason}: ${detail}`);
  }
}

/** One field of a packed structure: where it stands and how it is read and written. */
export interface Field<T> {
  readonly offset: number;
  readonly sizeBytes: number;
  read(view: DataView): T;
  write(view: DataView, value: T): void;
}

export function u8(offset: number): Field<number> {
  return {
    offset,
    sizeBytes: 1,
    read: (view) => view.getUint8(offset),
    write: (view, value) => view.setUint8(offset, value),
  };
}

export function u16(offset: number): Field<number> {
  return {
    offset,
    sizeBytes: 2,
    read: (view) => view.getUint16(offset, true),
    write: (view, value) => view.setUint16(offset, value, true),
  };
}

export function u32(offset: number): Field<number> {
  return {
    offset,
    sizeBytes: 4,
    read: (view) => view.getUint32(offset, true),
    write: (view, value) => view.setUint32(offset, value, true),
  };
}

/** A 64-bit address or page number. All real ones fit a safe integer; one that does not is refused. */
export function u64(offset: number): Field<number> {
  return {
    offset,
    sizeBytes: 8,
    read: (view) => readU64(view, offset),
    write: (view, value) => writeU64(view, offset, value),
  };
}

/** The lowest bit of a bit field of `sizeBytes`; the other bits are reserved. */
export function flag(offset: number, sizeBytes: 1 | 2): Field<boolean> {
  const bits = sizeBytes === 1 ? u8(offset) : u16(offset);
  return {
    offset,
    sizeBytes,
    read: (view) => (bits.read(view) & 1) === 1,
    write: (view, value) => bits.write(view, value ? 1 : 0),
  };
}

/** A byte that is zero for false; any other value is true. */
export function bool8(offset: number): Field<boolean> {
  return {
    offset,
    sizeBytes: 1,
    read: (view) => view.getUint8(offset) !== 0,
    write: (view, value) => view.setUint8(offset, value ? 1 : 0),
  };
}

export function guid(offset: number): Field<Guid> {
  return {
    offset,
    sizeBytes: GUID_BYTES,
    read: (view) => decodeGuid(bytesOf(view), offset),
    write: (view, value) => encodeGuid(value, bytesOf(view), offset),
  };
}

/** An array of `sizeBytes` bytes; a shorter value is followed by zeros. */
export function bytes(offset: number, sizeBytes: number): Field<Uint8Array> {
  return {
    offset,
    sizeBytes,
    read: (view) => bytesOf(view).slice(offset, offset + sizeBytes),
    write: (view, value) => {
      if (value.length > sizeBytes) {
        throw new RangeError(`${value.length} bytes do not fit into a field of ${sizeBytes}`);
      }
      bytesOf(view).set(value, offset);
    },
  };
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

const TWO_32 = 2 ** 32;

export function readU64(view: DataView, offset: number): number {
  const value = view.getUint32(offset + 4, true) * TWO_32 + view.getUint32(offset, true);
  if (value > Number.MAX_SAFE_INTEGER) {
    throw new ProtocolError('u64-out-of-range', `the 64-bit value at byte ${offset} is no guest address`);
  }
  return value;
}

export function writeU64(view: DataView, offset: number, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is no guest address`);
  view.setUint32(offset, value >>> 0, true);
  view.setUint32(offset + 4, Math.floor(value / TWO_32), true);
}
