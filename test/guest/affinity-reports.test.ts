// Reports of users about affinities: of interrupts that nobody has requested, that the kernel manages, of devices on a
// node, and where a CPU has no vector left.
import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { IRQ_HANDLED } from '../../src/irq/data/irqaction.js';
import { freeIrq } from '../../src/irq/management/free.js';
import { requestIrq } from '../../src/irq/management/request.js';
import type { KernelVersion } from '../../src/irq/kernel.js';
import type { GuestOptions } from '../../src/scenario/options/guest.js';
import type { InterruptOptions } from '../../src/scenario/options/interrupts.js';
import { errnoOf } from '../support/errors.js';

const kernels: readonly KernelVersion[] = ['6.1', '6.12', '7.2'];

function request(vm: Guest, irq: number): void {
  const ret = vm.machine.run(
    'request',
    requestIrq(vm.irqCore, irq, () => IRQ_HANDLED, 0, 'dev', 'dev'),
  );
  expect(ret).toBe(0);
}

function free(vm: Guest, irq: number): void {
  vm.machine.run('free', freeIrq(vm.irqCore, irq, 'dev'));
}

const read = (vm: Guest, irq: number, file: string): string =>
  vm.fs.readFile(`/proc/irq/${irq}/${file}`).trim();
const write = (vm: Guest, irq: number, list: string): string | undefined =>
  errnoOf(() => vm.fs.writeFile(`/proc/irq/${irq}/smp_affinity_list`, list));

describe('an affinity that is written while nobody has the interrupt', () => {
  const line: InterruptOptions = { irq: 100, chip: 'PCI-MSI', hwirq: 5, flow: 'edge' };

  test.each(kernels.flatMap((kernel) => ['4-7', '6', '1,7'].map((list) => [kernel, list] as const)))(
    'Linux %s: %s is where it goes when it is requested',
    (kernel, list) => {
      const vm = Guest.create({ cpus: 8, kernel, vmbus: false, interrupts: [line] });
      request(vm, 100);
      free(vm, 100);
      expect(write(vm, 100, list)).toBeUndefined();
      expect(read(vm, 100, 'smp_affinity_list')).toBe(list);
      request(vm, 100);
      expect(read(vm, 100, 'smp_affinity_list')).toBe(list);
      const effective = Number(read(vm, 100, 'effective_affinity_list'));
      expect(vm.irq(100).desc.data.affinity.has(effective)).toBe(true);
      vm.raise(100, 3, {});
    },
  );
});

describe('a device whose interrupt is given CPUs of another node', () => {
  const cases = [
    { nodes: 2, node: 0, irq: 4, list: '4-7', first: '0', after: '4' },
    { nodes: 2, node: 1, irq: 4, list: '0-3', first: '4', after: '0' },
    { nodes: 4, node: 2, irq: 4, list: '6-7', first: '4', after: '6' },
    { nodes: 2, node: 1, irq: 8, list: '1,3', first: '4', after: '1' },
  ];

  test.each(kernels.flatMap((kernel) => cases.map((each) => ({ kernel, ...each }))))(
    'Linux $kernel: IRQ $irq of node $node goes to $list, and the log says nothing of vectors',
    ({ kernel, nodes, node, irq, list, first, after }) => {
      const vm = Guest.create({ cpus: { present: 8, nodes }, kernel, vmbus: false });
      const desc = vm.irqCore.desc(irq);
      if (desc === undefined) throw new Error(`there is no IRQ ${irq}`);
      if (irq === 8) vm.machine.run('free', freeIrq(vm.irqCore, 8, 'rtc0'));
      desc.data.node = node;
      request(vm, irq);
      expect(read(vm, irq, 'effective_affinity_list')).toBe(first);
      free(vm, irq);
      expect(write(vm, irq, list)).toBeUndefined();
      request(vm, irq);
      expect([
        read(vm, irq, 'smp_affinity_list'),
        read(vm, irq, 'effective_affinity_list'),
        read(vm, irq, 'node'),
      ]).toEqual([list, after, String(node)]);
      expect(vm.log.filter(({ text }) => /Affinity broken/.test(text))).toEqual([]);
    },
  );
});

