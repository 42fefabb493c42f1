// A process that has test files loaded, and runs those tests that its parent names with the mutant that it names.
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import jestConfig from '../../jest.config.js';
import { mutated } from './compiled.js';

const NONE = -1;
/** A test that asks more often by itself is too long to be run against mutants. */
const MOST_CALLS = 100_000_000;
let active = NONE;
let calls = 0;
let limit = Number.POSITIVE_INFINITY;
/** What has been come by, a mark for each mutant. */
const hits = new Uint8Array(1 << 15);
let isRecording = true;

/** Each place that a mutant is in asks this; a run that asks far more often than without it will not end. */
globalThis.__mutant = (id) => {
  if (isRecording) hits[id] = 1;
  if (++calls > limit) throw new Error('does not end');
  return id === active;
};

function hitIds() {
  return [...hits.keys()].filter((id) => hits[id] === 1);
}

const [, , planText] = process.argv;
const { files, plan } = JSON.parse(planText);
/** For tests that make scripts of the sources themselves: these have the same mutants. */
globalThis.__mutated = (source, file) => mutated(source, file, plan);
register('./loader.js', import.meta.url, { data: plan });
const { loadTests, tests } = await import('./harness.js');
const root = new URL('../../', import.meta.url).href;
for (const file of jestConfig.setupFilesAfterEnv) await import(file.replace('<rootDir>/', root));

async function passes(test, id, most) {
  active = id;
  calls = 0;
  limit = most;
  try {
    await test.run();
    return true;
  } catch {
    return false;
  } finally {
    active = NONE;
    limit = Number.POSITIVE_INFINITY;
  }
}

/** Runs each test once: whether it passes, how long it takes and which mutants it comes by. */
async function record() {
  const recorded = [];
  isRecording = true;
  for (const test of tests) {
    hits.fill(0);
    process.send({ running: test.name });
    const begin = process.cpuUsage();
    const passed = await passes(test, NONE, MOST_CALLS);
    recorded.push({
      file: test.file,
      name: test.name,
      passed,
      ms: process.cpuUsage(begin).user / 1000,
      calls,
      hits: hitIds(),
      isLong: calls > MOST_CALLS,
    });
  }
  return recorded;
}

/** @returns the first test that fails with mutant `id`, and whether it passes again without it. */
async function kill({ id, chosen }) {
  isRecording = false;
  for (const { index, limit: most } of chosen) {
    process.send({ running: index });
    if (await passes(tests[index], id, most)) continue;
    return { killer: index, clean: await passes(tests[index], NONE, Number.POSITIVE_INFINITY) };
  }
  return {};
}

process.on('message', async (message) => {
  process.send({ result: message.record ? await record() : await kill(message) });
});
process.on('disconnect', () => process.exit());

try {
  for (const file of files) await loadTests(file, pathToFileURL(file).href);
  process.send({ result: { loaded: tests.map(({ file, name }) => ({ file, name })), hits: hitIds() } });
} catch (error) {
  process.send({ result: { failed: String(error?.stack ?? error) } });
}
