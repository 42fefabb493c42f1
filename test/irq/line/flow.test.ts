import { describe, expect, test } from '@jest/globals';
import {
  disableIrqNosync,
  freeIrq,
  genericHandleIrq,
  genericHandleIrqDesc,
  handleBadIrq,
  handleEdgeIrq,
  handleFasteoiIrq,
  handleLevelIrq,
  handleNestedIrq,
  handlePercpuDemuxIrq,
  handlePercpuDevidIrq,
  handlePercpuIrq,
  handlePercpuIrqNostat,
  handleUntrackedIrq,
  IRQ_HANDLED,
  IRQ_NONE,
  IRQF_ONESHOT,
  type IrqDesc,
  type IrqHandler,
  irqchipFlags,
  irqd,
  irqs,
  irqSetHandler,
  irqSetStatusFlags,
  irqStatus,
  kstatIrqs,
  kstatIrqsCpu,
  requestIrq,
  requestThreadedIrq,
  type ThreadFn,
} from '../../../src/irq/index.js';
import { sleep } from '../../../src/machine/completion.js';
import { Lab } from '../lab.js';

function counts(desc: IrqDesc): number[] {
  return [...desc.cold.kstat];
}

describe('handleSimpleIrq', () => {
  test('calls the actions on the CPU it came to, and counts', () => {
    const lab = new Lab();
    const desc = lab.line();
    lab.request(desc);
    lab.take();
    lab.fire(desc, 2, 3);
    expect(lab.take()).toEqual(['handler@2', 'handler@2', 'handler@2']);
    expect(counts(desc)).toEqual([0, 0, 3, 0]);
    expect(desc.totCount).toBe(3);
  });

  test('remembers an interrupt that comes while the line is disabled or has no action', () => {
    const lab = new Lab();
    const desc = lab.line();
    lab.fire(desc);
    expect(desc.istate & irqs.PENDING).not.toBe(0);
    expect(counts(desc)).toEqual([0, 0, 0, 0]);
  });

  test('drops an interrupt that comes while it is handled', () => {
    const lab = new Lab();
    const desc = lab.line();
    let depth = 0;
    const handler: IrqHandler = (irq) => {
      depth += 1;
      expect(depth).toBe(1);
      genericHandleIrq(lab.core, irq);
      return IRQ_HANDLED;
    };
    lab.run(requestIrq(lab.core, desc.irq, handler, 0, 'nest', 1));
    lab.fire(desc);
    expect(desc.totCount).toBe(1);
  });

  test('counts wrap at 32 bits', () => {
    const lab = new Lab();
    const desc = lab.line();
    lab.request(desc);
    desc.cold.kstat[1] = 0xffffffff;
    desc.totCount = 0xffffffff;
    lab.fire(desc, 1);
    expect(counts(desc)).toEqual([0, 0, 0, 0]);
    expect(desc.totCount).toBe(0);
  });
});

describe('handleLevelIrq', () => {
  test('masks while the actions run', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleLevelIrq });
    lab.request(desc);
    lab.take();
    lab.fire(desc);
    expect(lab.take()).toEqual(['mask', 'ack', 'handler@0', 'unmask']);
  });

  test('stays masked when disabled', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleLevelIrq });
    lab.request(desc);
    disableIrqNosync(lab.core, desc.irq);
    lab.take();
    lab.fire(desc);
    expect(lab.take()).toEqual(['mask', 'ack']);
    expect(desc.data.has(irqd.IRQ_MASKED)).toBe(true);
  });

  test('uses the chip’s mask_ack, and returns at once while in progress', () => {
    const lab = new Lab();
    const desc = lab.line({
      flow: handleLevelIrq,
      chip: lab.chip({ irqMaskAck: () => void lab.calls.push('mask_ack') }),
    });
    lab.request(desc);
    lab.take();
    desc.data.set(irqd.IRQ_INPROGRESS);
    lab.fire(desc);
    expect(lab.take()).toEqual(['mask_ack']);
    expect(desc.totCount).toBe(0);
  });
});

