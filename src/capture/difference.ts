/** Where two texts differ. */
export interface Difference {
  /** From 1. */
  readonly line: number;
  /** `LINE:COLUMN: sentence` */
  readonly text: string;
}

/**
 * The first difference between a text and the same text printed again; undefined if there is none.
 *
 * @param who subject of the sentence: who printed it again.
 */
export function firstDifference(expected: string, actual: string, who: string): Difference | undefined {
  if (expected === actual) return undefined;
  const wanted = expected.split('\n');
  const found = actual.split('\n');
  const i = wanted.findIndex((line, at) => line !== found[at]);
  const row = i < 0 ? wanted.length : i;
  const [line = '', other = ''] = [wanted[row], found[row]];
  let column = 0;
  while (column < line.length && line[column] === other[column]) column += 1;
  const text = `${row + 1}:${column + 1}: the line is ${JSON.stringify(line)}, but ${who} ${JSON.stringify(other)}`;
  return { line: row + 1, text };
}
