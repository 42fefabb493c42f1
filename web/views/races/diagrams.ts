// What the sources draw of races: two columns, and what is forbidden. race-diagrams.js takes it out of them.
const texts = import.meta.glob<string>('../../../src/races/*.ts', {
  query: '?diagram',
  import: 'default',
  eager: true,
});

/** The drawing of a race, for those that have one. */
export function diagramOf(race: string): string | undefined {
  const text = texts[`../../../src/races/${race}.ts`];
  return text === '' ? undefined : text;
}
