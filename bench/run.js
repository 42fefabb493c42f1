// Runs the benches: npm run bench -- --help. Each row has its limit from the same run, and the ratio that it is to reach at
// least, or at most.
import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Command, Option } from 'commander';
import { boot } from './boot.js';
import { hotPath } from './hot-path.js';
import { memory } from './memory.js';
import { mount } from './mount.js';
import { start } from './start.js';
import { suite } from './suite.js';
import { traced } from './trace.js';
import { web } from './web.js';

/** What is measured in a thread of its own, and what beside the others or in processes of its own. */
const inThreads = ['scale', 'simulate', 'explore', 'spin', 'render', 'parse'];
const benches = {
  dispatch: hotPath,
  ...Object.fromEntries(inThreads.map((name) => [name, () => inThread(`./${name}.js`)])),
  trace: traced,
  boot,
  memory,
  start,
  mount,
  web,
  suite,
};
const names = Object.keys(benches);

const program = new Command('bench')
  .description('Measures irqlab beside limits of the same run, and says which ratios are not reached.')
  .addOption(new Option('--only <names...>', 'these benches, not all').choices(names))
  .option('--smoke', 'only show that they work: nothing is measured')
  .option('--json', 'print the results as JSON')
  .option('--record', 'add the ratios to bench/history.jsonl')
  .addHelpText(
    'after',
    `
Exits with 1 if something comes out wrong; a ratio that is not reached is none. Times count on a machine that does nothing
else.

Examples:
  $ npm run bench
  $ npm run bench -- --only dispatch simulate
  $ npm run bench -- --smoke --json`,
  )
  .allowExcessArguments(false);
program.parse();
const { smoke = false, json = false, record = false, only = names } = program.opts();
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

const results = [];
for (const name of names.filter((one) => only.includes(one))) results.push(await benches[name]({ smoke }));
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
if (record) {
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
