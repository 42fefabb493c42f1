import { describe, expect, test } from '@jest/globals';
import {
  disableHardirq,
  disableIrq,
  disableIrqNosync,
  enableIrq,
  handleEdgeIrq,
  handleFasteoiIrq,
  handleLevelIrq,
  IRQ_HANDLED,
  IRQ_NONE,
  IRQ_WAKE_THREAD,
  IRQF_ONESHOT,
  IRQF_SHARED,
  irqchipFlags,
  irqHasAction,
  type IrqDesc,
  irqSetAffinity,
  irqSetIrqWake,
  irqSetStatusFlags,
  irqStatus,
  requestThreadedIrq,
  synchronizeIrq,
  type ThreadFn,
} from '../../../src/irq/index.js';
import { sleep } from '../../../src/machine/completion.js';
import { Lab } from '../lab.js';

function threaded(lab: Lab, desc: IrqDesc, name: string, flags = IRQF_ONESHOT, sleepNs = 0): void {
  const threadFn: ThreadFn = function* () {
    if (sleepNs > 0) yield* sleep(sleepNs);
    lab.calls.push(`thread ${name}`);
    return IRQ_HANDLED;
  };
  const handler = (): number => IRQ_WAKE_THREAD;
  expect(lab.run(requestThreadedIrq(lab.core, desc.irq, handler, threadFn, flags, name, name))).toBe(0);
  lab.take();
}

describe('a threaded handler', () => {
  test('oneshot level: masked until the thread has ended', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleLevelIrq });
    threaded(lab, desc, 'a');
    lab.fire(desc);
    expect(lab.take()).toEqual(['mask', 'ack', 'thread a', 'unmask']);
  });

  test('oneshot shared: masked until the last thread has ended', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleLevelIrq });
    threaded(lab, desc, 'a', IRQF_ONESHOT | IRQF_SHARED);
    threaded(lab, desc, 'b', IRQF_ONESHOT | IRQF_SHARED, 1000);
    lab.fire(desc);
    expect(lab.take()).toEqual(['mask', 'ack', 'thread a']);
    lab.machine.elapse(1000);
    expect(lab.take()).toEqual(['thread b', 'unmask']);
  });

  test('fasteoi with EOI_THREADED: the eoi waits as well', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleFasteoiIrq, chip: lab.chip({ flags: irqchipFlags.EOI_THREADED }) });
    threaded(lab, desc, 'a');
    lab.fire(desc);
    expect(lab.take()).toEqual(['mask', 'thread a', 'eoi', 'unmask']);
  });

  test('interrupts that come before the thread runs wake it once', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleEdgeIrq });
    threaded(lab, desc, 'a');
    lab.fire(desc, 1, 3);
    expect(lab.take()).toEqual(['ack', 'ack', 'ack', 'thread a']);
    expect(desc.totCount).toBe(3);
  });

  test('one that comes while the thread sleeps makes it run again', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleEdgeIrq });
    threaded(lab, desc, 'a', 0, 1000);
    lab.fire(desc);
    lab.fire(desc);
    expect(lab.take()).toEqual(['ack', 'ack']);
    lab.machine.elapse(5000);
    expect(lab.take()).toEqual(['thread a', 'thread a']);
  });

  test('a disabled line stays masked after its thread', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleLevelIrq });
    threaded(lab, desc, 'a', IRQF_ONESHOT, 1000);
    lab.fire(desc);
    disableIrqNosync(lab.core, desc.irq);
    lab.machine.elapse(1000);
    expect(lab.take()).toEqual(['mask', 'ack', 'thread a']);
  });

  test('waking a thread that there is not is complained about once per action', () => {
    const lab = new Lab();
    const desc = lab.line();
    lab.request(desc, 0, 'lazy', IRQ_WAKE_THREAD);
    lab.fire(desc, 0, 2);
    expect(lab.log).toEqual([
      'IRQ 24 device lazy returned IRQ_WAKE_THREAD but no thread function available.',
    ]);
  });
});

/** From kernel/irq/manage.c irq_thread_check_affinity: no recording says where a thread runs. */
describe('the CPU of an irq thread', () => {
  /** A requested line whose handler's thread writes down where it runs. */
  function runsWhere(lab: Lab, sleepNs = 0): IrqDesc {
    const desc = lab.line({ flow: handleEdgeIrq });
    irqSetStatusFlags(lab.core, desc.irq, irqStatus.MOVE_PCNTXT);
    const threadFn: ThreadFn = function* () {
      lab.calls.push(`begins@${lab.machine.thisCpu}`);
      if (sleepNs > 0) yield* sleep(sleepNs);
      lab.calls.push(`ends@${lab.machine.thisCpu}`);
      return IRQ_HANDLED;
    };
    const handler = (): number => IRQ_WAKE_THREAD;
    lab.run(requestThreadedIrq(lab.core, desc.irq, handler, threadFn, 0, 'a', 'a'));
    lab.take();
    return desc;
  }
  const move = (lab: Lab, desc: IrqDesc, cpus: string): void => {
    irqSetAffinity(lab.core, desc.irq, lab.cpus(cpus));
    lab.take();
  };

  test('is its interrupt’s, also after that has moved', () => {
    const lab = new Lab();
    const desc = runsWhere(lab);
    lab.fire(desc, 3);
    expect(lab.take()).toEqual(['ack', 'begins@0', 'ends@0']);
    move(lab, desc, '2');
    lab.fire(desc, 3);
    expect(lab.take()).toEqual(['ack', 'begins@2', 'ends@2']);
  });

  test('stays while it works, and changes when it is woken again', () => {
    const lab = new Lab();
    const desc = runsWhere(lab, 1000);
    lab.fire(desc);
    move(lab, desc, '1-2');
    lab.machine.elapse(1000);
    expect(lab.take()).toEqual(['ends@0']);
    lab.fire(desc);
    lab.machine.elapse(1000);
    expect(lab.take()).toEqual(['ack', 'begins@1', 'ends@1']);
  });

  test('goes with the interrupt when the CPU goes offline', () => {
    const lab = new Lab();
    const desc = runsWhere(lab);
    move(lab, desc, '3');
    lab.down(3);
    lab.take();
    lab.fire(desc);
    expect(lab.take()).toEqual(['ack', 'begins@0', 'ends@0']);
  });

  test('what follows the thread function runs there, too', () => {
    const lab = new Lab();
    const cpus: number[] = [];
    const chip = lab.chip({ irqUnmask: () => void cpus.push(lab.machine.thisCpu) });
    const desc = lab.line({ flow: handleLevelIrq, chip });
    irqSetStatusFlags(lab.core, desc.irq, irqStatus.MOVE_PCNTXT);
    threaded(lab, desc, 'a');
    cpus.length = 0;
    move(lab, desc, '2');
    lab.fire(desc);
    expect(cpus).toEqual([2]);
  });
});

