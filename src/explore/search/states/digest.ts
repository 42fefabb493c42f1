const numbers = new Float64Array(1);
const words = new Int32Array(numbers.buffer);

/** Digests of texts, each worked out once. */
const texts = new Map<string, number>();

function digestOfText(text: string): number {
  let known = texts.get(text);
  if (known === undefined) {
    known = 0x811c9dc5 | 0;
    for (let i = 0; i < text.length; i++) known = Math.imul(known ^ text.charCodeAt(i), 0x01000193);
    texts.set(text, known);
  }
  return known;
}

/**
 * A digest of 64 bits of a sequence of values, in two halves that are worked out apart: each as MurmurHash3 does it (Austin
 * Appleby, public domain), with multipliers of their own.
 */
export class Digest {
  a = 0;
  b = 0;

  /** Goes on from another digest, or from two numbers. */
  from(a: number, b: number): void {
    this.a = a;
    this.b = b;
  }

  /** @param x an integer of 32 bits. */
  add(x: number): void {
    let k = Math.imul(x, 0xcc9e2d51);
    k = (k << 15) | (k >>> 17);
    let { a, b } = this;
    a ^= Math.imul(k, 0x1b873593);
    a = (a << 13) | (a >>> 19);
    this.a = (Math.imul(a, 5) + 0xe6546b64) | 0;
    k = Math.imul(x ^ 0x5bd1e995, 0x85ebca6b);
    k = (k << 16) | (k >>> 16);
    b ^= Math.imul(k, 0xc2b2ae35);
    b = (b << 11) | (b >>> 21);
    this.b = (Math.imul(b, 9) + 0x38b34ae5) | 0;
  }

  addPair(a: number, b: number): void {
    this.add(a);
    this.add(b);
  }

  addNumber(x: number): void {
    if ((x | 0) === x) {
      this.add(x);
      return;
    }
    numbers[0] = x;
    this.add(words[0]);
    this.add(words[1] ^ 0x2545f491);
  }

  addText(text: string): void {
    this.add(digestOfText(text));
    this.add(text.length);
  }

  /** Adds what is no object. */
  addPlain(value: number | string | boolean | bigint | null | undefined): void {
    if (typeof value === 'number') this.addNumber(value);
    else if (typeof value === 'string') this.addText(value);
    else if (typeof value === 'bigint') this.addText(`${value}n`);
    else this.add(value === true ? 0x11 : value === false ? 0x12 : value === null ? 0x13 : 0x14);
  }

  /** Has each bit depend on all that was added. */
  finish(): void {
    let { a, b } = this;
    a ^= b >>> 7;
    a = Math.imul(a ^ (a >>> 16), 0x85ebca6b);
    a = Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
    a ^= a >>> 16;
    b ^= a;
    b = Math.imul(b ^ (b >>> 16), 0x7feb352d);
    b = Math.imul(b ^ (b >>> 15), 0x846ca68b);
    this.a = a;
    this.b = b ^ (b >>> 16);
  }
}
