// The log names a line's handlers as the kernel's symbols are called.
import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../../src/guest/guest.js';
import type { GuestOptions } from '../../../src/scenario/options/guest.js';
import { IRQ_NONE, IRQF_ONESHOT } from '../../../src/irq/data/irqaction.js';
import { handleLevelIrq } from '../../../src/irq/line/flow.js';
import { genericHandleIrq } from '../../../src/irq/line/handle.js';
import { irqSetChipAndHandler } from '../../../src/irq/management/chip.js';
import { allocDescs } from '../../../src/irq/mapping/alloc-descs.js';
import { requestIrq, requestThreadedIrq } from '../../../src/irq/management/request.js';
import { kernelName } from '../../../src/irq/messages/symbols.js';

const chip = { name: 'gpio', irqMask() {}, irqUnmask() {}, irqMaskAck() {} };

/** What the log says when nobody cares for a line. */
function report(vm: Guest, request: (irq: number) => void): string[] {
  const { irqCore: core } = vm;
  const irq = allocDescs(core, -1, 40, 1);
  irqSetChipAndHandler(core, irq, chip, handleLevelIrq, 'level');
  request(irq);
  for (let i = 0; i < 100_100; i++) {
    genericHandleIrq(core, irq);
    if (i % 100 === 0) vm.run({ ns: 10 });
  }
  const lines = vm.log.map(({ text }) => text);
  return lines.slice(
    lines.indexOf('handlers:') + 1,
    lines.findIndex((text) => text.startsWith('Disabling')),
  );
}

describe('the report of a line that nobody cares for', () => {
  const guest = (options: Partial<GuestOptions> = {}): Guest =>
    Guest.create({ cpus: 1, kernel: '6.12', vmbus: false, ...options });

  test('names the default primary handler and the thread', () => {
    const vm = guest();
    const thread = function* my_thread() {
      return IRQ_NONE;
    };
    const lines = report(vm, (irq) => {
      vm.machine.run('request', requestThreadedIrq(vm.irqCore, irq, null, thread, IRQF_ONESHOT, 'dev', 1));
    });
    expect(lines).toEqual([
      '[<(____ptrval____)>] irq_default_primary_handler threaded [<(____ptrval____)>] my_thread',
    ]);
  });

  test('names a handler that is written as ours are', () => {
    const vm = guest();
    const someDriverIrq = (): number => IRQ_NONE;
    const lines = report(vm, (irq) => {
      vm.machine.run('request', requestIrq(vm.irqCore, irq, someDriverIrq, 0, 'dev', 1));
    });
    expect(lines).toEqual(['[<(____ptrval____)>] some_driver_irq']);
  });

  test('names what is forced into a thread by the driver’s function', () => {
    const vm = guest({ cmdline: 'threadirqs' });
    const someDriverIrq = (): number => IRQ_NONE;
    const lines = report(vm, (irq) => {
      vm.machine.run('request', requestIrq(vm.irqCore, irq, someDriverIrq, 0, 'dev', 1));
    });
    expect(lines).toEqual([
      '[<(____ptrval____)>] irq_default_primary_handler threaded [<(____ptrval____)>] some_driver_irq',
    ]);
  });
});

describe('no handler of a guest has a name that no C function has', () => {
  test.each<[string, GuestOptions]>([
    [
      'x86',
      {
        cpus: 2,
        pci: [
          { driver: 'nvme', queues: 2 },
          { driver: 'virtio-net' },
          { driver: 'virtio-blk' },
          { driver: 'mana', queues: 2 },
          { driver: 'msix', names: ['a b'] },
        ],
        devices: [{ driver: 'netvsc', relid: 13 }],
        interrupts: [
          { irq: 8, chip: 'IO-APIC', hwirq: 8, flow: 'edge', name: 'rtc0' },
          { irq: 9, chip: 'IO-APIC', hwirq: 9, flow: 'fasteoi', name: 'acpi, i801_smbus' },
        ],
      },
    ],
    [
      'arm64',
      {
        cpus: 2,
        arch: 'arm64',
        devices: [{ driver: 'storvsc', relid: 13 }],
        interrupts: [{ irq: 60, chip: 'GICv3', hwirq: 40, flow: 'fasteoi', name: 'uart-pl011' }],
      },
    ],
  ])('%s', (_, options) => {
    const vm = Guest.create(options);
    const names = [...vm.irqCore.descs()].flatMap((desc) =>
      [...desc.actions()].map(({ handler }) => kernelName(handler.name)),
    );
    expect(names.length).toBeGreaterThan(2);
    for (const name of names) expect(name).toMatch(/^[a-z_][a-z0-9_]*$/);
    expect(new Set(names)).toContain('vmbus_chan_handler');
  });

  test('those of known drivers are the drivers’ own', () => {
    const vm = Guest.create({
      cpus: 2,
      vmbus: false,
      pci: [{ driver: 'nvme', queues: 2 }, { driver: 'virtio-net' }],
    });
    const names = [...vm.irqCore.descs()].flatMap((desc) =>
      [...desc.actions()].map(({ handler }) => handler.name),
    );
    expect([...new Set(names)].sort()).toEqual(['nvme_irq', 'vp_config_changed', 'vring_interrupt']);
  });
});
