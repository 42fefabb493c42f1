import { expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { parseScenario } from '../../src/scenario/load.js';
import { runScenario } from '../../src/scenario/runner.js';

/** Runs a scenario whose every step must turn out well; returns /proc/interrupts after it. */
function after(text: string): string {
  const scenario = parseScenario(text, 'case.yaml');
  const guest = Guest.create(scenario.guest);
  const { steps } = runScenario(guest, scenario);
  expect(steps.map(({ outcome }) => outcome)).toEqual(steps.map(() => 'ok'));
  return guest.procInterrupts();
}

const nic = '{driver: netvsc, relid: 13, channels: 4, subChannels: [16, 17, 18]';

test('a passed-through device that is rescinded takes the interrupts of its functions with it', () => {
  const rows = after(`cpus: 4
kernel: "6.12"
devices:
  - ${nic}}
  - {driver: vpci, relid: 30, instance: 47505500-0001-0000-3130-444531444234}
interrupts:
  - {irq: 40, chip: "Hyper-V PCIe MSI", hwirq: 0, flow: edge, name: "mlx5_async0@pci:0001:00:02.0"}
  - {irq: 41, chip: "Hyper-V PCIe MSI", hwirq: 1, flow: edge, name: "mlx5_comp0@pci:0001:00:02.0", affinity: "0"}
timeline: [{at: 1s, rescind: 30}]
`);
  expect(rows).not.toMatch(/mlx5|vpci/);
  expect(rows.match(/ netvsc$/gm)).toHaveLength(4);
});

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
