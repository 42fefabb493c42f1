import { describe, expect, test } from '@jest/globals';
import { formatCpuList } from '../../../src/machine/cpumask-text.js';
import {
  handleEdgeIrq,
  irqchipFlags,
  irqd,
  irqForceAffinity,
  irqSetAffinity,
  irqSetAffinityNotifier,
  type KernelVersion,
} from '../../../src/irq/index.js';
import { errnoValue } from '../../../src/lib/errno.js';
import { Lab } from '../lab.js';

// arm64 selects no GENERIC_PENDING_IRQ (arch/arm64/Kconfig; arch/x86/Kconfig does): the stubs of kernel/irq/internals.h
// (irq_can_move_pcntxt is true, irq_fixup_move_pending false) and kernel/irq/manage.c irq_set_affinity_pending (EBUSY).
const without = (kernel: KernelVersion): Lab => new Lab({ kernel, genericPendingIrq: false });

describe.each<KernelVersion>(['6.1', '6.12', '7.2'])('without pending moves, on %s', (kernel) => {
  test('every line moves at once, whatever it or its chip asks for', () => {
    const lab = without(kernel);
    const desc = lab.line({ flow: handleEdgeIrq, chip: lab.chip({ flags: irqchipFlags.MOVE_DEFERRED }) });
    lab.request(desc);
    lab.take();
    expect(irqSetAffinity(lab.core, desc.irq, lab.cpus('2-3'))).toBe(0);
    expect(lab.take()).toEqual(['affinity 2-3']);
    expect(formatCpuList(desc.data.effectiveAffinity)).toBe('2');
    lab.fire(desc, 2);
    expect(lab.take()).toEqual(['ack', 'handler@2']);
  });

  test('a busy chip’s EBUSY goes to whoever asked; what follows a change follows all the same', () => {
    const lab = without(kernel);
    const desc = lab.line({ chip: lab.chip({ irqSetAffinity: () => errnoValue('EBUSY') }) });
    lab.request(desc);
    const notified: number[] = [];
    irqSetAffinityNotifier(lab.core, desc.irq, { notify: (irq) => void notified.push(irq) });
    expect(irqSetAffinity(lab.core, desc.irq, lab.cpus('2'))).toBe(errnoValue('EBUSY'));
    expect(irqForceAffinity(lab.core, desc.irq, lab.cpus('2'))).toBe(errnoValue('EBUSY'));
    expect(desc.data.has(irqd.SETAFFINITY_PENDING)).toBe(false);
    expect(desc.data.has(irqd.AFFINITY_SET)).toBe(true);
    expect(formatCpuList(desc.data.affinity)).toBe('0-3');
    lab.machine.settle();
    expect(notified).toEqual([desc.irq]);
  });

  // kernel/irq/cpuhotplug.c migrate_one_irq: maskchip needs a line that cannot move in process context.
  test('a line is not masked while it moves away from a CPU that goes', () => {
    const lab = without(kernel);
    const desc = lab.line({ chip: lab.chip({ flags: irqchipFlags.MOVE_DEFERRED }) });
    lab.request(desc);
    irqSetAffinity(lab.core, desc.irq, lab.cpus('1-2'));
    lab.take();
    lab.down(1);
    expect(lab.take()).toEqual(['affinity 2']);
  });
});
