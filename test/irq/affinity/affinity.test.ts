import { describe, expect, test } from '@jest/globals';
import { formatCpuList } from '../../../src/machine/cpumask-text.js';
import { regularTopology } from '../../../src/machine/topology.js';
import {
  disableIrqNosync,
  handleEdgeIrq,
  IRQ_SET_MASK_OK_DONE,
  IRQ_SET_MASK_OK_NOCOPY,
  irqCanSetAffinity,
  irqCanSetAffinityUsr,
  type IrqChip,
  irqchipFlags,
  irqd,
  type IrqDesc,
  irqForceAffinity,
  irqMoveMaskedIrq,
  irqSetAffinity,
  irqSetAffinityAndHint,
  irqSetAffinityNotifier,
  irqSetStatusFlags,
  irqStatus,
  irqUpdateAffinityHint,
} from '../../../src/irq/index.js';
import { Lab } from '../lab.js';

const EINVAL = -22;
const EBUSY = -16;

/** A requested line that moves at once. */
function movable(lab: Lab, chip: IrqChip = lab.chip()): IrqDesc {
  const desc = lab.line({ chip, flow: handleEdgeIrq });
  irqSetStatusFlags(lab.core, desc.irq, irqStatus.MOVE_PCNTXT);
  lab.request(desc);
  lab.take();
  return desc;
}

const text = (desc: IrqDesc) => ({
  affinity: formatCpuList(desc.data.affinity),
  effective: formatCpuList(desc.data.effectiveAffinity),
  pending: desc.data.has(irqd.SETAFFINITY_PENDING) ? formatCpuList(desc.cold.pendingMask) : null,
});

describe('irqSetAffinity', () => {
  test('moves at once where that is safe', () => {
    const lab = new Lab();
    const desc = movable(lab);
    expect(irqSetAffinity(lab.core, desc.irq, lab.cpus('2-3'))).toBe(0);
    expect(lab.take()).toEqual(['affinity 2-3']);
    expect(text(desc)).toEqual({ affinity: '2-3', effective: '2', pending: null });
  });

  test('else waits for the next interrupt, and moves in its ack', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleEdgeIrq });
    lab.request(desc);
    lab.take();
    expect(irqSetAffinity(lab.core, desc.irq, lab.cpus('2-3'))).toBe(0);
    expect(text(desc)).toEqual({ affinity: '0-3', effective: '0', pending: '2-3' });
    lab.fire(desc);
    expect(lab.take()).toEqual(['ack', 'mask', 'affinity 2-3', 'unmask', 'handler@0']);
    expect(text(desc)).toEqual({ affinity: '2-3', effective: '2', pending: null });
  });

  test('a disabled line moves later', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleEdgeIrq });
    lab.request(desc);
    irqSetAffinity(lab.core, desc.irq, lab.cpus('2'));
    disableIrqNosync(lab.core, desc.irq);
    lab.fire(desc);
    expect(text(desc).pending).toBe('2');
  });

  test('from 6.15 on it is the chip that asks for waiting', () => {
    const lab = new Lab({ kernel: '6.18' });
    const now = lab.line();
    const later = lab.line({ chip: lab.chip({ flags: irqchipFlags.MOVE_DEFERRED }) });
    for (const desc of [now, later]) {
      lab.request(desc);
      irqSetAffinity(lab.core, desc.irq, lab.cpus('3'));
    }
    expect(text(now).affinity).toBe('3');
    expect(text(later).pending).toBe('3');
  });

  test('gives the chip only online CPUs, and fails without any; forcing gives all', () => {
    const lab = new Lab();
    const desc = movable(lab);
    lab.down(3);
    lab.take();
    irqSetAffinity(lab.core, desc.irq, lab.cpus('2-3'));
    expect(lab.take()).toEqual(['affinity 2']);
    expect(irqSetAffinity(lab.core, desc.irq, lab.cpus('3'))).toBe(EINVAL);
    expect(irqForceAffinity(lab.core, desc.irq, lab.cpus('3'))).toBe(0);
    expect(lab.take()).toEqual(['affinity 3 force']);
  });

  test.each([
    [IRQ_SET_MASK_OK_DONE, '1'],
    [IRQ_SET_MASK_OK_NOCOPY, '0-3'],
  ])('result %s of the chip', (ret, affinity) => {
    const lab = new Lab();
    const desc = movable(lab);
    desc.data.chip = { ...desc.data.chip, irqSetAffinity: () => ret };
    expect(irqSetAffinity(lab.core, desc.irq, lab.cpus('1'))).toBe(0);
    expect(text(desc).affinity).toBe(affinity);
  });

  test('EBUSY of the chip becomes pending; another error is told', () => {
    const lab = new Lab();
    const desc = movable(lab);
    desc.data.chip = { ...desc.data.chip, irqSetAffinity: () => EBUSY };
    expect(irqForceAffinity(lab.core, desc.irq, lab.cpus('1'))).toBe(EBUSY);
    expect(irqSetAffinity(lab.core, desc.irq, lab.cpus('1'))).toBe(0);
    expect(text(desc).pending).toBe('1');
    irqMoveMaskedIrq(desc.data);
    expect(text(desc).pending).toBe('1');
    desc.data.clear(irqd.SETAFFINITY_PENDING);
    desc.data.chip = { ...desc.data.chip, irqSetAffinity: () => -5 };
    expect(irqSetAffinity(lab.core, desc.irq, lab.cpus('1'))).toBe(-5);
  });

  test('no setter, no line', () => {
    const lab = new Lab();
    const desc = lab.line({ chip: lab.chip({ irqSetAffinity: undefined }) });
    expect(irqSetAffinity(lab.core, desc.irq, lab.cpus('1'))).toBe(EINVAL);
    expect(irqSetAffinity(lab.core, 99, lab.cpus('1'))).toBe(EINVAL);
    expect(irqCanSetAffinity(desc)).toBe(false);
  });

  test('a chip that does not say where the interrupt goes is complained about once', () => {
    const lab = new Lab();
    const chip = lab.chip({ name: 'mute', irqSetAffinity: () => 0 });
    lab.request(lab.line({ chip }));
    lab.request(lab.line({ chip }));
    expect(lab.log).toEqual(['genirq: irq_chip mute did not update eff. affinity mask of irq 24']);
  });

  test('a line that takes its affinity at activation only stores it before', () => {
    const lab = new Lab();
    const desc = lab.line();
    desc.data.set(irqd.AFFINITY_ON_ACTIVATE);
    expect(irqSetAffinity(lab.core, desc.irq, lab.cpus('1-2'))).toBe(0);
    expect(lab.take()).toEqual([]);
    expect(text(desc)).toEqual({ affinity: '1-2', effective: '1-2', pending: null });
    lab.request(desc);
    expect(lab.take()).toEqual(['unmask', 'affinity 1-2']);
  });
});

