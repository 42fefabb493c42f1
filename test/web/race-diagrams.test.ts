import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { races } from '../../src/races/index.js';

interface Diagrams {
  diagramsOf(race: string): string;
}
// A part of the page's build, which is no TypeScript.
const { diagramsOf } = (await import(
  new URL('../../web/race-diagrams.js', import.meta.url).href
)) as Diagrams;

test.each(races.map(({ id }) => id))('%s is drawn, with what is forbidden', (id) => {
  const text = diagramsOf(id);
  expect(text).toMatch(/^Forbidden.*:/m);
  expect(text).toMatch(/(?:^.+\n){3}Forbidden/m);
  expect(text).not.toMatch(/```|^ ?\*|races\//m);
});

test('a race without a drawing has none', () => {
  expect(diagramsOf('no-such-race')).toBe('');
});

test('the drawing of the code that a race runs is shown as it stands there', () => {
  const source = readFileSync(new URL('../../src/vmbus/ring/writer.ts', import.meta.url), 'utf8');
  const [first] = diagramsOf('ring-empty-signal').split('\n');
  expect(source).toContain(first);
  expect(diagramsOf('ring-empty-signal')).toContain(
    'commit write_index                        interrupt_mask = 0',
  );
});
