/** Number of 32-bit words that `bits` bits need. */
export function wordsFor(bits: number): number {
  return (bits + 31) >>> 5;
}

/** True if bit `bit` of `words` is set. */
export function testBit(words: Uint32Array, bit: number): boolean {
  return ((words[bit >>> 5] >>> (bit & 31)) & 1) !== 0;
}

/** Sets bit `bit` of `words`. */
export function setBit(words: Uint32Array, bit: number): void {
  words[bit >>> 5] |= 1 << (bit & 31);
}

/** Clears bit `bit` of `words`. */
export function clearBit(words: Uint32Array, bit: number): void {
  words[bit >>> 5] &= ~(1 << (bit & 31));
}

/** Sets bit `bit` of `words` and tells whether it was set before (test_and_set_bit). */
export function testAndSetBit(words: Uint32Array, bit: number): boolean {
  const was = testBit(words, bit);
  setBit(words, bit);
  return was;
}

/** Clears bit `bit` of `words` and tells whether it was set before (test_and_clear_bit). */
export function testAndClearBit(words: Uint32Array, bit: number): boolean {
  const was = testBit(words, bit);
  clearBit(words, bit);
  return was;
}

/** Lowest set bit at or after `from`, or -1. @param end so many words are looked at, from the first one on. */
export function nextBit(words: Uint32Array, from: number, end = words.length): number {
  let index = from >>> 5;
  if (index >= end) return -1;
  let word = words[index] & (-1 << (from & 31));
  if (word === 0) {
    index += 1;
    // Pages of event flags are mostly empty.
    while (index + 3 < end && (words[index] | words[index + 1] | words[index + 2] | words[index + 3]) === 0)
      index += 4;
    while (index < end && words[index] === 0) index += 1;
    if (index >= end) return -1;
    word = words[index] | 0;
  }
  return (index << 5) + 31 - Math.clz32(word & -word);
}

/** The highest set bit, -1 if there is none. */
export function lastBit(words: Uint32Array): number {
  for (let index = words.length - 1; index >= 0; index--) {
    if (words[index] !== 0) return (index << 5) + 31 - Math.clz32(words[index]);
  }
  return -1;
}

/** Number of set bits. */
export function weight(words: Uint32Array): number {
  let sum = 0;
  for (let i = 0; i < words.length; i++) sum += wordWeight(words[i]);
  return sum;
}

/** Set bit number `n`, from 0 on; -1 if there are not so many. */
export function nthBit(words: Uint32Array, n: number): number {
  let left = n;
  for (let index = 0; index < words.length; index++) {
    let word = words[index] | 0;
    const there = wordWeight(word);
    if (left >= there) left -= there;
    else {
      for (; left > 0; left--) word &= word - 1;
      return (index << 5) + 31 - Math.clz32(word & -word);
    }
  }
  return -1;
}

/** Number of set bits of 32. */
function wordWeight(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
