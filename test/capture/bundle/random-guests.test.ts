import { test } from '@jest/globals';
import fc from 'fast-check';
import { recordingOf } from '../../../src/capture/bundle/recording.js';
import { machineOfRecording } from '../../../src/capture/captured-machine.js';
import { scenarioOf } from '../../../src/capture/captured-scenario.js';
import { showInterrupts } from '../../../src/capture/show-interrupts.js';
import { Guest } from '../../../src/guest/guest.js';
import { parseScenario } from '../../../src/scenario/load.js';
import type { DeviceInList } from '../../../src/scenario/options/devices.js';
import type { GuestOptions } from '../../../src/scenario/options/guest.js';
import type { InterruptOptions } from '../../../src/scenario/options/interrupts.js';
import type { PciDeviceOptions } from '../../../src/scenario/options/pci.js';
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
    const made: DeviceInList[] = drivers.map((driver) => ({ driver, relid: relid++ }));
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

const drivers = ['nvme', 'mana', 'mlx5', 'msix', 'virtio-net', 'virtio-blk'] as const;

/** PCI functions: with a bus that Hyper-V passes through VMBus, with one without its channel, or on the machine's own. */
const functions = fc.array(
  fc.record({
    driver: fc.constantFrom(...drivers),
    queues: fc.integer({ min: 1, max: 5 }),
    place: fc.constantFrom('behind' as const, 'hyperv' as const, 'pci' as const),
    hasNode: fc.boolean(),
  }),
  { maxLength: 3 },
);

/** A guest, and what happens to it before it is recorded. */
const guests = fc.record({
  kernel: fc.constantFrom(...kernelVersions),
  arm64: fc.nat(3).map((one) => one === 0),
  cpus: fc.constantFrom(1, 2, 4, 6, 8),
  room: fc.constantFrom(0, 0, 2),
  nodes: fc.constantFrom(1, 1, 2),
  threads: fc.constantFrom(1, 1, 2),
  mainline: fc.boolean(),
  isolated: fc.constantFrom(undefined, undefined, 'isolcpus=', 'isolcpus=managed_irq,domain,', 'nohz_full='),
  maxcpus: fc.nat(5).map((one) => one === 0),
  devices,
  functions,
  lines,
  moves: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 6 }),
  wide: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 3 }),
  gone: fc.array(fc.nat(), { maxLength: 2 }),
  late: fc.boolean(),
  plugged: fc.boolean(),
  offline: fc.option(fc.nat(), { nil: undefined }),
  signals: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 50 })), { maxLength: 6 }),
});

type Drawn = typeof guests extends fc.Arbitrary<infer Made> ? Made : never;

/** Where new relids begin. */
const LATE_RELID = 90;
const FIRST_BUS = 100;

function pciOf({ functions: drawn, arm64 }: Drawn): { buses: DeviceInList[]; pci: PciDeviceOptions[] } {
  const buses: DeviceInList[] = [];
  const pci: PciDeviceOptions[] = [];
  for (const [at, { driver, queues, place, hasNode }] of drawn.entries()) {
    const func = {
      driver,
      queues,
      ...(hasNode && { node: 0 }),
      ...(driver === 'msix' && { name: `dev${at}` }),
    };
    const instance = `0000000${at}-000${at + 1}-4000-8000-000000000000`;
    if (place === 'behind')
      buses.push({ driver: 'vpci', relid: FIRST_BUS + at, instance, functions: [func] });
    else
      pci.push({ ...func, ...(place === 'hyperv' || arm64 ? { bus: 'hyperv', instance } : { bus: 'pci' }) });
  }
  return { buses, pci };
}

function cmdlineOf({ cpus, isolated, maxcpus }: Drawn): string | undefined {
  const words = [
    ...(isolated !== undefined && cpus > 2 ? [`${isolated}${cpus - 1}`] : []),
    ...(maxcpus && cpus > 1 ? [`maxcpus=${cpus - 1}`] : []),
  ];
  return words.length === 0 ? undefined : words.join(' ');
}

function optionsOf(drawn: Drawn): GuestOptions {
  const { kernel, arm64, cpus, room, nodes, threads, mainline } = drawn;
  const cmdline = cmdlineOf(drawn);
  const { buses, pci } = pciOf(drawn);
  const possible = cpus + room;
  const isEven = possible % (threads * Math.min(nodes, cpus)) === 0;
  return {
    kernel,
    ...(arm64 && { arch: 'arm64' }),
    cpus: { present: cpus, possible, nodes: Math.min(nodes, cpus), threadsPerCore: isEven ? threads : 1 },
    ...(mainline && { design: 'mainline' }),
    ...(cmdline !== undefined && { cmdline }),
    devices: [...drawn.devices, ...buses],
    ...(!arm64 && { interrupts: linesOf(drawn) }),
    pci,
  };
}

