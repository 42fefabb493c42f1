import { describe, expect, test } from '@jest/globals';
import { irqType } from '../../../src/irq/data/irqaction.js';
import { irqSetIrqType } from '../../../src/irq/management/chip.js';
import { requestPercpuIrq } from '../../../src/irq/management/percpu.js';
import { errnoValue } from '../../../src/lib/errno.js';
import { archSource } from '../../../src/platform/platform.js';
import { irqd } from '../../../src/irq/data/irqdata.js';
import type { IrqDesc } from '../../../src/irq/data/irqdesc.js';
import { kernelBehaviour, kernelVersions } from '../../../src/irq/kernel.js';
import { irqStatus } from '../../../src/irq/data/settings.js';
import { ARM64_NR_IRQS } from '../../../src/platform/arm64/platform.js';
import { VMBUS_INTID, VmbusPpi } from '../../../src/platform/arm64/vmbus-ppi.js';
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

  // arch/arm64/kernel/smp.c set_smp_ipi_range: min(8, NR_IPI), which is 7 in 6.1, where the eighth SGI is nobody's.
  test.each([
    ['6.1', 7],
    ['6.10', 8],
    ['6.12', 8],
    ['7.2', 8],
  ] as const)('which are requested as IPI and enabled on each CPU; on %s %i of them', (kernel, used) => {
    const lab = Lab.arm64({ kernel, machine: { possible: 6, online: [0, 1, 2] } });
    const lines = [...lab.core.descs()];
    expect(lines.map(({ action }) => action?.name ?? null)).toEqual(
      Array.from({ length: 8 }, (_, sgi) => (sgi < used ? 'IPI' : null)),
    );
    const isHidden = lines.map(({ status }) => (status & irqStatus.HIDDEN) !== 0);
    expect(isHidden).toEqual(lines.map((_, sgi) => sgi < used));
    const enabledOn = (): string[] =>
      lines.slice(0, used).map((line) => [...(line.percpuEnabled ?? [])].join());
    expect(new Set(enabledOn())).toEqual(new Set(['0,1,2']));
    lab.up(3);
    lab.down(1);
    expect(new Set(enabledOn())).toEqual(new Set(['0,2,3']));
  });

  // arch_show_interrupts prints kstat of the lines; drivers/irqchip/irq-gic-v3.c: no trigger type is given to SGIs.
  test('an IPI that is sent counts in its line, which its row shows', () => {
    const lab = Lab.arm64();
    const { ipis } = lab.platform;
    ipis.send(2, 1);
    ipis.send(2, 1);
    ipis.send(3, 0);
    expect([...archSource(lab.platform, 'IPI1').counts]).toEqual([0, 0, 2, 0]);
    expect([...lab.desc(2).cold.kstat]).toEqual([0, 0, 2, 0]);
    expect([...lab.desc(1).cold.kstat]).toEqual([0, 0, 0, 1]);
    expect(lab.desc(2).data.triggerType).toBe(0);
    lab.machine.cpu(1).localIrqDisable();
    ipis.send(1, 5);
    ipis.send(1, 5);
    lab.machine.cpu(1).localIrqEnable();
    expect([...archSource(lab.platform, 'IPI5').counts]).toEqual([0, 1, 0, 0]);
  });

  test('an interrupt that wants the number of one has it; the row keeps its counts', () => {
    const lab = Lab.arm64();
    lab.platform.ipis.send(1, 2);
    lab.add({ irq: 3, hwirq: 30, ...spi, name: 'arch_timer' });
    expect([lab.desc(3).data.hwirq, lab.desc(3).action?.name]).toEqual([30, 'arch_timer']);
    const { counts } = archSource(lab.platform, 'IPI2');
    counts.set([1, 2, 3, 4]);
    expect([...archSource(lab.platform, 'IPI2').counts]).toEqual([1, 2, 3, 4]);
    expect([...lab.desc(3).cold.kstat]).toEqual([0, 0, 0, 0]);
  });

  // __free_percpu_irq: "percpu IRQ %d still enabled on CPU%d!", and the action stays.
  test('it is disabled on all CPUs before it goes, so that nothing is warned of, and the SGI comes to nobody', () => {
    const lab = Lab.arm64();
    const line = lab.desc(3);
    lab.add({ irq: 3, hwirq: 30, ...spi, name: 'arch_timer' });
    expect([line.percpuEnabled?.isEmpty, line.action, lab.log]).toEqual([true, undefined, []]);
    lab.platform.ipis.send(1, 2);
    expect([...archSource(lab.platform, 'IPI2').counts]).toEqual([0, 0, 0, 0]);
  });

  // arch/arm64/kernel/smp.c ipi_types; NMIs came with 6.12.
  test.each([
    ['6.1', 'CPU stop (for crash dump) interrupts', ['CPU wake-up interrupts']],
    ['6.10', 'CPU stop (for crash dump) interrupts', []],
    ['6.12', 'CPU stop NMIs', ['CPU backtrace interrupts', 'KGDB roundup interrupts']],
    ['7.2', 'CPU stop NMIs', ['CPU backtrace interrupts', 'KGDB roundup interrupts']],
  ] as const)('rows of %s: IPIs by their use', (kernel, secondStop, last) => {
    const { platform } = Lab.arm64({ kernel });
    expect(platform.sources().map(({ text }) => text)).toEqual([
      'Rescheduling interrupts',
      'Function call interrupts',
      'CPU stop interrupts',
      secondStop,
      'Timer broadcast interrupts',
      'IRQ work interrupts',
      ...last,
      '',
    ]);
  });

  test('rows: six interprocessor interrupts on 6.10, and the errors, which are one number', () => {
    const sources = Lab.arm64().platform.sources();
    expect(sources.map(({ label }) => label)).toEqual([...'012345'].map((n) => `IPI${n}`).concat('Err'));
    expect(sources.filter(({ single }) => single).map(({ label }) => label)).toEqual(['Err']);
    expect(sources.filter(({ inStat }) => inStat !== false)).toEqual([]);
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
    expect(lab.log).toEqual(['psci: CPU1 killed (polled 0 ms)']);
  });

  // kernel/irq/manage.c __request_percpu_irq; the timer's enable_percpu_irq in arch_timer_starting_cpu.
  test('is enabled on the CPUs that are online, with the type that the firmware says', () => {
    const lab = Lab.arm64();
    const desc = lab.add({ irq: 11, hwirq: 27, ...spi, name: 'arch_timer' });
    lab.down(1);
    expect([...(desc.percpuEnabled ?? [])]).toEqual([0, 2, 3]);
    expect([desc.data.triggerType, desc.data.has(irqd.LEVEL)]).toEqual([irqType.LEVEL_HIGH, true]);
    lab.up(1);
    expect([...(desc.percpuEnabled ?? [])]).toEqual([0, 1, 2, 3]);
    expect(lab.platform.gic.gic.isEnabled(27)).toBe(true);
  });
});

