// What an event costs on machines of other sizes: 8 an interrupt, on all CPUs in turn.
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { secondsSince } from './cpu-time.js';
import { guestWithChannels, rounds } from './hot-path.js';

const EVENTS = 8;
const CPUS = [2, 8, 64, 416, 1792];
const CHANNELS = [16, 256, 2047];

/** Nanoseconds of CPU an event. */
function cost(cpus, channels, smoke) {
  const made = guestWithChannels(cpus, channels);
  const count = smoke ? 2_000 : 200_000;
  let relid = rounds(made, EVENTS, count, 1);
  let least = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < (smoke ? 1 : 3); turn++) {
    const from = process.cpuUsage();
    relid = rounds(made, EVENTS, count, relid);
    least = Math.min(least, (1e9 * secondsSince(from)) / (count * EVENTS));
  }
  return { ns: least, exact: made.seen.events === count * EVENTS * (smoke ? 2 : 4) };
}

/** @param smoke only show that it works. */
export function scale({ smoke }) {
  const sizes = CHANNELS.flatMap((channels) => CPUS.map((cpus) => ({ cpus, channels })));
  const tried = (smoke ? sizes.slice(0, 2) : sizes).map((size) => ({
    ...size,
    ...cost(size.cpus, size.channels, smoke),
  }));
  const rows = CHANNELS.flatMap((channels) => {
    const of = tried.filter((each) => each.channels === channels);
    const [small] = of;
    return of.slice(1).map(({ cpus, ns }) => ({
      bench: `scale: ${cpus} CPUs, ${channels} channels`,
      figure: `${ns.toFixed(0)} ns an event`,
      limit: `${small.cpus} CPUs: ${small.ns.toFixed(0)} ns`,
      ratio: ns / small.ns,
      most: cpus <= 64 ? 1.5 : 3,
    }));
  });
  return {
    name: 'dispatch on machines of other sizes',
    ok: tried.every(({ exact }) => exact),
    lines: [],
    rows,
  };
}

if (!isMainThread) parentPort.postMessage(scale(workerData));
