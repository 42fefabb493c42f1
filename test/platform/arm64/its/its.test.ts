import { describe, expect, test } from '@jest/globals';
import {
  disableIrqNosync,
  enableIrq,
  freeIrq,
  genericHandleDomainIrq,
  handleFasteoiIrq,
  IRQ_HANDLED,
  type IrqAffinityDesc,
  irqCreateMapping,
  type IrqDesc,
  type IrqDomain,
  irqd,
  irqDomainCreateTree,
  irqForceAffinity,
  irqGetIrqchipState,
  irqInjectInterrupt,
  irqSetAffinity,
  irqSetChipAndHandler,
  irqSetIrqchipState,
  irqs,
  requestIrq,
} from '../../../../src/irq/index.js';
import { errnoValue } from '../../../../src/lib/errno.js';
import { formatCpuList, parseCpuList } from '../../../../src/machine/cpumask-text.js';
import { regularTopology } from '../../../../src/machine/topology.js';
import type { ItsDevice } from '../../../../src/platform/arm64/its/device.js';
import { Gic } from '../../../../src/platform/arm64/gic.js';
import { ItsChip } from '../../../../src/platform/arm64/its/its-chip.js';
import { Its } from '../../../../src/platform/arm64/its/its.js';
import { LpiRanges, NR_LPIS } from '../../../../src/platform/arm64/its/lpi-ranges.js';
import { Lab, type LabOptions } from '../../lab.js';

const EINVAL = errnoValue('EINVAL');
const NVME = 0x100;

/** A machine whose GIC has an ITS, with its lines in an irqdomain by LPI: the ITS' own level. */
class ItsLab {
  readonly lab;
  readonly ranges = new LpiRanges();
  readonly its: Its;
  readonly seen: string[] = [];
  private readonly domain: IrqDomain;
  private mapping: ItsDevice | undefined;

  constructor({ node = -1, ...options }: LabOptions & { node?: number } = {}) {
    this.lab = Lab.arm64(options);
    const { core, machine } = this.lab;
    const gic = new Gic(machine, (lpi) => genericHandleDomainIrq(this.domain, lpi));
    const its = new Its(machine, gic, this.ranges, node);
    this.its = its;
    const chip = new ItsChip(its, gic);
    this.domain = irqDomainCreateTree(core, {
      name: 'ITS',
      ops: {
        map: (_domain, irq) => {
          const desc = this.lab.desc(irq);
          desc.data.chipData = this.mapping;
          its.setUpLine(desc.data);
          irqSetChipAndHandler(core, irq, chip, handleFasteoiIrq, null);
          return 0;
        },
        activate: (_domain, d) => its.activate(d),
        deactivate: (_domain, d) => its.deactivate(d),
      },
    });
  }

  prepare(deviceId: number, nvec: number): ItsDevice {
    const device = this.its.prepare(deviceId, nvec);
    if (device === undefined) throw new Error('no LPIs');
    return device;
  }

  /** A line of an event, requested. */
  line(device: ItsDevice, affinity: IrqAffinityDesc | null = null): IrqDesc {
    this.mapping = device;
    const { core, machine } = this.lab;
    const lpi = device.alloc(1);
    const desc = this.lab.desc(irqCreateMapping(this.domain, lpi, affinity));
    const handler = (): number => {
      this.seen.push(`${lpi}@${machine.thisCpu}`);
      return IRQ_HANDLED;
    };
    expect(machine.run('request', requestIrq(core, desc.irq, handler, 0, 'dev', desc))).toBe(0);
    return desc;
  }

  managed(list: string): IrqAffinityDesc {
    return { mask: parseCpuList(list, this.lab.machine.nrCpuIds), managed: true };
  }

  move({ irq }: IrqDesc, list: string, force = false): number {
    const mask = parseCpuList(list, this.lab.machine.nrCpuIds);
    return (force ? irqForceAffinity : irqSetAffinity)(this.lab.core, irq, mask);
  }

  take(): string[] {
    this.lab.machine.settle();
    return this.seen.splice(0);
  }
}

const effective = ({ data }: IrqDesc): string => formatCpuList(data.effectiveAffinity);

