import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import * as irqlab from 'irqlab';
import { expected, useAll } from './consumer/main.js';

// tools/check-package.js compiles and runs the same files in a project that has nothing but the packed package.

const consumer = new URL('consumer/', import.meta.url);
const uses = readdirSync(consumer)
  .map((name) => readFileSync(new URL(name, consumer), 'utf8'))
  .join('\n');

/** Names that a module exports, types included, those of other modules of src not followed. */
function namesExportedBy(file: string): string[] {
  const text = readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8');
  const lists = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list]) => list.split(','));
  const namespaces = [...text.matchAll(/^export \* as (\w+)/gm)].map(([, name]) => name);
  return [...lists, ...namespaces]
    .map((name) => name.replace('type ', '').trim())
    .filter((name) => name !== '');
}

test('what a user of the package does comes out', () => {
  expect(useAll()).toEqual(expected);
});

test('every export of the package is used there', () => {
  const names = ['index.ts', 'browser.ts', 'explore.ts', 'lab.ts', 'explore/index.ts'].flatMap(
    namesExportedBy,
  );
  expect(names.length).toBeGreaterThan(80);
  expect(names).toEqual(expect.arrayContaining(Object.keys(irqlab)));
  expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(uses))).toEqual([]);
});
