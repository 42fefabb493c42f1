import { describe, expect, test } from '@jest/globals';
import { formatCpuList } from '../../../src/machine/cpumask-text.js';
import {
  enableIrq,
  handleEdgeIrq,
  type IrqChip,
  irqd,
  type IrqDesc,
  irqs,
  irqSetAffinity,
  irqSetStatusFlags,
  irqStatus,
  type KernelVersion,
} from '../../../src/irq/index.js';
import { Lab, type LabOptions } from '../lab.js';

function hotLab(options: LabOptions = {}): Lab {
  return new Lab({ debugHotplug: true, ...options });
}

function requested(lab: Lab, cpus: string | null, chip: IrqChip = lab.chip()): IrqDesc {
  const desc = lab.line({ chip, flow: handleEdgeIrq });
  irqSetStatusFlags(lab.core, desc.irq, irqStatus.MOVE_PCNTXT);
  lab.request(desc);
  if (cpus !== null) irqSetAffinity(lab.core, desc.irq, lab.cpus(cpus));
  lab.take();
  return desc;
}

function managed(lab: Lab, cpus: string): IrqDesc {
  const desc = lab.line({ affinity: { mask: lab.cpus(cpus), managed: true }, flow: handleEdgeIrq });
  irqSetStatusFlags(lab.core, desc.irq, irqStatus.MOVE_PCNTXT);
  lab.request(desc);
  lab.take();
  return desc;
}

const affinity = (desc: IrqDesc): string => formatCpuList(desc.data.affinity);
const effective = (desc: IrqDesc): string => formatCpuList(desc.data.effectiveAffinity);

describe('a normal line', () => {
  test('moves within its mask while it can', () => {
    const lab = hotLab();
    const desc = requested(lab, '1-2');
    lab.down(1);
    expect(lab.take()).toEqual(['affinity 2']);
    expect([affinity(desc), effective(desc)]).toEqual(['1-2', '2']);
    lab.up(1);
    expect(effective(desc)).toBe('2');
  });

  test('loses its mask for good when none of it is left', () => {
    const lab = hotLab();
    const desc = requested(lab, '3');
    lab.down(3);
    expect(affinity(desc)).toBe('0-2');
    expect(lab.log).toContain('IRQ 24: no longer affine to CPU3');
    lab.up(3);
    expect(affinity(desc)).toBe('0-2');
  });

  test('stays where it is if another CPU goes', () => {
    const lab = hotLab();
    requested(lab, '2');
    lab.down(3);
    expect(lab.take()).toEqual([]);
  });

  test('is masked while it moves if it cannot move in process context', () => {
    const lab = hotLab();
    const desc = lab.line({ flow: handleEdgeIrq });
    lab.request(desc);
    irqSetAffinity(lab.core, desc.irq, lab.cpus('3'));
    lab.fire(desc);
    lab.take();
    irqSetAffinity(lab.core, desc.irq, lab.cpus('1-2'));
    lab.down(3);
    expect(lab.take()).toEqual(['mask', 'affinity 1-2', 'unmask']);
    expect(affinity(desc)).toBe('1-2');
  });

  test('a waiting change to CPUs that go is dropped', () => {
    const lab = hotLab();
    const desc = lab.line({ flow: handleEdgeIrq });
    lab.request(desc);
    irqSetAffinity(lab.core, desc.irq, lab.cpus('3'));
    lab.down(3);
    expect(desc.data.has(irqd.SETAFFINITY_PENDING)).toBe(false);
  });

  test('a setter that fails is reported, at most 10 times in 5 s, and the CPU goes all the same', () => {
    const lab = hotLab();
    for (let i = 0; i < 12; i++) {
      const desc = requested(lab, '3');
      desc.data.chip = { ...desc.data.chip, irqSetAffinity: () => -5 };
    }
    lab.down(3);
    expect(lab.log.filter((line) => line.endsWith('set affinity failed(-5).'))).toHaveLength(10);
    expect(formatCpuList(lab.machine.online)).toBe('0-2');
  });

  test('a setter that was not asked is not there: only a debug message', () => {
    const lab = hotLab();
    requested(lab, null, lab.chip({ irqSetAffinity: undefined }));
    lab.down(3);
    expect(lab.log[0]).toBe('IRQ 24: Unable to migrate away');
    const silent = new Lab();
    requested(silent, null, silent.chip({ irqSetAffinity: undefined }));
    requested(silent, '3');
    silent.down(3);
    expect(silent.log).toEqual(['smpboot: CPU 3 is now offline']);
  });

  test('an effective mask that was missed earlier is fixed with a message', () => {
    const lab = hotLab();
    const desc = requested(lab, '0');
    desc.data.effectiveAffinity.copyFrom(lab.cpus('2-3'));
    lab.machine.online.clear(2);
    lab.down(3);
    expect(lab.log[0]).toBe('Eff. affinity 2-3 of IRQ 24 contains only offline CPUs after offlining CPU 3');
    expect(effective(desc)).toBe('0');
  });

  test('without an effective mask the affinity itself counts', () => {
    const lab = hotLab();
    const desc = requested(lab, '3');
    desc.data.effectiveAffinity.clearAll();
    lab.down(3);
    expect(affinity(desc)).toBe('0-2');
  });

  test.each([
    ['6.1', 'IRQ24: set affinity failed(-28).'],
    ['6.10', 'IRQ24: set affinity failed for 2-3, re-try with online CPUs'],
  ] as const)('%s: no vector left in the mask', (kernel, message) => {
    const lab = hotLab({ kernel });
    const desc = requested(lab, '2-3');
    lab.down(2);
    const { irqSetAffinity: set } = desc.data.chip;
    desc.data.chip = {
      ...desc.data.chip,
      irqSetAffinity: (d, dest, force) => (dest.weight < 3 ? -28 : (set?.(d, dest, force) ?? 0)),
    };
    lab.up(2);
    desc.data.effectiveAffinity.copyFrom(lab.cpus('3'));
    lab.down(3);
    expect(lab.log).toContain(message);
    expect(affinity(desc)).toBe(kernel === '6.1' ? '2-3' : '0-2');
  });
});

