import { expect, test } from '@jest/globals';
import {
  disablePercpuIrq,
  enablePercpuIrq,
  freeIrq,
  freePercpuIrq,
  handlePercpuDevidIrq,
  IRQ_HANDLED,
  type IrqDesc,
  irqPercpuIsEnabled,
  irqSetIrqType,
  irqSetPercpuDevid,
  irqUpdateAffinityHint,
  requestPercpuIrq,
} from '../../../src/irq/index.js';
import { Lab } from '../lab.js';

function percpuLine(lab: Lab, ret = 0): IrqDesc {
  const desc = lab.line({ flow: handlePercpuDevidIrq, chip: lab.chip({ irqSetType: () => ret }) });
  expect(irqSetPercpuDevid(lab.core, desc.irq)).toBe(0);
  return desc;
}

const handler = (): number => IRQ_HANDLED;

test('one request serves all CPUs; each enables it for itself', () => {
  const lab = new Lab();
  const desc = percpuLine(lab);
  expect(lab.run(requestPercpuIrq(lab.core, desc.irq, handler, 'timer', 'tick'))).toBe(0);
  enablePercpuIrq(lab.core, desc.irq, 1);
  expect(lab.take()).toEqual(['unmask']);
  expect(irqPercpuIsEnabled(lab.core, desc.irq)).toBe(true);
  lab.machine.thisCpu = 1;
  expect(irqPercpuIsEnabled(lab.core, desc.irq)).toBe(false);
  lab.machine.thisCpu = 0;
  lab.fire(desc, 2);
  expect([...desc.cold.kstat]).toEqual([0, 0, 1, 0]);
  disablePercpuIrq(lab.core, desc.irq);
  expect(irqPercpuIsEnabled(lab.core, desc.irq)).toBe(false);
  lab.run(freePercpuIrq(lab.core, desc.irq, 'tick'));
  expect(desc.action).toBeUndefined();
});

test('an enabled one that fires without handler is disabled on that CPU', () => {
  const lab = new Lab();
  const desc = percpuLine(lab);
  enablePercpuIrq(lab.core, desc.irq);
  lab.take();
  lab.fire(desc, 0, 2);
  expect(lab.take()).toEqual(['ack', 'mask', 'eoi', 'ack', 'eoi']);
  expect(lab.log).toEqual(['Spurious and unmasked percpu IRQ24 on CPU0']);
});

test('the chip’s own enable and disable are preferred', () => {
  const lab = new Lab();
  const chip = lab.chip({
    irqEnable: () => void lab.calls.push('enable'),
    irqDisable: () => void lab.calls.push('disable'),
  });
  const desc = lab.line({ flow: handlePercpuDevidIrq, chip });
  irqSetPercpuDevid(lab.core, desc.irq);
  enablePercpuIrq(lab.core, desc.irq);
  disablePercpuIrq(lab.core, desc.irq);
  expect(lab.take()).toEqual(['enable', 'disable']);
});

test('what is meant for other lines is refused, and the other way round', () => {
  const lab = new Lab();
  const desc = percpuLine(lab);
  const plain = lab.line();
  expect(irqSetPercpuDevid(lab.core, desc.irq)).toBe(-22);
  expect(irqSetPercpuDevid(lab.core, 99)).toBe(-22);
  expect(lab.request(desc)).toBe(-22);
  expect(lab.run(requestPercpuIrq(lab.core, desc.irq, handler, 'x', null))).toBe(-22);
  expect(lab.run(requestPercpuIrq(lab.core, plain.irq, handler, 'x', 1))).toBe(-22);
  expect(irqSetIrqType(lab.core, desc.irq, 1)).toBe(-22);
  expect(irqUpdateAffinityHint(lab.core, desc.irq, null)).toBe(-22);
  expect(lab.run(freeIrq(lab.core, desc.irq, 1))).toBeNull();
  enablePercpuIrq(lab.core, plain.irq);
  disablePercpuIrq(lab.core, plain.irq);
  lab.run(freePercpuIrq(lab.core, plain.irq, 1));
  expect(lab.take()).toEqual([]);
  expect(lab.log).toEqual([
    'WARNING: at kernel/irq/manage.c request_threaded_irq',
    'WARNING: at kernel/irq/manage.c free_irq',
  ]);
});

test('freeing what is still enabled, or somebody else’s, warns', () => {
  const lab = new Lab();
  const desc = percpuLine(lab);
  lab.run(requestPercpuIrq(lab.core, desc.irq, handler, 'timer', 'tick'));
  enablePercpuIrq(lab.core, desc.irq);
  lab.run(freePercpuIrq(lab.core, desc.irq, 'tick'));
  lab.run(freePercpuIrq(lab.core, desc.irq, 'tock'));
  const warning = 'WARNING: at kernel/irq/manage.c __free_percpu_irq';
  expect(lab.log).toEqual([
    'percpu IRQ 24 still enabled on CPU0!',
    warning,
    'Trying to free already-free IRQ 24',
    warning,
  ]);
  expect(desc.action).toBeDefined();
});

test('a trigger that the chip refuses leaves it disabled', () => {
  const lab = new Lab();
  const desc = percpuLine(lab, -22);
  enablePercpuIrq(lab.core, desc.irq, 4);
  expect(irqPercpuIsEnabled(lab.core, desc.irq)).toBe(false);
  expect(lab.log).toContain('failed to set type for IRQ24');
});
