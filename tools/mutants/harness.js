// Stands in for '@jest/globals': collects the tests of the files that are loaded, so that each can run any number of
// times in one process. What is before or after all tests of a block runs before or after each.
import { expect } from 'expect';
import { ModuleMocker } from 'jest-mock';

/** @typedef {{ file: string, name: string, run: () => Promise<void> }} Test */
/** @type {Test[]} */
export const tests = [];

let block = { name: '', parent: undefined, before: [], after: [] };
let loading = '';

/** Loads a test file. */
export async function loadTests(file, url) {
  loading = file;
  block = { name: '', parent: undefined, before: [], after: [] };
  await import(url);
}

function describe(name, body) {
  const parent = block;
  block = { name: String(name), parent, before: [], after: [] };
  try {
    body();
  } finally {
    block = parent;
  }
}

function lineage(of) {
  return of === undefined ? [] : [...lineage(of.parent), of];
}

function test(name, body) {
  const blocks = lineage(block);
  const full = [...blocks.slice(1).map((each) => each.name), name].join(' › ');
  const same = tests.filter((other) => other.file === loading && other.name.split(' #')[0] === full).length;
  tests.push({
    file: loading,
    name: same === 0 ? full : `${full} #${same + 1}`,
    run: async () => {
      for (const { before } of blocks) for (const hook of before) await hook();
      try {
        await body();
      } finally {
        for (const { after } of [...blocks].reverse()) for (const hook of after) await hook();
      }
    },
  });
}

/** One call of `define` for each row; a row that is no list is the only argument. */
function each(define) {
  return (rows) => (name, body) => {
    for (const row of rows) define(name, () => body(...(Array.isArray(row) ? row : [row])));
  };
}

const nothing = () => {};
for (const define of [describe, test]) Object.assign(define, { each: each(define), skip: nothing });

const beforeEach = (hook) => block.before.push(hook);
const afterEach = (hook) => block.after.push(hook);
const jest = new ModuleMocker(globalThis);

export {
  afterEach as afterAll,
  afterEach,
  beforeEach as beforeAll,
  beforeEach,
  describe,
  expect,
  test as it,
  jest,
  test,
};
