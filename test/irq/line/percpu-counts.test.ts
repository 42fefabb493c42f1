import { describe, expect, test } from '@jest/globals';
import {
  handlePercpuDemuxIrq,
  handlePercpuIrq,
  handlePercpuIrqNostat,
  handlePercpuIrqNostatShown,
  IRQ_HANDLED,
  IRQ_NONE,
  type IrqDesc,
  IRQF_PERCPU,
  kstatIrqs,
  kstatIrqsCpu,
} from '../../../src/irq/index.js';
import { Lab } from '../lab.js';

/** What is counted of a line: on CPU 1, of the line, and of all lines on each CPU, as /proc/stat sums it. */
function counts({ core }: Lab, desc: IrqDesc): object {
  return { cpu1: kstatIrqsCpu(desc, 1), line: kstatIrqs(desc), all: [...core.irqsSum] };
}

// What the review of the RFC's patch 6 weighs. handle_percpu_irq counts first, whatever the handlers say.
describe('what interrupts that each CPU has for itself count as', () => {
  test.each([
    ['percpu', handlePercpuIrq, IRQ_HANDLED, 3, [0, 3, 0, 0]],
    ['percpu, nobody’s', handlePercpuIrq, IRQ_NONE, 3, [0, 3, 0, 0]],
    ['percpu-demux', handlePercpuDemuxIrq, IRQ_HANDLED, 3, [0, 3, 0, 0]],
    ['percpu-demux with nothing of its own', handlePercpuDemuxIrq, IRQ_NONE, 0, [0, 0, 0, 0]],
    ['nostat, shown', handlePercpuIrqNostatShown, IRQ_HANDLED, 3, [0, 0, 0, 0]],
    ['nostat, shown, nobody’s', handlePercpuIrqNostatShown, IRQ_NONE, 3, [0, 0, 0, 0]],
    ['nostat', handlePercpuIrqNostat, IRQ_HANDLED, 0, [0, 0, 0, 0]],
  ] as const)('%s', (_name, flow, ret, shown, all) => {
    const lab = new Lab();
    const desc = lab.line({ flow });
    lab.request(desc, IRQF_PERCPU, 'dev', ret);
    lab.take();
    lab.fire(desc, 1, 3);
    expect(lab.take()).toEqual(new Array(3).fill(['ack', 'handler@1', 'eoi']).flat());
    expect(counts(lab, desc)).toEqual({ cpu1: shown, line: shown, all });
    // Only per-CPU counts: the line's own total stays.
    expect(desc.totCount).toBe(0);
  });

  test.each([
    ['percpu', handlePercpuIrq],
    ['percpu-demux', handlePercpuDemuxIrq],
    ['nostat, shown', handlePercpuIrqNostatShown],
    ['nostat', handlePercpuIrqNostat],
  ] as const)('%s works with a chip that wants to hear of nothing', (_name, flow) => {
    const lab = new Lab();
    const desc = lab.line({ flow, chip: { name: 'silent' } });
    lab.request(desc, IRQF_PERCPU);
    lab.fire(desc, 2);
    expect(lab.take()).toEqual(['handler@2']);
  });
});
