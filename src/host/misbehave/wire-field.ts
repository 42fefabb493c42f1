import type { Prng } from '../../lib/prng.js';

/** Where a field stands and how many bytes it has. Of a packet, a negative place counts from its end. */
export type WireField = readonly [offset: number, sizeBytes: 1 | 2 | 4];

/** Fields by their names. */
export type WireFields = Readonly<Record<string, WireField>>;

/** 4 bytes anywhere among so many. */
export function anyWord(bytes: number, prng: Prng): WireField {
  return [prng.below(bytes >>> 2) << 2, 4];
}

/** Overwrites a field of the size `sizeBytes` at `offset`. */
export function writeField(view: DataView, offset: number, sizeBytes: number, value: number): void {
  if (sizeBytes === 1) view.setUint8(offset, value);
  else if (sizeBytes === 2) view.setUint16(offset, value, true);
  else view.setUint32(offset, value >>> 0, true);
}
