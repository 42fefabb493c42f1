import { describe, expect, test } from '@jest/globals';
import {
  disableIrqNosync,
  enableIrq,
  freeDescs,
  genericHandleIrq,
  handleEdgeIrq,
  handleSimpleIrq,
  IRQ_HANDLED,
  type IrqchipState,
  irqd,
  irqGetIrqchipState,
  irqInjectInterrupt,
  irqs,
  irqSetIrqchipState,
  irqSetStatusFlags,
  irqStatus,
  requestIrq,
  requestThreadedIrq,
} from '../../../src/irq/index.js';
import type { KernelBehaviour } from '../../../src/irq/kernel.js';
import { checkIrqResend, clearIrqResend } from '../../../src/irq/line/resend.js';
import { Lab } from '../lab.js';

const EINVAL = -22;
const EBUSY = -16;

describe('an interrupt that came while the line was disabled', () => {
  test('is replayed by a tasklet after the enable', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleEdgeIrq });
    lab.request(desc);
    disableIrqNosync(lab.core, desc.irq);
    lab.fire(desc, 1);
    lab.take();
    enableIrq(lab.core, desc.irq);
    expect(lab.take()).toEqual(['unmask']);
    expect(desc.istate & irqs.REPLAY).not.toBe(0);
    lab.machine.settle();
    expect(lab.take()).toEqual(['ack', 'handler@0']);
    expect(desc.istate & irqs.REPLAY).toBe(0);
  });

  test('is replayed by hardware if the chip can', () => {
    const lab = new Lab();
    const chip = lab.chip({
      irqRetrigger: () => {
        lab.calls.push('retrigger');
        return 1;
      },
    });
    const desc = lab.line({ chip });
    lab.fire(desc);
    lab.request(desc);
    lab.machine.settle();
    expect(lab.take()).toEqual(['unmask', 'affinity 0-3', 'retrigger']);
  });

  test('is not replayed on level lines: the hardware does that', () => {
    const lab = new Lab();
    const desc = lab.line();
    irqSetStatusFlags(lab.core, desc.irq, irqStatus.LEVEL);
    desc.istate |= irqs.PENDING;
    expect(checkIrqResend(desc, false)).toBe(EINVAL);
    expect(desc.istate & irqs.PENDING).toBe(0);
  });
});

test.each([
  ['6.1', [24, 25, 26]],
  ['6.12', [24, 26, 25]],
] as const)('%s: the order in which waiting ones are replayed', (kernel, order) => {
  const lab = new Lab({ kernel });
  const seen: number[] = [];
  const handler = (irq: number): number => {
    seen.push(irq);
    return IRQ_HANDLED;
  };
  const lines = [lab.line(), lab.line(), lab.line()];
  for (const desc of lines) lab.run(requestIrq(lab.core, desc.irq, handler, 0, 'n', 1));
  for (const at of [1, 2, 0]) checkIrqResend(lines[at], true);
  checkIrqResend(lines[0], true);
  lab.machine.settle();
  expect(seen).toEqual(order);
});

test('a line that is shut down is taken out of the waiting ones', () => {
  const lab = new Lab({ kernel: '6.12' });
  const desc = lab.line();
  lab.request(desc);
  lab.take();
  checkIrqResend(desc, true);
  clearIrqResend(desc);
  clearIrqResend(desc);
  lab.machine.settle();
  expect(lab.take()).toEqual([]);
});

