import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { resultJson } from '../../../src/cli/run/json.js';
import { Guest } from '../../../src/guest/guest.js';
import { parseScenario } from '../../../src/scenario/load.js';
import { type RunResult, runScenarioOn } from '../../../src/scenario/runner.js';

function run(text: string): {
  guest: Guest;
  result: RunResult;
  failures: (string | undefined)[];
  json: string;
} {
  const head = `cpus: 4\nkernel: "6.12"\nvmbus: false\n`;
  const scenario = parseScenario(head + text, 'pci.yaml');
  const guest = Guest.create(scenario.guest);
  const result = runScenarioOn(guest, scenario);
  const failures = result.steps.flatMap(({ outcome, message }) => (outcome === 'ok' ? [] : [message]));
  return { guest, result, failures, json: resultJson(scenario, guest, result) };
}

/** What the guest's interrupts from 24 on are called, with their CPUs. */
function lines(guest: Guest): string[] {
  return [...guest.irqCore.descs()].flatMap(({ irq }) => {
    if (irq < 24 || guest.irq(irq).name === '') return [];
    const hint = guest.fs.readFile(`/proc/irq/${irq}/affinity_hint`).trim();
    return [`${irq} ${guest.irq(irq).name} ${guest.irq(irq).affinity} ${hint}`];
  });
}

describe('nvme (drivers/nvme/host/pci.c)', () => {
  test('has an admin queue, which is not managed, and I/O queues spread over CPUs', () => {
    const { guest, failures } = run(`
pci: [{nvme: {bdf: "0000:00:04.0", queues: 2}}]
timeline:
  - {affinity: {irq: 25, cpus: "3"}, expect: EPERM}
  - {affinity: {irq: 24, cpus: "3"}}
`);
    expect(failures).toEqual([]);
    expect(lines(guest)).toEqual(['24 nvme0q0 3 0', '25 nvme0q1 0-1 0', '26 nvme0q2 2-3 0']);
  });

  test('has no more I/O queues than possible CPUs', () => {
    expect(lines(run('pci: [{nvme: {queues: 64}}]').guest).length).toBe(5);
  });

  test('shares its only vector between the queues (nvme_create_queue)', () => {
    const { guest, result } = run(`
pci: [{nvme: {queues: 4, vectors: 1}}]
workload: [{disk: nvme0, outstanding: 1, ios: 10}]
`);
    expect(lines(guest)).toEqual(['24 nvme0q0, nvme0q1 0-3 0']);
    expect(result.workload).toEqual([{ sent: 10, unsent: 0, completed: 10 }]);
    expect(guest.irq(24).total).toBe(10);
  });

  test("a CPU's requests come back by the interrupt of its queue (blk_mq_pci_map_queues)", () => {
    const { guest, result } = run(`
pci: [{nvme: {queues: 2, latency: 10us}}]
workload: [{disk: nvme0, iops: 1000, during: 100ms, cpus: "2"}]
`);
    expect(result.workload).toEqual([{ sent: 100, unsent: 0, completed: 100 }]);
    expect([24, 25, 26].map((irq) => guest.irq(irq).total)).toEqual([0, 0, 100]);
    // Of a managed mask's CPUs that have given out equally many vectors the last one (matrix_find_best_cpu_managed).
    expect(guest.irq(26).counts[3]).toBe(100);
  });

  test('a queue sleeps while all its CPUs are offline', () => {
    const { guest, failures } = run(`
pci: [{nvme: {queues: 2}}]
timeline:
  - {offline: 2}
  - {read: /proc/irq/26/effective_affinity_list, expect: "3"}
  - {offline: 3}
  - {raise: 26}
  - {count: {irq: 26}, expect: 0}
  - {online: 2}
  - {read: /proc/irq/26/effective_affinity_list, expect: "2"}
`);
    expect(failures).toEqual([]);
    // Its MSI-X entry had kept the interrupt; nothing was done, so nobody took it.
    expect(guest.irq(26).total).toBe(1);
  });
});

describe('virtio (drivers/virtio/virtio_pci_common.c)', () => {
  test('virtio-net has an interrupt for each queue, and hints for the CPUs of each pair (virtnet_set_affinity)', () => {
    const { guest, failures } = run(`
pci: [{virtio-net: {queues: 2}}]
timeline:
  - {read: /proc/irq/25/affinity_hint, expect: "3"}
  - {affinity: {irq: 25, cpus: "3"}}
`);
    expect(failures).toEqual([]);
    expect(lines(guest)).toEqual([
      '24 virtio0-config 0-3 0',
      '25 virtio0-input.0 3 3',
      '26 virtio0-output.0 0-1 3',
      '27 virtio0-input.1 2-3 c',
      '28 virtio0-output.1 2-3 c',
    ]);
  });

  test('virtio-net spreads its queues anew when a CPU goes or comes (virtnet_cpu_dead, virtnet_cpu_online)', () => {
    const { guest, failures } = run(`
pci: [{virtio-net: {queues: 2}}]
timeline:
  - {offline: 1}
  - {read: /proc/irq/25/smp_affinity_list, expect: "0,2"}
  - {read: /proc/irq/27/smp_affinity_list, expect: "3"}
  - {online: 1}
  - {queues: {device: virtio0, count: 1}}
  - {read: /proc/irq/25/smp_affinity_list, expect: "0-3"}
  - {read: /proc/irq/27/smp_affinity_list, expect: "2-3"}
  - {queues: {device: virtio0, count: 3}, expect: EINVAL}
`);
    expect(failures).toEqual([]);
    expect(guest.pci.names).toEqual(['virtio0']);
  });

  test('frames come and go by the queues of their flows', () => {
    const { guest, result } = run(`
pci: [{virtio-net: {queues: 2}}]
workload:
  - {nic: virtio0, flows: 4, packets: 100, during: 1s}
  - {nic: virtio0, flows: 1, packets: 10, during: 1s, direction: tx}
`);
    expect(result.workload).toEqual([
      { sent: 100, unsent: 0 },
      { sent: 10, unsent: 0 },
    ]);
    expect([24, 25, 26, 27, 28].map((irq) => guest.irq(irq).total)).toEqual([0, 50, 10, 50, 0]);
  });

  test('virtio-blk has managed request queues', () => {
    const { guest } = run('pci: [{virtio-net: {}}, {virtio-blk: {queues: 2}}]');
    expect(lines(guest).slice(3)).toEqual([
      '27 virtio1-config 0-3 0',
      '28 virtio1-req.0 0-1 0',
      '29 virtio1-req.1 2-3 0',
    ]);
  });

  test('has one interrupt for all queues where there are too few (vp_find_vqs)', () => {
    const { guest, result } = run(`
pci: [{virtio-blk: {queues: 4, vectors: 2}}]
workload: [{disk: virtio0, outstanding: 4, ios: 20}]
`);
    expect(lines(guest)).toEqual(['24 virtio0-config 0-3 0', '25 virtio0-virtqueues 0-3 0']);
    expect(result.workload[0].completed).toBe(20);
  });
});

