import { describe, expect, test } from '@jest/globals';
import {
  handleUntrackedIrq,
  IRQ_HANDLED,
  IRQ_NONE,
  IRQ_WAKE_THREAD,
  type IrqDesc,
  irqd,
  irqs,
  irqSetStatusFlags,
  irqStatus,
  requestThreadedIrq,
  type ThreadFn,
} from '../../../src/irq/index.js';
import { jiffiesToMsecs } from '../../../src/machine/jiffies.js';
import { Lab } from '../lab.js';

function unhandled(lab: Lab): IrqDesc {
  const desc = lab.line();
  lab.request(desc, 0, 'dev', IRQ_NONE);
  return desc;
}

function nobodyCared(irq: number, handler: string): string[] {
  return [
    `irq ${irq}: nobody cared (try booting with the "irqpoll" option)`,
    'handlers:',
    `[<ptr>] ${handler}`,
    `Disabling IRQ #${irq}`,
  ];
}

describe('a line that fires and nobody handles it', () => {
  test('is disabled after 100,000 of which more than 99,900 were unhandled', () => {
    const lab = new Lab();
    const desc = unhandled(lab);
    lab.fire(desc, 0, 99_999);
    expect(desc.cold.depth).toBe(0);
    lab.fire(desc);
    expect(lab.log).toEqual(nobodyCared(desc.irq, 'handler'));
    expect(desc.cold.depth).toBe(1);
    expect(desc.istate & irqs.SPURIOUS_DISABLED).not.toBe(0);
    expect(desc.data.has(irqd.IRQ_MASKED)).toBe(false);
  });

  test('is not if exactly 99,900 were unhandled', () => {
    const lab = new Lab();
    const desc = unhandled(lab);
    desc.cold.irqCount = 99_999;
    desc.irqsUnhandled = 99_899;
    lab.fire(desc);
    expect([desc.cold.depth, desc.cold.irqCount, desc.irqsUnhandled]).toEqual([0, 0, 0]);
  });

  test('is not if there are more than 100 ms between them', () => {
    const lab = new Lab();
    const desc = unhandled(lab);
    lab.fire(desc, 0, 5);
    expect(desc.irqsUnhandled).toBe(5);
    lab.machine.elapse(104_000_000);
    lab.fire(desc);
    expect(desc.irqsUnhandled).toBe(1);
    lab.machine.elapse(100_000_000);
    lab.fire(desc);
    expect(desc.irqsUnhandled).toBe(2);
  });

  test('is left alone if polled, untracked or of a chip’s own debugging', () => {
    const lab = new Lab();
    const polled = unhandled(lab);
    irqSetStatusFlags(lab.core, polled.irq, irqStatus.IS_POLLED);
    const untracked = lab.line({ flow: handleUntrackedIrq });
    lab.request(untracked, 0, 'dev', IRQ_NONE);
    for (const desc of [polled, untracked]) {
      lab.fire(desc, 0, 3);
      expect([desc.cold.irqCount, desc.irqsUnhandled]).toEqual([0, 0]);
    }
  });
});

// include/linux/jiffies.h INITIAL_JIFFIES: 300 s before 32 bits of jiffies wrap; kernel/irq/proc.c irq_spurious_proc_show.
test('the time of the last unhandled one begins five minutes before jiffies wrap', () => {
  const lab = new Lab();
  const desc = unhandled(lab);
  expect(jiffiesToMsecs(desc.cold.lastUnhandled)).toBe(0);
  lab.machine.elapse(7_900_000);
  lab.fire(desc);
  expect(desc.cold.lastUnhandled).toBe(4_294_892_297);
  expect(jiffiesToMsecs(desc.cold.lastUnhandled)).toBe(4_294_667_300);
  lab.machine.elapse(300_000_000_000);
  lab.fire(desc);
  expect(jiffiesToMsecs(desc.cold.lastUnhandled)).toBe(4);
});

test('handled ones are not counted while there are no unhandled ones', () => {
  const lab = new Lab();
  const desc = lab.line();
  lab.request(desc);
  lab.fire(desc, 0, 10);
  expect(desc.cold.irqCount).toBe(0);
  desc.irqsUnhandled = 1;
  lab.fire(desc, 0, 10);
  expect(desc.cold.irqCount).toBe(10);
});

test('a return value that is none is reported, 100 times at most', () => {
  const lab = new Lab();
  const desc = lab.line();
  lab.request(desc, 0, 'dev', 7);
  lab.fire(desc);
  expect(lab.log).toEqual(['irq event 24: bogus return value 7', 'handlers:', '[<ptr>] handler']);
  lab.fire(desc, 0, 200);
  expect(lab.log.filter((line) => line.startsWith('irq event'))).toHaveLength(100);
  const other = new Lab();
  other.line();
  const negative = other.line();
  other.request(negative, 0, 'dev', -1);
  other.fire(negative);
  expect(other.log).toContain('irq event 25: bogus return value ffffffff');
});

describe('threads answer one interrupt later', () => {
  function threaded(lab: Lab, ret: number, primary: number): IrqDesc {
    const desc = lab.line();
    const threadFn: ThreadFn = function* threadFunction() {
      return ret;
    };
    const handler = (): number => primary;
    lab.run(requestThreadedIrq(lab.core, desc.irq, handler, threadFn, 0, 't', 1));
    return desc;
  }

  test('a thread that handles keeps the line good', () => {
    const lab = new Lab();
    const desc = threaded(lab, IRQ_HANDLED, IRQ_WAKE_THREAD);
    for (let i = 0; i < 5; i++) lab.fire(desc);
    expect(desc.irqsUnhandled).toBe(0);
  });

  test('a thread that does not is counted', () => {
    const lab = new Lab();
    const desc = threaded(lab, IRQ_NONE, IRQ_WAKE_THREAD);
    for (let i = 0; i < 5; i++) lab.fire(desc);
    expect(desc.irqsUnhandled).toBe(4);
    desc.cold.irqCount = 99_999;
    desc.irqsUnhandled = 99_999;
    lab.fire(desc);
    expect(lab.log[2]).toBe('[<ptr>] handler threaded [<ptr>] thread_function');
  });

  test('a primary handler that handles and wakes settles it at once', () => {
    const lab = new Lab();
    const desc = threaded(lab, IRQ_NONE, IRQ_HANDLED | IRQ_WAKE_THREAD);
    for (let i = 0; i < 5; i++) lab.fire(desc);
    expect(desc.irqsUnhandled).toBe(0);
  });
});