describe('disable and synchronize', () => {
  test('disableIrq and synchronizeIrq wait for the thread, disableIrqNosync and disableHardirq do not', () => {
    const lab = new Lab();
    const desc = lab.line();
    threaded(lab, desc, 'a', 0, 1000);
    lab.fire(desc);
    expect(lab.run(disableHardirq(lab.core, desc.irq))).toBe(false);
    expect(lab.machine.clock.now).toBe(0);
    lab.run(disableIrq(lab.core, desc.irq));
    expect(lab.machine.clock.now).toBe(1000);
    expect(desc.cold.depth).toBe(2);
    expect(lab.run(disableHardirq(lab.core, desc.irq))).toBe(true);
    lab.run(synchronizeIrq(lab.core, 9999));
  });

  test('without such a line they say so', () => {
    const lab = new Lab();
    expect(disableIrqNosync(lab.core, 99)).toBe(-22);
    expect(lab.run(disableHardirq(lab.core, 99))).toBe(false);
    lab.run(disableIrq(lab.core, 99));
    enableIrq(lab.core, 99);
    expect(irqSetIrqWake(lab.core, 99, true)).toBe(-22);
    expect(irqHasAction(lab.core, 99)).toBe(false);
  });

  test('disables nest; an enable too many warns', () => {
    const lab = new Lab();
    const desc = lab.line({ chip: lab.chip({ irqBusLock: () => void lab.calls.push('lock') }) });
    lab.request(desc);
    lab.take();
    disableIrqNosync(lab.core, desc.irq);
    disableIrqNosync(lab.core, desc.irq);
    enableIrq(lab.core, desc.irq);
    expect(desc.cold.depth).toBe(1);
    enableIrq(lab.core, desc.irq);
    enableIrq(lab.core, desc.irq);
    expect(desc.cold.depth).toBe(0);
    expect(lab.log).toEqual(['Unbalanced enable for IRQ 24', 'WARNING: at kernel/irq/manage.c __enable_irq']);
    expect(lab.take()).toEqual(['lock', 'lock', 'lock', 'lock', 'lock']);
  });
});

describe('irqSetIrqWake', () => {
  test('calls nest and only the outermost reach the chip', () => {
    const lab = new Lab();
    const chip = lab.chip({
      irqSetWake: (_d, on) => {
        lab.calls.push(`wake ${on}`);
        return 0;
      },
    });
    const desc = lab.line({ chip });
    for (const on of [true, true, false, false, false]) irqSetIrqWake(lab.core, desc.irq, on);
    expect(lab.take()).toEqual(['wake true', 'wake false']);
    expect(lab.log).toEqual([
      'Unbalanced IRQ 24 wake disable',
      'WARNING: at kernel/irq/manage.c irq_set_irq_wake',
    ]);
  });

  test('a chip that cannot, or need not', () => {
    const lab = new Lab();
    expect(irqSetIrqWake(lab.core, lab.line().irq, true)).toBe(-6);
    const lazy = lab.line({ chip: lab.chip({ flags: irqchipFlags.SKIP_SET_WAKE }) });
    expect(irqSetIrqWake(lab.core, lazy.irq, true)).toBe(0);
    let fails = 0;
    const failing = lab.line({ chip: lab.chip({ irqSetWake: () => fails }) });
    irqSetIrqWake(lab.core, failing.irq, true);
    fails = -5;
    expect(irqSetIrqWake(lab.core, failing.irq, false)).toBe(-5);
    expect(failing.cold.wakeDepth).toBe(1);
  });
});

test('a thread that returns NONE does not count as handled', () => {
  const lab = new Lab();
  const desc = lab.line();
  const threadFn: ThreadFn = function* () {
    return IRQ_NONE;
  };
  lab.run(requestThreadedIrq(lab.core, desc.irq, () => IRQ_WAKE_THREAD, threadFn, 0, 't', 1));
  for (let i = 0; i < 4; i++) lab.fire(desc);
  expect(desc.irqsUnhandled).toBe(3);
  expect(irqHasAction(lab.core, desc.irq)).toBe(true);
});
