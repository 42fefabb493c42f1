import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../../src/guest/guest.js';
import { kernelBehaviour, type KernelVersion } from '../../../src/irq/kernel.js';
import type { GuestOptions } from '../../../src/scenario/options/guest.js';
import { Lab } from '../lab.js';

// What arch/x86/kernel/apic/vector.c and what stands on it do where no recording says so. Function names are those of the
// kernel; differential.test.ts holds the same against random sequences.

const JIFFY_MS = 4;

function machine(options: Partial<GuestOptions> = {}): Guest {
  const base: GuestOptions = { cpus: 4, kernel: '6.12', devices: [{ driver: 'heartbeat', relid: 7 }] };
  return Guest.create({ ...base, ...options });
}

/** A message that is requested, on `cpu`. */
function lineOn(vm: Guest, cpu: number, chip = 'PCI-MSI', irq = 100): void {
  vm.lines.plug({ irq, chip, flow: 'edge', name: 'dev' });
  vm.irq(irq).setAffinity(String(cpu));
  // The first interrupt makes the move, the second one tells that it is over.
  for (let i = 0; i < 2; i++) vm.irq(irq).raise();
  vm.run({ ms: 3 * JIFFY_MS });
  expect(field(vm, irq, 'Target')).toBe(String(cpu));
}

/** A line of what debugfs says of an interrupt. */
function field(vm: Guest, irq: number, name: string): string | undefined {
  const text = vm.fs.readFile(`/sys/kernel/debug/irq/irqs/${irq}`);
  return new RegExp(`^ *${name}: *(.*)$`, 'm').exec(text)?.[1];
}

/** A sum of domains/VECTOR, or a CPU's row: available, managed, managed allocated, allocated, vectors. */
function matrix(vm: Guest, row: string | number): string {
  const text = vm.fs.readFile('/sys/kernel/debug/irq/domains/VECTOR');
  const line =
    typeof row === 'number' ? new RegExp(`^ +${row}  (.*)$`, 'm') : new RegExp(`^${row}: *(.*)$`, 'm');
  return (line.exec(text)?.[1] ?? '').trim().replace(/ +/g, ' ');
}

function effective(vm: Guest, irq: number): string {
  return vm.irq(irq).effectiveAffinity;
}

const texts = (vm: Guest): string[] => vm.log.map(({ text }) => text);

describe('reservation', () => {
  test('a line has a promise until it is requested, and again when it is freed', () => {
    // reserve_irq_vector, activate_reserved, x86_vector_deactivate.
    const vm = machine({ cpus: 2 });
    const reserved = Number(matrix(vm, 'Global reserved'));
    vm.lines.plug({ irq: 100, chip: 'PCI-MSI', flow: 'edge' });
    expect([matrix(vm, 'Global reserved'), matrix(vm, 'Total allocated')]).toEqual([`${reserved + 1}`, '0']);
    vm.irq(100).request({ name: 'dev' });
    expect([matrix(vm, 'Global reserved'), matrix(vm, 'Total allocated')]).toEqual([`${reserved}`, '1']);
    expect(field(vm, 100, 'has_reserved')).toBe('0');
    vm.irq(100).free();
    expect([matrix(vm, 'Global reserved'), matrix(vm, 'Total allocated')]).toEqual([`${reserved + 1}`, '0']);
    vm.lines.unplug(100);
    expect(matrix(vm, 'Global reserved')).toBe(`${reserved}`);
  });

  test('more promises than vectors are warned of, once for the first', () => {
    // irq_matrix_reserve: one CPU has 202 vectors, and 16 lines of ISA promises already.
    const vm = machine({ cpus: 1 });
    for (let irq = 100; irq < 100 + 202 - 16; irq++) vm.lines.plug({ irq, chip: 'PCI-MSI', flow: 'edge' });
    expect(texts(vm)).not.toContain('Interrupt reservation exceeds available resources');
    for (const irq of [400, 401]) vm.lines.plug({ irq, chip: 'PCI-MSI', flow: 'edge' });
    expect(texts(vm).filter((text) => text.startsWith('Interrupt reservation'))).toHaveLength(1);
  });

  test('a line that nobody requested is parked on the first online CPU, whatever its mask', () => {
    // vector_assign_managed_shutdown; irq_set_affinity_deactivated shows the mask itself until then.
    const vm = machine();
    lineOn(vm, 2);
    vm.irq(100).free();
    expect(effective(vm, 100)).toBe('0');
    vm.fs.writeFile('/proc/irq/100/smp_affinity_list', '1-3');
    expect([effective(vm, 100), field(vm, 100, 'Vector')]).toEqual(['1-3', '0']);
    vm.irq(100).request({ name: 'dev' });
    expect(['1', '2', '3']).toContain(effective(vm, 100));
  });
});

