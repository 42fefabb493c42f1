/**
 * A text as a stream gets it. Files can name things by sequences that steer a terminal, so that one sees them by name:
 * ^[ and so on. Where no terminal is, nothing changes.
 */
export function shownOn({ isTTY }: { readonly isTTY?: boolean }, text: string): string {
  return isTTY === true ? text.replace(/[^\P{Cc}\n\t]/gu, inCarets) : text;
}

/** As cat -v shows a control character. */
function inCarets(character: string): string {
  const code = character.charCodeAt(0);
  if (code === 0x7f) return '^?';
  return code < 0x20 ? `^${String.fromCharCode(code + 0x40)}` : `M-^${String.fromCharCode(code - 0x40)}`;
}