describe('handleFasteoiIrq', () => {
  test('says eoi after the actions', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleFasteoiIrq });
    lab.request(desc);
    lab.take();
    lab.fire(desc);
    expect(lab.take()).toEqual(['handler@0', 'eoi']);
  });

  test('without action it masks, and says eoi unless the chip wants it only for handled ones', () => {
    const lab = new Lab();
    const plain = lab.line({ flow: handleFasteoiIrq });
    plain.data.clear(irqd.IRQ_MASKED);
    lab.fire(plain);
    expect(lab.take()).toEqual(['mask', 'eoi']);
    const chip = lab.chip({ flags: irqchipFlags.EOI_IF_HANDLED });
    const silent = lab.line({ flow: handleFasteoiIrq, chip });
    silent.data.clear(irqd.IRQ_MASKED);
    lab.fire(silent);
    expect(lab.take()).toEqual(['mask']);
  });

  test.each([
    ['6.1', 1],
    ['6.12', 2],
  ] as const)('%s: one that comes meanwhile is resent if the line wants that', (kernel, times) => {
    const lab = new Lab({ kernel });
    const desc = lab.line({ flow: handleFasteoiIrq });
    desc.data.set(irqd.RESEND_WHEN_IN_PROGRESS);
    let calls = 0;
    const handler: IrqHandler = (irq) => {
      calls += 1;
      if (calls === 1) genericHandleIrq(lab.core, irq);
      return IRQ_HANDLED;
    };
    lab.run(requestIrq(lab.core, desc.irq, handler, 0, 'race', 1));
    lab.fire(desc);
    expect(calls).toBe(times);
  });

  test('oneshot: masked, and eoi and unmask at once if no thread was woken', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleFasteoiIrq });
    lab.request(desc, IRQF_ONESHOT);
    lab.take();
    lab.fire(desc);
    expect(lab.take()).toEqual(['mask', 'handler@0', 'eoi', 'unmask']);
  });

  test('a chip without eoi is wrong use, said by name', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleFasteoiIrq, chip: lab.chip({ irqEoi: undefined }) });
    lab.request(desc);
    expect(() => lab.fire(desc)).toThrow('chip test has no irqEoi');
  });
});

describe('handleEdgeIrq', () => {
  test('an edge during handling is handled in turn, and the line unmasked for that', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleEdgeIrq });
    let calls = 0;
    const handler: IrqHandler = (irq) => {
      calls += 1;
      lab.calls.push('handler');
      if (calls === 1) genericHandleIrq(lab.core, irq);
      return IRQ_HANDLED;
    };
    lab.run(requestIrq(lab.core, desc.irq, handler, 0, 'nest', 1));
    lab.take();
    lab.fire(desc);
    expect(lab.take()).toEqual(['ack', 'handler', 'mask', 'ack', 'unmask', 'handler']);
    expect(desc.totCount).toBe(1);
  });

  test('a handler that disables the line leaves the second edge pending', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleEdgeIrq });
    const handler: IrqHandler = (irq) => {
      disableIrqNosync(lab.core, irq);
      genericHandleIrq(lab.core, irq);
      return IRQ_HANDLED;
    };
    lab.run(requestIrq(lab.core, desc.irq, handler, 0, 'nest', 1));
    lab.fire(desc);
    expect(desc.istate & irqs.PENDING).not.toBe(0);
    expect(desc.data.has(irqd.IRQ_MASKED)).toBe(true);
  });

  test('an action that frees itself in the handler ends the loop masked', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleEdgeIrq });
    const handler: IrqHandler = (irq) => {
      genericHandleIrq(lab.core, irq);
      desc.action = undefined;
      return IRQ_HANDLED;
    };
    lab.run(requestIrq(lab.core, desc.irq, handler, 0, 'gone', 1));
    lab.take();
    lab.fire(desc);
    expect(lab.take()).toEqual(['ack', 'mask', 'ack']);
  });

  test('a chip without ack is wrong use, said by name', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleEdgeIrq, chip: lab.chip({ name: null, irqAck: undefined }) });
    lab.request(desc);
    expect(() => lab.fire(desc)).toThrow('chip - has no irqAck');
  });
});

