// Runs the benches: `npm run bench` measures, `npm run bench -- --smoke` only shows that they work; --json prints the
// results as JSON, --record adds them to history.jsonl. Each row has its limit from the same run, and the ratio that it
// is to reach at least, or at most.
import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { Worker } from 'node:worker_threads';
import { boot } from './boot.js';
import { hotPath } from './hot-path.js';
import { memory } from './memory.js';
import { start } from './start.js';
import { traced } from './trace.js';

const smoke = process.argv.includes('--smoke');
const json = process.argv.includes('--json');
const history = new URL('history.jsonl', import.meta.url);

/** In a thread of its own: code that was compiled for one bench's guest would slow the others down. */
function inThread(file) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(file, import.meta.url), { workerData: { smoke } });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** Ratios of the last recorded run, by bench. */
function lastRatios() {
  const lines = readFileSync(history, 'utf8').trimEnd().split('\n');
  return lines[0] === '' ? {} : JSON.parse(lines[lines.length - 1]).ratios;
}

const reached = ({ ratio, reach = 0, most = Number.POSITIVE_INFINITY }) =>
  ratio === undefined || (ratio >= reach && ratio <= most);

function rowText(row, last) {
  const { bench, figure, limit, ratio, reach, most } = row;
  if (ratio === undefined) return `${bench}: ${figure}; ${limit}`;
  const aim = most === undefined ? `to reach ${reach}` : `${most} at most`;
  const before = last[bench] === undefined ? '' : `, recorded ${last[bench]}`;
  return `${bench}: ${figure}; ${limit}; ratio ${ratio.toFixed(2)}, ${aim}${smoke || reached(row) ? '' : ', NOT REACHED'}${before}`;
}

const results = [hotPath({ smoke })];
for (const file of ['scale', 'simulate', 'explore', 'render', 'parse'])
  results.push(await inThread(`./${file}.js`));
results.push(traced({ smoke }), boot({ smoke }), memory({ smoke }), start({ smoke }));
const rows = results.flatMap(({ rows: list = [] }) => list);
if (json) console.log(JSON.stringify(results, undefined, 2));
else {
  const last = lastRatios();
  for (const { name, lines, rows: list = [] } of results) {
    console.log(name);
    for (const line of [...lines, ...list.map((row) => rowText(row, last))]) console.log(`  ${line}`);
  }
  const missed = rows.filter((row) => !reached(row)).map(({ bench }) => bench);
  if (!smoke && missed.length > 0) console.log(`not reached: ${missed.join(', ')}`);
}
if (process.argv.includes('--record')) {
  const commit = execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  const ratios = Object.fromEntries(
    rows
      .filter(({ ratio }) => ratio !== undefined)
      .map(({ bench, ratio }) => [bench, Number(ratio.toFixed(2))]),
  );
  const { version } = process;
  appendFileSync(history, `${JSON.stringify({ commit, node: version, cores: cpus().length, ratios })}\n`);
}
// What a ratio is depends on the machine and on its other work; only what comes out wrong is a failure.
if (results.some(({ ok }) => !ok)) process.exitCode = 1;