describe('irqInjectInterrupt', () => {
  test('through the chip’s pending state, or the resend', () => {
    const lab = new Lab();
    const hardware = lab.line({ chip: lab.chip({ irqSetIrqchipState: () => 0 }) });
    lab.request(hardware);
    const software = lab.line();
    lab.request(software);
    lab.take();
    expect(irqInjectInterrupt(lab.core, hardware.irq)).toBe(0);
    expect(irqInjectInterrupt(lab.core, software.irq)).toBe(0);
    expect(irqInjectInterrupt(lab.core, software.irq)).toBe(EBUSY);
    lab.machine.settle();
    expect(lab.take()).toEqual(['handler@0']);
  });

  test('not into a line that is not activated, nor one that wants hard interrupt context', () => {
    const lab = new Lab();
    const desc = lab.line();
    expect(irqInjectInterrupt(lab.core, desc.irq)).toBe(EINVAL);
    lab.request(desc);
    desc.data.set(irqd.HANDLE_ENFORCE_IRQCTX);
    expect(irqInjectInterrupt(lab.core, desc.irq)).toBe(EINVAL);
  });

  test('a nested line has its parent resent, if it has one', () => {
    const lab = new Lab();
    const parent = lab.line();
    lab.request(parent);
    const nested = lab.line({ flow: handleSimpleIrq });
    irqSetStatusFlags(lab.core, nested.irq, irqStatus.NESTED_THREAD);
    const threadFn = function* () {
      return IRQ_HANDLED;
    };
    lab.run(requestThreadedIrq(lab.core, nested.irq, null, threadFn, 0, 'nested', 1));
    lab.take();
    expect(irqInjectInterrupt(lab.core, nested.irq)).toBe(EINVAL);
    nested.cold.parentIrq = 9999;
    expect(irqInjectInterrupt(lab.core, nested.irq)).toBe(EINVAL);
    nested.cold.parentIrq = parent.irq;
    expect(irqInjectInterrupt(lab.core, nested.irq)).toBe(0);
    lab.machine.settle();
    expect(lab.take()).toEqual(['handler@0']);
  });
});

describe('before a fix', () => {
  /** A resend waits, an interrupt comes before it runs, and the line is resent once more. */
  function resentTwice(behaviour: Partial<KernelBehaviour>): Lab {
    const lab = new Lab({ behaviour });
    const desc = lab.line({ flow: handleSimpleIrq });
    lab.request(desc);
    lab.take();
    expect(checkIrqResend(desc, true)).toBe(0);
    genericHandleIrq(lab.core, desc.irq);
    expect(checkIrqResend(desc, true)).toBe(0);
    return lab;
  }

  test.each([{}, { resendOrder: 'byIrq' }] as const)('a line waits for one resend: %j', (differences) => {
    const lab = resentTwice(differences);
    lab.machine.settle();
    expect(lab.take()).toEqual(['handler@0', 'handler@0']);
  });

  test('a line that is put into the list once more keeps the tasklet busy for ever', () => {
    const lab = resentTwice({ resendListing: 'again' });
    expect(() => lab.machine.settle()).toThrow('resend_irqs never ends');
  });

  test('a bitmap resends whoever has the number when its turn comes', () => {
    const lab = new Lab({ behaviour: { resendOrder: 'byIrq' } });
    const desc = lab.line({ flow: handleSimpleIrq });
    lab.request(desc);
    expect(checkIrqResend(desc, true)).toBe(0);
    freeDescs(lab.core, desc.irq, 1);
    lab.take();
    lab.machine.settle();
    expect(lab.take()).toEqual([]);
  });
});

test('the chip’s state is asked for under its bus lock', () => {
  const lab = new Lab();
  const states: boolean[] = [];
  const chip = lab.chip({
    irqBusLock: () => void lab.calls.push('lock'),
    irqBusSyncUnlock: () => void lab.calls.push('unlock'),
    irqGetIrqchipState: (_d, which: IrqchipState) => states[which] ?? false,
    irqSetIrqchipState: (_d, which: IrqchipState, state) => {
      states[which] = state;
      return 0;
    },
  });
  const desc = lab.line({ chip });
  lab.take();
  expect(irqSetIrqchipState(lab.core, desc.irq, 2, true)).toBe(0);
  expect(irqGetIrqchipState(lab.core, desc.irq, 2)).toBe(true);
  expect(lab.take()).toEqual(['lock', 'unlock', 'lock', 'unlock']);
  expect(irqGetIrqchipState(lab.core, lab.line().irq, 0)).toBe(EINVAL);
  expect(irqGetIrqchipState(lab.core, 99, 0)).toBe(EINVAL);
});
