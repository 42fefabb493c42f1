import type { Look, Paint } from '../command/paint.js';

/** Select graphic rendition, ECMA-48 8.3.117. */
const codes: Readonly<Record<Look, number>> = { good: 32, bad: 31, doubtful: 33, heading: 1, aside: 2 };

/** A text with colours, if they are wanted. @param paint default: it has none. */
export function painted(text: string, paint: Paint = [], wanted: boolean): string {
  if (!wanted) return text;
  return paint.reduce(
    (colourful, [pattern, look]) =>
      colourful.replace(pattern, (part) => `\x1b[${codes[look]}m${part}\x1b[0m`),
    text,
  );
}

/**
 * True if a stream gets colours: FORCE_COLOR (other than 0 and false) or NO_COLOR decide, else whether it is a terminal
 * that can show them. See no-color.org and force-color.org.
 */
export function wantsColours(
  { isTTY }: { readonly isTTY?: boolean },
  { FORCE_COLOR, NO_COLOR, TERM }: NodeJS.ProcessEnv,
): boolean {
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return !['0', 'false'].includes(FORCE_COLOR);
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  return isTTY === true && TERM !== 'dumb';
}
