import { describe, expect, test } from '@jest/globals';
import {
  allocDescs,
  disableIrq,
  enableIrq,
  freeIrq,
  handleSimpleIrq,
  IRQ_HANDLED,
  type IrqAffinityDesc,
  type IrqChip,
  type IrqDesc,
  irqchipFlags,
  irqClearStatusFlags,
  irqd,
  irqDataUpdateEffectiveAffinity,
  irqSetChipAndHandler,
  irqStatus,
  requestIrq,
} from '../../src/irq/index.js';
import { irqActivate, irqShutdownAndDeactivate, irqStartupManaged } from '../../src/irq/line/startup.js';
import { Lab } from './lab.js';

/** What the kernel's own unit tests of the interrupt layer check (kernel/irq/irq_test.c). */

const fakeChip: IrqChip = {
  name: 'fake',
  flags: irqchipFlags.SKIP_SET_WAKE,
  irqStartup: () => 0,
  irqShutdown: () => {},
  irqEnable: () => {},
  irqDisable: () => {},
  irqAck: () => {},
  irqMask: () => {},
  irqUnmask: () => {},
  irqSetAffinity: (d, dest) => {
    irqDataUpdateEffectiveAffinity(d, dest);
    return 0;
  },
};

function fakeLine(lab: Lab, affinity: IrqAffinityDesc | null = null): IrqDesc {
  const irq = allocDescs(lab.core, -1, 0, 1, affinity ? [affinity] : null);
  irqSetChipAndHandler(lab.core, irq, fakeChip, handleSimpleIrq);
  irqClearStatusFlags(lab.core, irq, irqStatus.NOREQUEST);
  const desc = lab.desc(irq);
  expect(lab.run(requestIrq(lab.core, irq, () => IRQ_HANDLED, 0, 'test_irq', null))).toBe(0);
  return desc;
}

test('irq_disable_depth_test', () => {
  const lab = new Lab({ kernel: '6.18' });
  const desc = fakeLine(lab);
  expect(desc.cold.depth).toBe(0);
  lab.run(disableIrq(lab.core, desc.irq));
  expect(desc.cold.depth).toBe(1);
  enableIrq(lab.core, desc.irq);
  expect(desc.cold.depth).toBe(0);
});

test('irq_free_disabled_test', () => {
  const lab = new Lab({ kernel: '6.18' });
  const desc = fakeLine(lab);
  lab.run(disableIrq(lab.core, desc.irq));
  expect(desc.cold.depth).toBe(1);
  lab.run(freeIrq(lab.core, desc.irq, null));
  expect(desc.cold.depth).toBeGreaterThanOrEqual(1);
  expect(lab.run(requestIrq(lab.core, desc.irq, () => IRQ_HANDLED, 0, 'test_irq', null))).toBe(0);
  expect(desc.cold.depth).toBe(0);
});

test('irq_shutdown_depth_test', () => {
  const lab = new Lab({ kernel: '6.18' });
  const desc = fakeLine(lab, { mask: lab.cpus('0-3'), managed: true });
  const { data } = desc;
  expect(data.has(irqd.ACTIVATED)).toBe(true);
  expect(data.has(irqd.IRQ_STARTED)).toBe(true);
  expect(desc.cold.depth).toBe(0);
  lab.run(disableIrq(lab.core, desc.irq));
  expect(desc.cold.depth).toBe(1);
  irqShutdownAndDeactivate(desc);
  expect(data.has(irqd.ACTIVATED)).toBe(false);
  expect(data.has(irqd.IRQ_STARTED)).toBe(false);
  expect(irqActivate(desc)).toBe(0);
  irqStartupManaged(desc);
  expect(desc.cold.depth).toBe(1);
  enableIrq(lab.core, desc.irq);
  expect(desc.cold.depth).toBe(0);
});

describe('irq_cpuhotplug_test', () => {
  function disabledThenHotplugged(kernel: '6.12' | '6.18' | '7.2'): { lab: Lab; desc: IrqDesc } {
    const lab = new Lab({ kernel });
    const desc = fakeLine(lab, { mask: lab.cpus('1'), managed: true });
    expect(desc.data.has(irqd.ACTIVATED | irqd.IRQ_STARTED)).toBe(true);
    lab.run(disableIrq(lab.core, desc.irq));
    expect(desc.cold.depth).toBe(1);
    lab.down(1);
    expect(desc.cold.depth).toBeGreaterThanOrEqual(1);
    lab.up(1);
    return { lab, desc };
  }

  test.each(['6.18', '7.2'] as const)('%s keeps the disable depth', (kernel) => {
    const { lab, desc } = disabledThenHotplugged(kernel);
    expect(desc.cold.depth).toBe(1);
    enableIrq(lab.core, desc.irq);
    expect(desc.data.has(irqd.ACTIVATED)).toBe(true);
    expect(desc.data.has(irqd.IRQ_STARTED)).toBe(true);
    expect(desc.cold.depth).toBe(0);
    lab.down(2);
    lab.up(2);
    expect(desc.cold.depth).toBe(0);
  });

  test('6.12 has the bug that the test was written for', () => {
    const { lab, desc } = disabledThenHotplugged('6.12');
    expect(desc.cold.depth).toBe(0);
    enableIrq(lab.core, desc.irq);
    expect(lab.log).toContain(`Unbalanced enable for IRQ ${desc.irq}`);
  });
});
