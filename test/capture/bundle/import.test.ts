import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FindingList } from '../../../src/capture/bundle/findings.js';
import { MachineFiles } from '../../../src/capture/bundle/machine-files.js';
import { pciFunctions } from '../../../src/capture/bundle/pci-functions.js';
import { recordingOf } from '../../../src/capture/bundle/recording.js';
import { machineOfRecording } from '../../../src/capture/captured-machine.js';
import { scenarioOf } from '../../../src/capture/captured-scenario.js';
import { showInterrupts } from '../../../src/capture/show-interrupts.js';
import { Guest } from '../../../src/guest/guest.js';
import { parseScenario } from '../../../src/scenario/load.js';
import { runScenarioOn } from '../../../src/scenario/runner.js';
import type { Scenario } from '../../../src/scenario/scenario.js';
import { parseInterrupts } from '../../../src/view/interrupts/parse.js';
import { isLong, runs, someOf } from '../../support/long.js';
import { recordedGuest } from '../../support/recorded-guest.js';

const folder = new URL('../../../examples/', import.meta.url);

async function imported(files: MachineFiles): Promise<{ scenario: Scenario; text: string }> {
  const { text } = await scenarioOf(machineOfRecording(recordingOf(files), false), showInterrupts);
  return { scenario: parseScenario(text, 'imported'), text };
}

/** What is otherwise after a while, or counts what has been: counters of channels, and where their rings are. */
const momentary =
  /^\/(?:snapshots|manifest|proc\/sys|proc\/cmdline)|\/channels\/\d+\/(?:events|interrupts|intr_|out_full|read_avail|write_avail|in_mask|out_mask)|\/(?:in|out)_(?:read|write|intr)_|\/spurious$/;
/** What the drivers wanted before somebody moved their interrupts. */
const hints = /\/affinity_hint$/;

/** Files that are not the same in both. */
function differences(one: MachineFiles, other: MachineFiles): string[] {
  const paths = [...new Set([...one.files(), ...other.files()])];
  return paths.filter(
    (path) => !momentary.test(path) && !hints.test(path) && one.text(path) !== other.text(path),
  );
}

function read(name: string): Scenario {
  return parseScenario(readFileSync(new URL(name, folder), 'utf8'), name);
}

/**
 * What drivers of PCI functions make of them, of which the interrupts are known, and what they are; MAC addresses, which no
 * recording has.
 */
const ofDrivers =
  /\/pci[0-9a-f]{4}:[0-9a-f]{2}\/.*\/(?:net|nvme|virtio\d+)\/|\/net\/eth\d+\/address$|\/cpu\/hotplug\/states$/;

/** Files that import cannot have the same, and why. */
const otherwise: Readonly<Record<string, RegExp>> = {
  // A device that somebody has unbound, its class having a driver.
  'channel-affinity.yaml': /00000000-0010-4000-8000-000000000000\/(?:state|uevent)$/,
  // A primary channel's directory has the relid that it had first.
  'hibernate.yaml': /\/channels\/(?:7|13|14|30|107|113|114|130)\//,
  // A PC without a PIC.
  'kvm-level-irqfd.yaml': /^\/proc\/irq\/\d+\/(?:node|effective_affinity(?:_list)?)$/,
  // Names of the mail thread's: another design.
  'netvsc-names.yaml': /\/VMBUS:00\//,
  // Which CPU of two a managed interrupt goes to.
  'pci-devices.yaml': /^\/proc\/irq\/35\/effective/,
  // Two channels of a disk, and one CPU that is plugged in.
  'plug-cpus.yaml': /\/VMBUS:00\/7d71fb05/,
  // The services' module is not loaded; the adapter's interface has come twice.
  'unload-vmbus.yaml': /\/VMBUS:00\/9190299e|\/ifindex$|\/iflink$|\/eth0\/uevent$/,
};
/** The largest takes longer than all others together. */
const examples = readdirSync(folder).filter(
  (name) => name.endsWith('.yaml') && (isLong || name !== 'large-machine.yaml'),
);

test.each(someOf(examples, 3))(
  '%s: recorded at its end and imported, it has the same files',
  async (name) => {
    const scenario = read(name);
    const guest = Guest.ofScenario(scenario);
    runScenarioOn(guest, scenario);
    const { kernel: release = '6.10', cmdline } = scenario.guest;
    const files = recordedGuest(guest, 0, { release, cmdline });
    const again = recordedGuest(Guest.create((await imported(files)).scenario.guest), 0);
    expect(again.text('/proc/interrupts')).toBe(files.text('/proc/interrupts'));
    const differing = differences(files, again).filter((path) => !ofDrivers.test(path));
    expect(differing.filter((path) => otherwise[name]?.test(path) !== true)).toEqual([]);
    expect(differing.length > 0).toBe(otherwise[name] !== undefined);
  },
  60_000,
);

/** Interrupts of each line of /proc/interrupts that is no architecture's, by its beginning. */
function countsOf(guest: Guest): Map<string, number> {
  const rows = parseInterrupts(guest.procInterrupts()).table.rows;
  return new Map(
    rows.flatMap((row): [string, number][] =>
      row.kind === 'irq' ? [[`${row.irq} ${row.actions.join()}`, row.counts.reduce((a, b) => a + b, 0)]] : [],
    ),
  );
}

