import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { firstCells, readPage, root } from './pages.js';

const page = readPage('docs/reliability.md');

/** A test by its file and name, in the table of what was attacked. */
const tests = /(test\/[\w/-]+\.test\.ts): \*([^*]+)\*/g;

describe('what was attacked', () => {
  test('has tests in each row', () => {
    const broken = firstCells(page, 'what broke');
    expect(broken.length).toBeGreaterThan(10);
    for (const what of broken) {
      const row = page.split('\n').find((line) => line.startsWith(`| ${what} |`));
      expect({ what, tests: row?.match(tests)?.length ?? 0 }).not.toEqual({ what, tests: 0 });
    }
  });

  test.each([...page.matchAll(tests)].map(([, file, name]) => [file, name]))('%s has: %s', (file, name) => {
    expect(readFileSync(new URL(file, root), 'utf8')).toContain(name);
  });
});