describe('per-CPU flows', () => {
  test('handlePercpuIrq acks, handles, says eoi, and leaves the line’s total alone', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handlePercpuIrq });
    lab.request(desc);
    lab.take();
    lab.fire(desc, 3);
    expect(lab.take()).toEqual(['ack', 'handler@3', 'eoi']);
    expect(counts(desc)).toEqual([0, 0, 0, 1]);
    expect(kstatIrqsCpu(desc, 3)).toBe(1);
    expect(kstatIrqsCpu(desc, 99)).toBe(0);
    expect(kstatIrqs(desc)).toBe(0);
    irqSetStatusFlags(lab.core, desc.irq, irqStatus.PER_CPU);
    expect(kstatIrqs(desc)).toBe(1);
  });

  test.each([
    [IRQ_HANDLED, 1],
    [IRQ_NONE, 0],
  ])('handlePercpuDemuxIrq counts only what it handled itself (%s)', (ret, counted) => {
    const lab = new Lab();
    const desc = lab.line({ flow: handlePercpuDemuxIrq });
    lab.request(desc, 0, 'dev', ret);
    lab.take();
    lab.fire(desc, 1);
    expect(lab.take()).toEqual(['ack', 'handler@1', 'eoi']);
    expect(counts(desc)).toEqual([0, counted, 0, 0]);
    expect(desc.totCount).toBe(0);
  });

  test('handlePercpuIrqNostat counts nothing', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handlePercpuIrqNostat });
    lab.request(desc);
    lab.take();
    lab.fire(desc, 1);
    expect(lab.take()).toEqual(['ack', 'handler@1', 'eoi']);
    expect(counts(desc)).toEqual([0, 0, 0, 0]);
  });

  test('these flows do without ack and eoi', () => {
    const lab = new Lab();
    for (const flow of [handlePercpuIrq, handlePercpuDemuxIrq, handlePercpuIrqNostat, handlePercpuDevidIrq]) {
      const desc = lab.line({ flow, chip: lab.chip({ irqAck: undefined, irqEoi: undefined }) });
      lab.request(desc);
      lab.take();
      lab.fire(desc);
      expect(lab.take()).toEqual(['handler@0']);
    }
  });
});

test('handleUntrackedIrq counts and watches nothing', () => {
  const lab = new Lab();
  const desc = lab.line({ flow: handleUntrackedIrq });
  lab.fire(desc);
  expect(desc.istate & irqs.PENDING).not.toBe(0);
  lab.request(desc, 0, 'dev', IRQ_NONE);
  lab.take();
  lab.fire(desc, 1);
  expect(lab.take()).toEqual(['handler@1']);
  desc.data.set(irqd.IRQ_INPROGRESS);
  lab.fire(desc, 1);
  expect(lab.take()).toEqual([]);
  expect(counts(desc)).toEqual([0, 0, 0, 0]);
  expect(desc.irqsUnhandled).toBe(0);
});

describe('handleBadIrq', () => {
  test('describes the line in the log and counts', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleBadIrq });
    lab.request(desc);
    desc.istate |= irqs.PENDING;
    lab.fire(desc);
    expect(lab.log).toEqual([
      'irq 24, desc: <ptr>, depth: 0, count: 0, unhandled: 0',
      '->handle_irq():  <ptr>, handle_bad_irq',
      '->irq_data.chip(): <ptr>, test',
      '->action(): <ptr>',
      '->action->handler(): <ptr>, handler',
      '  IRQS_PENDING set',
      'unexpected IRQ trap at vector 18',
    ]);
    expect(desc.totCount).toBe(1);
  });

  test("names the stand-in action's handler of a chained line", () => {
    const lab = new Lab();
    const desc = lab.line();
    irqSetHandler(lab.core, desc.irq, handleLevelIrq, true, null);
    irqSetHandler(lab.core, desc.irq, handleBadIrq, false, null);
    lab.fire(desc);
    expect(lab.log).toContain('->action->handler(): <ptr>, bad_chained_irq');
  });

  test('describes at most 5 in 5 s', () => {
    const lab = new Lab();
    const desc = lab.line({ flow: handleBadIrq, chip: lab.chip({ name: null }) });
    irqSetStatusFlags(lab.core, desc.irq, irqStatus.LEVEL);
    lab.fire(desc, 0, 7);
    expect(lab.log.filter((line) => line.includes(', desc:'))).toHaveLength(5);
    expect(lab.log.filter((line) => line === '     IRQ_LEVEL set')).toHaveLength(5);
    expect(lab.log.filter((line) => line.startsWith('unexpected'))).toHaveLength(7);
    lab.machine.elapse(6_000_000_000);
    lab.fire(desc);
    expect(lab.log).toContain('print_irq_desc: 2 callbacks suppressed');
    expect(lab.log.filter((line) => line.includes(', desc:'))).toHaveLength(6);
  });
});

