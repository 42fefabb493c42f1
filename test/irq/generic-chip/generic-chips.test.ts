import { describe, expect, test } from '@jest/globals';
import {
  allocDescs,
  disableIrqNosync,
  enableIrq,
  GenericChips,
  handleBadIrq,
  handleEdgeIrq,
  handleFasteoiIrq,
  handleLevelIrq,
  type IrqChipGeneric,
  type IrqData,
  type IrqDesc,
  irqCreateMapping,
  irqDisposeMapping,
  irqDomainCreateLinear,
  irqGc,
  irqGcAckClrBit,
  irqGcAckSetBit,
  irqGcEoi,
  irqGcMaskClrBit,
  irqGcMaskDisableAndAckSet,
  irqGcMaskDisableReg,
  irqGcMaskSetBit,
  irqGcSetWake,
  irqGcUnmaskEnableReg,
  irqSetIrqType,
  irqSetIrqWake,
  irqSetupAltChip,
  irqStatus,
  irqType,
  type KernelVersion,
  noIrqChip,
  type RegisterFile,
} from '../../../src/irq/index.js';
import { Lab } from '../lab.js';

const EINVAL = -22;
const EBUSY = -16;
const ENODEV = -19;
const ENOTSUPP = -524;

/** Registers that write down what is written. */
class Registers implements RegisterFile {
  readonly writes: string[] = [];
  private readonly values = new Map<number, number>();

  readl(offset: number): number {
    return this.values.get(offset) ?? 0;
  }

  writel(value: number, offset: number): void {
    this.values.set(offset, value);
    this.writes.push(`${offset.toString(16)}=${value.toString(16)}`);
  }

  take(): string[] {
    return this.writes.splice(0);
  }
}

function setUp(kernel: KernelVersion = '6.12') {
  const lab = new Lab({ kernel });
  const chips = new GenericChips(lab.core);
  const regs = new Registers();
  return { lab, chips, regs };
}

/** A chip for the 4 descriptors from 24 on. */
function legacy(prepare: (gc: IrqChipGeneric) => void, lines = 0b1111, flags = 0) {
  const { lab, chips, regs } = setUp();
  allocDescs(lab.core, 24, 24, 4);
  const gc = chips.alloc('gc', 1, 24, regs, handleLevelIrq);
  prepare(gc);
  chips.setup(gc, lines, flags, 0, irqStatus.NOPROBE);
  return { lab, chips, regs, gc, desc: (at: number): IrqDesc => lab.desc(24 + at) };
}

