const SMALLEST = 4096;
const LAST_ASCII = 0x7f;
/** Characters that one call makes a string of, where the language is all there is. */
const AT_ONCE = 8192;

/** ASCII, as UTF-8 has it; what runs nothing but the language has no decoder. */
const decoder = typeof TextDecoder === 'undefined' ? undefined : new TextDecoder();

/** A text under construction, a byte for each character, in memory that is used again for the next one. */
export class TextBytes {
  /** Where the next character goes. */
  at = 0;
  private memory = new Uint8Array(SMALLEST);
  private words = new DataView(this.memory.buffer);
  private seen = 0;

  /** True while no other characters have been written than ASCII's. */
  get isAscii(): boolean {
    return this.seen <= LAST_ASCII;
  }

  /** The memory, with room for `sizeBytes` from `at` on. It moves when it grows. */
  reserve(sizeBytes: number): Uint8Array {
    const end = this.at + sizeBytes;
    if (end > this.memory.length) {
      const { memory } = this;
      this.memory = new Uint8Array(Math.max(end, 2 * memory.length));
      this.memory.set(memory);
      this.words = new DataView(this.memory.buffer);
    }
    return this.memory;
  }

  /** The memory for who writes several characters at once. It moves as that does. */
  get view(): DataView {
    return this.words;
  }

  /** Appends a text. Of characters above U+00FF the lower eight bits are written; `isAscii` tells of them. */
  text(text: string): void {
    const { length } = text;
    const memory = this.reserve(length);
    let { at } = this;
    let seen = 0;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      seen |= code;
      memory[at++] = code;
    }
    this.at = at;
    this.seen |= seen;
  }

  /** What has been written; it stays as it is until something else is written. */
  written(): Uint8Array {
    return this.memory.subarray(0, this.at);
  }

  /** What has been written as a string; right for ASCII only. */
  asciiText(): string {
    const bytes = this.written();
    if (decoder !== undefined) return decoder.decode(bytes);
    let text = '';
    for (let from = 0; from < bytes.length; from += AT_ONCE)
      text += String.fromCharCode(...bytes.subarray(from, from + AT_ONCE));
    return text;
  }
}

/** A text as bytes, a byte for each character. */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** The other way round. */
export function latin1Text(bytes: Uint8Array): string {
  let text = '';
  for (let from = 0; from < bytes.length; from += AT_ONCE)
    text += String.fromCharCode(...bytes.subarray(from, from + AT_ONCE));
  return text;
}
