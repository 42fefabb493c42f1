import { describe, expect, test } from '@jest/globals';
import { check } from '../../../src/explore/explore.js';
import type { Model } from '../../../src/explore/model.js';
import {
  earlyIrqInit,
  freeIrq,
  genericHandleIrq,
  genericHandleIrqDescSteps,
  handleSimpleIrq,
  IRQ_HANDLED,
  IRQ_NONE,
  IRQF_IRQPOLL,
  IRQF_SHARED,
  IRQF_TIMER,
  irqCreateMapping,
  type IrqDesc,
  irqDomainCreateLinear,
  irqd,
  irqs,
  irqSetChipAndHandler,
  irqSetNestedThread,
  irqSetStatusFlags,
  irqStatus,
  requestIrq,
} from '../../../src/irq/index.js';
import { Machine } from '../../../src/machine/machine.js';
import { runAtomic } from '../../../src/machine/step.js';
import { Lab, type LabOptions } from '../lab.js';
import { noticingOverlaps, type Overlaps } from '../overlaps.js';

// No recording has these: the answers are what kernel/irq/spurious.c says, the same in 6.1, 6.12 and 7.2 but for the
// place of one warning.

const POLL_MS = 100;

/** A line of `lab` with one requester whose handler counts. */
function counted(
  lab: Lab,
  hwirq: number,
  flags: number,
  ret: number,
): { desc: IrqDesc; calls: number; ret: number } {
  const desc = lab.line({ hwirq });
  const line = { desc, calls: 0, ret };
  const handler = (): number => {
    line.calls += 1;
    return line.ret;
  };
  lab.run(requestIrq(lab.core, desc.irq, handler, flags, `dev${hwirq}`, line));
  return line;
}

/** Fires until the line is disabled as spurious. */
function disableBySpurious(lab: Lab, desc: IrqDesc, cpu = 0): void {
  lab.fire(desc, cpu, 100_000);
  expect(desc.istate & irqs.SPURIOUS_DISABLED).not.toBe(0);
}

function elapseMs(lab: Lab, ms: number): void {
  lab.machine.elapse(ms * 1_000_000);
}

