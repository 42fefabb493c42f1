/** A payload of little-endian 32-bit words. */
export function wordPayload(...words: readonly number[]): Uint8Array {
  const payload = new Uint8Array(words.length * 4);
  const view = new DataView(payload.buffer);
  words.forEach((word, i) => {
    view.setUint32(i * 4, word, true);
  });
  return payload;
}

/** Word `index` of a payload; 0 behind its end, as a shorter structure of an older version is read. */
export function payloadWord(payload: Uint8Array, index: number): number {
  const at = index * 4;
  if (at + 4 > payload.length) return 0;
  return new DataView(payload.buffer, payload.byteOffset, payload.byteLength).getUint32(at, true);
}