describe('queues that Linux manages', () => {
  const queue = (name: string, more: Partial<InterruptOptions> = {}): InterruptOptions => ({
    irq: 40,
    chip: 'PCI-MSIX-0000:00:03.0',
    hwirq: 4,
    flow: 'edge',
    name,
    affinity: '3',
    ...more,
  });

  test.each([
    ['nvme0q4', {}, 'EPERM'],
    ['nvme12q1', {}, 'EPERM'],
    ['virtio0-req.0', {}, 'EPERM'],
    ['nvme0q0', {}, undefined],
    ['virtio0-input.0', {}, undefined],
    ['eth0', { managed: true }, 'EPERM'],
    ['nvme0q4', { managed: false }, undefined],
    ['nvme0q4', { affinity: undefined }, undefined],
  ] as const)('%s %j: a write gives %s', (name, more, errno) => {
    const vm = Guest.create({ kernel: '6.12', cpus: 4, interrupts: [queue(name, more)] });
    expect(write(vm, 40, '1')).toBe(errno);
  });

  test.each(kernels)('Linux %s: it keeps its CPUs when they go, and comes back with them', (kernel) => {
    const vm = Guest.create({ kernel, cpus: 4, interrupts: [queue('nvme0q4')] });
    vm.cpu(3).offline();
    expect(read(vm, 40, 'smp_affinity_list')).toBe('3');
    // Parked on the vector for lines that are shut down, of the first CPU (vector_assign_managed_shutdown).
    expect(read(vm, 40, 'effective_affinity_list')).toBe('0');
    vm.cpu(3).online();
    expect(read(vm, 40, 'effective_affinity_list')).toBe('3');
  });
});

describe('a CPU without a free vector', () => {
  /** 203 lines on CPU 1, which has room for 202, and some more on CPU 2. */
  const full = (prefix: string): GuestOptions => ({
    kernel: '6.12',
    cpus: 4,
    nrIrqs: 512,
    interrupts: Array.from({ length: 210 }, (_, i): InterruptOptions => {
      const affinity = i < 202 ? '1' : '2';
      const name = `mlx5_comp${i}@pci:0000:01:00.0`;
      return { irq: 40 + i, chip: `${prefix}PCI-MSIX-0000:01:00.0`, hwirq: i, flow: 'edge', name, affinity };
    }),
  });

  test('behind remapping a move there is refused', () => {
    const vm = Guest.create(full('IR-'));
    expect(write(vm, 249, '1')).toBe('ENOSPC');
    expect([read(vm, 249, 'smp_affinity_list'), read(vm, 249, 'effective_affinity_list')]).toEqual([
      '2',
      '2',
    ]);
  });

  test('without it the move waits for the next interrupt, and comes to nothing then', () => {
    const vm = Guest.create(full(''));
    expect(write(vm, 249, '1')).toBeUndefined();
    expect([read(vm, 249, 'smp_affinity_list'), read(vm, 249, 'effective_affinity_list')]).toEqual([
      '1',
      '2',
    ]);
    vm.raise(249, 1, {});
    vm.run({ ms: 1 });
    expect([read(vm, 249, 'smp_affinity_list'), read(vm, 249, 'effective_affinity_list')]).toEqual([
      '2',
      '2',
    ]);
  });

  test.each(['IR-', ''])('%sPCI-MSIX: another CPU in the mask is enough', (prefix) => {
    const vm = Guest.create(full(prefix));
    expect(write(vm, 249, '1,3')).toBeUndefined();
    vm.raise(249, 2, {});
    vm.run({ ms: 1 });
    expect([read(vm, 249, 'smp_affinity_list'), read(vm, 249, 'effective_affinity_list')]).toEqual([
      '1,3',
      '3',
    ]);
  });
});