// arch/arm64/kernel/cpuinfo.c cpuinfo_detect_icache_policy, smp.c secondary_start_kernel, psci.c cpu_psci_cpu_kill
test('the log when a CPU goes and comes back', () => {
  const lab = Lab.arm64();
  lab.down(2);
  lab.up(2);
  expect(lab.log).toEqual([
    'psci: CPU2 killed (polled 0 ms)',
    'Detected PIPT I-cache on CPU2',
    'CPU2: Booted secondary processor 0x0000000002 [0x413fd0c1]',
  ]);
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

  // Its type is the firmware's; irq_set_irq_type refuses per-CPU lines (kernel/irq/internals.h __irq_get_desc_lock).
  test('is edge triggered, whatever irq_set_irq_type is asked for', () => {
    const { lab, desc } = withLine();
    expect(desc.data.triggerType).toBe(irqType.EDGE_RISING);
    expect(irqSetIrqType(lab.core, desc.irq, irqType.LEVEL_HIGH)).toBe(errnoValue('EINVAL'));
    lab.platform.vmbusLine.enable(lab.machine.cpu(1));
    expect([desc.data.triggerType, desc.data.has(irqd.LEVEL)]).toEqual([irqType.EDGE_RISING, false]);
    // kernel/irq/manage.c enable_percpu_irq leaves the line's own state alone: it never starts.
    expect(desc.data.has(irqd.IRQ_STARTED)).toBe(false);
    expect([desc.data.has(irqd.IRQ_DISABLED), desc.data.has(irqd.IRQ_MASKED)]).toEqual([true, true]);
  });

  test('that somebody else has stays theirs: EBUSY, and nothing to enable or remove (request_percpu_irq)', () => {
    const lab = Lab.arm64();
    const { vmbusLine } = lab.platform;
    lab.machine.run('remove', vmbusLine.remove());
    const desc = VmbusPpi.mapLine(lab.platform.gic);
    lab.machine.run(
      'request',
      requestPercpuIrq(lab.core, desc.irq, () => 1, 'other', lab),
    );
    const ret = lab.machine.run(
      'setup',
      vmbusLine.setup(() => true),
    );
    expect([ret, lab.log.slice(-1)]).toEqual([
      errnoValue('EBUSY'),
      [`hv_vmbus: Can't request Hyper-V VMbus IRQ ${desc.irq}, Err -16`],
    ]);
    vmbusLine.enable(lab.machine.cpu(1));
    expect([[...(desc.percpuEnabled ?? [-1])], desc.action?.name]).toEqual([[], 'other']);
    lab.machine.run('remove', vmbusLine.remove());
    expect(desc.action?.name).toBe('other');
  });

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
    lab.machine.settle();
    expect(seen).toEqual([2]);
    vmbusLine.disable(cpu);
    expect([...(desc.percpuEnabled ?? [-1])]).toEqual([]);
    vmbusLine.enable(cpu);
    lab.machine.settle();
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
    lab.machine.settle();
    expect(seen).toEqual([1]);
  });

  // A CPU that comes disables all its own interrupts; what is pending stays so (drivers/irqchip/irq-gic-v3.c
  // gic_cpu_init, irq-gic-common.c gic_cpu_config).
  test('nothing happens on an offline CPU; what was raised there comes when VMBus enables it again', () => {
    const { lab, seen } = withLine();
    const { vmbusLine } = lab.platform;
    vmbusLine.enable(lab.machine.cpu(3));
    vmbusLine.disable(lab.machine.cpu(3));
    lab.down(3);
    vmbusLine.raise(3);
    lab.up(3);
    expect(seen).toEqual([]);
    vmbusLine.enable(lab.machine.cpu(3));
    lab.machine.settle();
    expect(seen).toEqual([3]);
  });
});

// arch/arm64/kernel/cpuinfo.c c_show: a Neoverse N1 (MIDR_EL1 0x413fd0c1); HOTPLUG_SMT came with 6.16.
test('/proc/cpuinfo of a CPU, and what files there are', () => {
  const { machine, platform } = Lab.arm64();
  const { cpuFiles } = platform;
  expect(cpuFiles.cpuinfo(machine, 2)).toBe(
    'processor\t: 2\nBogoMIPS\t: 50.00\n' +
      'Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp ssbs\n' +
      'CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\nCPU revision\t: 1\n\n',
  );
  expect([cpuFiles.hasDies, machine.hotplug.splitsBringUp, cpuFiles.isHotpluggable(0)]).toEqual([
    false,
    false,
    true,
  ]);
  expect(
    (['6.1', '6.12', '7.2'] as const).map((kernel) => cpuFiles.hotplugSmt(kernelBehaviour(kernel))),
  ).toEqual([false, false, true]);
});
