import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { MachineFiles } from '../../../src/capture/bundle/machine-files.js';
import { recordingOf } from '../../../src/capture/bundle/recording.js';
import { machineOfRecording } from '../../../src/capture/captured-machine.js';
import { scenarioOf } from '../../../src/capture/captured-scenario.js';
import { showInterrupts } from '../../../src/capture/show-interrupts.js';
import { Guest } from '../../../src/guest/guest.js';
import { parseScenario } from '../../../src/scenario/load.js';
import type { Scenario } from '../../../src/scenario/scenario.js';
import { parseInterrupts } from '../../../src/view/interrupts/parse.js';
import { runs, someOf } from '../../support/long.js';
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
 * Of PCI functions and KVM's devices interrupts are kept only, of an open design the names; nothing has so many vectors; no
 * file tells that an interrupt is managed.
 */
const notWhole = [
  'azure',
  'pci-devices',
  'hyperv-gen1',
  'interrupt-lines',
  'kvm',
  'netvsc-names',
  'lisa-vector',
  'lisa-restore',
];
const examples = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const whole = examples.filter((name) => !notWhole.some((one) => name.startsWith(one)));

describe('a recorded guest and the one that import makes of it have the same files:', () => {
  test.each(someOf(whole, 3))('%s', async (name) => {
    const { guest, ...rest } = read(name);
    const { kernel: release = '6.10', cmdline } = guest;
    const files = recordedGuest(Guest.ofScenario({ guest, ...rest }), 2, {
      release: `${release}.3`,
      cmdline,
    });
    const { scenario } = await imported(files);
    const again = recordedGuest(Guest.create(scenario.guest), 0);
    expect([...again.files()].length).toBeGreaterThan(200);
    expect(differences(files, again)).toEqual([]);
  });

  test.each(['hyperv-gen1-remapped.yaml', 'azure-d16s-an.yaml'])(
    '%s: of functions passed through the interrupts, with their affinities',
    async (name) => {
      const files = recordedGuest(Guest.ofScenario(read(name)), 1, { release: read(name).guest.kernel });
      const { scenario } = await imported(files);
      const differing = differences(files, recordedGuest(Guest.create(scenario.guest), 0));
      expect(differing.filter((path) => /interrupts$|affinity/.test(path))).toEqual([]);
    },
  );
});

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
    { numRuns: runs(20, 2) },
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
