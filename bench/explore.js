// The explorer of interleavings: executions a second of a race between a channel's move to another CPU and its host's
// event, beside the same race written for fast-check's scheduler; and how many executions reduction saves.
import fc from 'fast-check';
import { exploreShard } from '../dist/explore/index.js';
import { Lock } from '../dist/machine/lock.js';
import { memoryBarrier, MemoryWord } from '../dist/machine/memory.js';

const BOUND_PER_SECOND = 100_000;
const BOUND_RATIO = 5;
const BOUND_REDUCTION = 10;

/** What the guest and the host of the race share. */
class Shared {
  constructor() {
    this.target = new MemoryWord('target_cpu');
    this.mapped = new MemoryWord('map[5]', 1);
    this.flags = [new MemoryWord('flags/0'), new MemoryWord('flags/1')];
    this.handled = 0;
    this.merged = 0;
    this.dropped = 0;
  }
}

/** The guest moves a channel from CPU 0 to CPU 1 while the host signals it, on the CPU that it knows of. */
const relidRace = {
  name: 'channel move against event',
  setup(world) {
    const shared = new Shared();
    const { target, mapped, flags } = shared;
    const irqs = [0, 1].map((cpu) => world.interrupt(cpu, 'vmbus_isr', () => isr(cpu)));
    function* move() {
      yield mapped.read;
      if (mapped.load() === 0) return;
      yield target.write;
      target.store(1);
      yield mapped.write;
      mapped.store(2);
      yield target.read;
      target.load();
    }
    function* signal() {
      for (let event = 0; event < 2; event++) {
        yield target.read;
        const cpu = target.load();
        yield flags[cpu].update;
        if (flags[cpu].exchange(1) === 1) shared.merged += 1;
        irqs[cpu].raise();
      }
    }
    function* isr(cpu) {
      yield flags[cpu].update;
      if (flags[cpu].exchange(0) === 0) return;
      yield mapped.read;
      if (mapped.load() > 0) shared.handled += 1;
      else shared.dropped += 1;
    }
    world.task(0, 'vmbus_irq_set_affinity', move());
    world.task('host', 'host', signal());
    return shared;
  },
  finally: {
    'no event is dropped': ({ handled, merged, dropped }) => handled + merged === 2 && dropped === 0,
  },
};

/** The same race for fast-check: a context waits for its turn before each access. */
async function relidRaceScheduled(scheduler) {
  const shared = { target: 0, mapped: 1, flags: [0, 0], handled: 0, merged: 0, dropped: 0 };
  const turn = () => scheduler.schedule(Promise.resolve());
  const move = async () => {
    await turn();
    if (shared.mapped === 0) return;
    await turn();
    shared.target = 1;
    await turn();
    shared.mapped = 2;
    await turn();
  };
  const isr = async (cpu) => {
    await turn();
    const was = shared.flags[cpu];
    shared.flags[cpu] = 0;
    if (was === 0) return;
    await turn();
    if (shared.mapped > 0) shared.handled += 1;
    else shared.dropped += 1;
  };
  const signal = async () => {
    const isrs = [];
    for (let event = 0; event < 2; event++) {
      await turn();
      const cpu = shared.target;
      await turn();
      if (shared.flags[cpu] === 1) shared.merged += 1;
      shared.flags[cpu] = 1;
      isrs.push(isr(cpu));
    }
    await Promise.all(isrs);
  };
  const all = Promise.all([move(), signal()]);
  await scheduler.waitFor(all);
  return shared.handled + shared.merged === 2 && shared.dropped === 0;
}

function ourRate(milliseconds) {
  let executions = 0;
  let steps = 0;
  const from = performance.now();
  do {
    const report = exploreShard(relidRace, { strategy: { kind: 'dfs' } });
    if (!report.complete || report.verdict !== 'none') throw new Error('the race should hold');
    executions += report.executions;
    steps += report.steps;
  } while (performance.now() - from < milliseconds);
  return { rate: (executions * 1000) / (performance.now() - from), steps: steps / executions };
}

async function fastCheckRate(runs) {
  const from = performance.now();
  const property = fc.asyncProperty(fc.scheduler(), (scheduler) => relidRaceScheduled(scheduler));
  await fc.assert(property, { numRuns: runs, seed: 1 });
  return (runs * 1000) / (performance.now() - from);
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
  const names = ({ outcomes }) => outcomes.map(({ outcome }) => outcome).join(' ');
  const same = plain.complete && reduced.complete && names(plain) === names(reduced);
  const factor = plain.executions / (reduced.executions + reduced.redundant);
  return {
    ok: same && factor >= BOUND_REDUCTION,
    line: `${model.name}: ${plain.executions} executions, reduced to ${reduced.executions} and ${reduced.redundant} given up (${factor.toFixed(0)} times fewer), ${same ? 'the same' : 'NOT THE SAME'} outcomes`,
  };
}

/** @param smoke only show that it works. */
export async function explore({ smoke }) {
  ourRate(smoke ? 1 : 300);
  const { rate, steps } = ourRate(smoke ? 1 : 1500);
  const theirs = await fastCheckRate(smoke ? 20 : 5000);
  const reductions = [ownLocks, storeBuffering, readersAndWriters].map(reduction);
  const fast = smoke || (rate >= BOUND_PER_SECOND && rate >= BOUND_RATIO * theirs);
  const round = (number) => Math.round(number).toLocaleString('en');
  return {
    name: 'explorer of interleavings',
    ok: fast && reductions.every(({ ok }) => ok),
    lines: [
      `${relidRace.name}: ${round(rate)} executions a second, ${steps.toFixed(1)} steps each, depth first${fast ? '' : ', TOO SLOW'}`,
      `the same race with fast-check's scheduler: ${round(theirs)} executions a second; irqlab has ${(rate / theirs).toFixed(0)} times as many`,
      ...reductions.map(({ line }) => line),
    ],
  };
}