describe('PCI devices', () => {
  test('come and go while the guest runs, with their interrupts', () => {
    const { guest, result, failures } = run(`
pci: [{nvme: {queues: 2}}, {nvme: {queues: 1}}]
workload: [{disk: nvme0, outstanding: 8, until: 20ms}]
timeline:
  - {at: 10ms, unplug: nvme0}
  - {read: /proc/irq/26/spurious, expect: ENOENT}
  - {at: 30ms, plug: {virtio-blk: {bdf: "0000:01:00.0"}}}
  - {plug: {nvme: {queues: 1, vectors: 1}}}
  - {plug: {virtio-net: {vectors: 1}}, expect: ENOSPC}
  - {unplug: "0000:01:00.0"}
`);
    expect(failures).toEqual([]);
    expect(guest.pci.names).toEqual(['nvme1', 'nvme0']);
    expect(result.workload[0].unsent).toBe(8);
    expect(guest.pci.device('nvme0').pci.name).toBe('0000:00:04.0');
  });

  test('of any kind have an interrupt for each vector', () => {
    const { guest } = run('pci: [{msix: {name: mlx5_comp, queues: 2, managed: true}}, {msix: {queues: 1}}]');
    expect(lines(guest)).toEqual(['24 mlx5_comp-0 0-1 0', '25 mlx5_comp-1 2-3 0', '26 msix-0 0-3 0']);
  });

  test('give the same bytes twice, and are what a workload is about in JSON', () => {
    const text = 'pci: [{nvme: {queues: 2}}]\nworkload: [{disk: nvme0, outstanding: 8, ios: 1000}]';
    const { json } = run(text);
    expect(run(text).json).toBe(json);
    expect((JSON.parse(json) as { workload: object[] }).workload).toEqual([
      { device: 'nvme0', sent: 1000, unsent: 0, completed: 1000 },
    ]);
  });

  test.each([
    [
      'pci: [{}]',
      '4:7: a PCI device needs its driver: one of nvme, virtio-net, virtio-blk, mana, mlx5, msix',
    ],
    [
      'pci: [{nvme: {bdf: x}}]',
      '4:20: expected an address of a PCI function such as "0000:00:04.0", not "x"',
    ],
    [
      'pci: [{nvme: {}}]\nworkload: [{disk: nvme1, outstanding: 1, ios: 1}]',
      '5:19: there is no PCI device nvme1; known: nvme0',
    ],
    [
      'pci: [{nvme: {}}]\nworkload: [{nic: nvme0, packets: 1, rate: 1}]',
      '5:18: expected a device with driver virtio-net or mana, not nvme0 (nvme)',
    ],
    [
      'pci: [{nvme: {bdf: "0000:00:04.0"}}, {nvme: {bdf: "0000:00:04.0"}}]',
      '4:51: there is a PCI device at 0000:00:04.0 already',
    ],
    ['timeline: [{unplug: nvme0}]', '4:21: there is no PCI device nvme0 to unplug'],
  ])('%s', (text, message) => {
    expect(() => run(text)).toThrow(message);
  });

  test('need a bus that the machine has', () => {
    const options = { cpus: 1, vmbus: false, pci: [{ driver: 'nvme', bus: 'hyperv' }] } as const;
    expect(() => Guest.create(options)).toThrow(
      '0001:00:00.0 is on bus hyperv, which this machine has not; without Hyper-V there is no such bus',
    );
  });
});

test('NVMe, virtio and a legacy device work side by side (pci-devices.yaml)', () => {
  const text = readFileSync(new URL('../../../examples/pci-devices.yaml', import.meta.url), 'utf8');
  const scenario = parseScenario(text, 'pci-devices.yaml');
  const guest = Guest.create(scenario.guest);
  const { steps, workload } = runScenarioOn(guest, scenario);
  expect(steps.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
  expect(workload[1]).toEqual({ sent: 5000, unsent: 0, completed: 5000 });
  expect(workload.map(({ unsent }) => unsent)).toEqual([0, 0, 0, 0, 0]);
});
