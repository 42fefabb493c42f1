import { endianness } from 'node:os';

const LITTLE = endianness() === 'LE';

/** A request of the kernel's FUSE, as it comes out of /dev/fuse. Fields: numbers are 32 bits, bigints 64. */
export function fuseRequest(
  opcode: number,
  nodeId: number,
  fields: readonly (number | bigint | string | Uint8Array)[] = [],
): Uint8Array {
  const parts = fields.map(bytesOf);
  const lengthBytes = 40 + parts.reduce((sum, { length }) => sum + length, 0);
  const head = [lengthBytes, opcode, 77n, BigInt(nodeId), 0, 0, 1, 0].map(bytesOf);
  return Buffer.concat([...head, ...parts]);
}

function bytesOf(field: number | bigint | string | Uint8Array): Uint8Array {
  if (typeof field === 'string') return Buffer.from(`${field}\0`, 'latin1');
  if (typeof field === 'object') return field;
  const bytes = Buffer.alloc(typeof field === 'bigint' ? 8 : 4);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (typeof field === 'bigint') view.setBigUint64(0, field, LITTLE);
  else view.setUint32(0, field, LITTLE);
  return bytes;
}

/** The fields of an answer: `u32` and `u64` name a number's width. */
export function fieldsOf(bytes: Uint8Array, widths: readonly ('u16' | 'u32' | 'u64')[]): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  return widths.map((width) => {
    const from = at;
    at += Number(width.slice(1)) / 8;
    if (width === 'u64') return Number(view.getBigUint64(from, LITTLE));
    return width === 'u32' ? view.getUint32(from, LITTLE) : view.getUint16(from, LITTLE);
  });
}
