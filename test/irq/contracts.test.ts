import { describe, expect, test } from '@jest/globals';
import * as irq from '../../src/irq/index.js';
import { irqMoveMaskedIrq } from '../../src/irq/affinity/migration.js';
import { formatCpuList, parseCpuList } from '../../src/machine/cpumask-text.js';
import { ProcConstraints } from '../../src/irq/data/proc-constraints.js';
import { sleep } from '../../src/machine/completion.js';
import { irqHandlerEntry, irqHandlerExit } from '../../src/machine/trace-events.js';
import { Lab } from './lab.js';

// What small functions of kernel/irq promise, read in 6.12 unless a kernel is named.

const EINVAL = -22;
const ENOTCONN = -107;

describe('request_any_context_irq', () => {
  const request = (lab: Lab, number: number, flags = 0): number =>
    lab.run(
      irq.requestAnyContextIrq(
        lab.core,
        number,
        () => {
          lab.calls.push('handler');
          return irq.IRQ_HANDLED;
        },
        flags,
        'dev',
        'dev',
      ),
    );

  test('a number for no interrupt, and one that nobody has', () => {
    const lab = new Lab();
    expect([request(lab, irq.IRQ_NOTCONNECTED), request(lab, 99)]).toEqual([ENOTCONN, EINVAL]);
  });

  test('a plain line: in hard interrupt context', () => {
    const lab = new Lab();
    const desc = lab.line();
    expect(request(lab, desc.irq)).toBe(irq.IRQC_IS_HARDIRQ);
    lab.take();
    lab.fire(desc);
    expect(lab.take()).toEqual(['handler']);
  });

  test('a nested line: in the thread of the line that it is nested in', () => {
    const lab = new Lab();
    const desc = lab.line();
    irq.irqSetNestedThread(lab.core, desc.irq, true);
    expect(request(lab, desc.irq, irq.IRQF_ONESHOT)).toBe(irq.IRQC_IS_NESTED);
    expect(request(lab, desc.irq, irq.IRQF_ONESHOT)).toBe(-16);
    expect(desc.action?.threadFn).not.toBeNull();
    expect(desc.action?.thread).toBeUndefined();
  });

  test('request_irq of what is no interrupt', () => {
    const lab = new Lab();
    const handler = (): number => irq.IRQ_HANDLED;
    expect(lab.run(irq.requestIrq(lab.core, irq.IRQ_NOTCONNECTED, handler, 0, 'dev', 'dev'))).toBe(ENOTCONN);
  });
});

describe('can_request_irq', () => {
  test.each([
    ['nobody has it', undefined, 0, true],
    ['its owner does not share', 0, irq.IRQF_SHARED, false],
    ['its owner shares, the other would not', irq.IRQF_SHARED, 0, false],
    ['both share', irq.IRQF_SHARED, irq.IRQF_SHARED, true],
  ])('%s', (_name, owner, flags, can) => {
    const lab = new Lab();
    const desc = lab.line();
    if (owner !== undefined) lab.request(desc, owner);
    expect(irq.canRequestIrq(lab.core, desc.irq, flags)).toBe(can);
    expect(lab.run(irq.canRequestIrqSteps(lab.core, desc.irq, flags))).toBe(can);
    irq.irqSetStatusFlags(lab.core, desc.irq, irq.irqStatus.NOREQUEST);
    expect(irq.canRequestIrq(lab.core, desc.irq, flags)).toBe(false);
    expect(irq.canRequestIrq(lab.core, 99, flags)).toBe(false);
  });
});

test('irq_set_parent names the line, if there is one', () => {
  const lab = new Lab();
  const desc = lab.line();
  expect([irq.irqSetParent(lab.core, desc.irq, 7), desc.cold.parentIrq]).toEqual([0, 7]);
  expect([lab.run(irq.irqSetParentSteps(lab.core, desc.irq, 8)), desc.cold.parentIrq]).toEqual([0, 8]);
  expect(irq.irqSetParent(lab.core, 99, 7)).toBe(EINVAL);
  expect(lab.run(irq.irqSetParentSteps(lab.core, 99, 7))).toBe(EINVAL);
});

test('irq_set_nested_thread, and back', () => {
  const lab = new Lab();
  const desc = lab.line();
  irq.irqSetNestedThread(lab.core, desc.irq, true);
  expect(desc.status & irq.irqStatus.NESTED_THREAD).not.toBe(0);
  irq.irqSetNestedThread(lab.core, desc.irq, false);
  expect(desc.status & irq.irqStatus.NESTED_THREAD).toBe(0);
});