describe('managed lines', () => {
  test('have a vector kept on each CPU of their mask, also on one that is offline, and use one', () => {
    // reserve_managed_vector, irq_matrix_alloc_managed, irq_matrix_remove_managed.
    const vm = machine();
    vm.cpu(3).offline();
    vm.lines.plug({ irq: 100, chip: 'PCI-MSI', flow: 'edge', name: 'dev', managed: true, affinity: '2-3' });
    expect([matrix(vm, 1), matrix(vm, 2)]).toEqual(['202 0 0 0', '201 1 1 1 32']);
    vm.cpu(3).online();
    vm.irq(100).free();
    // What was kept while CPU 3 was away is not taken off what it has free, but added when it is given back.
    expect([matrix(vm, 2), matrix(vm, 3)]).toEqual(['201 1 0 0', '202 1 0 0']);
    vm.lines.unplug(100);
    expect([matrix(vm, 2), matrix(vm, 3)]).toEqual(['202 0 0 0', '203 0 0 0']);
  });

  test('go to the CPU with fewest managed vectors in use, the last of several', () => {
    // matrix_find_best_cpu_managed compares with >, so of equals the last one wins.
    const vm = machine();
    const on = [100, 101, 102, 103].map((irq) => {
      vm.lines.plug({ irq, chip: 'PCI-MSI', flow: 'edge', name: 'dev', managed: true, affinity: '1-3' });
      return effective(vm, irq);
    });
    expect(on).toEqual(['3', '2', '1', '3']);
  });

  test('give their vector up while all CPUs of their mask are offline', () => {
    // migrate_one_irq: irq_shutdown_and_deactivate; irq_restore_affinity_of_irq.
    const vm = machine();
    vm.lines.plug({ irq: 100, chip: 'PCI-MSI', flow: 'edge', name: 'dev', managed: true, affinity: '3' });
    vm.cpu(3).offline();
    expect([field(vm, 100, 'Vector'), effective(vm, 100), matrix(vm, 'Total allocated')]).toEqual([
      '0',
      '0',
      '0',
    ]);
    expect(vm.irq(100).affinity).toBe('3');
    vm.cpu(3).online();
    expect([field(vm, 100, 'Vector'), effective(vm, 100)]).toEqual(['32', '3']);
  });
});

describe('moves', () => {
  test('the old vector stays until an interrupt has come to the new one, and a jiffy longer', () => {
    // apic_update_vector, irq_complete_move, __vector_schedule_cleanup, vector_cleanup_callback.
    const vm = machine();
    lineOn(vm, 1);
    vm.irq(100).setAffinity('2');
    expect([field(vm, 100, 'Target'), field(vm, 100, 'pending')]).toEqual(['1', '2']);
    vm.irq(100).raise();
    expect([field(vm, 100, 'Target'), field(vm, 100, 'Previous target')]).toEqual(['2', '1']);
    expect([field(vm, 100, 'move_in_progress'), field(vm, 100, 'cleanup_pending')]).toEqual(['1', '0']);
    vm.run({ ms: 3 * JIFFY_MS });
    expect(matrix(vm, 1)).toBe('201 0 0 1 32');
    vm.irq(100).raise();
    expect([field(vm, 100, 'move_in_progress'), field(vm, 100, 'cleanup_pending')]).toEqual(['0', '1']);
    vm.run({ ms: JIFFY_MS });
    expect([field(vm, 100, 'Previous target'), field(vm, 100, 'cleanup_pending')]).toEqual([undefined, '0']);
    expect(matrix(vm, 1)).toBe('202 0 0 0');
  });

  test('in 6.1 the CPU that the line has left is told at once', () => {
    // __send_cleanup_vector, sysvec_irq_move_cleanup.
    const vm = machine({ kernel: '6.1' });
    lineOn(vm, 1);
    vm.irq(100).setAffinity('2');
    vm.irq(100).raise();
    expect(matrix(vm, 1)).toBe('201 0 0 1 33');
    vm.irq(100).raise();
    expect([field(vm, 100, 'cleanup_pending'), matrix(vm, 1)]).toEqual(['0', '202 0 0 0']);
    expect(texts(vm).filter((text) => text.includes('No irq handler'))).toEqual([]);
  });

  test('another one waits while the last is under way, and nobody is told EBUSY', () => {
    // assign_vector_locked: -EBUSY; irq_move_masked_irq sets the pending bit again.
    const vm = machine();
    lineOn(vm, 1);
    vm.irq(100).setAffinity('2');
    vm.irq(100).raise();
    vm.irq(100).setAffinity('3');
    // Completes the first move, whose cleanup is in the way of the second.
    vm.irq(100).raise();
    expect([field(vm, 100, 'Target'), field(vm, 100, 'pending')]).toEqual(['2', '3']);
    vm.run({ ms: JIFFY_MS });
    vm.irq(100).raise();
    expect([field(vm, 100, 'Target'), field(vm, 100, 'pending')]).toEqual(['3', '']);
  });

  test('behind remapping they need no interrupt, but the old vector waits for its jiffy all the same', () => {
    // intel_ir_set_affinity: vector_schedule_cleanup; irq_try_set_affinity: EBUSY makes the move pending.
    const vm = machine({ interruptRemapping: 'intel' });
    lineOn(vm, 1, 'IR-PCI-MSI');
    vm.irq(100).setAffinity('2');
    expect([field(vm, 100, 'Target'), field(vm, 100, 'cleanup_pending')]).toEqual(['2', '1']);
    vm.irq(100).setAffinity('3');
    expect([field(vm, 100, 'Target'), field(vm, 100, 'pending')]).toEqual(['2', '3']);
    vm.run({ ms: JIFFY_MS });
    vm.irq(100).raise();
    expect([field(vm, 100, 'Target'), field(vm, 100, 'pending')]).toEqual(['3', '']);
  });
});

