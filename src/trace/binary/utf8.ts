/** A text's bytes. The encoder is made when it is used: a page or a realm without one can do all that needs no bytes. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
