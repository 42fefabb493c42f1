import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import type { KernelVersion } from '../../src/irq/kernel.js';

const guest = (kernel: KernelVersion) =>
  Guest.create({
    kernel,
    arch: 'arm64',
    cpus: 2,
    devices: [{ driver: 'heartbeat', relid: 7 }],
    interrupts: [
      { irq: 20, chip: 'GICv3', hwirq: 40, flow: 'fasteoi', trigger: 'level', name: 'dev' },
      { irq: 21, chip: 'GICv3', hwirq: 27, flow: 'percpu', trigger: 'level', name: 'arch_timer' },
    ],
    architectureRows: { IPI1: [3, 5] },
  });

describe('files of an arm64 guest', () => {
  // drivers/irqchip/irq-gic-v3.c gic_irq_domain_map, gic_chip; kernel/irq/debugfs.c without GENERIC_PENDING_IRQ
  test.each<KernelVersion>(['6.1', '6.12', '7.2'])('debugfs of a shared line on %s', (kernel) => {
    const text = guest(kernel).fs.readFile('/sys/kernel/debug/irq/irqs/20');
    expect(text.replace(/^status:.*\n|^istate:.*\n/gm, '')).toBe(
      'handler:  handle_fasteoi_irq\ndevice:   (null)\nddepth:   0\nwdepth:   0\ndstate:   0x0b402204\n' +
        [
          'IRQ_TYPE_LEVEL_HIGH',
          'IRQD_LEVEL',
          'IRQD_ACTIVATED',
          'IRQD_IRQ_STARTED',
          'IRQD_SINGLE_TARGET',
          'IRQD_DEFAULT_TRIGGER_SET',
          'IRQD_HANDLE_ENFORCE_IRQCTX',
        ]
          .map((name) => `            ${name}\n`)
          .join('') +
        'node:     -1\naffinity: 0-1\neffectiv: 0\n' +
        'domain:  irqchip@0x00000000ffff0000-1\n hwirq:   0x28\n chip:    GICv3\n  flags:   0x15\n' +
        ['SET_TYPE_MASKED', 'MASK_ON_SUSPEND', 'SKIP_SET_WAKE']
          .map((name) => `             IRQCHIP_${name}\n`)
          .join(''),
    );
  });

  test('sysfs of IPIs, of the timer and of the line of VMBus', () => {
    const { fs } = guest('6.12');
    const read = (irq: number, file: string): string => fs.readFile(`/sys/kernel/irq/${irq}/${file}`);
    expect(['actions', 'type', 'per_cpu_count', 'hwirq'].map((file) => read(2, file))).toEqual([
      'IPI\n',
      'edge\n',
      '3,5\n',
      '1\n',
    ]);
    expect([read(21, 'actions'), read(21, 'type')]).toEqual(['arch_timer\n', 'level\n']);
    expect([read(9, 'actions'), read(9, 'type'), read(9, 'hwirq')]).toEqual([
      'Hyper-V VMbus\n',
      'edge\n',
      '18\n',
    ]);
  });

  // arch/arm64/kernel/smp.c arch_show_interrupts; there is no arch_irq_stat_cpu, so fs/proc/stat.c has IPIs once.
  test('/proc/stat has IPIs in the fields of their lines, and once in the total', () => {
    const { fs } = guest('6.12');
    const [, intr = ''] = /^intr (.*)$/m.exec(fs.readFile('/proc/stat')) ?? [];
    const [total, ...perIrq] = intr.split(' ').map(Number);
    expect(perIrq[2]).toBe(8);
    expect(total).toBe(perIrq.reduce((sum, count) => sum + count, 0));
    expect(fs.readFile('/proc/interrupts')).toMatch(/^ *IPI1: +3 +5 +Function call interrupts$/m);
  });

  test('a write to smp_affinity moves a line at once', () => {
    const vm = guest('6.12');
    vm.irq(20).setAffinity('1');
    expect(vm.fs.readFile('/proc/irq/20/effective_affinity_list')).toBe('1\n');
  });
});
