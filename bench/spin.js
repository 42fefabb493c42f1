// Searches by states beside SPIN: CPU time until all states have been visited. SPIN's models are written by hand in
// bench/spin, ours are procedures that run, those of the ring the model's own.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { checkpoint, Completion, exploreShard, MemoryWord, SharedWord } from '../dist/browser.js';
import { RaceRing } from '../dist/races/ring.js';
import { RING_WRITE, VM_PKT } from '../dist/vmbus/ring/index.js';
import { ringOrders } from '../dist/vmbus/variants/index.js';
import { secondsSince } from './cpu-time.js';

const models = fileURLToPath(new URL('./spin/', import.meta.url));
const packet = new Uint8Array(8);
/** SPIN searches with this much memory at most, and gives up otherwise. */
const SPIN_MEGABYTES = 4096;

/** N contexts that each add one to a word K times. */
function counter(contexts, times) {
  return {
    name: `unlocked counter, ${contexts} × ${times}`,
    setup(world) {
      const count = new MemoryWord('count');
      function* add() {
        for (let i = 0; i < times; i++) {
          checkpoint(i);
          yield count.read;
          const value = count.load();
          yield count.write;
          count.store(value + 1);
        }
        checkpoint('end');
      }
      for (let cpu = 0; cpu < contexts; cpu++) world.task(cpu, `P${cpu}`, add());
      return count;
    },
    outcome: ({ value }) => value,
  };
}

/** Each step of `proc` with a checkpoint before it: all that the ring's procedures keep is in fields of the ring. */
function* stepwise(key, proc) {
  for (let step = 0; ; step++) {
    const next = proc.next();
    if (next.done) return next.value;
    checkpoint(`${key} ${step}`);
    yield next.value;
  }
}

/** The host writes packets, the guest sleeps until it is signalled and reads them all. */
function ring(packets) {
  return {
    name: `ring of the model's own code, ${packets} packets`,
    setup(world) {
      const { writer, reader } = new RaceRing(ringOrders['read-pending-write']);
      const state = { writer, reader, signal: new Completion('signal'), written: 0, read: 0 };
      const told = new SharedWord('signals');
      function* host() {
        for (; state.written < packets; state.written++) {
          const write = writer.writeSteps(VM_PKT.DATA_INBAND, 0, state.written, packet);
          if ((yield* stepwise('write', write)) !== RING_WRITE.SIGNAL) continue;
          checkpoint('signal');
          yield told.update;
          state.signal.complete();
        }
      }
      function* guest() {
        while (state.read < packets) {
          checkpoint('wait');
          yield* state.signal.wait();
          yield* stepwise('begin', reader.beginReadSteps());
          do {
            while (yield* stepwise('next', reader.nextSteps())) state.read += 1;
            yield* stepwise('close', reader.pktIterCloseSteps());
          } while ((yield* stepwise('end', reader.endReadSteps())) !== 0);
        }
      }
      world.task('host', 'host', host());
      world.task(0, 'guest', guest());
      return state;
    },
    finally: { 'all is read': ({ read }) => read === packets },
    // Both sides keep more that they have read of the header, but load that again before they go by it.
    fingerprint: ({ writer, reader, written, read }) => ({
      shared: writer.ring,
      own: {
        host: [written, writer.writeIndex, writer.oldWriteIndex],
        guest: [reader.readIndex, reader.nextIndex, read],
      },
    }),
  };
}

const rowsOf = (smoke) => [
  ...(smoke
    ? [[2, 4]]
    : [
        [2, 4],
        [2, 8],
        [3, 2],
        [3, 3],
        [4, 2],
        [6, 1],
        [4, 3],
      ]
  ).map(([n, k]) => ({
    bench: `spin: counter ${n} × ${k}`,
    model: counter(n, k),
    file: 'counter.pml',
    defines: [`-DN=${n}`, `-DK=${k}`],
  })),
  ...(smoke ? [3] : [3, 4, 5, 16]).map((packets) => ({
    bench: `spin: ring ${packets}`,
    model: ring(packets),
    file: 'ring.pml',
    defines: [`-DN=${packets}`],
  })),
];

/** Of a search that is over soon, so many runs are made. */
const RUNS = 3;
const SOON_SECONDS = 0.3;

/** The middle one of some runs by their seconds; of the first ones, in which code is compiled, only if they take long. */
function middleOf(run) {
  const first = run();
  if (first === undefined || first.seconds > SOON_SECONDS) return first;
  const runs = Array.from({ length: RUNS }, run);
  return runs.sort((one, two) => one.seconds - two.seconds)[RUNS >> 1];
}

/** All that the model can do, by states: user and system CPU of this process. */
function ours(model) {
  return middleOf(() => {
    const from = process.cpuUsage();
    const report = exploreShard(model, { strategy: { kind: 'states' }, stopAtFirst: false });
    return { ...report, seconds: secondsSince(from) };
  });
}

/** States of SPIN's search, its user and system CPU, and the user part; undefined without SPIN, or if it did not come to an end. */
function theirs(file, defines) {
  const directory = mkdtempSync(join(tmpdir(), 'irqlab-spin-'));
  const run = (program, ...args) => spawnSync(program, args, { cwd: directory, encoding: 'utf8' });
  try {
    if (run('spin', ...defines, '-a', join(models, file)).status !== 0) return undefined;
    if (run('gcc', '-O2', '-w', '-DSAFETY', `-DMEMLIM=${SPIN_MEGABYTES}`, '-o', 'pan', 'pan.c').status !== 0)
      return undefined;
    return middleOf(() => {
      const { stdout, stderr } = run('bash', '-c', "TIMEFORMAT='%3U %3S'; time ./pan -m100000");
      const states = /(\d+) states, stored/.exec(stdout);
      const [, user, system] = /(\d+\.\d+) (\d+\.\d+)\n$/.exec(stderr) ?? [];
      if (!/errors: 0/.test(stdout) || states === null || user === undefined) return undefined;
      return { states: Number(states[1]), seconds: Number(user) + Number(system), user: Number(user) };
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** @param smoke only show that it works. */
export function spin({ smoke }) {
  let ok = true;
  let ahead = 0;
  let aheadOfUser = 0;
  const rows = rowsOf(smoke).map(({ bench, model, file, defines }) => {
    const { verdict, complete, executions, redundant, seconds } = ours(model);
    if (!complete || verdict !== 'none') ok = false;
    const limit = theirs(file, defines);
    if (limit !== undefined && seconds < limit.seconds) ahead += 1;
    if (limit !== undefined && seconds < limit.user) aheadOfUser += 1;
    return {
      bench,
      figure: `${model.name}: ${executions + redundant} executions, ${seconds.toFixed(3)} s of CPU`,
      limit:
        limit === undefined
          ? 'SPIN: none'
          : `SPIN: ${limit.states} states, ${limit.seconds.toFixed(3)} s, of which user ${limit.user.toFixed(3)} s`,
      ...(limit !== undefined && { ratio: seconds / limit.seconds, most: 1 }),
    };
  });
  const lines = [
    `less CPU than SPIN in ${ahead} of ${rows.length} rows, less than SPIN takes as user in ${aheadOfUser}`,
  ];
  return { name: 'searches by states beside SPIN', ok, lines, rows };
}

if (!isMainThread) parentPort.postMessage(spin(workerData));
