import { test } from '@jest/globals';
import fc from 'fast-check';
import { recordingOf } from '../../../src/capture/bundle/recording.js';
import { machineOfRecording } from '../../../src/capture/captured-machine.js';
import { scenarioOf } from '../../../src/capture/captured-scenario.js';
import { showInterrupts } from '../../../src/capture/show-interrupts.js';
import { Guest } from '../../../src/guest/guest.js';
import { parseScenario } from '../../../src/scenario/load.js';
import type { DeviceOptions } from '../../../src/scenario/options/devices.js';
import type { GuestOptions } from '../../../src/scenario/options/guest.js';
import type { InterruptOptions } from '../../../src/scenario/options/interrupts.js';
import { kernelVersions } from '../../../src/scenario/options/kernel.js';
import { partsOf, runs } from '../../support/long.js';
import { recordedGuest } from '../../support/recorded-guest.js';

const plain = ['heartbeat', 'shutdown', 'timesync', 'kvp', 'vss', 'balloon', 'mouse', 'keyboard'] as const;

const devices = fc
  .record({
    drivers: fc.subarray([...plain]),
    disks: fc.array(fc.nat(3), { maxLength: 2 }),
    nics: fc.array(fc.nat(4), { maxLength: 2 }),
  })
  .map(({ drivers, disks, nics }) => {
    let relid = 1;
    const next = (count: number): number[] => Array.from({ length: count }, () => relid++);
    const made: DeviceOptions[] = drivers.map((driver) => ({ driver, relid: relid++ }));
    for (const subs of disks) made.push({ driver: 'storvsc', relid: relid++, subChannels: next(subs) });
    for (const subs of nics)
      made.push({ driver: 'netvsc', relid: relid++, channels: subs + 1, subChannels: next(subs) });
    return made;
  });

const lines = fc.uniqueArray(
  fc.record({
    irq: fc.integer({ min: 3, max: 15 }),
    flow: fc.constantFrom('edge' as const, 'fasteoi' as const),
  }),
  { maxLength: 4, selector: ({ irq }) => irq },
);

/** A guest, and what happens to it before it is recorded. */
const guests = fc.record({
  kernel: fc.constantFrom(...kernelVersions),
  cpus: fc.constantFrom(1, 2, 4, 6, 8),
  room: fc.constantFrom(0, 0, 2),
  nodes: fc.constantFrom(1, 1, 2),
  mainline: fc.boolean(),
  isolated: fc.boolean(),
  devices,
  lines,
  moves: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 6 }),
  offline: fc.option(fc.nat(), { nil: undefined }),
  signals: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 50 })), { maxLength: 6 }),
});

type Drawn = typeof guests extends fc.Arbitrary<infer Made> ? Made : never;

function optionsOf(drawn: Drawn): GuestOptions {
  const { kernel, cpus, room, nodes, mainline, isolated } = drawn;
  const interrupts = drawn.lines.map(
    ({ irq, flow }): InterruptOptions => ({ irq, chip: 'IO-APIC', flow, name: `device${irq}` }),
  );
  return {
    kernel,
    cpus: { present: cpus, possible: cpus + room, nodes: Math.min(nodes, cpus) },
    ...(mainline && { design: 'mainline' }),
    ...(isolated && cpus > 2 && { cmdline: `isolcpus=${cpus - 1}` }),
    devices: drawn.devices,
    interrupts,
  };
}

/** Moves channels and interrupts, takes a CPU offline and has things count, as far as the guest lets itself. */
function live(vm: Guest, { cpus, moves, offline, signals, lines: own }: Drawn): void {
  const tried = (what: () => void): void => {
    try {
      what();
    } catch (error) {
      if (!(error instanceof Error && error.name === 'ErrnoError')) throw error;
    }
  };
  const relids = vm.vmbus.bus.devices.flatMap(({ channel }) =>
    [channel, ...channel.subChannels].map(({ relid }) => relid),
  );
  for (const [which, cpu] of moves) {
    const relid = relids[which % Math.max(1, relids.length)];
    if (relid !== undefined) tried(() => vm.channel(relid).setCpu(cpu % cpus));
    const line = own[which % Math.max(1, own.length)];
    if (line === undefined) continue;
    tried(() => vm.irq(line.irq).setAffinity(`${cpu % cpus}`));
    // The chip moves it with the next interrupt, and lets the old vector go with the one after that.
    for (let times = 0; times < 3; times++) {
      vm.raise(line.irq, 1);
      vm.run({ ms: 10 });
    }
  }
  for (const [which, times] of signals) {
    const relid = relids[which % Math.max(1, relids.length)];
    if (relid !== undefined) vm.signal(relid, times);
    const line = own[which % Math.max(1, own.length)];
    if (line !== undefined) vm.raise(line.irq, times);
  }
  if (offline !== undefined && cpus > 1) tried(() => vm.cpu(1 + (offline % (cpus - 1))).offline());
  vm.run({ ms: 100 });
}

const momentary =
  /^\/(?:snapshots|manifest|proc\/sys|proc\/cmdline)|affinity_hint$|\/spurious$|\/channels\/\d+\/(?:events|interrupts|intr_|out_full|read_avail|write_avail|in_mask|out_mask)|\/(?:in|out)_(?:read|write|intr)_/;

test.each(partsOf(runs(120, 12), 12))(
  '%j: a recording of a random guest makes one with the same files',
  async ({ numRuns, seed }) => {
    await fc.assert(
      fc.asyncProperty(guests, async (drawn) => {
        const options = optionsOf(drawn);
        const vm = Guest.create(options);
        live(vm, drawn);
        const files = recordedGuest(vm, 0, { release: `${drawn.kernel}.1`, cmdline: options.cmdline });
        const { text } = await scenarioOf(machineOfRecording(recordingOf(files), false), showInterrupts);
        const again = recordedGuest(Guest.create(parseScenario(text, 'imported').guest), 0);
        const paths = [...new Set([...files.files(), ...again.files()])].filter(
          (path) => !momentary.test(path),
        );
        const differing = paths.filter((path) => files.text(path) !== again.text(path));
        if (differing.length > 0)
          throw new Error(
            JSON.stringify(differing.map((path) => [path, files.text(path), again.text(path)])).slice(0, 600),
          );
      }),
      { numRuns, seed },
    );
  },
  120_000,
);
