// A large /proc/interrupts read back, and made a scenario of; beside it a C program of ours that calls strtoul for each
// count (floor/parse.c), in the same run.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { parseInterrupts } from '../dist/view/interrupts/parse.js';
import { secondsSince } from './cpu-time.js';
import { withFloor } from './floor.js';
import { IRQS, machineWithCounts } from './interrupts.js';

const CPUS = 416;
const RATIO = 0.3;

/** The least CPU seconds of some turns, and what the work gave. */
function best(turns, work) {
  let seconds = Number.POSITIVE_INFINITY;
  let result;
  for (let turn = 0; turn < turns; turn++) {
    const from = process.cpuUsage();
    result = work();
    seconds = Math.min(seconds, secondsSince(from));
  }
  return { seconds, result };
}

const sumOf = (rows) =>
  rows.reduce((sum, { counts }) => sum + counts.reduce((part, count) => part + count, 0), 0);

function inFloor(floor, bytes) {
  const directory = mkdtempSync(join(tmpdir(), 'irqlab-bench-'));
  try {
    const file = join(directory, 'interrupts');
    writeFileSync(file, bytes);
    return JSON.parse(execFileSync(floor, [file, String(CPUS)], { encoding: 'utf8' }));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** @param smoke only show that it works. */
export function parse({ smoke }) {
  const bytes = Buffer.from(machineWithCounts(CPUS).view.bytes());
  const text = bytes.toString('latin1');
  const { seconds, result } = best(smoke ? 1 : 10, () => parseInterrupts(text));
  const sum = sumOf(result.table.rows);
  return withFloor('parse.c', (floor) => {
    const limit = floor && inFloor(floor, bytes);
    const rate = (each) => `${Math.round(bytes.length / each / 1e6)} MB/s`;
    return {
      name: `/proc/interrupts of ${IRQS} IRQs on ${CPUS} CPUs, read back`,
      ok: limit === undefined || limit.sum === sum,
      lines: [],
      rows: [
        {
          bench: `parse-${CPUS}`,
          figure: rate(seconds),
          limit: limit ? `C, strtoul: ${rate(limit.seconds)}` : 'C, strtoul: no C compiler (cc) here',
          ratio: limit && limit.seconds / seconds,
          reach: RATIO,
        },
      ],
    };
  });
}

if (!isMainThread) parentPort.postMessage(parse(workerData));