// include/linux/irqchip/chained_irq.h
describe('what a chained handler tells its chip', () => {
  test.each<[string, (chip: irq.IrqChip) => Partial<irq.IrqChip>, string[], string[]]>([
    ['one with an EOI', () => ({}), [], ['eoi']],
    ['one that masks and acknowledges at once', () => ({ irqEoi: undefined }), ['mask_ack'], ['unmask']],
    ['any other', () => ({ irqEoi: undefined, irqMaskAck: undefined }), ['mask', 'ack'], ['unmask']],
    [
      'one without ack',
      () => ({ irqEoi: undefined, irqMaskAck: undefined, irqAck: undefined }),
      ['mask'],
      ['unmask'],
    ],
  ])('%s', (_name, change, enter, exit) => {
    const lab = new Lab();
    const chip = lab.chip({ irqMaskAck: () => void lab.calls.push('mask_ack') });
    const desc = lab.line({ chip: { ...chip, ...change(chip) } });
    lab.take();
    irq.chainedIrqEnter(desc);
    expect(lab.take()).toEqual(enter);
    irq.chainedIrqExit(desc);
    expect(lab.take()).toEqual(exit);
  });
});

describe('domains that are mapped as they are made', () => {
  test('irq_domain_create_simple: from a fixed number on, or when it is wanted', () => {
    const lab = new Lab();
    const fixed = irq.irqDomainCreateSimple(lab.core, { name: 'simple', ops: {}, size: 3, firstIrq: 40 });
    expect([0, 1, 2, 3].map((hwirq) => irq.irqFindMapping(fixed, hwirq))).toEqual([40, 41, 42, 0]);
    expect(fixed.mapcount).toBe(3);
    const lazy = irq.irqDomainCreateSimple(lab.core, { name: 'lazy', ops: {}, size: 3, firstIrq: 0 });
    expect([lazy.mapcount, irq.irqCreateMapping(lazy, 2), irq.irqCreateMapping(lazy, 3)]).toEqual([0, 24, 0]);
    expect(lab.log.slice(0, 1)).toEqual(['error: hwirq 0x3 is too large for lazy']);
  });

  test('numbers that are taken already are said to be, and mapped', () => {
    const lab = new Lab();
    expect(irq.allocDescs(lab.core, 50, 50, 2)).toBe(50);
    const domain = irq.irqDomainCreateSimple(lab.core, { name: 'simple', ops: {}, size: 2, firstIrq: 50 });
    expect(lab.log).toEqual(['Cannot allocate irq_descs @ IRQ50, assuming pre-allocated']);
    expect(irq.irqFindMapping(domain, 1)).toBe(51);
  });

  test('irq_domain_create_legacy: hwirqs from a first one on, of numbers that there are', () => {
    const lab = new Lab();
    irq.allocDescs(lab.core, 30, 30, 2);
    const options = { name: 'legacy', ops: {}, size: 2, firstIrq: 30, firstHwirq: 5 };
    const domain = irq.irqDomainCreateLegacy(lab.core, options);
    expect([4, 5, 6, 7].map((hwirq) => irq.irqFindMapping(domain, hwirq))).toEqual([0, 30, 31, 0]);
    expect(irq.irqCreateMapping(domain, 7)).toBe(0);
  });
});

describe('counts that a line had before', () => {
  test('of all CPUs: its own, its total and all lines’', () => {
    const lab = new Lab();
    const desc = lab.line();
    lab.request(desc);
    lab.fire(desc, 1, 2);
    irq.kstatSet(desc, [5, 3, 0, 7]);
    expect([0, 1, 2, 3, 4].map((cpu) => irq.kstatIrqsCpu(desc, cpu))).toEqual([5, 3, 0, 7, 0]);
    expect([irq.kstatIrqs(desc), [...lab.core.irqsSum]]).toEqual([15, [5, 3, 0, 7]]);
    irq.kstatSet(desc, [5, 1, 0, 7]);
    expect([irq.kstatIrqs(desc), [...lab.core.irqsSum]]).toEqual([13, [5, 1, 0, 7]]);
  });

  test('of one CPU: no total', () => {
    const lab = new Lab();
    const desc = lab.line();
    irq.kstatSetCpu(desc, 2, 9);
    expect([irq.kstatIrqsCpu(desc, 2), irq.kstatIrqs(desc), irq.kstatIrqsSum(desc)]).toEqual([9, 0, 9]);
    expect([...lab.core.irqsSum]).toEqual([0, 0, 0, 0]);
  });
});

