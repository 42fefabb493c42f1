import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { parseScenario } from '../../src/scenario/load.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';
import { runScenarioOn } from '../../src/scenario/runner.js';
import { designChoices } from '../../src/vmbus/variants/design.js';

const MS = 1_000_000;
const uart = { name: 'uart', gsi: 10, everyNs: MS, duringNs: 10 * MS };

function guestWith(
  devices: NonNullable<GuestOptions['kvm']>['devices'],
  more: Partial<GuestOptions> = {},
): Guest {
  return Guest.create({ cpus: 2, vmbus: false, kvm: { devices }, ...more });
}

describe('a guest with KVM under it', () => {
  test('shows the lines of its devices in /proc/interrupts', () => {
    const vm = guestWith([uart, { ...uart, name: 'nic' }, { ...uart, name: 'nvme', gsi: 20, wants: 3 }]);
    vm.run({ ms: 20 });
    const rows = vm.procInterrupts().split('\n');
    expect(rows.find((row) => row.startsWith(' 10:'))).toBe(
      ' 10:         10          0   IO-APIC  10-fasteoi   uart, nic',
    );
    expect(rows.find((row) => row.startsWith(' 20:'))).toMatch(
      /^ 20: +0 +30 {3}IO-APIC {2}20-fasteoi {3}nvme$/,
    );
    expect(vm.kvm?.counts()).toMatchObject({ wants: 50, served: 50, unserved: 0, interrupts: 40 });
  });

  test('begins when it has booted', () => {
    const vm = guestWith([{ ...uart, fromNs: 2 * MS }]);
    vm.run({ ms: 1 });
    expect(vm.kvm?.counts()).toMatchObject({ wants: 0, interrupts: 0 });
    vm.run({ ms: 1 });
    expect(vm.kvm?.counts()).toMatchObject({ wants: 1, served: 1, interrupts: 1 });
  });

  test.each(designChoices.irqfdSource)(
    '%s: nothing is lost beside VMBus, moves and CPUs that go offline',
    (irqfdSource) => {
      const scenario = parseScenario(
        `
cpus: 4
interruptTime: 30us
design: {irqfdSource: ${irqfdSource}}
devices: [{driver: netvsc, relid: 13, channels: 1}]
workload: [{relid: 13, every: 100us, until: 900ms}]
kvm:
  devices:
    - {name: a, gsi: 20, every: 1ms, during: 1s, wants: 2, reassign: 10ms}
    - {name: b, gsi: 5, every: 500us, during: 1s, wants: 2, reassign: 20ms}
timeline:
  - {at: 100ms, affinity: {irq: 20, cpus: 2}}
  - {at: 200ms, offline: 2}
  - {at: 300ms, affinity: {irq: 5, cpus: 3}}
  - {at: 400ms, offline: 3}
  - {at: 500ms, online: 2}
  - {at: 1s, read: /proc/irq/20/effective_affinity_list, expect: "0"}
  - {count: {irq: 20}, expect: 2000}
  - {count: {irq: 5}, expect: 4000}
`,
        'x.yaml',
      );
      const vm = Guest.create(scenario.guest);
      const { steps } = runScenarioOn(vm, scenario);
      expect(steps.flatMap(({ message }) => message ?? [])).toEqual([]);
      expect(vm.kvm?.counts()).toMatchObject({
        served: 6000,
        unserved: 0,
        reassigned: 99 + 49,
        unnotified: 0,
        orphaned: 0,
      });
      expect(vm.kvm?.devices.some(({ isStarved }) => isStarved)).toBe(false);
    },
  );

  test('leaves no thread of the host waiting', () => {
    const vm = guestWith([{ ...uart, reassignNs: MS }]);
    vm.run({ ms: 20 });
    expect(vm.machine.liveTasks).toBe(0);
    expect(vm.kvm?.kvm.irqfds.assigned).toHaveLength(1);
  });

  test('is refused where it cannot be', () => {
    expect(() => guestWith([uart], { arch: 'arm64' })).toThrow('kvm: arm64 has no IO-APIC');
    expect(() => guestWith([{ ...uart, everyNs: 0 }])).toThrow(
      'kvm.devices[0].everyNs: expected more than 0s',
    );
    expect(() => guestWith([{ ...uart, gsi: 24 }])).toThrow(
      'kvm.devices[0].gsi: expected a whole number from 3 to 23, not 24',
    );
    const interrupts = [{ irq: 10, chip: 'IO-APIC', flow: 'level', name: 'x' }] as const;
    expect(() => guestWith([uart], { interrupts })).toThrow(
      'kvm.devices[0].gsi: "interrupts" has an interrupt 10 already',
    );
  });
});