const BUSY = `
cpus: {present: 6, nodes: 2}
devices:
  - {driver: heartbeat, relid: 7}
  - {driver: storvsc, relid: 14, subChannels: [15]}
  - {driver: netvsc, relid: 20, channels: 3, subChannels: [21, 22]}
interrupts:
  - {irq: 8, chip: IO-APIC, flow: edge, name: rtc0}
`;

test('the guest lives on as its machine did: each rate within 5 % after 60 s, whatever the workload', async () => {
  const item = fc.record({
    everyNs: fc.integer({ min: 2_000_000, max: 800_000_000 }),
    jittered: fc.boolean(),
    burst: fc.integer({ min: 1, max: 30 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(item, { minLength: 7, maxLength: 7 }), async (items) => {
      const targets = ['relid: 7', 'relid: 14', 'relid: 15', 'relid: 20', 'relid: 21', 'relid: 22', 'irq: 8'];
      const lines = items.map(({ everyNs, jittered, burst }, at) => {
        const jitter = jittered ? `, jitter: ${everyNs - 1}ns` : '';
        return `  - {${targets[at]}, every: ${everyNs}ns, burst: ${burst}${jitter}}\n`;
      });
      const scenario = parseScenario(`${BUSY}workload:\n${lines.join('')}run: 100s\n`, 'busy');
      const machine = Guest.ofScenario(scenario);
      machine.run({ seconds: 1 });
      const before = countsOf(machine);
      const files = recordedGuest(machine, 60, { release: '6.10' });
      const after = countsOf(machine);
      const { scenario: made } = await imported(files);
      const guest = Guest.ofScenario(made);
      const start = countsOf(guest);
      expect(start).toEqual(after);
      guest.run({ seconds: 60 });
      const end = countsOf(guest);
      for (const [row, count] of after) {
        const seen = count - (before.get(row) ?? 0);
        const lived = (end.get(row) ?? 0) - (start.get(row) ?? 0);
        expect(Math.abs(lived - seen)).toBeLessThanOrEqual(Math.max(1, seen * 0.05));
      }
    }),
    { numRuns: runs(20, 1) },
  );
}, 120_000);

test('a kernel without the RFC: no interrupts of channels, rates from their counters in sysfs', async () => {
  const text = `${BUSY}design: mainline\nworkload:\n  - {relid: 14, every: 10ms}\n  - {relid: 21, every: 100ms}\nrun: 100s\n`;
  const files = recordedGuest(Guest.ofScenario(parseScenario(text, 'mainline')), 10, { release: '6.10' });
  const { text: made, scenario } = await imported(files);
  expect(made).toContain('design: mainline\n');
  expect(made).toMatch(/- \{relid: 14, every: 10ms\} +# storvsc: 100\/s\n/);
  expect(made).toMatch(/- \{relid: 21, every: 100ms\} +# netvsc: 10\.1\/s\n/);
  expect(made).toContain('run: 10s\n');
  const guest = Guest.create(scenario.guest);
  expect(guest.fs.readFile('/sys/devices/system/node/node1/cpulist')).toBe('3-5\n');
  expect(guest.procInterrupts()).not.toContain('VMBus');
});

test('rings of another size than usual', async () => {
  const text = `${BUSY}moduleParameters: {hv_netvsc: {ring_size: 64}, hv_storvsc: {storvsc_ringbuffer_size: 262144}}\n`;
  const files = recordedGuest(Guest.ofScenario(parseScenario(text, 'rings')), 0, { release: '6.10' });
  const { text: made, scenario } = await imported(files);
  expect(made).toContain(
    'moduleParameters: {hv_netvsc: {ring_size: 64}, hv_storvsc: {storvsc_ringbuffer_size: 262144}}\n',
  );
  const again = recordedGuest(Guest.create(scenario.guest), 0);
  const sizes = [...files.files()].filter((path) => path.endsWith('/out_write_bytes_avail'));
  expect(sizes.map((path) => files.number(path))).toEqual(expect.arrayContaining([262144, 262144]));
  for (const path of sizes) expect(again.text(path)).toBe(files.text(path));
});

test('PCI functions behind VMBus devices are found without /sys/bus/pci, which sosreports lack', () => {
  const files = new MachineFiles('sosreport');
  const bus = '/sys/bus/vmbus/devices/00000000-7870-4000-8000-000000000000';
  const device = '/sys/devices/VMBUS:00/00000000-7870-4000-8000-000000000000';
  files.add(bus, { kind: 'link', target: `../../..${device.slice(4)}` });
  const texts = { vendor: '0x1414', device: '0x00ba', class: '0x020000', 'msi_irqs/24': 'msix' };
  for (const [name, text] of Object.entries(texts))
    files.add(`${device}/pci7870:00/7870:00:00.0/${name}`, { kind: 'file', bytes: Buffer.from(`${text}\n`) });
  const found = { bdf: '7870:00:00.0', irqs: [24], id: '1414:00ba', classCode: 0x020000 };
  expect(pciFunctions(files, new FindingList())).toMatchObject([
    { ...found, instance: '00000000-7870-4000-8000-000000000000' },
  ]);
});