describe('messages of a device', () => {
  const MUST_REACTIVATE = true;

  function devices(
    options: { canMask?: boolean; moved?: number; noLine?: number; managed?: string; nvec?: number } = {},
  ): { lab: Lab; domain: irq.IrqDomain; descs: irq.MsiDesc[]; alloc: () => number } {
    const lab = new Lab();
    let left = options.noLine ?? Number.POSITIVE_INFINITY;
    const parent = irq.irqDomainCreateTree(lab.core, {
      name: 'vectors',
      ops: {
        alloc: (of, first, count) => {
          if (left-- <= 0) return -12;
          for (let i = 0; i < count; i++) {
            irq.irqDomainSetHwirqAndChip(of, first + i, {
              hwirq: first + i,
              chip: {
                name: 'vector',
                irqSetAffinity: () => options.moved ?? irq.IRQ_SET_MASK_OK,
                irqComposeMsiMsg: (d) => ({ addressHi: 1, addressLo: 0xfee0_0000, data: d.hwirq }),
              },
            });
          }
          return 0;
        },
        free: (of, first, count) => irq.irqDomainFreeIrqsTop(of, first, count),
      },
    });
    const chip: irq.IrqChip = {
      name: 'MSI',
      irqSetAffinity: irq.msiDomainSetAffinity,
      irqWriteMsiMsg: (d, msg) => {
        irq.msiDescOf(d).msg = msg;
        lab.calls.push(`message ${msg.data}`);
      },
    };
    const domain = irq.msiCreateIrqDomain(lab.core, {
      name: 'PCI-MSI',
      parent,
      info: { chip, handler: irq.handleSimpleIrq, handlerName: 'edge', mustReactivate: MUST_REACTIVATE },
    });
    const { canMask = true, managed, nvec = 1 } = options;
    const affinity = managed === undefined ? null : [{ mask: lab.cpus(managed), managed: true }];
    const hardware = { writeMsg() {}, mask() {} };
    const descs = [0, 1].map((index) => new irq.MsiDesc(hardware, index, nvec, affinity, canMask));
    const allocation = {
      descs,
      hwirqOf: ({ index }: irq.MsiDesc) => 100 + index,
      node: -1,
      deviceName: 'dev',
    };
    return { lab, domain, descs, alloc: () => irq.msiDomainAllocIrqs(domain, allocation) };
  }

  test('are lines of the domain, of which the device knows and which nobody has started', () => {
    const { lab, domain, descs, alloc } = devices();
    expect([alloc(), descs.map((each) => each.irq)]).toEqual([0, [24, 25]]);
    expect([irq.irqFindMapping(domain, 100), irq.irqFindMapping(domain, 101)]).toEqual([24, 25]);
    expect(lab.take()).toEqual(['message 24', 'message 25']);
    const { data, cold } = lab.desc(24);
    expect([data.has(irq.irqd.ACTIVATED), cold.deviceName]).toEqual([false, 'dev']);
  });

  test('that the device cannot keep back are started at once', () => {
    const { lab, alloc } = devices({ canMask: false });
    expect(alloc()).toBe(0);
    const { data } = lab.desc(24);
    expect([data.has(irq.irqd.ACTIVATED), data.has(irq.irqd.CAN_RESERVE)]).toEqual([true, false]);
  });

  test('are given once: what has lines keeps them', () => {
    const { alloc, descs } = devices();
    alloc();
    expect([alloc(), descs.map((each) => each.irq)]).toEqual([0, [24, 25]]);
  });

  test('whose CPUs are all away wait for them, where nothing can be reserved', () => {
    const { lab, alloc } = devices({ canMask: false, managed: '3' });
    lab.down(3);
    expect(alloc()).toBe(0);
    const { data } = lab.desc(24);
    expect([data.has(irq.irqd.MANAGED_SHUTDOWN), data.has(irq.irqd.ACTIVATED)]).toEqual([true, false]);
    expect(lab.take()).toEqual([]);
  });

  test('one CPU of them there: started', () => {
    const { lab, alloc } = devices({ canMask: false, managed: '2-3' });
    lab.down(3);
    expect(alloc()).toBe(0);
    expect(lab.desc(24).data.has(irq.irqd.ACTIVATED)).toBe(true);
  });

  // kernel/irq/msi.c msi_handle_pci_fail: one, or as many as there were, or ENOSPC.
  test.each([
    ['no line for the first', { noLine: 0 }, -28],
    ['a line for the first only', { noLine: 1 }, 1],
    ['none for several in a row', { noLine: 0, nvec: 2 }, 1],
  ])('%s', (_name, options, ret) => {
    expect(devices(options).alloc()).toBe(ret);
  });

  test('are written again where the parent moved them, unless it has done all', () => {
    for (const [moved, told] of [
      [irq.IRQ_SET_MASK_OK, ['message 24']],
      [irq.IRQ_SET_MASK_OK_DONE, []],
      [-22, []],
    ] as const) {
      const { lab, alloc } = devices({ moved });
      alloc();
      lab.take();
      const { data } = lab.desc(24);
      expect(irq.msiDomainSetAffinity(data, lab.cpus('1'), false)).toBe(moved);
      expect(lab.take()).toEqual(told);
    }
  });

  test('are shown in debugfs as they were written', () => {
    const { lab, domain, alloc } = devices();
    alloc();
    expect(domain.debugShow(lab.desc(25).data, 2)).toBe(
      '\n   address_hi: 0x00000001\n   address_lo: 0xfee00000\n   msg_data:   0x00000019\n',
    );
    expect(domain.debugShow(null, 2)).toBe('');
    expect(lab.domain().debugShow(lab.desc(25).data, 2)).toBe('');
  });

  test('given back: their lines go, and the device hears that they mean nothing', () => {
    const { lab, descs, alloc } = devices({ canMask: false });
    alloc();
    lab.take();
    irq.msiDomainFreeIrqs(lab.core, descs);
    expect(lab.take()).toEqual(['message 0', 'message 0']);
    expect([descs.map((each) => each.irq), lab.core.desc(24), lab.core.desc(25)]).toEqual([
      [0, 0],
      undefined,
      undefined,
    ]);
  });
});

