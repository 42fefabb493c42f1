// The explorer of interleavings: executions a second of a race between a channel's move to another CPU and its host's
// event, beside the same race written for fast-check's scheduler; and how many executions reduction saves.
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import fc from 'fast-check';
import { secondsSince } from './cpu-time.js';
import { exploreShard } from '../dist/explore/index.js';
import { Lock } from '../dist/machine/lock.js';
import { Machine } from '../dist/machine/machine.js';
import { memoryBarrier, MemoryWord } from '../dist/machine/memory.js';
import { runAtomic } from '../dist/machine/step.js';
import { races } from '../dist/races/index.js';
import { setBit } from '../dist/lib/bitmap.js';
import { callbackMode, VmbusChannel } from '../dist/vmbus/channel/channel.js';
import { deviceClassId } from '../dist/vmbus/protocol/class-ids.js';
import { EventScan } from '../dist/vmbus/event-scan.js';
import { VmbusIsr } from '../dist/vmbus/isr.js';
import { HvPerCpuContext } from '../dist/vmbus/synic.js';
import { ControlTasklet } from '../dist/vmbus/variants/control-messages.js';
import { RescindRefLifetime } from '../dist/vmbus/variants/lifetimes.js';
import { PercpuListRelidMap } from '../dist/vmbus/variants/percpu-list-map.js';

const RATIO = 10;
const RATIO_SHIPPED = 0.5;
const BOUND_REDUCTION = 10;

/**
 * What the guest and the host of the race share: two CPUs' synics, the top-level handler, a channel and the lists of
 * channels of the CPUs, all of them the model's own.
 */
class Shared {
  constructor() {
    this.machine = new Machine({ present: 2 });
    this.relids = new PercpuListRelidMap(2, new RescindRefLifetime(new Lock('channel_mutex')), undefined);
    this.contexts = this.machine.cpus.map((cpu) => new HvPerCpuContext(cpu, () => {}));
    // No host posts messages here, so none has to hear of their end.
    const nobody = undefined;
    this.isr = new VmbusIsr(this.contexts, this.relids, new ControlTasklet(), nobody, new EventScan(false));
    this.channel = new VmbusChannel(this.machine, offer, () => {});
    this.channel.target.set(1);
    this.channel.callbackMode = callbackMode.isr;
    this.handled = 0;
    this.channel.storeCallback(() => {
      this.handled += 1;
    }, '__vmbus_open');
    runAtomic(this.relids.map(this.channel));
  }

  /** The channel goes to CPU 0. */
  *move() {
    yield* this.channel.target.setSteps(0);
    yield* this.relids.moved(this.channel, 1, 0);
  }

  /** The host, which has not followed yet, signals CPU 1. */
  *signal(raise) {
    const { eventFlags, flagsWord } = this.contexts[1];
    yield flagsWord.update;
    setBit(eventFlags, offer.childRelid);
    raise();
  }

  interrupt() {
    return this.isr.handleSteps(this.machine.cpus[1]);
  }
}

const offer = {
  type: 1,
  classId: deviceClassId('kvp'),
  instanceId: '00000005-0005-4000-8000-000000000000',
  flags: 0,
  mmioMegabytes: 0,
  userDefined: new Uint8Array(0),
  subChannelIndex: 0,
  childRelid: 5,
  monitorId: 0xff,
  monitorAllocated: false,
  isDedicatedInterrupt: true,
  connectionId: 5,
};

/** The guest moves a channel from CPU 1 to CPU 0 while the host signals it on the CPU that it knows of. */
const relidRace = {
  name: 'a channel’s move between per-CPU lists against an event, 2 CPUs',
  setup(world) {
    const shared = new Shared();
    world.attach(shared.machine);
    const irq = world.interrupt(1, 'vmbus_isr', () => shared.interrupt());
    world.task(0, 'target_cpu_store', shared.move());
    world.task(
      'host',
      'host',
      shared.signal(() => irq.raise()),
    );
    return shared;
  },
  outcome: ({ handled }) => handled,
};

/** The same race for fast-check: a context waits for its turn before each access. */
async function relidRaceScheduled(scheduler) {
  const shared = new Shared();
  const context = async (proc) => {
    while (!proc.next().done) await scheduler.schedule(Promise.resolve());
  };
  let handled = Promise.resolve();
  const raise = () => {
    handled = context(shared.interrupt());
  };
  const all = Promise.all([context(shared.move()), context(shared.signal(raise)).then(() => handled)]);
  await scheduler.waitFor(all);
  return shared.handled <= 1;
}

function ourRate(milliseconds) {
  let executions = 0;
  let steps = 0;
  const from = performance.now();
  const cpu = process.cpuUsage();
  do {
    const report = exploreShard(relidRace, { strategy: { kind: 'dfs' } });
    // Lists for each CPU lose the event in some executions, and not in others.
    if (!report.complete || report.outcomes.length !== 2) throw new Error('the race does not show');
    executions += report.executions;
    steps += report.steps;
  } while (performance.now() - from < milliseconds);
  return { rate: executions / secondsSince(cpu), steps: steps / executions };
}

