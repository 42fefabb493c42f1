import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { readPage, root } from './pages.js';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as Manifest;
const page = readPage('docs/dependencies.md');

/** The packages in the first cells of the tables in a section; one line may name several. */
function packagesIn(section: string): string[] {
  const [, text = ''] = page.split(`## ${section}\n`);
  const rows = text
    .split('\n## ')[0]
    .split('\n')
    .filter((line) => /^\| (?!package )/.test(line));
  return rows.flatMap((row) => row.split('|')[1].split(',')).map((name) => name.trim());
}

test.each([
  { section: 'At run time', names: Object.keys(manifest.dependencies) },
  { section: 'For development', names: Object.keys(manifest.devDependencies) },
])('$section: each package has its reason, and none that is gone', ({ section, names }) => {
  expect(packagesIn(section).sort()).toEqual([...names].sort());
});
