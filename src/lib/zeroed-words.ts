/** Memory that many arrays lie in side by side: each of them is all that looks at its part. */
export class CommonMemory extends ArrayBuffer {}

const COMMON_BYTES = 16_384;

let common = new CommonMemory(COMMON_BYTES);
let used = 0;

/**
 * An array of zeros. V8 asks the system for the memory of each array above 64 bytes by itself, which takes longer than
 * all else that a small guest of an explorer does for one; so arrays of up to a page share what is asked for. No part is
 * given out twice.
 */
export function zeroedWords(length: number): Uint32Array {
  const bytes = length * Uint32Array.BYTES_PER_ELEMENT;
  if (bytes * 4 > COMMON_BYTES) return new Uint32Array(length);
  if (used + bytes > COMMON_BYTES) {
    common = new CommonMemory(COMMON_BYTES);
    used = 0;
  }
  const words = new Uint32Array(common, used, length);
  used += bytes;
  return words;
}