/** From reading kernel/irq/generic-chip.c of 6.1, 6.12 and 7.2.8; no recording has it. */
describe('generic chips of numbered lines', () => {
  test('one mask register: its cache is what is written, and ack is a one', () => {
    const { lab, regs, gc, desc } = legacy((of) => {
      const [ct] = of.chipTypes;
      ct.regs.mask = 0x10;
      ct.regs.ack = 0x14;
      ct.irqMask = irqGcMaskSetBit;
      ct.irqUnmask = irqGcMaskClrBit;
      ct.irqAck = irqGcAckSetBit;
    });
    for (const at of [0, 1, 2, 3]) irqGcMaskSetBit(desc(at).data);
    expect([regs.take(), gc.irqCnt]).toEqual([['10=1', '10=3', '10=7', '10=f'], 4]);
    lab.request(desc(2));
    expect(regs.take()).toEqual(['10=b']);
    lab.fire(desc(2));
    expect([lab.take(), regs.take()]).toEqual([['handler@0'], ['10=f', '14=4', '10=b']]);
    disableIrqNosync(lab.core, 26);
    lab.fire(desc(2));
    enableIrq(lab.core, 26);
    expect([regs.take(), gc.maskCache.value]).toEqual([['10=f', '14=4', '10=b'], 0xb]);
  });

  test('registers that enable and disable: only the line’s bit is written; the cache has who is enabled', () => {
    const { regs, gc, desc } = legacy((of) => {
      const [ct] = of.chipTypes;
      Object.assign(ct.regs, { enable: 0x20, disable: 0x24, ack: 0x28, eoi: 0x2c });
    });
    irqGcUnmaskEnableReg(desc(0).data);
    irqGcUnmaskEnableReg(desc(3).data);
    irqGcMaskDisableReg(desc(0).data);
    expect([regs.take(), gc.maskCache.value]).toEqual([['20=1', '20=8', '24=1'], 8]);
    irqGcMaskDisableAndAckSet(desc(3).data);
    irqGcAckClrBit(desc(1).data);
    irqGcEoi(desc(1).data);
    expect([regs.take(), gc.maskCache.value]).toEqual([['24=8', '28=8', '28=fffffffd', '2c=2'], 0]);
  });

  test('only the lines that are asked for are its own', () => {
    const { chips, gc, desc } = legacy(() => {}, 0b0101);
    expect([desc(0).data.mask, desc(2).data.mask, desc(1).data.chip]).toEqual([1, 4, noIrqChip]);
    expect([gc.irqCnt, desc(0).status & irqStatus.NOPROBE, desc(1).status & irqStatus.NOPROBE]).toEqual([
      3,
      irqStatus.NOPROBE,
      0,
    ]);
    chips.remove(gc, 0b0001, irqStatus.NOPROBE, 0);
    expect([desc(0).data.chip, desc(0).data.chipData, desc(0).handleIrq]).toEqual([
      noIrqChip,
      null,
      handleBadIrq,
    ]);
    expect(desc(2).data.chipData).toBe(gc);
  });

  test('a mask that its owner calculates, or sets by himself', () => {
    const calculated = legacy((of) => {
      of.chipTypes[0].irqCalcMask = (d: IrqData) => {
        d.mask = 0x100 << (d.irq - 24);
      };
    });
    expect(calculated.desc(1).data.mask).toBe(0x200);
    expect(legacy(() => {}, 0b1111, irqGc.NO_MASK).desc(1).data.mask).toBe(0);
  });

  test('line 31', () => {
    const { lab, chips, regs } = setUp();
    allocDescs(lab.core, 24, 24, 32);
    const gc = chips.alloc('gc', 1, 24, regs, handleLevelIrq);
    chips.setup(gc, 0xffffffff, 0, 0, 0);
    irqGcMaskSetBit(lab.desc(55).data);
    expect([gc.irqCnt, gc.maskCache.value, regs.take()]).toEqual([32, 0x80000000, ['0=80000000']]);
  });

  test('wake-up is only noted, for lines that can', () => {
    const { lab, gc, desc } = legacy((of) => {
      of.chipTypes[0].irqSetWake = irqGcSetWake;
      of.wakeEnabled = 0b0010;
    });
    expect(irqSetIrqWake(lab.core, 25, true)).toBe(0);
    expect(irqSetIrqWake(lab.core, 24, true)).toBe(EINVAL);
    expect([gc.wakeActive, desc(0).cold.wakeDepth]).toEqual([0b0010, 0]);
    irqSetIrqWake(lab.core, 25, false);
    expect(gc.wakeActive).toBe(0);
  });

  test('chip types for level and edge, between which set_type switches', () => {
    const { lab, chips, regs } = setUp();
    allocDescs(lab.core, 24, 24, 1);
    const gc = chips.alloc('gc', 2, 24, regs, handleLevelIrq);
    const [level, edge] = gc.chipTypes;
    level.type = irqType.LEVEL_MASK;
    edge.type = irqType.EDGE_BOTH;
    edge.handler = handleEdgeIrq;
    for (const ct of gc.chipTypes) ct.irqSetType = (d, type) => irqSetupAltChip(lab.desc(d.irq), type);
    chips.setup(gc, 1, 0, 0, 0);
    expect(irqSetIrqType(lab.core, 24, irqType.EDGE_RISING)).toBe(0);
    expect([lab.desc(24).data.chip, lab.desc(24).handleIrq]).toEqual([edge, handleEdgeIrq]);
    level.type = irqType.LEVEL_LOW;
    expect(irqSetIrqType(lab.core, 24, irqType.LEVEL_HIGH)).toBe(EINVAL);
    expect(lab.desc(24).data.chip).toBe(edge);
  });

  test('kernels before 6.7 name only the first type', () => {
    const names = (kernel: KernelVersion) =>
      setUp(kernel)
        .chips.alloc('gc', 2, 0, null, handleLevelIrq)
        .chipTypes.map(({ name }) => name);
    expect([names('6.1'), names('6.10')]).toEqual([
      ['gc', null],
      ['gc', 'gc'],
    ]);
  });
});

