import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { pages, readPage, root } from './pages.js';

/** Targets of links to files of this repository, anchors left out. */
function linkTargets(text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target.replace(/#.*$/, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target));
}

/** Files and folders that a text names by their path from the repository's top. */
function namedPaths(text: string): string[] {
  const paths = text.matchAll(/(?<![\w/.$-])(?:src|test|tools|examples|bench|docs|schema)\/[\w./+-]*[\w/]/g);
  return [...paths].map(([path]) => path);
}

/** `npm test -- test/explore/enumerator` goes without the end of the file's name. */
function isThere(path: string): boolean {
  return [path, `${path}.test.ts`].some((name) => existsSync(new URL(name, root)));
}

/** Words set as code that are written like names of ours, with a capital inside: `Cpu.doSoftirq` has `doSoftirq`. */
function namedInCode(text: string): string[] {
  const inline = text.replace(/```[\s\S]*?```/g, '').matchAll(/`([^`\n]+)`/g);
  return [...inline].flatMap(([, code]) => wordsOf(code)).filter((word) => /[a-z][A-Z]/.test(word));
}

function wordsOf(text: string): string[] {
  return text.match(/[A-Za-z_]\w*/g) ?? [];
}

/** Every word of the sources and of what configures the tools. */
const sourceWords = new Set(
  ['src', 'test', 'tools', 'examples', 'bench']
    .flatMap((folder) =>
      readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.(ts|js)$/.test(name))
        .map((name) => `${folder}/${name}`),
    )
    .concat('package.json', 'tsconfig.json', 'biome.json')
    .flatMap((file) => wordsOf(readFileSync(new URL(file, root), 'utf8'))),
);

describe.each(pages.map((page) => ({ page })))('$page', ({ page }) => {
  const text = readPage(page);

  test('links to files that are there', () => {
    const missing = linkTargets(text).filter((target) => !existsSync(new URL(target, new URL(page, root))));
    expect(missing).toEqual([]);
  });

  test('names files that are there', () => {
    const missing = namedPaths(text).filter((path) => !isThere(path));
    expect(missing).toEqual([]);
  });

  test('names classes and functions that are there', () => {
    expect(namedInCode(text).filter((word) => !sourceWords.has(word))).toEqual([]);
  });
});

test('what a page names is found in it', () => {
  expect(linkTargets('[a](docs/a.md#top) [b](https://x.org/b) [c](#here)')).toEqual(['docs/a.md']);
  expect(namedPaths('in src/irq/line/flow.ts, as src/irq does. See /work/src/x and test/docs.')).toEqual([
    'src/irq/line/flow.ts',
    'src/irq',
    'test/docs',
  ]);
  expect(namedInCode('`Cpu.doSoftirq` of do_softirq, `new Cpu()`, someWord')).toEqual(['doSoftirq']);
});