describe('lines that were disabled as spurious (poll_spurious_irqs)', () => {
  test('a shared one is polled each HZ/10, without irqpoll', () => {
    const lab = new Lab();
    const line = counted(lab, 1, IRQF_SHARED, IRQ_NONE);
    disableBySpurious(lab, line.desc);
    line.calls = 0;
    elapseMs(lab, POLL_MS - 1);
    expect(line.calls).toBe(0);
    elapseMs(lab, 1);
    expect(line.calls).toBe(1);
    elapseMs(lab, 1000);
    expect(line.calls).toBe(11);
    expect(line.desc.istate & irqs.POLL_INPROGRESS).toBe(0);
  });

  test('polls count nowhere: not as interrupts, not as unhandled ones (note_interrupt, first lines)', () => {
    const lab = new Lab();
    const { desc } = counted(lab, 1, IRQF_SHARED, IRQ_NONE);
    disableBySpurious(lab, desc);
    const before = [desc.totCount, desc.cold.irqCount, desc.irqsUnhandled, desc.cold.depth, lab.log.length];
    elapseMs(lab, 500);
    expect([desc.totCount, desc.cold.irqCount, desc.irqsUnhandled, desc.cold.depth, lab.log.length]).toEqual(
      before,
    );
  });

  test.each([
    ['one that is not shared', 0, () => {}],
    ['one of a timer (__IRQF_TIMER)', IRQF_SHARED | IRQF_TIMER, () => {}],
    ['per-CPU', IRQF_SHARED, ({ status }: IrqDesc) => status | irqStatus.PER_CPU],
    ['nested', IRQF_SHARED, ({ status }: IrqDesc) => status | irqStatus.NESTED_THREAD],
    ['polled by its driver', IRQF_SHARED, ({ status }: IrqDesc) => status | irqStatus.IS_POLLED],
  ] as const)('%s is not (try_one_irq)', (_what, flags, statusOf) => {
    const lab = new Lab();
    const line = counted(lab, 1, flags, IRQ_NONE);
    disableBySpurious(lab, line.desc);
    line.desc.status = statusOf(line.desc) ?? line.desc.status;
    line.calls = 0;
    elapseMs(lab, 1000);
    expect(line.calls).toBe(0);
  });

  test('IRQ 0 is never polled', () => {
    const lab = new Lab({ dynirqLowerBound: undefined });
    const other = counted(lab, 1, IRQF_SHARED, IRQ_NONE);
    disableBySpurious(lab, other.desc);
    const zero = counted(lab, 2, IRQF_SHARED, IRQ_NONE);
    zero.desc.istate |= irqs.SPURIOUS_DISABLED;
    Object.defineProperty(zero.desc, 'irq', { value: 0 });
    elapseMs(lab, 1000);
    expect(zero.calls).toBe(0);
  });

  test('the handlers run in softirq context, on the CPU that disabled the line, interrupts off', () => {
    const lab = new Lab();
    const seen: unknown[] = [];
    const line = counted(lab, 1, IRQF_SHARED, IRQ_NONE);
    disableBySpurious(lab, line.desc, 2);
    lab.run(
      requestIrqNoting(lab, line.desc, () => {
        const { runningCpu } = lab.machine;
        seen.push([runningCpu.id, runningCpu.hardirq, runningCpu.inInterrupt, runningCpu.irqsDisabled]);
      }),
    );
    line.desc.istate |= irqs.SPURIOUS_DISABLED;
    elapseMs(lab, POLL_MS);
    expect(seen).toEqual([[2, false, true, true]]);
    // timers_dead_cpu: the timer goes elsewhere with its CPU.
    lab.down(2);
    elapseMs(lab, POLL_MS);
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.at(-1)).toEqual([0, false, true, true]);
  });

  test('another requester gives the line another chance; then it is polled no more (__setup_irq)', () => {
    const lab = new Lab();
    const line = counted(lab, 1, IRQF_SHARED, IRQ_NONE);
    disableBySpurious(lab, line.desc);
    lab.request(line.desc, IRQF_SHARED, 'second', IRQ_HANDLED);
    expect([line.desc.istate & irqs.SPURIOUS_DISABLED, line.desc.cold.depth]).toEqual([0, 0]);
    line.calls = 0;
    elapseMs(lab, 1000);
    expect(line.calls).toBe(0);
  });

  test('one that is freed is polled no more, though it stays marked', () => {
    const lab = new Lab();
    const line = counted(lab, 1, IRQF_SHARED, IRQ_NONE);
    disableBySpurious(lab, line.desc);
    lab.run(freeIrq(lab.core, line.desc.irq, line));
    expect(line.desc.istate & irqs.SPURIOUS_DISABLED).not.toBe(0);
    line.calls = 0;
    elapseMs(lab, 1000);
    expect(line.calls).toBe(0);
  });

  test('an interrupt that came meanwhile has the handlers called again (IRQS_PENDING)', () => {
    const lab = new Lab();
    const line = counted(lab, 1, IRQF_SHARED, IRQ_NONE);
    disableBySpurious(lab, line.desc);
    line.calls = 0;
    const noting = requestIrqNoting(lab, line.desc, () => {
      if (line.calls < 3) line.desc.istate |= irqs.PENDING;
    });
    lab.run(noting);
    line.desc.istate |= irqs.SPURIOUS_DISABLED;
    elapseMs(lab, POLL_MS);
    expect(line.calls).toBe(3);
  });

  test.each([
    ['6.12', 'WARNING: at kernel/irq/spurious.c irq_wait_for_poll'],
    ['7.2', 'WARNING: at kernel/irq/chip.c irq_can_handle_pm'],
  ] as const)('%s warns once of an interrupt on the CPU that polls it, and loses it', (kernel, warning) => {
    const lab = new Lab({ kernel });
    const line = counted(lab, 1, IRQF_SHARED, IRQ_NONE);
    disableBySpurious(lab, line.desc);
    lab.run(requestIrqNoting(lab, line.desc, () => void genericHandleIrq(lab.core, line.desc.irq)));
    line.desc.istate |= irqs.SPURIOUS_DISABLED;
    const logged = lab.log.length;
    line.calls = 0;
    elapseMs(lab, 3 * POLL_MS);
    expect(line.calls).toBe(3);
    expect(lab.log.slice(logged)).toEqual([
      `irq poll in progress on cpu 0 for irq ${line.desc.irq}`,
      warning,
    ]);
  });
});

function requestIrqNoting(lab: Lab, desc: IrqDesc, note: () => void) {
  const handler = (): number => {
    note();
    return IRQ_NONE;
  };
  return requestIrq(lab.core, desc.irq, handler, IRQF_SHARED, 'noting', note);
}

