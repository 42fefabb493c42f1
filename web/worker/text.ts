/** Text of a guest's file, which is a byte per character, as UTF-8. */
export function toText(bytes: string): string {
  return new TextDecoder().decode(Uint8Array.from(bytes, (character) => character.charCodeAt(0)));
}