// drivers/irqchip/irq-gic-v3-its.c, the same in 6.1, 6.12 and 7.2 but for what a test says
describe('a device’s table', () => {
  // its_pci_msi_prepare (from 6.11: irq-gic-its-msi-parent.c), its_create_device, its_lpi_alloc
  test.each([
    [NVME, 1, 1],
    [NVME, 3, 4],
    [NVME, 33, 64],
    [0, 1, 32],
    [0, 40, 64],
  ])('of device 0x%i for %i messages has room for %i', (id, nvec, room) => {
    const lab = new ItsLab();
    const device = lab.prepare(id, nvec);
    expect([device.lpiBase, device.nrLpis]).toEqual([8192, room]);
    expect(lab.ranges.text).toBe(`${8192 + room}-65535`);
  });

  test('is for half as many where there are no more in a row', () => {
    const lab = new ItsLab();
    expect(lab.ranges.alloc(NR_LPIS - 10)).toBe(8192);
    expect(lab.prepare(NVME, 16).nrLpis).toBe(8);
    expect(lab.prepare(0x200, 32).nrLpis).toBe(2);
    expect(lab.its.prepare(0x300, 1)).toBeUndefined();
    expect(lab.its.prepare(0x300, 32)).toBeUndefined();
  });

  // its_alloc_device_irq: bitmap_find_free_region by order
  test('gives vectors in powers of two', () => {
    const device = new ItsLab().prepare(NVME, 8);
    expect([1, 2, 1, 3].map((count) => device.alloc(count) - device.lpiBase)).toEqual([0, 2, 1, 4]);
    expect(device.alloc(1)).toBe(errnoValue('ENOSPC'));
    device.release(device.lpiBase + 2, 2);
    expect([device.alloc(4), device.alloc(1) - device.lpiBase]).toEqual([errnoValue('ENOSPC'), 2]);
  });

  // its_msi_prepare, its_msi_teardown (before 7.x at the end of its_irq_domain_free)
  test('goes with its last vector, unless devices share it', () => {
    const lab = new ItsLab();
    const device = lab.prepare(NVME, 4);
    const lpi = device.alloc(2);
    lab.its.teardown(device);
    expect(lab.ranges.text).toBe('8196-65535');
    device.release(lpi, 2);
    lab.its.teardown(device);
    expect(lab.ranges.text).toBe('8192-65535');
    const shared = lab.prepare(NVME, 4);
    expect(lab.prepare(NVME, 16)).toBe(shared);
    lab.its.teardown(shared);
    expect(lab.ranges.text).toBe('8196-65535');
  });
});

describe('the CPU of an LPI', () => {
  // its_irq_domain_activate asks for any online CPU, then irq_startup sets the affinity; its_select_cpu
  test('is the one with the fewest, the lowest of those', () => {
    const lab = new ItsLab();
    const device = lab.prepare(NVME, 8);
    const lines = Array.from({ length: 6 }, () => lab.line(device));
    expect(lines.map(effective)).toEqual(['0', '1', '2', '3', '0', '1']);
    expect(lab.its.counts('unmanaged')).toEqual([2, 2, 1, 1]);
    expect(lab.move(lines[5], '0-3')).toBe(0);
    expect(effective(lines[5])).toBe('1');
    expect(lab.move(lines[0], '0-1')).toBe(0);
    expect([effective(lines[0]), lab.its.counts('unmanaged')]).toEqual(['0', [2, 2, 1, 1]]);
    expect(lab.move(lines[0], '2-3')).toBe(0);
    expect([effective(lines[0]), lab.its.counts('unmanaged')]).toEqual(['2', [1, 2, 2, 1]]);
  });

  test('of a managed one is in its mask only; managed ones are counted apart', () => {
    const lab = new ItsLab();
    const device = lab.prepare(NVME, 8);
    lab.line(device);
    const first = lab.line(device, lab.managed('0-1'));
    const second = lab.line(device, lab.managed('0-1'));
    expect([effective(first), effective(second)]).toEqual(['0', '1']);
    expect([lab.its.counts('managed'), lab.its.counts('unmanaged')]).toEqual([
      [1, 1, 0, 0],
      [1, 0, 0, 0],
    ]);
  });

  test('is on the ITS’ node if the mask has one there, else anywhere in the mask', () => {
    const lab = new ItsLab({ node: 1, machine: { topology: regularTopology(4, { nodes: 2 }) } });
    const device = lab.prepare(NVME, 8);
    const lines = Array.from({ length: 3 }, () => lab.line(device));
    expect(lines.map(effective)).toEqual(['2', '3', '2']);
    lab.move(lines[0], '0-1');
    expect(effective(lines[0])).toBe('0');
    lab.move(lines[0], '0,3');
    expect(effective(lines[0])).toBe('3');
  });

  test('of a forced change need not be online; of an empty mask there is none, and nothing moves', () => {
    const lab = new ItsLab({ machine: { possible: 4, online: [0, 1] } });
    const desc = lab.line(lab.prepare(NVME, 1));
    expect([lab.move(desc, '3', true), effective(desc)]).toEqual([0, '3']);
    expect(lab.its.counts('unmanaged')).toEqual([0, 0, 0, 1]);
    const none = parseCpuList('', 4);
    expect(desc.data.chip.irqSetAffinity?.(desc.data, none, true)).toBe(EINVAL);
    expect([effective(desc), lab.its.counts('unmanaged')]).toEqual(['3', [0, 0, 0, 1]]);
  });

  test('changes when it goes', () => {
    const lab = new ItsLab();
    const device = lab.prepare(NVME, 2);
    const desc = lab.line(device);
    const other = lab.line(device);
    lab.lab.down(0);
    expect([effective(desc), effective(other)]).toEqual(['2', '1']);
    expect(lab.its.counts('unmanaged')).toEqual([0, 1, 1, 0]);
  });

  test('counts no LPI whose line is free', () => {
    const lab = new ItsLab();
    const desc = lab.line(lab.prepare(NVME, 1));
    lab.lab.machine.run('free', freeIrq(lab.lab.core, desc.irq, desc));
    expect(lab.its.counts('unmanaged')).toEqual([0, 0, 0, 0]);
  });
});

