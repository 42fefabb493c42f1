import { describe, expect, test } from '@jest/globals';
import {
  disableIrqNosync,
  handleLevelIrq,
  IRQF_FORCE_RESUME,
  IRQF_NO_SUSPEND,
  irqchipFlags,
  irqd,
  type IrqDesc,
  irqs,
  irqSetStatusFlags,
  irqStatus,
  rearmWakeIrq,
  resumeDeviceIrqs,
  suspendDeviceIrqs,
} from '../../../src/irq/index.js';
import { Lab } from '../lab.js';

const suspend = (lab: Lab): void => lab.run(suspendDeviceIrqs(lab.core));
const resume = (lab: Lab): void => lab.run(resumeDeviceIrqs(lab.core));

function requested(lab: Lab, flags = 0, chipFlags = 0): IrqDesc {
  const desc = lab.line({ flow: handleLevelIrq, chip: lab.chip({ flags: chipFlags }) });
  lab.request(desc, flags);
  lab.take();
  return desc;
}

/** Depth of disabling, and the state as names. */
function stateOf({ data, istate, cold }: IrqDesc): unknown[] {
  const names = (['IRQ_DISABLED', 'WAKEUP_ARMED', 'IRQ_ENABLED_ON_SUSPEND'] as const).filter((name) =>
    data.has(irqd[name]),
  );
  return [cold.depth, ...names, ...((istate & irqs.SUSPENDED) === 0 ? [] : ['SUSPENDED'])];
}

// kernel/irq/pm.c suspend_device_irq, resume_irq.
describe('a line that sleeps with the machine', () => {
  test('is disabled meanwhile, lazily', () => {
    const lab = new Lab();
    const desc = requested(lab);
    suspend(lab);
    expect([stateOf(desc), lab.take()]).toEqual([[1, 'IRQ_DISABLED', 'SUSPENDED'], []]);
    resume(lab);
    expect(stateOf(desc)).toEqual([0]);
    lab.take();
    lab.fire(desc);
    expect(lab.take()).toContain('handler@0');
  });

  test('is masked as well where the chip wants that (IRQCHIP_MASK_ON_SUSPEND)', () => {
    const lab = new Lab();
    requested(lab, 0, irqchipFlags.MASK_ON_SUSPEND);
    suspend(lab);
    expect(lab.take()).toEqual(['mask']);
    resume(lab);
    expect(lab.take()).toEqual(['unmask']);
  });

  test('that was disabled before is so afterwards', () => {
    const lab = new Lab();
    const desc = requested(lab);
    disableIrqNosync(lab.core, desc.irq);
    suspend(lab);
    expect(stateOf(desc)).toEqual([2, 'IRQ_DISABLED', 'SUSPENDED']);
    resume(lab);
    expect(stateOf(desc)).toEqual([1, 'IRQ_DISABLED']);
  });

  test('what comes meanwhile is kept and handled afterwards', () => {
    const lab = new Lab();
    const desc = requested(lab);
    suspend(lab);
    lab.fire(desc);
    expect(lab.take()).not.toContain('handler@0');
    resume(lab);
    lab.machine.settle();
    expect(stateOf(desc)).toEqual([0]);
  });
});

describe('a line that does not sleep', () => {
  test.each([
    ['is needed meanwhile (IRQF_NO_SUSPEND)', (lab: Lab) => requested(lab, IRQF_NO_SUSPEND)],
    ['nobody has requested', (lab: Lab) => lab.line()],
    [
      'is nested in another',
      (lab: Lab) => {
        const desc = requested(lab);
        irqSetStatusFlags(lab.core, desc.irq, irqStatus.NESTED_THREAD);
        return desc;
      },
    ],
  ])('since it %s', (_name, make) => {
    const lab = new Lab();
    const desc = make(lab);
    const before = stateOf(desc);
    suspend(lab);
    expect(stateOf(desc)).toEqual(before);
    resume(lab);
    expect([stateOf(desc), lab.take()]).toEqual([before, []]);
  });

  test('is enabled anew where it wants to be (IRQF_FORCE_RESUME)', () => {
    const lab = new Lab();
    const desc = requested(lab, IRQF_NO_SUSPEND | IRQF_FORCE_RESUME);
    suspend(lab);
    expect([stateOf(desc), lab.take()]).toEqual([[0], []]);
    resume(lab);
    expect([stateOf(desc), lab.take()]).toEqual([[0], ['unmask']]);
  });
});

describe('a line that wakes the machine', () => {
  const waking = (lab: Lab, chipFlags = 0): IrqDesc => {
    const desc = requested(lab, 0, chipFlags);
    desc.data.set(irqd.WAKEUP_STATE);
    return desc;
  };

  test('is armed and stays enabled', () => {
    const lab = new Lab();
    const desc = waking(lab);
    suspend(lab);
    expect(stateOf(desc)).toEqual([0, 'WAKEUP_ARMED']);
    resume(lab);
    expect(stateOf(desc)).toEqual([0]);
  });

  test.each([
    [irqchipFlags.ENABLE_WAKEUP_ON_SUSPEND, [0, 'WAKEUP_ARMED', 'IRQ_ENABLED_ON_SUSPEND']],
    [0, [1, 'IRQ_DISABLED', 'WAKEUP_ARMED']],
  ])('is enabled for it where it is disabled and the chip has flags %i', (chipFlags, asleep) => {
    const lab = new Lab();
    const desc = waking(lab, chipFlags);
    disableIrqNosync(lab.core, desc.irq);
    suspend(lab);
    expect(stateOf(desc)).toEqual(asleep);
    resume(lab);
    expect(stateOf(desc)).toEqual([1, 'IRQ_DISABLED']);
  });

  // irq_pm_check_wakeup disarms and suspends the line as it fires; rearm_wake_irq is for who goes on sleeping. A level
  // is not resent, so it does not fire at once again (check_irq_resend).
  test('fires once, and again once it is armed again', () => {
    const lab = new Lab();
    const desc = waking(lab);
    irqSetStatusFlags(lab.core, desc.irq, irqStatus.LEVEL);
    suspend(lab);
    lab.fire(desc);
    expect(lab.take()).not.toContain('handler@0');
    expect(stateOf(desc)).toEqual([1, 'IRQ_DISABLED', 'SUSPENDED']);
    lab.run(rearmWakeIrq(lab.core, desc.irq));
    expect(stateOf(desc)).toEqual([0, 'WAKEUP_ARMED']);
    lab.run(rearmWakeIrq(lab.core, 999));
    resume(lab);
    expect(stateOf(desc)).toEqual([0]);
  });
});
