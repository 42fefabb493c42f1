// /proc/interrupts of large machines into memory that is used again: all rows anew, and again after a hundred counters
// changed. Beside it a C program of ours that copies runs of zeros in blocks (floor/render.c), in the same run.
import { execFileSync } from 'node:child_process';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { kstatIncrIrqsThisCpu } from '../dist/irq/data/kstat.js';
import { InterruptsView } from '../dist/view/interrupts/live.js';
import { withFloor } from './floor.js';
import { IRQS, machineWithCounts } from './interrupts.js';

const CHANGED = 100;
const RATIO = 0.5;
const RATIO_AGAIN = 10;

/** An interrupt of each of some lines, on a CPU where the line has counted: a tenth of the counts stays a tenth. */
function count(machine, descs, from, lines) {
  for (let i = from; i < from + lines; i++) {
    const desc = descs[(i * 19) % descs.length];
    machine.thisCpu = Math.max(
      0,
      desc.cold.kstat.findIndex((counted) => counted > 0),
    );
    kstatIncrIrqsThisCpu(desc);
  }
}

/** The least time, in seconds, of some work that is prepared before. */
function best(times, prepare, work) {
  let least = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < times; turn++) {
    prepare(turn);
    const from = process.hrtime.bigint();
    work();
    least = Math.min(least, Number(process.hrtime.bigint() - from) / 1e9);
  }
  return least;
}

function renders(cpus, floor, smoke) {
  const { machine, descs, view } = machineWithCounts(cpus);
  const args = [String(cpus), String(IRQS)];
  const first = Buffer.from(view.bytes());
  const same =
    floor === undefined ||
    first.equals(execFileSync(floor, [...args, '--print'], { maxBuffer: 2 * first.length }));
  const turns = smoke ? 1 : 100;
  const cold = best(
    smoke ? 1 : 5,
    () => {},
    () => new InterruptsView(view.core).bytes(),
  );
  const all = best(
    turns,
    (turn) => count(machine, descs, turn * IRQS, IRQS),
    () => view.bytes(),
  );
  const again = best(
    turns,
    (turn) => count(machine, descs, turn * CHANGED, CHANGED),
    () => view.bytes(),
  );
  const kept = Buffer.from(view.bytes()).equals(new InterruptsView(view.core).bytes());
  const limit = floor && JSON.parse(execFileSync(floor, args, { encoding: 'utf8' })).seconds;
  const rate = (seconds) => `${Math.round(first.length / seconds / 1e6).toLocaleString('en')} MB/s`;
  const row = (bench, seconds, limitName, limitSeconds, reach) => ({
    bench,
    figure: rate(seconds),
    limit:
      limitSeconds === undefined
        ? `${limitName}: no C compiler (cc) here`
        : `${limitName}: ${rate(limitSeconds)}`,
    ratio: limitSeconds && limitSeconds / seconds,
    reach,
  });
  return {
    ok: same && kept,
    lines: [
      `${first.length.toLocaleString('en')} bytes, ${same ? 'those of C' : 'NOT THOSE OF C'}; after changes ${kept ? 'as written anew' : 'NOT AS WRITTEN ANEW'}`,
      `the first time, without memory or names: ${rate(cold)}`,
    ],
    rows: [
      row(`render-${cpus}`, all, 'C, zeros in blocks', limit, RATIO),
      row(`render-again-${cpus}`, again, `render-${cpus}`, all, RATIO_AGAIN),
    ],
  };
}

/** @param smoke only show that it works. */
export function render({ smoke }) {
  return withFloor('render.c', (floor) => {
    const all = [416, 1792].map((cpus) => renders(cpus, floor, smoke));
    return {
      name: `/proc/interrupts of ${IRQS} IRQs, a tenth of the counts not zero`,
      ok: all.every(({ ok }) => ok),
      lines: all.flatMap(({ lines }) => lines),
      rows: all.flatMap(({ rows }) => rows),
    };
  });
}

if (!isMainThread) parentPort.postMessage(render(workerData));
