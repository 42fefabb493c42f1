// Runs the benches: `npm run bench` measures, `npm run bench -- --smoke` only shows that they work.
import { Worker } from 'node:worker_threads';
import { hotPath } from './hot-path.js';
import { start } from './start.js';

const smoke = process.argv.includes('--smoke');

/** In a thread of its own: code that was compiled for the hot path's guest would slow the explorer's down. */
function explore(options) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./explore.js', import.meta.url), { workerData: options });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

const results = [hotPath({ smoke }), await explore({ smoke }), start({ smoke })];
for (const { name, lines, ok } of results) {
  console.log(name);
  for (const line of lines) console.log(`  ${line}`);
  if (!ok) process.exitCode = 1;
}