/** The race of the table that is about the same, with its whole small guest. */
function shippedRate(milliseconds) {
  const [variant] = races
    .flatMap(({ variants }) => variants)
    .filter((each) => each.model().name === 'relid-map/percpu-list');
  let executions = 0;
  const from = performance.now();
  const cpu = process.cpuUsage();
  do {
    const strategy = { kind: 'dfs' };
    executions += exploreShard(variant.model(), {
      strategy,
      stopAtFirst: false,
      maxExecutions: 2000,
    }).executions;
  } while (performance.now() - from < milliseconds);
  return executions / secondsSince(cpu);
}

async function fastCheckRate(runs) {
  const cpu = process.cpuUsage();
  const property = fc.asyncProperty(fc.scheduler(), (scheduler) => relidRaceScheduled(scheduler));
  await fc.assert(property, { numRuns: runs, seed: 1 });
  return runs / secondsSince(cpu);
}

/** CPUs that each take a lock of their own a few times and then one they share. */
const ownLocks = {
  name: 'own locks, then a shared one, 3 CPUs',
  setup(world) {
    const shared = new Lock('shared');
    const count = new MemoryWord('count');
    function* context(own) {
      yield* own.lock();
      yield* own.unlock();
      yield* shared.lock();
      yield count.read;
      const value = count.load();
      yield count.write;
      count.store(value + 1);
      yield* shared.unlock();
    }
    for (let cpu = 0; cpu < 3; cpu++) world.task(cpu, `P${cpu}`, context(new Lock(`own${cpu}`)));
    return count;
  },
  outcome: ({ value }) => value,
};

/** Store buffering around a ring of three CPUs. */
const storeBuffering = {
  name: 'store buffering, 3 CPUs, store buffers',
  memory: 'tso',
  setup(world) {
    const words = [0, 1, 2].map((i) => new MemoryWord(`w${i}`));
    const seen = [];
    function* context(cpu) {
      yield words[cpu].write;
      words[cpu].store(1);
      const next = words[(cpu + 1) % 3];
      yield next.read;
      seen[cpu] = next.load();
    }
    for (let cpu = 0; cpu < 3; cpu++) world.task(cpu, `P${cpu}`, context(cpu));
    return seen;
  },
  outcome: (seen) => seen.join(''),
};

/** Two writers, two readers. */
const readersAndWriters = {
  name: 'two writers, two readers',
  setup(world) {
    const words = [new MemoryWord('x'), new MemoryWord('y')];
    const seen = [];
    function* write(word) {
      yield word.write;
      word.store(1);
      yield memoryBarrier;
    }
    function* read(at, first, second) {
      yield first.read;
      seen[at] = first.load();
      yield second.read;
      seen[at + 1] = second.load();
    }
    world.task(0, 'P0', write(words[0]));
    world.task(1, 'P1', write(words[1]));
    world.task(2, 'P2', read(0, words[0], words[1]));
    world.task(3, 'P3', read(2, words[1], words[0]));
    return seen;
  },
  outcome: (seen) => seen.join(''),
};

function reduction({ memory, ...model }) {
  const run = (kind) => exploreShard(model, { memory, strategy: { kind }, stopAtFirst: false });
  const plain = run('dfs');
  const reduced = run('dpor');
  const names = ({ verdict, outcomes = [] }) =>
    `${verdict} ${outcomes.map(({ outcome }) => outcome).join(' ')}`;
  const same = plain.complete && reduced.complete && names(plain) === names(reduced);
  const factor = plain.executions / (reduced.executions + reduced.redundant);
  return {
    ok: same && factor >= BOUND_REDUCTION,
    line: `${model.name}: ${plain.executions} executions, reduced to ${reduced.executions} and ${reduced.redundant} given up (${factor.toFixed(0)} times fewer), ${same ? 'the same' : 'NOT THE SAME'} outcomes`,
  };
}

/** Races of the model's own code that plain search gets to the end of. */
function realRaces() {
  const wanted = ['relid-map/irqdomain', 'channel-lifetime/get-put-offer', 'modchan-offline/wait-in-setter'];
  const variants = races.flatMap(({ variants }) => variants.map((variant) => variant.model()));
  return variants.filter(({ name }) => wanted.includes(name));
}

/** @param smoke only show that it works. */
export async function explore({ smoke }) {
  ourRate(smoke ? 1 : 300);
  const { rate, steps } = ourRate(smoke ? 1 : 1500);
  const theirs = await fastCheckRate(smoke ? 20 : 5000);
  const reductions = [ownLocks, storeBuffering, readersAndWriters, ...realRaces()].map(reduction);
  const shipped = shippedRate(smoke ? 1 : 1500);
  const round = (number) => Math.round(number).toLocaleString('en');
  return {
    name: 'explorer of interleavings',
    ok: reductions.every(({ ok }) => ok),
    lines: [
      `${relidRace.name}: ${steps.toFixed(1)} steps an execution, depth first`,
      ...reductions.map(({ line }) => line),
    ],
    rows: [
      {
        bench: 'explore',
        figure: `${round(rate)} executions a second`,
        limit: `the same race with fast-check's scheduler: ${round(theirs)}`,
        ratio: rate / theirs,
        reach: RATIO,
      },
      {
        bench: 'explore-shipped',
        figure: `relid-map/percpu-list, a whole small guest: ${round(shipped)} executions a second`,
        limit: 'explore',
        ratio: shipped / rate,
        reach: RATIO_SHIPPED,
      },
    ],
  };
}

if (!isMainThread) parentPort.postMessage(await explore(workerData));