describe('irqMoveMaskedIrq', () => {
  test('drops a change to CPUs that have gone, and one of a per-CPU line with a warning', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleEdgeIrq });
    lab.request(desc);
    irqSetAffinity(lab.core, desc.irq, lab.cpus('3'));
    lab.machine.online.clear(3);
    lab.take();
    irqMoveMaskedIrq(desc.data);
    expect(lab.take()).toEqual([]);
    expect(desc.cold.pendingMask.isEmpty).toBe(true);
    desc.data.set(irqd.SETAFFINITY_PENDING | irqd.PER_CPU);
    irqMoveMaskedIrq(desc.data);
    expect(lab.log).toEqual(['WARNING: at kernel/irq/migration.c irq_move_masked_irq']);
    irqMoveMaskedIrq(desc.data);
    desc.data.clear(irqd.PER_CPU);
    desc.data.set(irqd.SETAFFINITY_PENDING);
    irqMoveMaskedIrq(desc.data);
    expect(lab.take()).toEqual([]);
  });
});

describe('at the request', () => {
  test('default_smp_affinity applies, as far as it is online', () => {
    const lab = new Lab();
    lab.core.defaultAffinity.copyFrom(lab.cpus('2-3'));
    lab.down(2);
    const desc = lab.line();
    lab.request(desc);
    expect(lab.take()).toEqual(['unmask', 'affinity 3']);
    expect(text(desc).affinity).toBe('3');
  });

  test('if none of it is online, all online CPUs', () => {
    const lab = new Lab();
    lab.core.defaultAffinity.copyFrom(lab.cpus('3'));
    lab.down(3);
    lab.request(lab.line());
    expect(lab.take()).toEqual(['unmask', 'affinity 0-2']);
  });

  test('an affinity set before wins, unless its CPUs have gone', () => {
    const lab = new Lab();
    const desc = lab.line({ affinity: { mask: lab.cpus('1'), managed: false } });
    lab.down(1);
    lab.request(desc);
    expect(lab.take()).toEqual(['unmask', 'affinity 0,2-3']);
    expect(desc.data.has(irqd.AFFINITY_SET)).toBe(false);
  });

  test('CPUs of the line’s node are preferred', () => {
    const topology = regularTopology(4, { nodes: 2 });
    const lab = new Lab({ machine: { topology } });
    const desc = lab.line({ affinity: { mask: lab.cpus('1-3'), managed: false } });
    expect(desc.data.node).toBe(0);
    lab.request(desc);
    expect(lab.take()).toEqual(['unmask', 'affinity 1']);
  });
});

