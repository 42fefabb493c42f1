import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { type Architecture, parseLitmus } from '../../src/litmus/file.js';
import { type LitmusResult, runLitmus } from '../../src/litmus/run.js';

const sets: Readonly<Record<Architecture, URL>> = {
  AArch64: new URL('aarch64/', import.meta.url),
  X86: new URL('x86/', import.meta.url),
};

/** What Arm allows only where a store reaches memory before a load in front of it: load buffering, which is left out. */
const leftOut: readonly string[] = [
  'ISA2+dmb.ish+po+addr',
  'LB',
  'LB+data+po',
  'S+dmb.ish+po',
  'WRC+po+addr',
  'Z6.2+dmb.ish+po+data',
];

function resultsOf(directory: URL): LitmusResult[] {
  return readdirSync(directory).map((file) =>
    runLitmus(parseLitmus(file, readFileSync(new URL(file, directory), 'utf8'))),
  );
}

describe.each(Object.entries(sets))('the tests for %s', (architecture, directory) => {
  const results = resultsOf(directory);

  test('are sixty and more', () => {
    expect(results.length).toBeGreaterThanOrEqual(60);
    expect(results.filter(({ complete }) => !complete)).toEqual([]);
  });

  test('come out as their files say, but for load buffering', () => {
    const differ = results.filter(({ difference }) => difference !== undefined).map(({ name }) => name);
    expect(differ.sort()).toEqual(architecture === 'AArch64' ? leftOut : []);
  });

  test('have both kinds of results', () => {
    expect(new Set(results.map(({ observation }) => observation))).toEqual(new Set(['Never', 'Sometimes']));
  });
});

test('what one order of all steps can do, any memory can', () => {
  for (const directory of Object.values(sets)) {
    for (const file of readdirSync(directory)) {
      const parsed = parseLitmus(file, readFileSync(new URL(file, directory), 'utf8'));
      const { states } = runLitmus(parsed, 'sc');
      for (const memory of ['tso', 'arm64'] as const) {
        const weaker = new Set(runLitmus(parsed, memory).states);
        expect({ file, memory, states: states.filter((state) => !weaker.has(state)) }).toEqual({
          ...{ file, memory, states: [] },
        });
      }
    }
  }
});