describe('generic chips of an irqdomain', () => {
  function ofDomain(size: number, gcFlags = 0, init: (gc: IrqChipGeneric) => number = () => 0) {
    const { lab, chips, regs } = setUp();
    const domain = irqDomainCreateLinear(lab.core, { name: 'gcd', size, ops: chips.ops });
    const exited: number[] = [];
    const ret = chips.allocForDomain(domain, {
      name: 'gc',
      handler: handleFasteoiIrq,
      irqsPerChip: 8,
      numCt: 2,
      gcFlags,
      irqFlagsToSet: irqStatus.NOPROBE,
      init(gc) {
        gc.regs = regs;
        for (const [at, ct] of gc.chipTypes.entries()) ct.regs.mask = 0x10 * (at + 1);
        return init(gc);
      },
      exit: (gc) => exited.push(gc.irqBase),
    });
    const line = (hwirq: number): IrqDesc => lab.desc(irqCreateMapping(domain, hwirq));
    return { lab, chips, regs, domain, ret, line, exited };
  }

  test('a chip for each 8 lines, and a line for each bit', () => {
    const { chips, domain, ret, line } = ofDomain(20);
    expect(ret).toBe(0);
    const desc = line(18);
    const gc = chips.chipOf(domain, 18);
    expect([gc?.irqBase, gc?.installed, desc.data.mask, desc.handleIrq]).toEqual([
      16,
      4,
      4,
      handleFasteoiIrq,
    ]);
    expect(desc.status & (irqStatus.NOPROBE | irqStatus.NOREQUEST)).toBe(irqStatus.NOPROBE);
    expect(chips.chipOf(domain, 24)).toBeUndefined();
    expect(
      chips.allocForDomain(domain, { name: '', handler: handleLevelIrq, irqsPerChip: 8, numCt: 1 }),
    ).toBe(EBUSY);
  });

  test('the first line of a chip reads its mask register, a cache for all types or for each', () => {
    const shared = ofDomain(8, irqGc.INIT_MASK_CACHE);
    shared.regs.writel(0xa5, 0x10);
    shared.regs.writel(0x5a, 0x20);
    shared.line(0);
    const caches = ({ chips, domain }: typeof shared) =>
      chips.chipOf(domain, 0)?.chipTypes.map(({ maskCache }) => maskCache.value);
    expect(caches(shared)).toEqual([0xa5, 0xa5]);
    const own = ofDomain(8, irqGc.INIT_MASK_CACHE | irqGc.MASK_CACHE_PER_TYPE);
    own.regs.writel(0xa5, 0x10);
    own.regs.writel(0x5a, 0x20);
    own.line(0);
    expect(caches(own)).toEqual([0xa5, 0x5a]);
    own.regs.writel(0, 0x10);
    own.line(1);
    expect(caches(own)).toEqual([0xa5, 0x5a]);
  });

  test('big-endian registers', () => {
    const { regs, line } = ofDomain(8, irqGc.BE_IO);
    irqGcMaskSetBit(line(1).data);
    expect(regs.take()).toEqual(['10=2000000']);
  });

  test('lines that are unused or taken cannot be mapped, nor those of a domain without chips', () => {
    const { lab, chips, domain } = ofDomain(8, 0, (gc) => {
      gc.unused = 0b10;
      gc.installed = 0b100;
      return 0;
    });
    expect([irqCreateMapping(domain, 1), irqCreateMapping(domain, 2)]).toEqual([0, 0]);
    const bare = irqDomainCreateLinear(lab.core, { name: 'bare', size: 8, ops: chips.ops });
    expect(irqCreateMapping(bare, 0)).toBe(0);
    expect(lab.log).toEqual([
      `irq: gcd didn't like hwirq-0x1 to VIRQ24 mapping (rc=${ENOTSUPP})`,
      `irq: gcd didn't like hwirq-0x2 to VIRQ24 mapping (rc=${EBUSY})`,
      `irq: bare didn't like hwirq-0x0 to VIRQ24 mapping (rc=${ENODEV})`,
    ]);
  });

  test('a line that is disposed can be mapped again', () => {
    const { lab, chips, domain, line } = ofDomain(16);
    irqDisposeMapping(lab.core, line(9).irq);
    expect(chips.chipOf(domain, 9)?.installed).toBe(0);
    expect(line(9).data.mask).toBe(2);
  });

  test('an init that refuses: the chips so far are taken back, the last one first', () => {
    const { chips, domain, ret, exited } = ofDomain(24, 0, (gc) => (gc.irqBase === 16 ? EINVAL : 0));
    expect([ret, exited, chips.chipOf(domain, 0)]).toEqual([EINVAL, [8, 0], undefined]);
  });

  test('suspend and resume: once for each chip, through any line that is mapped', () => {
    const calls: string[] = [];
    const { chips, domain, line } = ofDomain(16, 0, (gc) => {
      const note = (what: string) => (d: IrqData) => void calls.push(`${what} ${d.hwirq}`);
      gc.chipTypes[0].irqSuspend = note('suspend');
      gc.chipTypes[0].irqResume = note('resume');
      gc.chipTypes[0].irqPmShutdown = note('shutdown');
      gc.suspend = () => calls.push(`chip ${gc.irqBase} suspend`);
      gc.resume = () => calls.push(`chip ${gc.irqBase} resume`);
      return 0;
    });
    line(6);
    line(5);
    chips.suspend();
    chips.resume();
    chips.shutdown();
    expect(calls).toEqual([
      'suspend 5',
      'chip 0 suspend',
      'chip 8 suspend',
      'chip 0 resume',
      'resume 5',
      'chip 8 resume',
      'shutdown 5',
    ]);
    chips.removeFromDomain(domain);
    chips.suspend();
    expect(calls.length).toBe(7);
  });
});
