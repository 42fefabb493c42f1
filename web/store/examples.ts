// The scenarios of examples/, which come with the page: it asks for nothing once it is loaded.
const files = import.meta.glob<string>('../../examples/*.yaml', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** Their texts by file name, sorted. */
export const examples: ReadonlyMap<string, string> = new Map(
  Object.entries(files)
    .map(([path, text]) => [path.replace(/^.*\//, ''), text] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1)),
);
