/**
 * A seeded generator of pseudo-random numbers (xoshiro128**, seeded through splitmix32): the same seed gives the
 * same numbers on every machine.
 */
export class Prng {
  private readonly state = new Uint32Array(4);

  /** @param seed any integer; its low 32 bits count. */
  constructor(seed: number) {
    let mix = seed >>> 0;
    for (let i = 0; i < 4; i++) {
      mix = (mix + 0x9e3779b9) >>> 0;
      let word = mix;
      word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
      word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
      this.state[i] = word ^ (word >>> 16);
    }
  }

  /** Next 32 random bits, 0 to 2^32 - 1. */
  next(): number {
    const s = this.state;
    const mixed = Math.imul(s[1], 5);
    const result = Math.imul((mixed << 7) | (mixed >>> 25), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** A random integer from 0 to `bound` - 1; `bound` is 1 to 2^32. */
  below(bound: number): number {
    if (!(bound >= 1 && bound <= 0x100000000)) throw new RangeError(`bound ${bound} is not in 1..2^32`);
    return Math.floor((this.next() / 0x100000000) * bound);
  }

  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }
}
