// Stands in for '@jest/globals', which loads only in the world that jest's own runner makes. The runner puts jest's
// parts into the global object; it knows no time limit, so tests get theirs here.
import { bind } from 'jest-each';

const { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test: circusTest } = globalThis;

/** Milliseconds. A loaded machine takes as long as it takes; this is for what never ends. */
const LIMIT = 300_000;

/** A test that says how long it may take has at least as long. */
async function inTime(body, limit = LIMIT) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${limit / 1000} s`)), limit);
  });
  try {
    await Promise.race([body(), late]);
  } finally {
    clearTimeout(timer);
  }
}

const test = (name, body, limit = 0) => circusTest(name, () => inTime(body, Math.max(limit, LIMIT)));
test.each = bind(test, false);
test.skip = circusTest.skip;

export { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test as it, jest, test };
