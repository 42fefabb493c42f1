import { describe, expect, test } from '@jest/globals';
import { check } from '../../../src/explore/explore.js';
import type { Model } from '../../../src/explore/model.js';
import {
  earlyIrqInit,
  genericHandleIrqDescSteps,
  handleEdgeIrq,
  irqCreateMapping,
  irqDataUpdateEffectiveAffinity,
  irqd,
  irqDomainCreateLinear,
  irqSetChipAndHandler,
  type KernelVersion,
  requestIrq,
} from '../../../src/irq/index.js';
import { CpuMask } from '../../../src/machine/cpumask.js';
import { Machine } from '../../../src/machine/machine.js';
import { runAtomic } from '../../../src/machine/step.js';
import { noticingOverlaps, type Overlaps } from '../overlaps.js';

interface Seen extends Overlaps {
  /** CPUs that found the other at work and masked the line. */
  readonly masked: Set<number>;
}

/** An edge is handled on CPU 0 when the next one, after a move, comes to CPU 1. */
function model(kernel: KernelVersion): Model<Seen> {
  return {
    name: 'an edge that was moved',
    setup(world): Seen {
      const machine = new Machine({ present: 2 });
      const core = earlyIrqInit(machine, { kernel });
      const seen: Seen = { masked: new Set(), calls: 0, inside: 0, overlaps: false };
      const handler = noticingOverlaps(seen);
      const chip = {
        name: 'x',
        irqAck() {},
        irqUnmask() {},
        irqMask() {
          seen.masked.add(machine.thisCpu);
        },
      };
      const map = (_domain: unknown, irq: number): number => {
        irqSetChipAndHandler(core, irq, chip, handleEdgeIrq, null);
        return 0;
      };
      const domain = irqDomainCreateLinear(core, { name: 'd', size: 8, ops: { map } });
      const irq = irqCreateMapping(domain, 1);
      runAtomic(requestIrq(core, irq, handler, 0, 'dev', seen));
      const desc = core.desc(irq);
      if (desc === undefined) throw new Error('no line');
      desc.data.set(irqd.SINGLE_TARGET);
      irqDataUpdateEffectiveAffinity(desc.data, CpuMask.of(2, [1]));
      world.attach(machine);
      world.interrupt(0, 'before the move', () => genericHandleIrqDescSteps(desc)).raise();
      world.interrupt(1, 'after the move', () => genericHandleIrqDescSteps(desc)).raise();
      return seen;
    },
    finally: {
      'one handler at a time': ({ overlaps }) => !overlaps || 'two at once',
      'both are handled': ({ calls }) => calls === 2 || `${calls} calls`,
    },
    sometimes: {
      'CPU 0 masks': ({ masked }) => masked.has(0),
      'CPU 1 masks': ({ masked }) => masked.has(1),
    },
  };
}

// kernel/irq/chip.c irq_can_handle_pm of 7.2, irq_may_run of 6.12.
describe('an edge that comes to its new CPU while the old one is busy', () => {
  test.each([
    ['6.12', true],
    ['7.2', false],
  ] as const)('%s: its new CPU leaves it the interrupt: %s', (kernel, masks) => {
    const report = check(model(kernel), {});
    expect(report.violations).toEqual([]);
    // Where CPU 0 is the later one, it leaves CPU 1 the interrupt in both: it was not moved to CPU 0.
    expect(report.witnesses).toEqual([
      { name: 'CPU 0 masks', reached: true },
      { name: 'CPU 1 masks', reached: masks },
    ]);
  });
});
