import { readdirSync, readFileSync } from 'node:fs';

/** The repository's top. */
export const root = new URL('../../', import.meta.url);

/** Pages that describe the project as it is, by their paths; CHANGELOG.md tells what was. */
export const pages: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...['docs', 'docs/decisions', 'docs/tutorials', '.github', '.github/ISSUE_TEMPLATE'].flatMap((folder) =>
    readdirSync(new URL(folder, root))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`),
  ),
];

export function readPage(path: string): string {
  return readFileSync(new URL(path, root), 'utf8');
}

/** First cells of a table's rows; the table is the one whose head begins with `head`. */
export function firstCells(page: string, head: string): string[] {
  const from = page.indexOf(`\n| ${head} |`);
  if (from < 0) throw new Error(`no table with the head ${head}`);
  const [, , ...rows] = page.slice(from + 1).split('\n');
  const end = rows.findIndex((row) => !row.startsWith('|'));
  return rows.slice(0, end).map((row) => row.split('|')[1].trim());
}
