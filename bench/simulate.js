// Whole simulations: signals at random times, I/Os and frames, beside a bare queue of events and a bare ring of bytes, and
// beside the same work written barely, which says what the limits leave out.
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { bareDisk, bareNic, bareSignals } from './bare-device.js';
import { bareRing } from './bare-ring.js';
import { bareQueue } from './queue.js';
import { bestRate, clockEvents, rateText, timed } from './scenario.js';

const perfRelids = [14, 23, 15, 24, 13, 16, 17, 18, 19, 20, 21, 22];

/** The RFC's guest: 100,000 signals a second to each channel of its disks and its adapter, an interrupt takes 500 ns. */
const rfcGuest = (seconds) => `
kernel: "6.10"
cpus: 8
interruptTime: 500ns
host: {latency: {modifyChannel: 10ms}}
devices:
  - {driver: storvsc, relid: 14, subChannels: [23]}
  - {driver: storvsc, relid: 15, subChannels: [24]}
  - {driver: netvsc, relid: 13, channels: 8, subChannels: [16, 17, 18, 19, 20, 21, 22]}
workload:
${perfRelids.map((relid) => `  - {relid: ${relid}, every: 10us, jitter: 9us}`).join('\n')}
run: ${seconds}s
`;

/** The disk and the adapter of examples/disk-and-nic.yaml. */
const diskAndNic = (workload) => `
kernel: "6.18"
cpus: {present: 4, nodes: 2}
host:
  storage: {latency: 200us, batch: 8, batchTime: 20us}
  network: {latency: 15us, batch: 16, batchTime: 50us}
devices:
  - {driver: storvsc, relid: 14, subChannels: [23, 24, 25]}
  - {driver: netvsc, relid: 13, channels: 4, subChannels: [16, 17, 18]}
workload:
  - ${workload}
`;

/** Bytes of what storvsc and netvsc send and are answered for an I/O and a received frame. */
const io = [112, 80];
const frame = [56, 24];

/** The same work with nothing of irqlab, and what part of that irqlab does. */
const bareText = (ours, bare) =>
  `the same work bare (bench/bare-device.js): ${(bare / 1e6).toFixed(2)} million, irqlab ${(ours / bare).toFixed(2)} of it`;

function simulate(smoke) {
  const turns = smoke ? 1 : 3;
  const seconds = smoke ? 0.01 : 1;
  const probe = clockEvents(rfcGuest(0.01));
  let signalled = 0;
  const ours = bestRate(turns, () => {
    const run = timed(rfcGuest(seconds));
    signalled = run.workload.reduce((sum, { sent }) => sum + sent, 0);
    return signalled / run.seconds;
  });
  const perSignal = probe / (perfRelids.length * 1000);
  const limit = bestRate(turns, () => bareQueue(Math.round(signalled * perSignal))) / perSignal;
  const bare = bestRate(turns, () => bareSignals(signalled));
  return {
    ok: signalled >= perfRelids.length * 100_000 * seconds * 0.99,
    rows: [
      {
        bench: 'simulate',
        figure: rateText(ours, 'signals'),
        limit: `a bare queue with their ${perSignal.toFixed(2)} events each: ${rateText(limit, 'signals')}; ${bareText(ours, bare)}`,
        ratio: ours / limit,
        reach: 0.4,
      },
    ],
  };
}

function packets(bench, what, count, workload, sizes, bareWork, smoke) {
  const turns = smoke ? 1 : 3;
  let done = 0;
  const ours = bestRate(turns, () => {
    const run = timed(diskAndNic(workload));
    const [tally] = run.workload;
    done = tally.completed ?? tally.sent;
    return count / run.seconds;
  });
  const limit = bestRate(turns, () => bareRing(count, ...sizes));
  const bare = bestRate(turns, () => bareWork(count));
  return {
    ok: done === count,
    rows: [
      {
        bench,
        figure: rateText(ours, what),
        limit: `a bare ring with packets as long: ${rateText(limit, what)}; ${bareText(ours, bare)}`,
        ratio: ours / limit,
        reach: 0.3,
      },
    ],
  };
}

/** @param smoke only show that it works. */
export function simulations({ smoke }) {
  const ios = smoke ? 1_000 : 200_000;
  const frames = smoke ? 10_000 : 2_000_000;
  const all = [
    simulate(smoke),
    packets('storage', 'I/Os', ios, `{disk: 14, outstanding: 32, ios: ${ios}}`, io, bareDisk, smoke),
    packets(
      'network',
      'frames',
      frames,
      `{nic: 13, direction: rx, flows: 16, packets: ${frames}, rate: 1000000}`,
      frame,
      bareNic,
      smoke,
    ),
  ];
  return {
    name: 'simulations',
    ok: all.every(({ ok }) => ok),
    lines: [],
    rows: all.flatMap(({ rows }) => rows),
  };
}

if (!isMainThread) parentPort.postMessage(simulations(workerData));