// kernel/irq/manage.c irq_setup_forced_threading, irq_forced_secondary_handler
describe('a handler with a thread of its own that is forced into one', () => {
  function forced(handlerSays: number = irq.IRQ_WAKE_THREAD): { lab: Lab; desc: irq.IrqDesc } {
    const lab = new Lab({ threadirqs: true });
    const desc = lab.line({ flow: irq.handleLevelIrq });
    const handler = (): number => {
      lab.calls.push('handler');
      return handlerSays;
    };
    const threadFn: irq.ThreadFn = function* () {
      yield* sleep(10);
      lab.calls.push('own thread');
      return irq.IRQ_HANDLED;
    };
    expect(
      lab.run(irq.requestThreadedIrq(lab.core, desc.irq, handler, threadFn, 0, 'a-long-name-it-has', 'dev')),
    ).toBe(0);
    lab.take();
    return { lab, desc };
  }

  test('has two, and the second runs when the first says so', () => {
    const { lab, desc } = forced();
    expect([desc.action?.thread?.comm, desc.action?.secondary?.thread?.comm]).toEqual([
      'irq/24-a-long-n',
      'irq/24-s-a-long',
    ]);
    lab.fire(desc);
    lab.machine.elapse(100);
    expect(lab.take()).toEqual(['mask', 'ack', 'handler', 'unmask', 'own thread']);
    lab.fire(desc);
    lab.machine.elapse(100);
    expect(lab.take()).toEqual(['mask', 'ack', 'handler', 'unmask', 'own thread']);
  });

  test('has done all: the second stays asleep', () => {
    const { lab, desc } = forced(irq.IRQ_HANDLED);
    lab.fire(desc);
    lab.machine.elapse(100);
    expect(lab.take()).toEqual(['mask', 'ack', 'handler', 'unmask']);
  });
});