describe('a managed line', () => {
  test.each([
    ['6.1', ['affinity 2', 'unmask']],
    ['6.12', ['affinity 2', 'unmask', 'affinity 2']],
    ['6.18', ['affinity 2', 'unmask', 'affinity 2']],
  ] as const)('%s: sleeps while its CPUs are away', (kernel: KernelVersion, calls) => {
    const lab = hotLab({ kernel });
    const desc = managed(lab, '2');
    lab.down(2);
    expect(lab.take()).toEqual(['mask']);
    expect(affinity(desc)).toBe('2');
    expect(desc.data.has(irqd.MANAGED_SHUTDOWN)).toBe(true);
    lab.up(2);
    expect(lab.take()).toEqual(calls);
    expect([desc.cold.depth, desc.data.has(irqd.MANAGED_SHUTDOWN)]).toEqual([0, false]);
  });

  test('an interrupt of meanwhile is replayed on the CPU that came', () => {
    const lab = hotLab({ kernel: '6.12' });
    const desc = managed(lab, '2');
    lab.down(2);
    lab.fire(desc, 0);
    lab.take();
    lab.up(2);
    expect(lab.take()).toEqual(['affinity 2', 'unmask', 'affinity 2', 'ack', 'handler@2']);
  });

  test('is set anew when a CPU of its mask comes, unless it has a single target', () => {
    const lab = hotLab();
    const desc = managed(lab, '1-2');
    const single = managed(lab, '1-2');
    single.data.set(irqd.SINGLE_TARGET);
    lab.down(1);
    lab.take();
    lab.up(1);
    expect(lab.take()).toEqual(['affinity 1-2']);
    expect([effective(desc), effective(single)]).toEqual(['1', '2']);
  });

  test('requested while its CPUs are away: returns 0 and starts later', () => {
    const lab = hotLab({ kernel: '6.12' });
    lab.down(2);
    const desc = managed(lab, '2');
    expect([desc.cold.depth, desc.data.has(irqd.IRQ_STARTED)]).toEqual([0, false]);
    desc.cold.depth = 1;
    enableIrq(lab.core, desc.irq);
    expect(lab.log).toContain('WARNING: at kernel/irq/chip.c irq_startup');
    lab.up(2);
    expect(desc.data.has(irqd.IRQ_STARTED)).toBe(true);
  });

  test('keeps off isolated CPUs as long as others are there, and comes back to a housekeeping CPU', () => {
    const lab = hotLab({ machine: { isolated: [2, 3] } });
    const desc = managed(lab, '1-2');
    desc.data.set(irqd.SINGLE_TARGET);
    expect(effective(desc)).toBe('1');
    lab.down(1);
    expect(effective(desc)).toBe('2');
    lab.up(3);
    lab.up(1);
    expect(effective(desc)).toBe('1');
  });

  test('one that is suspended is left alone', () => {
    const lab = hotLab({ kernel: '6.12' });
    const desc = managed(lab, '2');
    lab.down(2);
    desc.istate |= irqs.SUSPENDED;
    lab.up(2);
    expect(desc.data.has(irqd.IRQ_STARTED)).toBe(false);
  });
});
