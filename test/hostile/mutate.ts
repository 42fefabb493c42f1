import { Prng } from '../../src/lib/prng.js';

/** What stands in files and means something, and what should mean nothing. */
const pieces = [
  '{',
  '}',
  '[',
  ']',
  ': ',
  '- ',
  ', ',
  '*a',
  '&a ',
  '!!x ',
  '"',
  "'",
  '\n',
  '\r\n',
  '\t',
  '~',
  '<<: ',
  '#',
  '%',
  '0',
  '-1',
  '1e9',
  '1e309',
  '0x',
  '2147483648',
  '4294967295',
  '99999999999999999999',
  'NaN',
  'null',
  'true',
  '\0',
  '\x1b[2J',
  '\x7f',
  '\xff\xfe',
  '\xc3',
  '__proto__',
  'constructor',
  'toString',
  '--',
  '…',
];
const MOST_EDITS = 4;

/** A file's bytes with some of them changed, cut out, doubled or put in; the same numbers give the same. */
export function mutated(bytes: Uint8Array, seed: number): Uint8Array {
  const prng = new Prng(seed);
  let text = Buffer.from(bytes).toString('latin1');
  for (let edits = 1 + prng.below(MOST_EDITS); edits > 0; edits--) text = editOnce(text, prng);
  return Buffer.from(text, 'latin1');
}

function editOnce(text: string, prng: Prng): string {
  const at = prng.below(text.length + 1);
  const length = prng.below(prng.pick([2, 8, 40, 400]));
  const [before, part, after] = [text.slice(0, at), text.slice(at, at + length), text.slice(at + length)];
  switch (prng.below(8)) {
    case 0:
      return before + after;
    case 1:
      return before + part + part + after;
    case 2:
      return before;
    case 3:
      return before + String.fromCharCode(prng.below(256)) + after;
    case 4:
      return text.replace(/[^\n]*\n/g, (line, place: number) =>
        place <= at && at < place + line.length ? '' : line,
      );
    case 5: {
      // Another number in place of one.
      const digits = /\d+/.exec(text.slice(at));
      if (digits === null) return before + after;
      const from = at + digits.index;
      return `${text.slice(0, from)}${prng.pick(pieces)}${text.slice(from + digits[0].length)}`;
    }
    default:
      return before + prng.pick(pieces) + after;
  }
}
