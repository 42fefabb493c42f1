import { describe, expect, test } from '@jest/globals';
import {
  freeIrq,
  IRQF_SHARED,
  IRQF_TRIGGER_FALLING,
  IRQF_TRIGGER_HIGH,
  IRQF_TRIGGER_MASK,
  IRQF_TRIGGER_RISING,
  type IrqDesc,
  irqd,
  irqSetIrqType,
} from '../../../src/irq/index.js';
import { Lab } from '../lab.js';

const EBUSY = -16;

/** A line whose chip writes down the types that it is told. */
function typed(lab: Lab): IrqDesc {
  return lab.line({
    chip: lab.chip({
      irqSetType: (_d, type) => {
        lab.calls.push(`type ${type}`);
        return 0;
      },
    }),
  });
}

const typeCalls = (lab: Lab): string[] => lab.take().filter((call) => call.startsWith('type'));

// kernel/irq/manage.c __setup_irq.
describe('the trigger of a request', () => {
  test('of the first is told to the chip before the line starts', () => {
    const lab = new Lab();
    const desc = typed(lab);
    lab.request(desc, IRQF_TRIGGER_HIGH);
    expect(lab.take()).toEqual(['type 4', 'unmask', 'affinity 0-3']);
    expect([desc.data.triggerType, desc.data.has(irqd.LEVEL)]).toEqual([IRQF_TRIGGER_HIGH, true]);
  });

  test('that is not given is that of the line', () => {
    const lab = new Lab();
    const desc = typed(lab);
    irqSetIrqType(lab.core, desc.irq, IRQF_TRIGGER_FALLING);
    expect(typeCalls(lab)).toEqual(['type 2']);
    lab.request(desc);
    expect(typeCalls(lab)).toEqual(['type 2']);
    expect((desc.action?.flags ?? 0) & IRQF_TRIGGER_MASK).toBe(IRQF_TRIGGER_FALLING);
  });

  test('that is given goes before that of the line', () => {
    const lab = new Lab();
    const desc = typed(lab);
    irqSetIrqType(lab.core, desc.irq, IRQF_TRIGGER_FALLING);
    lab.request(desc, IRQF_TRIGGER_RISING);
    expect(typeCalls(lab)).toEqual(['type 2', 'type 1']);
    expect(desc.data.triggerType).toBe(IRQF_TRIGGER_RISING);
  });

  test('without one, on a line without one, the chip is told nothing', () => {
    const lab = new Lab();
    lab.request(typed(lab));
    expect(typeCalls(lab)).toEqual([]);
  });
});

// The types of those who share a line must be one, once the line's was set (irqd_trigger_type_was_set).
describe('the trigger of a sharer', () => {
  test.each([
    ['the same', IRQF_TRIGGER_RISING, 0],
    ['none, which is the line’s', 0, 0],
    ['another edge', IRQF_TRIGGER_FALLING, EBUSY],
    ['both', IRQF_TRIGGER_RISING | IRQF_TRIGGER_FALLING, EBUSY],
    ['a level', IRQF_TRIGGER_HIGH, EBUSY],
  ])('%s', (_name, trigger, ret) => {
    const lab = new Lab();
    const desc = typed(lab);
    desc.data.triggerType = IRQF_TRIGGER_RISING;
    expect(lab.request(desc, IRQF_SHARED | IRQF_TRIGGER_RISING, 'a')).toBe(0);
    lab.take();
    expect(lab.request(desc, IRQF_SHARED | trigger, 'b')).toBe(ret);
    expect(typeCalls(lab)).toEqual([]);
    expect(desc.data.triggerType).toBe(IRQF_TRIGGER_RISING);
    expect(desc.cold.nrActions).toBe(ret === 0 ? 2 : 1);
    lab.run(freeIrq(lab.core, desc.irq, 'a'));
    expect(desc.cold.nrActions).toBe(ret === 0 ? 1 : 0);
  });
});
