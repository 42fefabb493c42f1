import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { readPage, root } from './pages.js';

const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string };

test('what is not released comes first, then versions with their dates, that of package.json before all', () => {
  const [first, newest, ...older] = [...readPage('CHANGELOG.md').matchAll(/^## (.*)$/gm)].map(
    ([, heading]) => heading,
  );
  expect(first).toBe('Unreleased');
  expect(newest).toMatch(/^\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d$/);
  expect(newest.split(' ')[0]).toBe(version);
  for (const heading of older) expect(heading).toMatch(/^\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d$/);
});
