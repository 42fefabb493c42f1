import { latin1Bytes } from '../../lib/text-bytes.js';
import type { DynamicText } from '../c-type.js';
import { utf8, utf8Length } from './utf8.js';

/** The bytes of a text that stands behind the fields of an event. */
export function encodedText(kind: DynamicText, text: string): Uint8Array {
  if (kind === 'utf8') return utf8(`${text}\0`);
  return latin1Bytes(kind === 'latin1' ? `${text}\0` : text);
}

/** How many these are. */
export function encodedLength(kind: DynamicText, text: string): number {
  if (kind === 'utf8') return utf8Length(text) + 1;
  return text.length + Number(kind === 'latin1');
}
