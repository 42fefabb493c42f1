import { beforeEach, describe, expect, test } from '@jest/globals';
import { IRQF_SHARED } from '../../../src/irq/data/irqaction.js';
import { irqDisposeMapping } from '../../../src/irq/mapping/irqdomain.js';
import { irqUpdateAffinityHint } from '../../../src/irq/affinity/affinity.js';
import { CpuMask } from '../../../src/machine/cpumask.js';
import { Guest, ownFiles } from '../machine.js';

let guest: Guest;

beforeEach(() => {
  guest = new Guest({ present: 4 });
});

describe('life times', () => {
  test('/proc/irq/N comes with the first request, stays after free and goes with the mapping', () => {
    const irq = guest.map(7);
    expect(guest.tree.exists(`/proc/irq/${irq}`)).toBe(false);
    expect(guest.tree.readdir(`/sys/kernel/irq/${irq}`)).toContain('chip_name');
    guest.request(irq, 'heartbeat');
    expect(guest.tree.readdir(`/proc/irq/${irq}`)).toEqual([...ownFiles, 'heartbeat'].sort());
    guest.free(irq, 'heartbeat');
    expect(guest.tree.readdir(`/proc/irq/${irq}`)).toEqual(ownFiles);
    irqDisposeMapping(guest.core, irq);
    expect(guest.tree.exists(`/proc/irq/${irq}`)).toBe(false);
    expect(guest.tree.exists(`/sys/kernel/irq/${irq}`)).toBe(false);
  });

  test('sharers of one name have one directory, which goes with the first of them', () => {
    const irq = guest.map(7);
    guest.request(irq, 'same', 1, IRQF_SHARED);
    guest.request(irq, 'same', 2, IRQF_SHARED);
    expect(guest.tree.exists(`/proc/irq/${irq}/same`)).toBe(true);
    guest.free(irq, 1);
    expect(guest.tree.exists(`/proc/irq/${irq}/same`)).toBe(false);
    expect(guest.read('/proc/interrupts')).toContain('  same\n');
  });

  test('a directory that still has something in it is removed with a warning', () => {
    const irq = guest.map(7);
    guest.request(irq, 'left');
    const log = guest.logOf(() => guest.core.proc.unregisterIrq([...guest.core.descs()][0]));
    expect(log).toEqual([
      `remove_proc_entry: removing non-empty directory 'irq/${irq}', leaking at least 'left'`,
      'WARNING: at fs/proc/generic.c remove_proc_entry',
    ]);
  });

  test.each([
    ['a/b', ["name 'a/b'", 'WARNING: at fs/proc/generic.c __xlate_proc_name']],
    ['node', ["proc_dir_entry '24/node' already registered", 'WARNING: at fs/proc/generic.c proc_register']],
    ['', ['name len 0', 'WARNING: at fs/proc/generic.c __proc_create']],
  ])('an action called %j gets no directory, but the interrupt', (name, warning) => {
    const irq = guest.map(7);
    let ret = -1;
    const log = guest.logOf(() => {
      ret = guest.request(irq, name, 'device');
    });
    expect([ret, log]).toEqual([0, warning]);
    expect(guest.tree.readdir(`/proc/irq/${irq}`)).toEqual(ownFiles);
    guest.free(irq, 'device');
    expect(guest.tree.readdir(`/proc/irq/${irq}`)).toEqual(ownFiles);
  });

  test('numbers are looked up as the kernel writes them', () => {
    const irq = guest.map(7);
    guest.request(irq, 'x');
    expect(guest.tree.readdir('/proc/irq')).toEqual([String(irq), 'default_smp_affinity']);
    for (const name of [`0${irq}`, `${irq}.0`, '-1', 'x']) {
      expect(guest.tree.exists(`/proc/irq/${name}`)).toBe(false);
      expect(guest.tree.exists(`/sys/kernel/irq/${name}`)).toBe(false);
    }
  });
});

describe('affinity files', () => {
  test('a write moves the interrupt and shows in all files', () => {
    const irq = guest.map(7);
    guest.request(irq, 'x');
    expect(guest.write(`/proc/irq/${irq}/smp_affinity_list`, '2-3\n')).toBe(4);
    expect(guest.read(`/proc/irq/${irq}/smp_affinity`)).toBe('c\n');
    expect(guest.read(`/proc/irq/${irq}/smp_affinity_list`)).toBe('2-3\n');
    expect(guest.read(`/proc/irq/${irq}/effective_affinity`)).toBe('4\n');
    expect(guest.read(`/proc/irq/${irq}/effective_affinity_list`)).toBe('2\n');
    expect(guest.write(`/proc/irq/${irq}/smp_affinity`, '10')).toBe('EOVERFLOW');
    expect(guest.write(`/proc/irq/${irq}/affinity_hint`, '1')).toBe('EIO');
  });

  test.each([
    ['6.1', 'EIO', 0o100644],
    ['6.12', 'EPERM', 0o100444],
  ] as const)('kernel %s refuses with %s where there is nothing to set', (kernel, code, mode) => {
    guest = new Guest({ present: 4, kernel }, { irqSetAffinity: undefined });
    const irq = guest.map(7);
    guest.request(irq, 'x');
    expect(guest.tree.stat(`/proc/irq/${irq}/smp_affinity`).mode).toBe(mode);
    expect(guest.write(`/proc/irq/${irq}/smp_affinity`, 'nonsense')).toBe(code);
  });

  test('the default is taken over by later requests', () => {
    expect(guest.write('/proc/irq/default_smp_affinity', '8')).toBe(1);
    expect(guest.read('/proc/irq/default_smp_affinity')).toBe('8\n');
    expect(guest.write('/proc/irq/default_smp_affinity', '0')).toBe('EINVAL');
    const irq = guest.map(7);
    guest.request(irq, 'x');
    expect(guest.read(`/proc/irq/${irq}/smp_affinity_list`)).toBe('3\n');
  });

  test('the hint shows the wish of the driver', () => {
    const irq = guest.map(7);
    guest.request(irq, 'x');
    expect(guest.read(`/proc/irq/${irq}/affinity_hint`)).toBe('0\n');
    irqUpdateAffinityHint(guest.core, irq, CpuMask.of(4, [1, 3]));
    expect(guest.read(`/proc/irq/${irq}/affinity_hint`)).toBe('a\n');
  });

  test('a CPU that is offline is no target', () => {
    guest = new Guest({ present: 4, online: [0, 1] });
    const irq = guest.map(7);
    guest.request(irq, 'x');
    expect(guest.write(`/proc/irq/${irq}/smp_affinity_list`, '3')).toBe('EINVAL');
    expect(guest.write(`/proc/irq/${irq}/smp_affinity_list`, '1,3')).toBe(3);
    expect(guest.read(`/proc/irq/${irq}/smp_affinity`)).toBe('a\n');
  });
});

test('/sys/kernel/irq/N', () => {
  const irq = guest.map(7);
  const read = (name: string): string => guest.read(`/sys/kernel/irq/${irq}/${name}`);
  expect([read('actions'), read('hwirq'), read('chip_name'), read('name')]).toEqual([
    '',
    '7\n',
    'VMBus\n',
    '',
  ]);
  guest.request(irq, 'one', 1, IRQF_SHARED);
  guest.request(irq, 'two', 2, IRQF_SHARED);
  expect([read('actions'), read('per_cpu_count')]).toEqual(['one,two\n', '0,0,0,0\n']);
  expect([read('type'), read('wakeup')]).toEqual(['edge\n', 'disabled\n']);
  expect(guest.write(`/sys/kernel/irq/${irq}/type`, 'level')).toBe('EACCES');
});