describe('interrupts that come over another line (try_misrouted_irq, misrouted_irq)', () => {
  function twoLines(options: LabOptions, flags = 0, ret = IRQ_NONE) {
    const lab = new Lab(options);
    const fired = counted(lab, 1, flags, ret);
    const other = counted(lab, 2, IRQF_SHARED, IRQ_HANDLED);
    return { lab, fired, other };
  }

  test('without irqfixup nobody looks', () => {
    const { lab, fired, other } = twoLines({});
    lab.fire(fired.desc);
    expect([other.calls, fired.desc.irqsUnhandled]).toEqual([0, 1]);
  });

  test('irqfixup: an unhandled one tries shared lines; one that takes it makes it no unhandled one', () => {
    const { lab, fired, other } = twoLines({ irqfixup: 1 });
    lab.fire(fired.desc, 0, 3);
    expect([other.calls, fired.desc.irqsUnhandled, fired.desc.cold.irqCount]).toEqual([3, 0, 0]);
    expect(other.desc.totCount).toBe(0);
    other.ret = IRQ_NONE;
    lab.fire(fired.desc);
    expect([other.calls, fired.desc.irqsUnhandled]).toEqual([4, 1]);
    // What the poll itself found is no unhandled interrupt of the other line.
    expect(other.desc.irqsUnhandled).toBe(0);
  });

  test('a disabled line is left alone', () => {
    const { lab, fired, other } = twoLines({ irqfixup: 1 });
    other.desc.data.set(irqd.IRQ_DISABLED);
    lab.fire(fired.desc);
    expect(other.calls).toBe(0);
  });

  test('irqfixup: handled ones are not looked at, irqpoll: those of IRQF_IRQPOLL are', () => {
    for (const [irqfixup, flags, calls] of [
      [1, IRQF_IRQPOLL, 0],
      [2, 0, 0],
      [2, IRQF_IRQPOLL, 1],
    ] as const) {
      const { lab, fired, other } = twoLines({ irqfixup }, flags, IRQ_HANDLED);
      lab.fire(fired.desc);
      expect([irqfixup, flags, other.calls]).toEqual([irqfixup, flags, calls]);
    }
  });

  test('a poll within a poll does nothing (irq_poll_active)', () => {
    const { lab, fired, other } = twoLines({ irqfixup: 1 });
    const third = counted(lab, 3, 0, IRQ_NONE);
    lab.run(requestIrqNoting(lab, other.desc, () => void genericHandleIrq(lab.core, third.desc.irq)));
    lab.fire(fired.desc);
    expect([other.calls, third.calls, third.desc.irqsUnhandled]).toEqual([1, 1, 1]);
  });

  test('nested lines are not tried', () => {
    const { lab, fired, other } = twoLines({ irqfixup: 1 });
    irqSetNestedThread(lab.core, other.desc.irq, true);
    lab.fire(fired.desc);
    irqSetNestedThread(lab.core, other.desc.irq, false);
    irqSetStatusFlags(lab.core, other.desc.irq, irqStatus.IS_POLLED);
    lab.fire(fired.desc);
    expect(other.calls).toBe(0);
  });
});

describe('kernel parameters', () => {
  test.each([
    [{ irqfixup: 1 }, ['Misrouted IRQ fixup support enabled.', 'This may impact system performance.']],
    [
      { irqfixup: 2 },
      ['Misrouted IRQ fixup and polling support enabled', 'This may significantly impact system performance'],
    ],
    [{ noirqdebug: true }, ['IRQ lockup detection disabled']],
    [{}, []],
  ] as const)('%o says so in the log', (options, log) => {
    expect(new Lab(options).log).toEqual(log);
  });

  test('noirqdebug: nobody counts, of lines requested then (__setup_irq, IRQ_NO_DEBUG)', () => {
    const lab = new Lab({ noirqdebug: true });
    const line = counted(lab, 1, IRQF_SHARED, IRQ_NONE);
    lab.fire(line.desc, 0, 100_001);
    expect([line.desc.irqsUnhandled, line.desc.cold.irqCount, line.desc.cold.depth]).toEqual([0, 0, 0]);
    lab.core.noirqdebug = false;
    lab.fire(line.desc, 0, 10);
    expect(line.desc.irqsUnhandled).toBe(0);
  });
});

// irq_wait_for_poll: an interrupt of a line that another CPU polls waits, so that its handlers never run twice at once.
test('explored: an interrupt and a poll of one line', () => {
  const model: Model<Overlaps> = {
    name: 'poll and interrupt',
    setup(world): Overlaps {
      const machine = new Machine({ present: 2 });
      const core = earlyIrqInit(machine, { irqfixup: 1 });
      const seen: Overlaps = { inside: 0, calls: 0, overlaps: false };
      const handler = noticingOverlaps(seen);
      const map = (_domain: unknown, irq: number): number => {
        irqSetChipAndHandler(core, irq, { name: 'x', irqMask() {}, irqUnmask() {} }, handleSimpleIrq, null);
        return 0;
      };
      const domain = irqDomainCreateLinear(core, { name: 'd', size: 8, ops: { map } });
      const irq = irqCreateMapping(domain, 1);
      runAtomic(requestIrq(core, irq, handler, IRQF_SHARED, 'dev', seen));
      world.attach(machine);
      const desc = core.desc(irq);
      if (desc === undefined) throw new Error('no line');
      world.interrupt(0, 'poll', () => core.spurious.misroutedSteps(irq + 1)).raise();
      world.interrupt(1, 'device', () => genericHandleIrqDescSteps(desc)).raise();
      return seen;
    },
    finally: {
      'one handler at a time': ({ overlaps }) => !overlaps || 'two at once',
      'the interrupt was handled': ({ calls }) => calls >= 1 || 'it was lost',
    },
    sometimes: {
      'the interrupt waited for the poll': ({ calls }) => calls === 2,
      // try_one_irq leaves it to the interrupt in progress.
      'the poll left it to the interrupt': ({ calls }) => calls === 1,
    },
  };
  const report = check(model, {});
  expect(report.violations).toEqual([]);
  expect(report.witnesses.filter(({ reached }) => !reached)).toEqual([]);
});
