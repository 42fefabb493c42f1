import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Guest } from '../../src/guest/guest.js';
import { guestOfCaptures } from '../../src/capture/guest-options.js';
import { parseLsvmbus } from '../../src/capture/lsvmbus.js';
import { scenarioText } from '../../src/capture/scenario-text.js';
import { parseScenario } from '../../src/scenario/load.js';
import type { CpuCounts } from '../../src/scenario/options/counts.js';
import type { DeviceOptions } from '../../src/scenario/options/devices.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';
import type { InterruptOptions } from '../../src/scenario/options/interrupts.js';
import { parseInterrupts } from '../../src/view/interrupts/parse.js';
import { runs } from '../support/long.js';

const count = fc.oneof(fc.constant(0), fc.nat(3000), fc.integer({ min: 0, max: 0xffffffff }));
const word = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_:@.[\]]{0,14}$/);

function countsFor(cpus: number): fc.Arbitrary<CpuCounts> {
  return fc.array(count, { minLength: cpus, maxLength: cpus });
}

function interrupts(cpus: number): fc.Arbitrary<InterruptOptions[]> {
  const one = fc.record({
    irq: fc.integer({ min: 0, max: 60 }).filter((irq) => irq !== 2),
    chip: fc.constantFrom('IO-APIC', 'PCI-MSI', 'PCI-MSIX-0000:00:03.0', 'Hyper-V PCIe MSI', 'DMAR-MSI'),
    hwirq: fc.oneof(fc.nat(99), fc.nat(0xfffff), fc.constant(4138200989697)),
    flow: fc.constantFrom('edge' as const, 'level' as const, 'fasteoi' as const),
    name: fc.array(word, { minLength: 1, maxLength: 3 }).map((names) => names.join(', ')),
    counts: countsFor(cpus),
  });
  return fc.uniqueArray(one, { maxLength: 8, selector: ({ irq }) => irq });
}

const devices: fc.Arbitrary<DeviceOptions[]> = fc
  .tuple(
    fc.subarray(['heartbeat', 'shutdown', 'timesync', 'kvp', 'balloon', 'mouse'] as const),
    fc.nat(3),
    fc.nat(2),
    fc.nat(2),
  )
  .map(([plain, nicSubs, scsiSubs, nics]) => {
    let relid = 1;
    const subs = (many: number): number[] => Array.from({ length: many }, () => relid++);
    const made: DeviceOptions[] = plain.map((driver) => ({ driver, relid: relid++ }));
    made.push({ driver: 'storvsc', relid: relid++, subChannels: subs(scsiSubs) });
    for (let nic = 0; nic < nics; nic++) {
      made.push({ driver: 'netvsc', relid: relid++, channels: nicSubs + 1, subChannels: subs(nicSubs) });
    }
    return made;
  });

const guests: fc.Arbitrary<GuestOptions> = fc.integer({ min: 1, max: 9 }).chain((cpus) =>
  fc.record({
    cpus: fc.constant(cpus),
    kernel: fc.constantFrom(
      '6.1' as const,
      '6.10' as const,
      '6.12' as const,
      '6.18' as const,
      '7.2' as const,
    ),
    devices,
    interrupts: interrupts(cpus),
    architectureRows: fc.record({ LOC: countsFor(cpus), RES: countsFor(cpus), HYP: countsFor(cpus) }),
    seed: fc.nat(0xffffffff),
  }),
);

/** What `lsvmbus -vv` would print in the guest. */
function lsvmbus({ fs }: Guest): string {
  const base = '/sys/bus/vmbus/devices';
  const text = (path: string): string => fs.readFile(`${base}/${path}`).trim();
  return fs
    .readdir(base)
    .map((name) => {
      const channels = text(`${name}/channel_vp_mapping`)
        .split('\n')
        .map((line) => line.split(':'))
        .map(([relid, cpu]) => `\tRel_ID=${relid}, target_cpu=${cpu}\n`);
      const head = `VMBUS ID ${text(`${name}/id`).padStart(2)}: Class_ID = ${text(`${name}/class_id`)} - Device\n`;
      return `${head}\tDevice_ID = ${text(`${name}/device_id`)}\n\tSysfs path: ${base}/${name}\n${channels.join('')}\n`;
    })
    .join('');
}

function tryToBoot(options: GuestOptions): Guest | undefined {
  try {
    return Guest.create(options);
  } catch (error) {
    // An interrupt on a number that the boot has given to another, or a hwirq that is used twice.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

test('a guest that is printed, imported and run prints the same, and has the same devices', () => {
  const numRuns = runs(150, 30);
  let booted = 0;
  fc.assert(
    fc.property(guests, (options) => {
      const guest = tryToBoot(options);
      if (guest === undefined) return;
      booted += 1;
      const text = guest.procInterrupts();
      const listed = lsvmbus(guest);
      const { options: imported } = guestOfCaptures({
        interrupts: parseInterrupts(text),
        devices: parseLsvmbus(listed),
      });
      const { guest: again } = parseScenario(scenarioText(imported, 'again', []), 'again.yaml');
      const second = Guest.create(again);
      expect(second.procInterrupts()).toBe(text);
      expect(lsvmbus(second)).toBe(listed);
    }),
    { numRuns },
  );
  expect(booted).toBeGreaterThan((2 * numRuns) / 3);
}, 60_000);
