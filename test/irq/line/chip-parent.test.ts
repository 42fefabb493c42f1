import { describe, expect, test } from '@jest/globals';
import * as irq from '../../../src/irq/index.js';
import { CpuMask } from '../../../src/machine/cpumask.js';
import { Lab } from '../lab.js';

const ENOSYS = -38;

/** A line of two levels, whose inner one has `chip`; the outer level's data. */
function outerOf(chip: irq.IrqChip): irq.IrqData {
  const lab = new Lab();
  const level = (name: string, parent: irq.IrqDomain | null, itsChip: irq.IrqChip): irq.IrqDomain =>
    irq.irqDomainCreateHierarchy(lab.core, {
      name,
      size: 8,
      parent,
      fwnode: {},
      ops: {
        alloc(domain, line, count, arg) {
          if (domain.parent !== null) irq.irqDomainAllocIrqsParent(domain, line, count, arg);
          return irq.irqDomainSetHwirqAndChip(domain, line, { hwirq: 1, chip: itsChip });
        },
        free: irq.irqDomainFreeIrqsCommon,
      },
    });
  const leaf = level('leaf', level('root', null, chip), lab.chip({ name: 'LEAF' }));
  return lab.desc(irq.irqDomainAllocIrqs(leaf, 1, 0)).data;
}

const mask = CpuMask.of(4, [2]);

type Call = (d: irq.IrqData) => unknown;
/** Its call, the parent's function, what that is called with, and what is answered without that function. */
const forwarded: [string, Call, keyof irq.IrqChip, unknown[], unknown][] = [
  ['ack', irq.irqChipAckParent, 'irqAck', [], undefined],
  ['mask', irq.irqChipMaskParent, 'irqMask', [], undefined],
  ['mask_ack', irq.irqChipMaskAckParent, 'irqMaskAck', [], undefined],
  ['unmask', irq.irqChipUnmaskParent, 'irqUnmask', [], undefined],
  ['eoi', irq.irqChipEoiParent, 'irqEoi', [], undefined],
  ['startup', irq.irqChipStartupParent, 'irqStartup', [], 0],
  ['shutdown', irq.irqChipShutdownParent, 'irqShutdown', [], undefined],
  ['enable', irq.irqChipEnableParent, 'irqEnable', [], undefined],
  ['disable', irq.irqChipDisableParent, 'irqDisable', [], undefined],
  [
    'set_affinity',
    (d) => irq.irqChipSetAffinityParent(d, mask, true),
    'irqSetAffinity',
    [mask, true],
    ENOSYS,
  ],
  ['set_type', (d) => irq.irqChipSetTypeParent(d, 4), 'irqSetType', [4], ENOSYS],
  ['set_wake', (d) => irq.irqChipSetWakeParent(d, true), 'irqSetWake', [true], ENOSYS],
  [
    'set_vcpu_affinity',
    (d) => irq.irqChipSetVcpuAffinityParent(d, 'vcpu'),
    'irqSetVcpuAffinity',
    ['vcpu'],
    ENOSYS,
  ],
  ['request_resources', irq.irqChipRequestResourcesParent, 'irqRequestResources', [], 0],
  ['release_resources', irq.irqChipReleaseResourcesParent, 'irqReleaseResources', [], undefined],
];

// kernel/irq/chip.c irq_chip_*_parent.
describe('what a chip has its parent do', () => {
  test.each(forwarded)('%s', (_name, call, callback, args, without) => {
    const seen: unknown[][] = [];
    const note = (...all: unknown[]): number => {
      seen.push(all);
      return -5;
    };
    const outer = outerOf({ name: 'ROOT', [callback]: note });
    const answer = call(outer);
    expect(seen).toEqual([[outer.parentData, ...args]]);
    // What the kernel's function returns as a number is the parent's answer.
    if (typeof without === 'number') expect(answer).toBe(-5);
    expect(call(outerOf({ name: 'ROOT' }))).toBe(without);
  });

  test.each([
    ['startup', irq.irqChipStartupParent, 'irqEnable', 'irqUnmask'],
    ['shutdown', irq.irqChipShutdownParent, 'irqDisable', 'irqMask'],
  ] as const)('%s without such a function is the next best', (_name, call, better, good) => {
    const seen: string[] = [];
    const note = (name: string) => () => void seen.push(name);
    call(outerOf({ name: 'ROOT', [better]: note(better), [good]: note(good) }));
    call(outerOf({ name: 'ROOT', [good]: note(good) }));
    expect(seen).toEqual([better, good]);
  });

  test('a parent that is told of no wake-up is content (IRQCHIP_SKIP_SET_WAKE)', () => {
    const chip = { name: 'ROOT', flags: irq.irqchipFlags.SKIP_SET_WAKE, irqSetWake: () => -5 };
    expect(irq.irqChipSetWakeParent(outerOf(chip), true)).toBe(0);
  });

  test('there is none to ask: the kernel would crash', () => {
    const lab = new Lab();
    expect(() => irq.irqChipAckParent(lab.line().data)).toThrow('IRQ 24: lab has no parent');
  });
});
