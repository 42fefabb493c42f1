import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { type Architecture, parseLitmus } from '../../src/litmus/file.js';
import { memoryModels } from '../../src/explore/model.js';
import { type LitmusResult, runLitmus } from '../../src/litmus/run.js';

const kernels = new URL('c/', import.meta.url);
const sets: Readonly<Record<Exclude<Architecture, 'C'>, URL>> = {
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
    const observations = results.map(({ observation }) => observation);
    expect(observations).toContain('Never');
    expect(observations).toContain('Sometimes');
  });
});

/** What the kernel's memory model allows because some machine does it, and arm64 does not. */
const onlyElsewhere = [
  'LB+poonceonces',
  'Z6.0+pooncelock+pooncelock+pombonce',
  'Z6.0+pooncerelease+poacquirerelease+fencembonceonce',
];

describe('the kernel’s tests', () => {
  const files = readdirSync(kernels).map((file) => ({
    file,
    text: readFileSync(new URL(file, kernels), 'utf8'),
  }));

  test.each(memoryModels)('forbid under %s what their files say', (memory) => {
    const results = files.map(({ file, text }) => runLitmus(parseLitmus(file, text), memory));
    expect(results.length).toBeGreaterThan(50);
    expect(results.filter(({ difference, complete }) => difference !== undefined || !complete)).toEqual([]);
    expect(new Set(results.map((result) => result.memory))).toEqual(new Set([memory]));
  });

  test('have arm64 do what they allow', () => {
    const allowed = files.filter(({ text }) => /Result: Sometimes/.test(text));
    const results = allowed.map(({ file, text }) => runLitmus(parseLitmus(file, text)));
    const never = results.filter(({ observation }) => observation === 'Never');
    expect(never.map(({ name }) => name).sort()).toEqual(onlyElsewhere);
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
