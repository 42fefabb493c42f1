/** A text's bytes. The encoder is made when it is used: a page or a realm without one can do all that needs no bytes. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** How many bytes that are. Half of a character that takes two words counts as what stands for it (U+FFFD). */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) bytes += 1;
    else if (code < 0x800) bytes += 2;
    else if (code >= 0xd800 && code < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      bytes += 4;
      i += 1;
    } else bytes += 3;
  }
  return bytes;
}