describe('who may set it', () => {
  test('user space may not move managed lines, nobody those that must not be balanced', () => {
    const lab = new Lab();
    const managed = lab.line({ affinity: { mask: lab.cpus('1'), managed: true } });
    expect([irqCanSetAffinity(managed), irqCanSetAffinityUsr(managed)]).toEqual([true, false]);
    const fixed = lab.line();
    irqSetStatusFlags(lab.core, fixed.irq, irqStatus.NO_BALANCING);
    expect(irqCanSetAffinityUsr(fixed)).toBe(false);
    expect(irqCanSetAffinityUsr(lab.line())).toBe(true);
  });
});

describe('hint and notifier', () => {
  test('the hint is kept as given; setting it along swallows errors', () => {
    const lab = new Lab();
    const desc = movable(lab);
    const hint = lab.cpus('2');
    expect(irqUpdateAffinityHint(lab.core, desc.irq, hint)).toBe(0);
    expect(desc.cold.affinityHint).toBe(hint);
    expect(lab.take()).toEqual([]);
    expect(irqSetAffinityAndHint(lab.core, desc.irq, lab.cpus('3'))).toBe(0);
    expect(lab.take()).toEqual(['affinity 3']);
    expect(irqSetAffinityAndHint(lab.core, desc.irq, lab.cpus(''))).toBe(0);
    expect(irqSetAffinityAndHint(lab.core, desc.irq, null)).toBe(0);
    expect(desc.cold.affinityHint).toBeNull();
    expect(irqUpdateAffinityHint(lab.core, 99, null)).toBe(EINVAL);
  });

  test('several changes before the work runs are told once, and none to who has left', () => {
    const lab = new Lab();
    const desc = movable(lab);
    const heard: string[] = [];
    const notifierOf = (name: string): { notify(): void } => ({ notify: () => void heard.push(name) });
    irqSetAffinityNotifier(lab.core, desc.irq, notifierOf('first'));
    for (const cpu of [1, 2, 3]) irqSetAffinity(lab.core, desc.irq, lab.cpus(String(cpu)));
    lab.machine.settle();
    expect(heard).toEqual(['first']);
    irqSetAffinity(lab.core, desc.irq, lab.cpus('1'));
    irqSetAffinityNotifier(lab.core, desc.irq, notifierOf('second'));
    lab.machine.settle();
    expect(heard).toEqual(['first']);
    irqSetAffinity(lab.core, desc.irq, lab.cpus('2'));
    lab.machine.settle();
    expect(heard).toEqual(['first', 'second']);
  });

  test('the notifier hears of changes later, with the pending mask if one waits', () => {
    const lab = new Lab();
    const heard: string[] = [];
    const notifier = {
      notify: (irq: number, mask: { nrCpuIds: number }) => void heard.push(`${irq} ${mask.nrCpuIds}`),
    };
    const desc = movable(lab);
    expect(irqSetAffinityNotifier(lab.core, desc.irq, notifier)).toBe(0);
    irqSetAffinity(lab.core, desc.irq, lab.cpus('1'));
    expect(heard).toEqual([]);
    lab.machine.settle();
    expect(heard).toEqual(['24 4']);
    irqSetAffinityNotifier(lab.core, desc.irq, null);
    irqSetAffinity(lab.core, desc.irq, lab.cpus('2'));
    lab.machine.settle();
    expect(heard).toHaveLength(1);
    expect(irqSetAffinityNotifier(lab.core, 99, null)).toBe(EINVAL);
  });
});
