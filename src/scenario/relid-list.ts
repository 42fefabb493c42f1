import { RELIDS } from '../host/relids.js';
import type { Relid } from '../lib/brand.js';
import type { RelidList } from './options/devices.js';

/** Numbers and ranges of them with commas between. */
export const relidListPattern = /^\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*$/;

/** What is wrong with a text that matches `relidListPattern`; undefined: nothing. */
export function relidListProblem(text: string): string | undefined {
  for (const [first, last] of rangesOf(text)) {
    const wrong = [first, last].find((relid) => relid < 1 || relid > RELIDS);
    if (wrong !== undefined) return `relid ${wrong} is not in 1..${RELIDS}`;
    if (first > last) return `the range ${first}-${last} goes down: write ${last}-${first}`;
  }
  return undefined;
}

/** The relids of a list, in its order. */
export function relidsOfList(list: RelidList): readonly Relid[] {
  if (typeof list !== 'string') return list;
  return rangesOf(list).flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, i) => first + i),
  );
}

/** The shortest text that `relidsOfList` reads as these relids: three or more that count up are a range. */
export function relidListText(relids: readonly Relid[]): string {
  const parts: string[] = [];
  for (let at = 0; at < relids.length; ) {
    let end = at + 1;
    while (end < relids.length && relids[end] === relids[end - 1] + 1) end += 1;
    if (end - at < 3) end = at + 1;
    parts.push(end - at === 1 ? `${relids[at]}` : `${relids[at]}-${relids[end - 1]}`);
    at = end;
  }
  return parts.join(',');
}

function rangesOf(text: string): [first: Relid, last: Relid][] {
  return text.split(',').map((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return [first, last];
  });
}