describe('irq_wake_thread', () => {
  function woken(lab: Lab): irq.IrqDesc {
    const desc = lab.line();
    const threadFn: irq.ThreadFn = function* () {
      yield* sleep(1);
      lab.calls.push('thread');
      return irq.IRQ_HANDLED;
    };
    lab.run(irq.requestThreadedIrq(lab.core, desc.irq, () => irq.IRQ_HANDLED, threadFn, 0, 'dev', 'dev'));
    lab.take();
    return desc;
  }

  test.each([
    ['by its device', 'dev', ['thread']],
    ['by nobody’s', 'other', []],
  ])('%s', (_name, dev, calls) => {
    const lab = new Lab();
    const desc = woken(lab);
    irq.irqWakeThread(lab.core, desc.irq, dev);
    lab.machine.settle();
    lab.machine.elapse(10);
    lab.run(irq.irqWakeThreadSteps(lab.core, desc.irq, dev));
    lab.machine.elapse(10);
    expect(lab.take()).toEqual([...calls, ...calls]);
  });

  test('a line that is not, and one that each CPU has for itself', () => {
    const lab = new Lab();
    irq.irqWakeThread(lab.core, 99, 'dev');
    lab.run(irq.irqWakeThreadSteps(lab.core, 99, 'dev'));
    expect(lab.log).toEqual([]);
    const desc = lab.line();
    irq.irqSetPercpuDevid(lab.core, desc.irq);
    irq.irqWakeThread(lab.core, desc.irq, 'dev');
    expect(lab.log).toEqual(['WARNING: at kernel/irq/manage.c irq_wake_thread']);
    lab.run(irq.irqWakeThreadSteps(lab.core, desc.irq, 'dev'));
    expect(lab.log).toHaveLength(2);
  });
});

test('handlers are traced: each with its name, and what it says', () => {
  const lab = new Lab();
  const seen: [unknown, unknown][] = [];
  lab.machine.tracePort = { emit: (event, fields) => void seen.push([event, fields]) };
  const desc = lab.line();
  lab.request(desc, irq.IRQF_SHARED, 'one');
  lab.request(desc, irq.IRQF_SHARED, 'two', irq.IRQ_NONE);
  seen.length = 0;
  lab.fire(desc);
  expect(seen.filter(([event]) => event === irqHandlerEntry || event === irqHandlerExit)).toEqual([
    [irqHandlerEntry, { irq: desc.irq, name: 'one' }],
    [irqHandlerExit, { irq: desc.irq, ret: irq.IRQ_HANDLED }],
    [irqHandlerEntry, { irq: desc.irq, name: 'two' }],
    [irqHandlerExit, { irq: desc.irq, ret: irq.IRQ_NONE }],
  ]);
});

test('descriptors far beyond the table are found, listed in order and counted', () => {
  const lab = new Lab({ mostNrIrqs: 1 << 20, nrIrqs: 1 << 20 });
  const numbers = [24, 900_000, 500_000].map((number) => irq.allocDescs(lab.core, number, number, 1));
  expect(numbers).toEqual([24, 900_000, 500_000]);
  expect([...lab.core.descs()].map((desc) => desc.irq)).toEqual([24, 500_000, 900_000]);
  expect(lab.core.sparseIrqs.count).toBe(3);
  irq.freeDescs(lab.core, 900_000, 1);
  expect([lab.core.desc(900_000), lab.core.sparseIrqs.count]).toEqual([undefined, 2]);
});

// kernel/irq/internals.h irq_proc_calc_prec: as wide as the highest number needs, at least 4, at most 10.
test.each([
  [16, 4],
  [9_999, 4],
  [10_000, 5],
  [1_000_000, 7],
  [2 ** 31, 10],
])('the column of %i numbers is %i wide, and stays so', (numbers, width) => {
  const constraints = new ProcConstraints();
  constraints.calcPrec(numbers);
  expect(constraints.numPrec).toBe(width);
  constraints.calcPrec(16);
  expect(constraints.numPrec).toBe(width);
});

describe('request_nmi', () => {
  const flags = irq.IRQF_PERCPU | irq.IRQF_NO_AUTOEN;
  const request = (lab: Lab, desc: irq.IrqDesc): number =>
    lab.run(irq.requestNmi(lab.core, desc.irq, () => irq.IRQ_HANDLED, flags, 'watchdog', 'dev'));
  const chipOf = (lab: Lab): irq.IrqChip =>
    lab.chip({ flags: irq.irqchipFlags.SUPPORTS_NMI, irqNmiSetup: () => 0, irqNmiTeardown: () => {} });

  test('a line that each CPU has for itself is not for it, and warned of', () => {
    const lab = new Lab();
    const domain = lab.domain();
    const desc = lab.line({ chip: chipOf(lab), domain, hwirq: 3 });
    irq.irqSetPercpuDevid(lab.core, desc.irq);
    irq.irqModifyStatus(lab.core, desc.irq, irq.irqStatus.NOREQUEST, 0);
    expect(request(lab, desc)).toBe(EINVAL);
    expect([desc.action, lab.log.some((line) => line.startsWith('WARNING'))]).toEqual([undefined, true]);
  });

  test('a line that somebody has stays theirs, and is no NMI', () => {
    const lab = new Lab();
    const desc = lab.line({ chip: chipOf(lab), domain: lab.domain(), hwirq: 3 });
    expect(lab.request(desc, irq.IRQF_NO_AUTOEN, 'other')).toBe(0);
    expect(request(lab, desc)).toBe(-16);
    expect([desc.istate & irq.irqs.NMI, [...desc.actions()].map(({ name }) => name)]).toEqual([0, ['other']]);
  });
});

