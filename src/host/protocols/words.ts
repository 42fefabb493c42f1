/** A payload of little-endian 32-bit words. */
export function wordPayload(...words: readonly number[]): Uint8Array {
  const payload = new Uint8Array(words.length * 4);
  putWords(payload, 0, ...words);
  return payload;
}

/** Writes little-endian 32-bit words into a payload, from byte `at` on. */
export function putWords(payload: Uint8Array, at: number, ...words: readonly number[]): void {
  for (let i = 0; i < words.length; i++) putWord(payload, at + i * 4, words[i]);
}

/** Writes one. */
export function putWord(payload: Uint8Array, at: number, word: number): void {
  payload[at] = word;
  payload[at + 1] = word >>> 8;
  payload[at + 2] = word >>> 16;
  payload[at + 3] = word >>> 24;
}

/** Word `index` of a payload; 0 behind its end, as a shorter structure of an older version is read. */
export function payloadWord(payload: Uint8Array, index: number): number {
  const at = index * 4;
  if (at + 4 > payload.length) return 0;
  return (payload[at] | (payload[at + 1] << 8) | (payload[at + 2] << 16) | (payload[at + 3] << 24)) >>> 0;
}
