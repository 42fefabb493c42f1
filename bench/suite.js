// The tests, as `npm test` runs them: how long they take, and which takes longest.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const LIMIT_S = 90;
const LONGEST_S = 10;

export function suite({ smoke }) {
  const name = 'the tests';
  if (smoke) return { name, ok: true, lines: ['not run to show that they work'], rows: [] };
  const directory = mkdtempSync(join(tmpdir(), 'irqlab-bench-'));
  try {
    const output = join(directory, 'results.json');
    const from = performance.now();
    spawnSync('npm', ['test', '--', '--json', `--outputFile=${output}`], { cwd: root, stdio: 'ignore' });
    const seconds = (performance.now() - from) / 1000;
    const { success, numPassedTests, testResults } = JSON.parse(readFileSync(output, 'utf8'));
    const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
    const longest = tests.reduce((a, b) => ((a.duration ?? 0) >= (b.duration ?? 0) ? a : b));
    const longestS = (longest.duration ?? 0) / 1000;
    return {
      name,
      ok: success,
      lines: [],
      rows: [
        {
          bench: 'suite',
          figure: `npm test: ${numPassedTests} tests in ${seconds.toFixed(0)} s`,
          limit: `${LIMIT_S} s`,
          ratio: seconds / LIMIT_S,
          most: 1,
        },
        {
          bench: 'suite: longest test',
          figure: `${longestS.toFixed(1)} s: ${longest.fullName}`,
          limit: `${LONGEST_S} s`,
          ratio: longestS / LONGEST_S,
          most: 1,
        },
      ],
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