describe('handleNestedIrq', () => {
  test('runs the thread functions in the caller’s thread and counts', () => {
    const lab = new Lab();
    const desc = lab.line();
    irqSetStatusFlags(lab.core, desc.irq, irqStatus.NESTED_THREAD);
    const threadFn = function* () {
      lab.calls.push('thread');
      return IRQ_HANDLED;
    };
    lab.run(requestThreadedIrq(lab.core, desc.irq, null, threadFn, 0, 'nested', 1));
    lab.take();
    lab.run(handleNestedIrq(lab.core, desc.irq));
    expect(lab.take()).toEqual(['thread']);
    expect(desc.totCount).toBe(1);
    expect(desc.cold.threadsActive.value).toBe(0);
    disableIrqNosync(lab.core, desc.irq);
    lab.run(handleNestedIrq(lab.core, desc.irq));
    expect(lab.take()).toEqual([]);
    expect(desc.istate & irqs.PENDING).not.toBe(0);
    lab.run(handleNestedIrq(lab.core, 9999));
  });

  test.each(['6.1', '6.10'] as const)('who frees it waits for its handlers in kernel %s', (kernel) => {
    const lab = new Lab({ kernel });
    const desc = lab.line();
    irqSetStatusFlags(lab.core, desc.irq, irqStatus.NESTED_THREAD);
    const threadFn = function* (): ReturnType<ThreadFn> {
      yield* sleep(1000);
      lab.calls.push('thread');
      return IRQ_HANDLED;
    };
    lab.run(requestThreadedIrq(lab.core, desc.irq, null, threadFn, 0, 'nested', 1));
    lab.machine.spawn('parent', handleNestedIrq(lab.core, desc.irq));
    lab.machine.settle();
    expect(desc.data.has(irqd.IRQ_INPROGRESS)).toBe(kernel === '6.1');
    lab.take();
    lab.run(freeIrq(lab.core, desc.irq, 1));
    expect(lab.take()).toEqual(['mask', 'thread']);
  });

  test('needs a thread function, and its primary handler must never be called', () => {
    const lab = new Lab();
    const desc = lab.line();
    irqSetStatusFlags(lab.core, desc.irq, irqStatus.NESTED_THREAD);
    expect(lab.request(desc)).toBe(-22);
    const threadFn = function* () {
      return IRQ_HANDLED;
    };
    expect(lab.run(requestThreadedIrq(lab.core, desc.irq, null, threadFn, 0, 'nested', 1))).toBe(0);
    lab.fire(desc);
    expect(lab.log[0]).toBe(`Primary handler called for nested irq ${desc.irq}`);
  });
});

test('a line that insists on hard interrupt context refuses others', () => {
  const lab = new Lab();
  const desc = lab.line();
  lab.request(desc);
  desc.data.set(irqd.HANDLE_ENFORCE_IRQCTX);
  expect(genericHandleIrqDesc(desc)).toBe(-1);
  expect(genericHandleIrqDesc(desc)).toBe(-1);
  expect(lab.log).toEqual(['WARNING: at kernel/irq/irqdesc.c handle_irq_desc']);
  lab.fire(desc);
  expect(desc.totCount).toBe(1);
});

test('genericHandleIrq of a number that is not allocated is EINVAL', () => {
  expect(genericHandleIrq(new Lab().core, 77)).toBe(-22);
});