describe('a CPU that goes', () => {
  test('has what waits for its timer cleaned up, and the timer is gone', () => {
    // lapic_offline: __vector_cleanup, timer_delete_sync_try.
    const vm = machine({ interruptRemapping: 'intel' });
    lineOn(vm, 1, 'IR-PCI-MSI');
    vm.irq(100).setAffinity('2');
    expect(field(vm, 100, 'cleanup_pending')).toBe('1');
    vm.cpu(1).offline();
    expect([field(vm, 100, 'cleanup_pending'), field(vm, 100, 'Previous vector')]).toEqual(['0', undefined]);
    vm.cpu(1).online();
    expect(matrix(vm, 1)).toBe('202 0 0 0');
  });

  test('ends a move that no interrupt has ended, and says so', () => {
    // irq_force_complete_move.
    const vm = machine();
    lineOn(vm, 1);
    vm.irq(100).setAffinity('2');
    vm.irq(100).raise();
    vm.cpu(1).offline();
    expect(texts(vm)).toContain('IRQ fixup: irq 100 move in progress, old vector 32');
    expect([field(vm, 100, 'Target'), field(vm, 100, 'move_in_progress')]).toEqual(['2', '0']);
  });

  test('stays if the others have no room for its vectors', () => {
    // lapic_can_unplug_cpu.
    const vm = machine({ cpus: 2 });
    vm.fs.writeFile('/proc/irq/default_smp_affinity', '1');
    vm.lines.plugPci({ driver: 'msix', queues: 190 });
    vm.fs.writeFile('/proc/irq/default_smp_affinity', '2');
    vm.lines.plugPci({ driver: 'msix', queues: 13, name: 'other' });
    expect(() => vm.cpu(1).offline()).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
    expect(texts(vm)).toContain('CPU 1 has 13 vectors, 12 available. Cannot disable CPU');
    expect(vm.cpu(1).isOnline).toBe(true);
    vm.lines.unplugPci('other');
    vm.lines.plugPci({ driver: 'msix', queues: 12, name: 'other' });
    vm.cpu(1).offline();
    expect(texts(vm)).toContain('Reserved vectors 16 > available 12. IRQ request may fail');
  });

  test.each([
    ['6.1', 'stays there, without interrupts', ['IRQ300: set affinity failed(-28).'], '1'],
    ['6.12', 'goes anywhere', [], '0'],
  ] as const)('in %s a line whose mask has no room elsewhere %s', (kernel, _what, messages, target) => {
    // migrate_one_irq: only newer kernels try all online CPUs.
    const vm = machine({ kernel, cpus: 3 });
    vm.fs.writeFile('/proc/irq/default_smp_affinity', '4');
    vm.lines.plugPci({ driver: 'msix', queues: 202 });
    vm.fs.writeFile('/proc/irq/default_smp_affinity', '7');
    lineOn(vm, 1, 'PCI-MSI', 300);
    vm.irq(300).setAffinity('1-2');
    vm.irq(300).raise();
    vm.cpu(1).offline();
    expect(texts(vm).filter((text) => text.includes('set affinity failed'))).toEqual(messages);
    expect(field(vm, 300, 'Target')).toBe(target);
  });
});

