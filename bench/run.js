// Runs the benches: `npm run bench` measures, `npm run bench -- --smoke` only shows that they work; --json prints the
// results as JSON. Each row of the table has its limit from the same run, and the ratio that it is to reach.
import { Worker } from 'node:worker_threads';
import { boot } from './boot.js';
import { hotPath } from './hot-path.js';
import { start } from './start.js';
import { traced } from './trace.js';

const smoke = process.argv.includes('--smoke');
const json = process.argv.includes('--json');

/** In a thread of its own: code that was compiled for one bench's guest would slow the others down. */
function inThread(file) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(file, import.meta.url), { workerData: { smoke } });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

function rowText({ bench, figure, limit, ratio, reach }) {
  if (ratio === undefined) return `${bench}: ${figure}; ${limit}`;
  const falls = ratio < reach ? ', TOO SLOW' : '';
  return `${bench}: ${figure}; ${limit}; ratio ${ratio.toFixed(2)}, to reach ${reach}${smoke ? '' : falls}`;
}

const results = [hotPath({ smoke })];
for (const file of ['./explore.js', './render.js']) results.push(await inThread(file));
results.push(traced({ smoke }), boot({ smoke }), start({ smoke }));
if (json) console.log(JSON.stringify(results, undefined, 2));
for (const { name, lines, ok, rows = [] } of results) {
  const fast = smoke || rows.every(({ ratio, reach }) => ratio === undefined || ratio >= reach);
  if (!ok || !fast) process.exitCode = 1;
  if (json) continue;
  console.log(name);
  for (const line of [...lines, ...rows.map(rowText)]) console.log(`  ${line}`);
}
