// The hot path: event page -> top-level handler -> irqdomain -> flow handler -> action -> channel callback, with 2,047
// channels, 8 CPUs, 1 or 8 events in each top-level interrupt, everything counted. Beside it a C program of ours doing the
// kernel's algorithm (floor/floor.c), in the same run.
import { execFileSync } from 'node:child_process';
import { ContainerModule } from 'inversify';
import { callbackMode, ChannelOperations, Guest, parseGuid, VMBUS_DRIVER } from '../dist/index.js';
import { bareDispatch } from './bare-dispatch.js';
import { secondsSince } from './cpu-time.js';
import { withFloor } from './floor.js';

const CHANNELS = 2047;
const CPUS = 8;
const BENCH_CLASS = '8f0f4d0c-7a34-4f3b-9c53-5d1b1e0a7c11';

/** A guest with so many CPUs, and channels that do nothing but count. */
export function guestWithChannels(cpus, channels) {
  const seen = { events: 0 };
  const callback = () => {
    seen.events += 1;
  };
  const driver = (operations) => ({
    name: 'bench',
    classIds: [parseGuid(BENCH_CLASS)],
    *probe({ channel }) {
      channel.callbackMode = callbackMode.isr;
      yield* operations.open(channel, { callback, ringPages: 2 });
    },
    *remove() {},
  });
  const module = new ContainerModule(({ bind }) => {
    bind(VMBUS_DRIVER).toResolvedValue(driver, [ChannelOperations]);
  });
  const devices = Array.from({ length: channels }, (_, i) => ({ class: BENCH_CLASS, relid: i + 1 }));
  return { guest: Guest.create({ cpus, devices }, { modules: [module] }), channels, seen };
}

/** What the host does, one CPU after the other: it sets the flags of some events and raises the CPU's interrupt. */
export function rounds({ guest, channels }, events, count, start) {
  const { contexts, line } = guest.vmbus;
  const stride = 251 % channels;
  let relid = start;
  for (let i = 0; i < count; i++) {
    const cpu = i % contexts.length;
    const { eventFlags } = contexts[cpu];
    for (let event = 0; event < events; event++) {
      eventFlags[relid >>> 5] |= 1 << (relid & 31);
      relid = relid + stride <= channels ? relid + stride : relid + stride - channels;
    }
    line.raise(cpu);
  }
  return relid;
}

function counted({ irqCore }) {
  let sum = 0;
  for (const desc of irqCore.descs()) sum += desc.totCount;
  return sum;
}

function rateOfFloor(binary, ...args) {
  const { events, seconds } = JSON.parse(execFileSync(binary, args.map(String), { encoding: 'utf8' }));
  return events / seconds;
}

const mega = (rate) => `${(rate / 1e6).toFixed(1)} million events a second`;

/** With so many events an interrupt; `guest` runs nothing else. */
function dispatch(made, floor, events, smoke) {
  const { guest, seen } = made;
  const count = (smoke ? 20_000 : 500_000) * (8 / events);
  let relid = rounds(made, events, 20_000, 1);
  const before = { seen: seen.events, counted: counted(guest) };
  let ours = 0;
  let limit = 0;
  let unlocked = 0;
  let bare = 0;
  let bytes = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < (smoke ? 1 : 5); turn++) {
    const heap = process.memoryUsage().heapUsed;
    const from = process.cpuUsage();
    relid = rounds(made, events, count, relid);
    const seconds = secondsSince(from);
    bytes = Math.min(bytes, Math.max(0, process.memoryUsage().heapUsed - heap) / count);
    ours = Math.max(ours, (count * events) / seconds);
    bare = Math.max(bare, bareDispatch(count, events));
    if (floor !== undefined) {
      limit = Math.max(limit, rateOfFloor(floor, count, events));
      unlocked = Math.max(unlocked, rateOfFloor(floor, count, events, '--no-locks'));
    }
  }
  const exact = seen.events - before.seen === counted(guest) - before.counted;
  const c =
    floor === undefined ? 'no C compiler (cc) here' : `${mega(limit)}, ${mega(unlocked)} without locks`;
  return {
    ok: exact && (smoke || bytes < 1),
    line: `${events} an interrupt: ${bytes.toFixed(2)} bytes allocated an interrupt, ${exact ? 'all' : 'NOT all'} counted`,
    row: {
      bench: `dispatch-${events}`,
      figure: mega(ours),
      limit: `C, the kernel's algorithm: ${c}; the same in this language, nothing of irqlab: ${mega(bare)}`,
      ratio: floor && ours / limit,
      reach: 1,
    },
  };
}

export function hotPath({ smoke }) {
  return withFloor('floor.c', (floor) => {
    const all = [1, 8].map((events) => dispatch(guestWithChannels(CPUS, CHANNELS), floor, events, smoke));
    return {
      name: `hot path: ${CHANNELS} channels, ${CPUS} CPUs`,
      ok: all.every(({ ok }) => ok),
      lines: all.map(({ line }) => line),
      rows: all.map(({ row }) => row),
    };
  });
}