test('a request finds no vector: ENOSPC, and the promise is kept', () => {
  // activate_reserved: irq_matrix_alloc.
  const vm = machine({ cpus: 1 });
  vm.lines.plugPci({ driver: 'msix', queues: 202 });
  vm.lines.plug({ irq: 300, chip: 'PCI-MSI', flow: 'edge' });
  expect(() => vm.irq(300).request({ name: 'dev' })).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
  expect([field(vm, 300, 'has_reserved'), matrix(vm, 0)]).toEqual(['1', '0 0 0 202 32-127,129-234']);
});

test('a line goes outside its mask rather than without a vector, and the log says so', () => {
  // assign_irq_vector_any_locked, activate_reserved.
  const vm = machine({ cpus: 2 });
  vm.fs.writeFile('/proc/irq/default_smp_affinity', '2');
  vm.lines.plugPci({ driver: 'msix', queues: 202 });
  vm.lines.plug({ irq: 300, chip: 'PCI-MSI', flow: 'edge', name: 'dev' });
  expect(effective(vm, 300)).toBe('0');
  expect(texts(vm)).toContain('irq 300: Affinity broken due to vector space exhaustion.');
});

test('an interrupt that came while the line was disabled is sent again by IPI, to the line and not to who enables it', () => {
  // check_irq_resend, apic_retrigger_irq.
  const vm = machine();
  lineOn(vm, 2);
  const before = vm.irq(100).counts[2];
  vm.irq(100).disable();
  vm.irq(100).raise();
  expect(vm.irq(100).counts[2]).toBe(before);
  vm.irq(100).enable();
  expect(vm.irq(100).counts[2]).toBe(before + 1);
  expect(vm.irq(100).counts[0]).toBeLessThan(2);
});

describe('an interrupt on a vector that is nobody’s', () => {
  // arch/x86/kernel/irq.c common_interrupt, and reevaluate_vector since call_irq_handler is.
  test.each<[KernelVersion, string]>([
    ['6.1', '__common_interrupt: 1.40 No irq handler for vector'],
    ['6.10', 'call_irq_handler: 1.40 No irq handler for vector'],
    ['6.12', 'No irq handler for 1.40'],
    ['7.2', 'No irq handler for 1.40'],
  ])('in %s: %s', (kernel, message) => {
    const lab = Lab.x86({ behaviour: kernelBehaviour(kernel) });
    lab.platform.deliver({ addressHi: 0, addressLo: 0xfee01000, data: 40 });
    expect(lab.log).toEqual([message]);
  });

  test('one that was on its way when its line was freed is no surprise, the next one is', () => {
    // clear_irq_vector: VECTOR_SHUTDOWN.
    const lab = Lab.x86();
    const { data } = lab.add({ irq: 100 });
    const cpu = data.effectiveAffinity.first();
    lab.free(100, [...lab.desc(100).actions()][0]?.devId);
    const stray = { addressHi: 0, addressLo: 0xfee00000 + cpu * 0x1000, data: 32 };
    lab.platform.deliver(stray);
    expect(lab.log).toEqual([]);
    lab.platform.deliver(stray);
    expect(lab.log).toEqual([expect.stringContaining(`${cpu}.32`)]);
  });
});

describe('the vectors that are not for devices', () => {
  test.each([
    [1, '6.1', '44: 0-21,29,32,50,128,236-238,240-244,246-255'],
    [2, '6.1', '43: 0-21,29,32,128,236-238,240-244,246-255'],
    [1, '6.12', '43: 0-21,29,50,128,236-238,240-244,246-255'],
    [2, '6.12', '42: 0-21,29,128,236-238,240-244,246-255'],
    [2, '7.2', '43: 0-21,29,128,236-238,240-255'],
  ] as const)('generation %d, kernel %s: %s', (generation, kernel, system) => {
    // idt.c apic_idts; lapic_assign_system_vectors: IRQ 2 of a PIC has 0x32. 0xef and, before 7.0, 0xf5 have no gate.
    expect(matrix(machine({ generation, kernel }), 'System')).toBe(system);
  });

  test('IRQ 2 is the cascade where there is a PIC, and a line like others where there is none', () => {
    // mp_map_pin_to_irq, x86_vector_alloc_irqs.
    const has = (generation: 1 | 2): boolean =>
      machine({ generation }).fs.readFile('/sys/kernel/debug/irq/irqs/2').includes('IO-APIC');
    expect([has(1), has(2)]).toEqual([false, true]);
  });
});
