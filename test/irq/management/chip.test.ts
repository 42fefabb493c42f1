import { describe, expect, test } from '@jest/globals';
import {
  handleEdgeIrq,
  handleLevelIrq,
  handleSimpleIrq,
  irqchipFlags,
  irqClearStatusFlags,
  irqd,
  irqInjectInterrupt,
  irqModifyStatus,
  irqSetChip,
  irqSetChipData,
  irqSetHandler,
  irqSetHandlerData,
  irqSetIrqType,
  irqSetStatusFlags,
  irqStatus,
  irqType,
} from '../../../src/irq/index.js';
import { allocDescs } from '../../../src/irq/mapping/alloc-descs.js';
import { Lab } from '../lab.js';

const EINVAL = -22;

describe('a line that does not exist', () => {
  test('is refused by those that return something and ignored by the others', () => {
    const { core } = new Lab();
    expect(irqSetChip(core, 99, null)).toBe(EINVAL);
    expect(irqSetHandlerData(core, 99, 1)).toBe(EINVAL);
    expect(irqSetChipData(core, 99, 1)).toBe(EINVAL);
    expect(irqSetIrqType(core, 99, 1)).toBe(EINVAL);
    expect(irqInjectInterrupt(core, 99)).toBe(EINVAL);
    irqSetHandler(core, 99, handleSimpleIrq, false, null);
    irqModifyStatus(core, 99, 0, irqStatus.LEVEL);
  });
});

test('data of chip and handler are kept', () => {
  const lab = new Lab();
  const desc = lab.line();
  irqSetHandlerData(lab.core, desc.irq, 'handler');
  irqSetChipData(lab.core, desc.irq, 'chip');
  expect([desc.data.handlerData, desc.data.chipData]).toEqual(['handler', 'chip']);
});

describe('irqSetHandler', () => {
  test('chained: starts at once, sets the trigger, and cannot be requested', () => {
    const lab = new Lab();
    const chip = lab.chip({
      irqSetType: (_d, type) => {
        lab.calls.push(`type ${type}`);
        return 0;
      },
    });
    const desc = lab.line({ chip });
    irqSetIrqType(lab.core, desc.irq, irqType.LEVEL_HIGH);
    lab.take();
    irqSetHandler(lab.core, desc.irq, handleLevelIrq, true, 'chain');
    expect(lab.take()).toEqual(['type 4', 'unmask', 'affinity 0-3']);
    expect(desc.isChained).toBe(true);
    expect(lab.request(desc)).toBe(EINVAL);
    lab.fire(desc);
    lab.fire(desc);
    expect(lab.log).toEqual([
      `Chained irq ${desc.irq} should not call an action`,
      'WARNING: at kernel/irq/chip.c bad_chained_irq',
    ]);
    lab.take();
    irqSetHandler(lab.core, desc.irq, null, true, null);
    expect(lab.take()).toEqual(['mask', 'ack']);
    expect(desc.isChained).toBe(false);
    expect(desc.cold.depth).toBe(1);
  });

  test('without a chip there is nothing to handle: a warning', () => {
    const lab = new Lab();
    const desc = lab.desc(allocDescs(lab.core, -1, 0, 1));
    irqSetHandler(lab.core, desc.irq, handleEdgeIrq, false, 'edge');
    expect(lab.log).toEqual(['WARNING: at kernel/irq/chip.c __irq_do_set_handler']);
    expect(desc.cold.name).toBeNull();
  });
});

