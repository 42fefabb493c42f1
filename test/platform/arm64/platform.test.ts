import { describe, expect, test } from '@jest/globals';
import { irqd } from '../../../src/irq/data/irqdata.js';
import type { IrqDesc } from '../../../src/irq/data/irqdesc.js';
import { kernelVersions } from '../../../src/irq/kernel.js';
import { irqStatus } from '../../../src/irq/data/settings.js';
import { ARM64_NR_IRQS } from '../../../src/platform/arm64/platform.js';
import { VMBUS_INTID } from '../../../src/platform/arm64/vmbus-ppi.js';
import type { DeviceInterrupt } from '../../../src/platform/platform.js';
import { Lab } from '../lab.js';

const spi: Partial<DeviceInterrupt> = { chip: 'GICv3', flow: 'fasteoi', trigger: 'level' };

describe('an arm64 machine', () => {
  test('has the interprocessor interrupts as hidden lines from IRQ 1 on', () => {
    const { core } = Lab.arm64();
    const lines = [...core.descs()];
    expect(lines.map(({ irq, data }) => [irq, data.chip.name, data.hwirq])).toEqual(
      Array.from({ length: 8 }, (_, sgi) => [sgi + 1, 'GICv3', sgi]),
    );
    for (const { status } of lines) expect(status & irqStatus.HIDDEN).toBe(irqStatus.HIDDEN);
    expect(ARM64_NR_IRQS).toBe(64);
  });

  test('rows: six interprocessor interrupts on 6.10, and the errors, which are one number', () => {
    const sources = Lab.arm64().platform.sources();
    expect(sources.map(({ label }) => label)).toEqual([...'012345'].map((n) => `IPI${n}`).concat('Err'));
    expect(sources.filter(({ single }) => single).map(({ label }) => label)).toEqual(['Err']);
    expect(sources.filter(({ inStat }) => inStat === false).map(({ label }) => label)).toEqual(['Err']);
  });
});

describe('a shared interrupt', () => {
  test('is fasteoi whatever is asked for, has no flow name, and goes to the lowest CPU', () => {
    const lab = Lab.arm64();
    const desc = lab.add({ irq: 12, hwirq: 33, ...spi, flow: 'edge' });
    expect([desc.cold.name, desc.data.chip.name, lab.effective(desc)]).toEqual([null, 'GICv3', '0']);
    expect([lab.fire(desc), lab.fire(desc)]).toEqual([0, 0]);
    expect([[...desc.cold.kstat], desc.totCount]).toEqual([[2, 0, 0, 0], 2]);
  });

  test.each(kernelVersions)('moves at once on kernel %s', (kernel) => {
    const lab = Lab.arm64({ kernel });
    const desc = lab.add({ irq: 12, hwirq: 33, ...spi });
    expect(lab.setAffinity(desc, '2-3')).toBe(0);
    expect([lab.affinity(desc), lab.effective(desc)]).toEqual(['2-3', '2']);
    expect(desc.data.has(irqd.SETAFFINITY_PENDING)).toBe(false);
    lab.down(2);
    expect([lab.affinity(desc), lab.effective(desc)]).toEqual(['2-3', '3']);
    expect(lab.fire(desc)).toBe(3);
    expect([...desc.cold.kstat]).toEqual([0, 0, 0, 1]);
  });
});

describe('a private interrupt', () => {
  test('counts on each CPU and cannot be moved', () => {
    const lab = Lab.arm64();
    const desc = lab.add({ irq: 11, hwirq: 27, ...spi, name: 'arch_timer' });
    expect(desc.data.has(irqd.PER_CPU)).toBe(true);
    expect(desc.data.canBalance).toBe(false);
    lab.down(1);
    expect(lab.log).toEqual([]);
  });
});

describe('the VMBus line', () => {
  function withLine(counted = true): { lab: ReturnType<typeof Lab.arm64>; seen: number[]; desc: IrqDesc } {
    const lab = Lab.arm64();
    const seen: number[] = [];
    lab.machine.run(
      'setup',
      lab.platform.vmbusLine.setup((cpu) => {
        seen.push(cpu.id);
        expect([cpu.hardirq, lab.machine.thisCpu]).toEqual([true, cpu.id]);
        return counted;
      }),
    );
    return { lab, seen, desc: lab.desc(9) };
  }

  test('is the next Linux IRQ, of interrupt id 18, off on every CPU', () => {
    const { desc } = withLine();
    expect([desc.data.hwirq, VMBUS_INTID, desc.action?.name]).toEqual([18, 18, 'Hyper-V VMbus']);
    expect([...(desc.percpuEnabled ?? [-1])]).toEqual([]);
  });

  test.each([true, false])(
    'comes to the CPUs that have enabled it; counted if the handler says so (%s)',
    (counted) => {
      const { lab, seen, desc } = withLine(counted);
      const { vmbusLine } = lab.platform;
      for (const cpu of [1, 3]) vmbusLine.enable(lab.machine.cpu(cpu));
      expect([...(desc.percpuEnabled ?? [-1])]).toEqual([1, 3]);
      for (const cpu of [3, 1, 3]) vmbusLine.raise(cpu);
      expect(seen).toEqual([3, 1, 3]);
      expect([...desc.cold.kstat]).toEqual(counted ? [0, 1, 0, 2] : [0, 0, 0, 0]);
      expect(lab.machine.thisCpu).toBe(0);
    },
  );

  test('what is raised while it is off there comes when it is enabled, once', () => {
    const { lab, seen, desc } = withLine();
    const { vmbusLine } = lab.platform;
    const cpu = lab.machine.cpu(2);
    vmbusLine.raise(2);
    vmbusLine.raise(2);
    expect([seen, [...desc.cold.kstat]]).toEqual([[], [0, 0, 0, 0]]);
    vmbusLine.enable(cpu);
    expect(seen).toEqual([2]);
    vmbusLine.disable(cpu);
    expect([...(desc.percpuEnabled ?? [-1])]).toEqual([]);
    vmbusLine.enable(cpu);
    expect([seen, [...desc.cold.kstat]]).toEqual([[2], [0, 0, 1, 0]]);
  });

  test('what waits for interrupts to be on when it is disabled waits on', () => {
    const { lab, seen } = withLine();
    const { vmbusLine } = lab.platform;
    const cpu = lab.machine.cpu(1);
    vmbusLine.enable(cpu);
    cpu.localIrqDisable();
    vmbusLine.raise(1);
    vmbusLine.disable(cpu);
    cpu.localIrqEnable();
    expect(seen).toEqual([]);
    vmbusLine.enable(cpu);
    expect(seen).toEqual([1]);
  });

  test('nothing happens on an offline CPU', () => {
    const { lab, seen } = withLine();
    const { vmbusLine } = lab.platform;
    vmbusLine.enable(lab.machine.cpu(3));
    lab.down(3);
    vmbusLine.raise(3);
    expect(seen).toEqual([]);
    lab.up(3);
    vmbusLine.raise(3);
    expect(seen).toEqual([3]);
  });
});
