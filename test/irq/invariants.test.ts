import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  disableIrqNosync,
  enableIrq,
  freeIrq,
  handleEdgeIrq,
  handleFasteoiIrq,
  handleLevelIrq,
  handlePercpuIrq,
  handleSimpleIrq,
  IRQF_SHARED,
  type IrqDesc,
  irqDisposeMapping,
  irqSetAffinity,
  kernelVersions,
  kstatIrqsSum,
} from '../../src/irq/index.js';
import { brokenLinesAtRest } from '../../src/irq/validate.js';
import { Lab } from './lab.js';
import { runs } from '../support/long.js';

const flows = [handleSimpleIrq, handleLevelIrq, handleEdgeIrq, handleFasteoiIrq, handlePercpuIrq];

const step = fc.record({
  what: fc.constantFrom('fire', 'request', 'free', 'disable', 'enable', 'affinity', 'down', 'up'),
  line: fc.nat({ max: 4 }),
  cpu: fc.nat({ max: 3 }),
  dev: fc.nat({ max: 1 }),
});

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function doStep(lab: Lab, lines: readonly IrqDesc[], { what, line, cpu, dev }: Step): void {
  const desc = lines[line];
  const { core, machine } = lab;
  switch (what) {
    case 'fire':
      if (machine.online.has(cpu)) lab.fire(desc, cpu);
      break;
    case 'request':
      lab.request(desc, IRQF_SHARED, dev);
      break;
    case 'free':
      lab.run(freeIrq(core, desc.irq, dev));
      break;
    case 'disable':
      disableIrqNosync(core, desc.irq);
      break;
    case 'enable':
      enableIrq(core, desc.irq);
      break;
    case 'affinity':
      irqSetAffinity(core, desc.irq, lab.cpus(String(cpu)));
      break;
    case 'down':
      if (machine.online.weight > 1 && cpu !== 0) lab.down(cpu);
      break;
    case 'up':
      lab.up(cpu);
      break;
  }
  machine.settle();
}

test('no sequence of calls, interrupts and CPU hotplug breaks a line’s invariants', () => {
  fc.assert(
    fc.property(fc.constantFrom(...kernelVersions), fc.array(step, { maxLength: 60 }), (kernel, steps) => {
      const lab = new Lab({ kernel });
      const lines = flows.map((flow, at) => {
        const affinity = at === 2 ? { mask: lab.cpus('1-2'), managed: true } : undefined;
        return lab.line({ flow, ...(affinity ? { affinity } : {}) });
      });
      for (const one of steps) {
        doStep(lab, lines, one);
        expect(brokenLinesAtRest(lab.core)).toEqual([]);
      }
      for (const desc of lines) irqDisposeMapping(lab.core, desc.irq);
      expect([...lab.core.descs()]).toEqual([]);
    }),
    { numRuns: runs(300, 100) },
  );
});

test('an interrupt that comes while its line is enabled and has an action is handled, none is lost', () => {
  fc.assert(
    fc.property(fc.constantFrom(...flows), fc.array(fc.nat({ max: 3 }), { maxLength: 30 }), (flow, cpus) => {
      const lab = new Lab();
      const desc = lab.line({ flow });
      lab.request(desc);
      lab.take();
      for (const cpu of cpus) lab.fire(desc, cpu);
      expect(lab.take().filter((call) => call.startsWith('handler'))).toEqual(
        cpus.map((cpu) => `handler@${cpu}`),
      );
      expect(kstatIrqsSum(desc)).toBe(cpus.length);
    }),
  );
});
