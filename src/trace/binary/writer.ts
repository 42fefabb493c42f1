import { utf8 } from './utf8.js';

/** Pieces of the file, whose numbers are little-endian. */
export class Writer {
  private readonly parts: Uint8Array[] = [];
  bytes = 0;

  raw(bytes: Uint8Array): this {
    this.parts.push(bytes);
    this.bytes += bytes.length;
    return this;
  }

  number(value: number, size: 1 | 2 | 4 | 8): this {
    const bytes = new Uint8Array(size);
    for (let i = 0, rest = value; i < size; i++, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
    return this.raw(bytes);
  }

  /** A text with its NUL. */
  text(text: string): this {
    return this.raw(utf8(`${text}\0`));
  }

  /** A text behind its length. */
  counted(text: string, size: 4 | 8): this {
    const bytes = utf8(text);
    return this.number(bytes.length, size).raw(bytes);
  }

  padTo(size: number): this {
    return this.raw(new Uint8Array(size - this.bytes));
  }

  get all(): Uint8Array {
    const whole = new Uint8Array(this.bytes);
    let at = 0;
    for (const part of this.parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}
