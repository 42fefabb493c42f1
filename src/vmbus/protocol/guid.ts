/** A GUID in its one canonical form: 36 lower-case characters, no braces. Two equal GUIDs are equal strings. */
export type Guid = string & { readonly __brand: 'Guid' };

/** Bytes that a GUID takes on the wire. */
export const GUID_BYTES = 16;

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Where each wire byte's two digits stand in the canonical text. The first three groups travel as little-endian
 * integers, the rest in the order of reading (include/linux/uuid.h GUID_INIT).
 */
const digitOffsets = [6, 4, 2, 0, 11, 9, 16, 14, 19, 21, 24, 26, 28, 30, 32, 34] as const;

const hexBytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Index on the wire of each byte in the order of reading. */
const readingOrder = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const;

/**
 * Reads a GUID as people write it: any case, with or without braces.
 *
 * @throws TypeError if `text` is no GUID.
 */
export function parseGuid(text: string): Guid {
  const bare = text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1) : text;
  const canonical = bare.toLowerCase();
  if (!pattern.test(canonical)) {
    throw new TypeError(
      `not a GUID: ${JSON.stringify(text)} (expected xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx)`,
    );
  }
  return canonical as Guid;
}

/** Writes `guid` in wire order into `bytes` from `offset` on. */
export function encodeGuid(guid: Guid, bytes: Uint8Array, offset = 0): void {
  for (let i = 0; i < GUID_BYTES; i++) {
    const at = digitOffsets[i];
    bytes[offset + i] = Number.parseInt(guid.slice(at, at + 2), 16);
  }
}

/** The GUID that stands in wire order at `offset`. @throws RangeError if fewer than 16 bytes are left there. */
export function decodeGuid(bytes: Uint8Array, offset = 0): Guid {
  if (offset < 0 || offset + GUID_BYTES > bytes.length) {
    throw new RangeError(`no GUID at byte ${offset} of ${bytes.length}`);
  }
  let text = '';
  for (let i = 0; i < GUID_BYTES; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) text += '-';
    text += hexBytes[bytes[offset + readingOrder[i]]];
  }
  return text as Guid;
}