// its_irq_domain_alloc: irqd_set_resend_when_in_progress is in 6.12 and 7.2, not in 6.1
test.each([
  ['6.1', false],
  ['6.12', true],
  ['7.2', true],
] as const)(
  'an LPI that comes to another CPU while it is handled is resent, on %s: %s',
  (kernel, isResent) => {
    const lab = new ItsLab({ kernel });
    const desc = lab.line(lab.prepare(NVME, 1));
    expect(desc.data.has(irqd.RESEND_WHEN_IN_PROGRESS)).toBe(isResent);
    // Handled on CPU 0 as far as the line can tell, and moved.
    desc.data.set(irqd.IRQ_INPROGRESS);
    lab.move(desc, '2');
    lab.its.message(NVME, 0);
    expect(lab.take()).toEqual([]);
    expect((desc.istate & irqs.PENDING) !== 0).toBe(isResent);
  },
);

describe('a message', () => {
  test('comes to the LPI’s CPU; one that nobody has set up is dropped', () => {
    const lab = new ItsLab();
    const desc = lab.line(lab.prepare(NVME, 2));
    lab.move(desc, '3');
    lab.its.message(NVME, 0);
    lab.its.message(NVME, 1);
    lab.its.message(0x999, 0);
    expect(lab.take()).toEqual(['8192@3']);
    expect(desc.totCount).toBe(1);
  });

  test('that comes while the line is masked waits in the GIC, and moves with it', () => {
    const lab = new ItsLab();
    const { core, machine } = lab.lab;
    const desc = lab.line(lab.prepare(NVME, 1));
    disableIrqNosync(core, desc.irq);
    lab.its.message(NVME, 0);
    lab.its.message(NVME, 0);
    lab.its.message(NVME, 0);
    expect(lab.take()).toEqual([]);
    lab.move(desc, '2');
    enableIrq(core, desc.irq);
    expect(lab.take()).toEqual(['8192@2']);
    machine.settle();
  });

  // LPIs have no active state (Arm IHI 0069, 5.2): irq_set_irqchip_state knows pending only, and there is no getter.
  test('can be made by software', () => {
    const lab = new ItsLab();
    const { core } = lab.lab;
    const { irq } = lab.line(lab.prepare(NVME, 1));
    expect(irqSetIrqchipState(core, irq, 0, true)).toBe(0);
    expect(lab.take()).toEqual(['8192@0']);
    expect(irqInjectInterrupt(core, irq)).toBe(0);
    expect(lab.take()).toEqual(['8192@0']);
    expect([irqSetIrqchipState(core, irq, 1, true), irqGetIrqchipState(core, irq, 0)]).toEqual([
      EINVAL,
      EINVAL,
    ]);
  });
});