function linesOf({ arm64, lines: drawn }: Drawn): InterruptOptions[] {
  if (arm64) return [];
  return drawn.map(({ irq, flow }) => ({ irq, chip: 'IO-APIC', flow, name: `device${irq}` }));
}

/** Does it if the guest lets it. */
function tried(what: () => void): void {
  try {
    what();
  } catch (error) {
    const isRefused = error instanceof Error && (error.name === 'ErrnoError' || error instanceof RangeError);
    if (!isRefused) throw error;
  }
}

/** Moves channels and interrupts, has devices come and go, takes a CPU offline and has things count. */
function live(vm: Guest, drawn: Drawn): void {
  const { cpus, moves, wide, gone, late, plugged, room, offline, signals } = drawn;
  const own = linesOf(drawn);
  const primaries = vm.vmbus.bus.devices.map(({ channel: { relid } }) => relid);
  for (const which of gone.slice(0, primaries.length)) {
    const relid = primaries[which % primaries.length];
    tried(() => vm.host.rescind(relid));
    vm.run({ ms: 10 });
  }
  if (late) vm.host.offer({ driver: 'fcopy', relid: LATE_RELID });
  vm.run({ ms: 10 });
  const channels = vm.vmbus.bus.devices.flatMap(({ channel }) => [channel, ...channel.subChannels]);
  const relids = channels.map(({ relid }) => relid);
  if (plugged && room > 0 && !drawn.arm64) {
    tried(() => vm.cpu(cpus).plug());
    tried(() => vm.cpu(cpus).online());
  }
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
  for (const [which, bits] of wide) {
    const relid = relids[which % Math.max(1, relids.length)];
    const mask = Array.from({ length: cpus }, (_, cpu) => cpu).filter((cpu) => (bits >> cpu) % 2 === 1);
    if (relid !== undefined && vm.channel(relid).irq > 0)
      tried(() => vm.irq(vm.channel(relid).irq).setAffinity(mask));
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

/** Counters, what was in rings, what drivers want, what they make of PCI functions, and addresses, which no recording has. */
const momentary =
  /^\/(?:snapshots|manifest|proc\/sys|proc\/cmdline)|affinity_hint$|\/spurious$|\/channels\/\d+\/(?:events|interrupts|intr_|out_full|read_avail|write_avail|in_mask|out_mask)|\/(?:in|out)_(?:read|write|intr)_|\/pci[0-9a-f]{4}:[0-9a-f]{2}\/.*\/(?:net|nvme|virtio\d+)\/|\/net\/eth\d+\/|\/cpu\/hotplug\/states$/;

test.each(partsOf(runs(120, 6), 12))(
  '%j: a recording of a random guest makes one with the same files',
  async ({ numRuns, seed }) => {
    await fc.assert(
      fc.asyncProperty(guests, async (drawn) => {
        const options = optionsOf(drawn);
        const vm = Guest.create(options);
        live(vm, drawn);
        const files = recordedGuest(vm, 0, { release: `${drawn.kernel}.1`, cmdline: options.cmdline });
        const { text } = await scenarioOf(machineOfRecording(recordingOf(files), false), showInterrupts);
        const { guest } = parseScenario(text, 'imported');
        const again = recordedGuest(Guest.create(guest), 0);
        // Which CPU of several a managed interrupt goes to is the guest's choice.
        const managed = (guest.interrupts ?? []).flatMap((one) => (one.managed ? [one.irq] : []));
        const chosen = new RegExp(`^/proc/irq/(?:${managed.join('|')})/effective_affinity`);
        const paths = [...new Set([...files.files(), ...again.files()])].filter(
          (path) => !momentary.test(path) && !chosen.test(path),
        );
        const differing = paths.filter((path) => files.text(path) !== again.text(path));
        if (differing.length > 0)
          throw new Error(
            JSON.stringify(differing.map((path) => [path, files.text(path), again.text(path)])).slice(0, 600),
          );
      }),
      { numRuns, seed, includeErrorInReport: true },
    );
  },
  120_000,
);
