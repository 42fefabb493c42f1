/** One place of a pattern: which characters may stand there, or any number of any. */
type Place = 'many' | ((char: string) => boolean);

/**
 * Whether a whole text is as a pattern says with `*`, `?`, classes such as `[0-3]` and `[!a]`, and backslashes before what
 * is meant literally (lib/glob.c glob_match). A class without an end is a bracket.
 */
export function globOf(pattern: string): (text: string) => boolean {
  const places = placesOf(pattern);
  return (text) => {
    let place = 0;
    let at = 0;
    let many = -1;
    let manyFrom = 0;
    while (at < text.length || places[place] === 'many') {
      const here = places[place];
      if (here === 'many') {
        many = place;
        manyFrom = at;
        place += 1;
        continue;
      }
      if (here?.(text[at])) {
        place += 1;
        at += 1;
        continue;
      }
      if (many < 0 || manyFrom >= text.length) return false;
      manyFrom += 1;
      at = manyFrom;
      place = many + 1;
    }
    return place === places.length;
  };
}

function placesOf(pattern: string): Place[] {
  const places: Place[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at];
    const end = char === '[' ? endOfClass(pattern, at) : -1;
    if (char === '*') places.push('many');
    else if (char === '?') places.push(() => true);
    else if (end >= 0) {
      places.push(classOf(pattern.slice(at + 1, end)));
      at = end;
    } else if (char === '\\' && at + 1 < pattern.length) places.push(literal(pattern[++at]));
    else places.push(literal(char));
  }
  return places;
}

function literal(wanted: string): Place {
  return (char) => char === wanted;
}

/** Where the class that begins at `from` ends; its first character may be a bracket. -1: nowhere. */
function endOfClass(pattern: string, from: number): number {
  const first = from + (pattern[from + 1] === '!' ? 2 : 1);
  return pattern.indexOf(']', first + 1);
}

function classOf(text: string): Place {
  const inverted = text.startsWith('!');
  const spans = [...text.slice(Number(inverted)).matchAll(/([\s\S])(?:-([\s\S]))?/g)];
  return (char) => spans.some(([, from, to = from]) => from <= char && char <= to) !== inverted;
}
