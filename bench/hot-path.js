// The hot path: event page -> top-level handler -> irqdomain -> flow handler -> action -> channel callback, with 2,047
// channels, 8 CPUs, 8 events in each top-level interrupt, everything counted. Beside it a C program of ours doing the
// kernel's algorithm (floor/floor.c), in the same run.
import { execFileSync } from 'node:child_process';
import { ContainerModule } from 'inversify';
import { callbackMode, ChannelOperations, Guest, parseGuid, VMBUS_DRIVER } from '../dist/index.js';
import { withFloor } from './floor.js';

const CHANNELS = 2047;
const CPUS = 8;
const EVENTS = 8;
const BENCH_CLASS = '8f0f4d0c-7a34-4f3b-9c53-5d1b1e0a7c11';

export function guestWithAllChannels() {
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
  const devices = Array.from({ length: CHANNELS }, (_, i) => ({ class: BENCH_CLASS, relid: i + 1 }));
  return { guest: Guest.create({ cpus: CPUS, devices }, { modules: [module] }), seen };
}

/** What the host does, one CPU after the other: it sets EVENTS flags and raises the CPU's interrupt. */
export function rounds(guest, count, start) {
  const { contexts, line } = guest.vmbus;
  let relid = start;
  for (let i = 0; i < count; i++) {
    const cpu = i % CPUS;
    const { eventFlags } = contexts[cpu];
    for (let event = 0; event < EVENTS; event++) {
      eventFlags[relid >>> 5] |= 1 << (relid & 31);
      relid = relid + 251 <= CHANNELS ? relid + 251 : relid + 251 - CHANNELS;
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

function rateOfFloor(binary, count, ...flags) {
  const { events, seconds } = JSON.parse(
    execFileSync(binary, [String(count), ...flags], { encoding: 'utf8' }),
  );
  return events / seconds;
}

const mega = (rate) => `${(rate / 1e6).toFixed(1)} million events a second`;

export function hotPath({ smoke }) {
  const count = smoke ? 20_000 : 500_000;
  const { guest, seen } = guestWithAllChannels();
  return withFloor('floor.c', (floor) => {
    let relid = rounds(guest, 20_000, 1);
    const before = { seen: seen.events, counted: counted(guest) };
    let ours = 0;
    let limit = 0;
    let bare = 0;
    let bytes = Number.POSITIVE_INFINITY;
    for (let turn = 0; turn < (smoke ? 1 : 5); turn++) {
      const heap = process.memoryUsage().heapUsed;
      const from = process.hrtime.bigint();
      relid = rounds(guest, count, relid);
      const seconds = Number(process.hrtime.bigint() - from) / 1e9;
      bytes = Math.min(bytes, Math.max(0, process.memoryUsage().heapUsed - heap) / count);
      ours = Math.max(ours, (count * EVENTS) / seconds);
      if (floor !== undefined) {
        limit = Math.max(limit, rateOfFloor(floor, count));
        bare = Math.max(bare, rateOfFloor(floor, count, '--no-locks'));
      }
    }
    const handled = seen.events - before.seen;
    const exact = handled === counted(guest) - before.counted;
    const fast = smoke || floor === undefined || ours >= limit / 2;
    const lean = smoke || bytes < 1;
    return {
      name: `hot path: ${CHANNELS} channels, ${CPUS} CPUs, ${EVENTS} events an interrupt`,
      ok: exact && fast && lean,
      lines: [
        `irqlab: ${mega(ours)}, ${bytes.toFixed(2)} bytes allocated an interrupt, ${exact ? 'all' : 'NOT all'} counted`,
        ...(floor === undefined
          ? ['no C compiler (cc) here: nothing to compare with']
          : [
              `C, the kernel's algorithm: ${mega(limit)}; irqlab has ${(ours / limit).toFixed(2)} of it${fast ? '' : ', LESS THAN HALF'}`,
              `the same without locks and atomic bit operations: ${mega(bare)}`,
            ]),
      ],
    };
  });
}
