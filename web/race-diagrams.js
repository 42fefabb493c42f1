// What the sources draw of races: two columns, and what is forbidden. A race's own source has the drawing, or the code that
// it runs, where the comment names it: `(races/NAME)`.
import { readdirSync, readFileSync } from 'node:fs';

const src = new URL('../src/', import.meta.url);
let drawings;

/** All comments with a drawing, without the signs of a comment and up to the end of what is forbidden. */
function allDrawings() {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  return files.flatMap((file) =>
    [...readFileSync(new URL(file, src), 'utf8').matchAll(/^ *\/\*\*\n([\s\S]*?)\*\//gm)].flatMap(
      ([, comment]) => {
        const lines = comment.split('\n').map((line) => line.replace(/^ *\* ?/, '').trimEnd());
        const forbidden = lines.findIndex((line) => line.startsWith('Forbidden'));
        if (forbidden < 0) return [];
        const end = lines.indexOf('', forbidden);
        const text = lines.slice(0, end < 0 ? undefined : end).filter((line) => line !== '```');
        const races = [...comment.matchAll(/\braces\/([\w-]+)/g)].map(([, race]) => race);
        return [{ file, races, text: text.join('\n').trim() }];
      },
    ),
  );
}

/** @returns the drawings of a race, one behind the other; '' if there is none. */
export function diagramsOf(race) {
  drawings ??= allDrawings();
  const own = drawings.filter(({ file }) => file === `races/${race}.ts`);
  const found = own.length > 0 ? own : drawings.filter(({ races }) => races.includes(race));
  return found
    .map(({ text }) => text.replaceAll(/ ?\(races\/[^)]*\)|\n\(races\/[^)]*\)(?=\.)/g, ''))
    .join('\n\n');
}
