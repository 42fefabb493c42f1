import { expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { parseScenario } from '../../src/scenario/load.js';
import { runScenarioOn } from '../../src/scenario/runner.js';

/** Runs a scenario whose every step must turn out well; returns /proc/interrupts after it. */
function after(text: string): string {
  const scenario = parseScenario(text, 'case.yaml');
  const guest = Guest.create(scenario.guest);
  const { steps } = runScenarioOn(guest, scenario);
  expect(steps.map(({ outcome }) => outcome)).toEqual(steps.map(() => 'ok'));
  return guest.procInterrupts();
}

const nic = '{driver: netvsc, relid: 13, channels: 4, subChannels: [16, 17, 18]';

test.each([
  ['6.12', ['mlx5_async0', 'mlx5_comp0'], false],
  ['6.1', ['mlx5_comp0', 'mlx5_comp1', 'mlx5_comp2'], false],
  ['6.10', ['mana_hwc', 'mana_q0'], true],
  ['7.2', ['nvme0q0'], true],
] as const)(
  'Linux %s: a passed-through device that is rescinded takes the interrupts of its functions with it: %j',
  (kernel, names, isMovedFirst) => {
    const lines = names.map(
      (name, i) =>
        `  - {irq: ${40 + i}, chip: "Hyper-V PCIe MSI", hwirq: ${i}, flow: edge, name: "${name}@pci:0001:00:02.0", affinity: "0-1"}`,
    );
    const rows = after(`cpus: 4
kernel: "${kernel}"
devices:
  - ${nic}}
  - {driver: vpci, relid: 30, instance: 47505500-0001-0000-3130-444531444234}
interrupts:
${lines.join('\n')}
timeline:
  - {at: 1s, read: /proc/irq/40/smp_affinity_list, expect: "0-1"}
${isMovedFirst ? '  - {write: /proc/irq/40/smp_affinity_list, data: "0"}\n' : ''}  - {rescind: 30}
  - {at: 2s, read: /proc/irq/40/smp_affinity_list, expect: ENOENT}
`);
    for (const name of names) expect(rows).not.toContain(name);
    expect(rows).not.toContain('vpci');
    expect(rows.match(/ netvsc$/gm)).toHaveLength(4);
  },
);

test('a network adapter is given to uio_hv_generic while netvsc has it, then unbound and bound', () => {
  const guid = '11111111-2222-3333-4444-555555555555';
  after(`cpus: 4
devices: [${nic}, instance: ${guid}}]
timeline:
  - {at: 1s, write: /sys/bus/vmbus/drivers/uio_hv_generic/new_id, data: f8615163-df3e-46c5-913f-f2d2f965ed0e}
  - {write: /sys/bus/vmbus/drivers/hv_netvsc/unbind, data: ${guid}}
  - {write: /sys/bus/vmbus/drivers/uio_hv_generic/bind, data: ${guid}}
  - {uio: {relid: 13, do: open}}
  - {uio: {relid: 13, do: enable}}
  - {uio: {relid: 13, do: close}}
  - {uio: {relid: 13, do: disable}, expect: EBADF}
`);
});

test('scripts find the channels of an interface by its name', () => {
  after(`cpus: 4
devices: [${nic}}, {driver: vpci, relid: 30}]
timeline:
  - {at: 1s, read: /sys/class/net/eth0/device/channel_vp_mapping}
  - {read: /sys/class/net/eth0/device/vendor, expect: "0x1414"}
  - {write: /sys/bus/vmbus/drivers/uio_hv_generic/new_id, data: f8615163-df3e-46c5-913f-f2d2f965ed0e}
  - {write: /sys/bus/vmbus/drivers/uio_hv_generic/new_id, data: f8615163-df3e-46c5-913f-f2d2f965ed0e, expect: EEXIST}
`);
});
