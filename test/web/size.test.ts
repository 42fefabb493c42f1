import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';

// What users of the built page load, in bytes as servers compress it.

const built = new URL('../../dist/web/', import.meta.url);
const assets = new URL('assets/', built);

/** Before the guest is there. */
const MOST_AT_FIRST = 330_000;
/** With all views but the editor, which has a library of its own and the importers of captures. */
const MOST_WITHOUT_EDITOR = 400_000;
const ofEditor = /^(scenario-view|captures|xz-decompress)-/;

function sizeOf(names: Iterable<string>): number {
  return [...names].reduce((sum, name) => sum + gzipSync(readFileSync(new URL(name, assets))).length, 0);
}

/** A file of assets/ and all that it imports, but not on demand. */
function withImports(name: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(name)) return found;
  found.add(name);
  const text = readFileSync(new URL(name, assets), 'utf8');
  for (const [, imported] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)) withImports(imported, found);
  return found;
}

// `npm ci` builds the page; where it was left out, there is nothing to weigh.
(existsSync(built) ? describe : describe.skip)('the built page', () => {
  const names = existsSync(assets) ? readdirSync(assets) : [];
  const one = (part: string): string => {
    const [name, ...others] = names.filter((each) => each.startsWith(`${part}-`) && each.endsWith('.js'));
    expect(others).toEqual([]);
    return name;
  };

  test('shows a guest after 330 kB at most', () => {
    const scripts = ['index', 'machine-view', 'start'].flatMap((part) => [...withImports(one(part))]);
    const styles = names.filter((name) => /^(index|machine-view)-.*\.css$/.test(name));
    const first = new Set([...scripts, ...styles]);
    expect([...first].some((name) => name.startsWith('guest-'))).toBe(true);
    expect(sizeOf(first)).toBeLessThanOrEqual(MOST_AT_FIRST);
  });

  test('has 400 kB at most without its editor', () => {
    expect(names.filter((name) => ofEditor.test(name)).length).toBeGreaterThanOrEqual(2);
    expect(sizeOf(names.filter((name) => !ofEditor.test(name)))).toBeLessThanOrEqual(MOST_WITHOUT_EDITOR);
  });
});