// kernel/irq/migration.c irq_move_masked_irq: cpumask_any_and(desc->pending_mask, cpu_online_mask).
test.each([
  ['2-3', ['affinity 2'], '2'],
  ['3', [], '0'],
] as const)('a change to CPUs %s that waits is made if one of them is online', (list, calls, effective) => {
  const lab = new Lab({ machine: { present: 4, online: [0, 1, 2] } });
  const desc = lab.line();
  lab.request(desc);
  lab.take();
  desc.cold.pendingMask.copyFrom(parseCpuList(list, 4));
  desc.data.set(irq.irqd.SETAFFINITY_PENDING);
  irqMoveMaskedIrq(desc.data);
  expect([lab.take(), formatCpuList(desc.data.effectiveAffinity)]).toEqual([calls, effective]);
  expect([desc.data.has(irq.irqd.SETAFFINITY_PENDING), desc.cold.pendingMask.isEmpty]).toEqual([false, true]);
});

// kernel/irq/generic-chip.c irq_remove_generic_chip: a line of a domain that nobody has mapped has no number.
test('a generic chip that goes from its domain leaves IRQ 0 alone', () => {
  const lab = new Lab();
  irq.allocDescs(lab.core, 0, 0, 1);
  const chip = lab.chip();
  irq.irqSetChipAndHandler(lab.core, 0, chip, irq.handleLevelIrq, 'level');
  const chips = new irq.GenericChips(lab.core);
  const domain = irq.irqDomainCreateLinear(lab.core, { name: 'gc', size: 4, ops: {} });
  const gc = chips.alloc('gc', 1, 0, { readl: () => 0, writel: () => {} }, irq.handleLevelIrq);
  gc.domain = domain;
  chips.remove(gc, 0b1, 0, 0);
  expect([lab.desc(0).data.chip, lab.desc(0).handleIrq]).toEqual([chip, irq.handleLevelIrq]);
  gc.domain = null;
  chips.remove(gc, 0b1, 0, 0);
  expect(lab.desc(0).data.chip).toBe(irq.noIrqChip);
});

// kernel/irq/proc.c register_irq_proc takes register_lock in all kernels; kernel/irq/irqdomain.c has its mutex, too.
test.each(irq.kernelVersions)('on %s directories and mappings are made under their mutexes', (kernel) => {
  const { registersProcUnderMutex, mapsUnderMutex } = irq.kernelBehaviour(kernel);
  expect([registersProcUnderMutex, mapsUnderMutex]).toEqual([true, true]);
});

// kernel/irq/spurious.c note_interrupt: SPURIOUS_DEFERRED is bit 31 of threads_handled_last.
test('the verdict on a thread waits for the next interrupt, unless a handler has answered meanwhile', () => {
  const lab = new Lab();
  const answers = [
    irq.IRQ_WAKE_THREAD,
    irq.IRQ_HANDLED | irq.IRQ_WAKE_THREAD,
    irq.IRQ_WAKE_THREAD,
    irq.IRQ_WAKE_THREAD,
  ];
  const desc = lab.line();
  const handler = (): number => answers.shift() ?? irq.IRQ_NONE;
  const threadFn: irq.ThreadFn = function* threadFunction() {
    return irq.IRQ_NONE;
  };
  lab.run(irq.requestThreadedIrq(lab.core, desc.irq, handler, threadFn, 0, 'dev', 'dev'));
  const unhandled: number[] = [];
  const last: number[] = [];
  for (let nth = 0; nth < 4; nth++) {
    lab.fire(desc);
    unhandled.push(desc.irqsUnhandled);
    last.push(desc.cold.threadsHandledLast);
  }
  expect([unhandled, last]).toEqual([
    [0, 0, 0, 1],
    [2 ** 31, 0, 2 ** 31, 2 ** 31],
  ]);
});