describe('irqModifyStatus', () => {
  test('keeps the state bits in step', () => {
    const lab = new Lab({ kernel: '6.12' });
    const desc = lab.line();
    const { LEVEL, PER_CPU, NO_BALANCING, MOVE_PCNTXT } = irqStatus;
    irqSetStatusFlags(lab.core, desc.irq, LEVEL | PER_CPU | NO_BALANCING | MOVE_PCNTXT);
    const all = irqd.LEVEL | irqd.PER_CPU | irqd.NO_BALANCING | irqd.MOVE_PCNTXT;
    expect(desc.data.state & all).toBe(all);
    irqClearStatusFlags(lab.core, desc.irq, LEVEL | PER_CPU | NO_BALANCING | MOVE_PCNTXT);
    expect(desc.data.state & all).toBe(0);
  });

  test('a trigger type in the settings becomes the line’s; NO_DEBUG cannot be set', () => {
    const lab = new Lab();
    const desc = lab.line();
    irqSetStatusFlags(lab.core, desc.irq, irqType.EDGE_RISING | irqStatus.NO_DEBUG);
    expect(desc.data.triggerType).toBe(irqType.EDGE_RISING);
    irqSetStatusFlags(lab.core, desc.irq, irqStatus.HIDDEN);
    expect(desc.data.triggerType).toBe(irqType.EDGE_RISING);
    expect(desc.status & irqStatus.NO_DEBUG).toBe(0);
  });

  test('where the chip decides about moving, MOVE_PCNTXT means nothing', () => {
    const lab = new Lab({ kernel: '6.18' });
    const desc = lab.line();
    irqSetStatusFlags(lab.core, desc.irq, irqStatus.MOVE_PCNTXT);
    expect(desc.status & irqStatus.MOVE_PCNTXT).toBe(0);
  });

  test('NOAUTOEN on a line that is on warns once', () => {
    const lab = new Lab();
    const desc = lab.line();
    lab.request(desc);
    irqSetStatusFlags(lab.core, desc.irq, irqStatus.NOAUTOEN);
    irqSetStatusFlags(lab.core, desc.irq, irqStatus.NOAUTOEN);
    expect(lab.log).toEqual(['WARNING: at kernel/irq/chip.c irq_modify_status']);
  });
});

describe('irqSetIrqType', () => {
  test('a chip without setter is content with any type and it is not remembered', () => {
    const lab = new Lab();
    const desc = lab.line();
    expect(irqSetIrqType(lab.core, desc.irq, irqType.LEVEL_LOW)).toBe(0);
    expect(desc.data.triggerType).toBe(irqType.NONE);
  });

  test.each([0, 2])('OK (%s) is remembered in state and settings', (ret) => {
    const lab = new Lab();
    const desc = lab.line({ chip: lab.chip({ irqSetType: () => ret }) });
    expect(irqSetIrqType(lab.core, desc.irq, irqType.LEVEL_LOW)).toBe(0);
    expect(desc.data.triggerType).toBe(irqType.LEVEL_LOW);
    expect(desc.data.has(irqd.LEVEL)).toBe(true);
    expect(irqSetIrqType(lab.core, desc.irq, irqType.EDGE_FALLING)).toBe(0);
    expect(desc.data.has(irqd.LEVEL)).toBe(false);
  });

  test('NOCOPY keeps what the chip has set', () => {
    const lab = new Lab();
    const desc = lab.line({ chip: lab.chip({ irqSetType: () => 1 }) });
    expect(irqSetIrqType(lab.core, desc.irq, irqType.LEVEL_LOW)).toBe(0);
    expect(desc.data.triggerType).toBe(irqType.NONE);
  });

  test('a failure is reported with the setter’s name', () => {
    const lab = new Lab();
    const setMyType = (): number => EINVAL;
    const desc = lab.line({ chip: lab.chip({ irqSetType: setMyType }) });
    expect(irqSetIrqType(lab.core, desc.irq, irqType.EDGE_BOTH)).toBe(EINVAL);
    expect(lab.log).toEqual(['genirq: Setting trigger mode 3 for irq 24 failed (set_my_type)']);
  });

  test('a chip that wants it masked is masked meanwhile', () => {
    const lab = new Lab();
    const chip = lab.chip({ flags: irqchipFlags.SET_TYPE_MASKED, irqSetType: () => 0 });
    const desc = lab.line({ chip });
    lab.request(desc);
    lab.take();
    irqSetIrqType(lab.core, desc.irq, irqType.EDGE_RISING);
    expect(lab.take()).toEqual(['mask', 'unmask']);
  });
});
