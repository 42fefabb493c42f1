import { describe, expect, test } from '@jest/globals';
import type { IrqCore } from '../../../src/irq/core.js';
import { disableIrq, enableIrq } from '../../../src/irq/management/enable.js';
import { IRQF_NO_AUTOEN } from '../../../src/irq/data/irqaction.js';
import { irqchipFlags } from '../../../src/irq/data/irqchip.js';
import { irqd } from '../../../src/irq/data/irqdata.js';
import { kernelBehaviour, kernelVersions } from '../../../src/irq/kernel.js';
import { archSource, type CpuVendor, type DeviceInterrupt } from '../../../src/platform/platform.js';
import { x86_64 } from '../../../src/platform/x86/definition.js';
import { archProbeNrIrqs, X86Platform } from '../../../src/platform/x86/platform.js';
import { HYPERVISOR_CALLBACK_VECTOR } from '../../../src/platform/x86/hypervisor-callback.js';
import type { Machine } from '../../../src/machine/machine.js';
import { regularTopology } from '../../../src/machine/topology.js';
import {
  NostatHiddenAccounting,
  NostatVisibleAccounting,
  PercpuAccounting,
  percpuDemux,
} from '../../../src/platform/line-accounting.js';
import { Lab } from '../lab.js';

const ioapicLevel: Partial<DeviceInterrupt> = { chip: 'IO-APIC', flow: 'fasteoi', trigger: 'level' };

/** Vectors of a CPU that devices can have: 0x20 to 0xea without 0x80. */
const VECTORS_PER_CPU = 202;

describe('an x86 machine', () => {
  // Counts that kernels 6.1 and 6.12 print with one IO-APIC of 24 pins.
  test.each([
    [1, 256],
    [2, 440],
    [4, 456],
    [8, 488],
    [71, 992],
    [72, 1000],
  ])('with %d CPUs begins with %d interrupt numbers', (cpus, nrIrqs) => {
    expect(archProbeNrIrqs(cpus)).toBe(nrIrqs);
  });

  test('has the ISA interrupts from the start, requested by nobody', () => {
    const { core } = Lab.x86();
    const shown = [...core.descs()].map(({ irq, data, cold, action }) => [
      irq,
      data.chip.name,
      data.hwirq,
      cold.name,
      action,
    ]);
    const pins: unknown[][] = Array.from({ length: 16 }, (_, irq) => [
      irq,
      'IO-APIC',
      irq,
      'edge',
      undefined,
    ]);
    pins[9] = [9, 'IO-APIC', 9, 'fasteoi', undefined];
    expect(shown).toEqual(pins);
    expect([...core.descs()].filter(({ data }) => data.has(irqd.LEVEL)).map(({ irq }) => irq)).toEqual([9]);
  });

  test('a number that another interrupt has is refused', () => {
    const lab = Lab.x86();
    lab.add({ irq: 24, hwirq: 100 });
    expect(() => lab.add({ irq: 24, hwirq: 101 })).toThrow(RangeError);
    expect(lab.desc(24).data.hwirq).toBe(100);
  });

  test('names joined by a comma share the line', () => {
    const lab = Lab.x86();
    const desc = lab.add({ irq: 16, ...ioapicLevel, name: 'ehci_hcd:usb1, eth0' });
    expect([...desc.actions()].map((action) => action.name)).toEqual(['ehci_hcd:usb1', 'eth0']);
    lab.fire(desc);
    expect(desc.totCount).toBe(1);
  });
});

describe('a device interrupt', () => {
  test.each<[string, Partial<DeviceInterrupt>]>([
    ['edge', { chip: 'PCI-MSI', flow: 'edge', trigger: 'edge' }],
    ['fasteoi', ioapicLevel],
  ])('(%s) is handled and counted on the CPU that it is effective on', (_, kind) => {
    const lab = Lab.x86();
    const desc = lab.add({ irq: 20, ...kind });
    expect([lab.affinity(desc), lab.effective(desc)]).toEqual(['0-3', '0']);
    for (let i = 0; i < 3; i++) expect(lab.fire(desc)).toBe(0);
    expect([[...desc.cold.kstat], desc.totCount]).toEqual([[3, 0, 0, 0], 3]);
  });

  describe.each(kernelVersions)('of kernel %s', (kernel) => {
    test.each<[string, Partial<DeviceInterrupt>]>([
      ['ack', { chip: 'PCI-MSI', flow: 'edge', trigger: 'edge' }],
      ['eoi', ioapicLevel],
    ])('moves with the next interrupt, at its %s', (_, kind) => {
      const lab = Lab.x86({ kernel });
      const desc = lab.add({ irq: 20, ...kind });
      expect(lab.setAffinity(desc, '2-3')).toBe(0);
      expect(desc.data.has(irqd.SETAFFINITY_PENDING)).toBe(true);
      expect([lab.affinity(desc), lab.effective(desc)]).toEqual(['0-3', '0']);
      expect(lab.fire(desc)).toBe(0);
      expect(desc.data.has(irqd.SETAFFINITY_PENDING | irqd.IRQ_MASKED)).toBe(false);
      expect([lab.affinity(desc), lab.effective(desc)]).toEqual(['2-3', '2']);
      expect(lab.fire(desc)).toBe(2);
      expect([...desc.cold.kstat]).toEqual([1, 0, 1, 0]);
    });

    test('its chip says that it moves later, where chips say so', () => {
      const { flags } = Lab.x86({ kernel }).desc(4).data.chip;
      const expected = ['6.18', '7.2', '7.3'].includes(kernel);
      expect(((flags ?? 0) & irqchipFlags.MOVE_DEFERRED) !== 0).toBe(expected);
    });
  });

  test('several changes before the next interrupt: the last one counts', () => {
    const lab = Lab.x86();
    const desc = lab.add({ irq: 24 });
    for (const list of ['1', '2', '3']) lab.setAffinity(desc, list);
    lab.fire(desc);
    expect([lab.affinity(desc), lab.effective(desc)]).toEqual(['3', '3']);
  });

  test('stays on its CPU while that is in the new mask', () => {
    const lab = Lab.x86();
    const desc = lab.add({ irq: 24 });
    lab.setAffinity(desc, '2');
    lab.fire(desc);
    lab.setAffinity(desc, '1-3');
    lab.fire(desc);
    expect([lab.affinity(desc), lab.effective(desc)]).toEqual(['1-3', '2']);
  });

  test('that is disabled moves once it is enabled and comes again', () => {
    const lab = Lab.x86();
    const desc = lab.add({ irq: 24 });
    lab.machine.run('disable', disableIrq(lab.core, 24));
    lab.setAffinity(desc, '1');
    lab.fire(desc);
    expect([lab.effective(desc), desc.totCount]).toEqual(['0', 0]);
    enableIrq(lab.core, 24);
    lab.machine.settle();
    lab.fire(desc);
    expect(lab.effective(desc)).toBe('1');
  });

  test('goes to the CPU with most free vectors, the lowest of those', () => {
    const lab = Lab.x86();
    const where = [24, 25, 26, 27, 28, 29].map((irq) => lab.effective(lab.add({ irq })));
    expect(where).toEqual(['0', '1', '2', '3', '0', '1']);
  });

  test('moves away from a CPU that goes offline, at once, and does not come back with it', () => {
    const lab = Lab.x86();
    const [desc, bound] = [lab.add({ irq: 24 }), lab.add({ irq: 25 })];
    lab.setAffinity(bound, '0');
    lab.fire(bound);
    lab.down(0);
    // The other's vector on CPU 1 is kept until an interrupt has come to its new CPU.
    expect([lab.affinity(desc), lab.effective(desc)]).toEqual(['0-3', '2']);
    expect([lab.affinity(bound), lab.effective(bound)]).toEqual(['1-3', '1']);
    expect([lab.fire(desc), lab.fire(bound)]).toEqual([2, 1]);
    lab.up(0);
    expect([lab.effective(desc), lab.effective(bound)]).toEqual(['2', '1']);
  });

  test('a pending move to a CPU that goes offline is made when the old one goes', () => {
    const lab = Lab.x86();
    const desc = lab.add({ irq: 24 });
    lab.setAffinity(desc, '2-3');
    lab.down(2);
    lab.down(0);
    expect([lab.affinity(desc), lab.effective(desc)]).toEqual(['2-3', '3']);
    expect(desc.data.has(irqd.SETAFFINITY_PENDING)).toBe(false);
  });
});

describe('vectors', () => {
  /** Interrupts from 24 on that leave no vector on the given CPUs. */
  function fill(lab: ReturnType<typeof Lab.x86>, cpus: number): void {
    for (let i = 0; i < cpus * VECTORS_PER_CPU; i++) lab.add({ irq: 24 + i });
  }

  test('when none is left, a request fails and leaves nothing behind', () => {
    const lab = Lab.x86({ machine: { present: 1 } });
    fill(lab, 1);
    const late = 24 + VECTORS_PER_CPU;
    expect(() => lab.add({ irq: late })).toThrow(`IRQ ${late} (dev${late}) cannot be requested: -28`);
    expect(lab.desc(late).action).toBeUndefined();
    const [devId] = [...lab.desc(30).actions()].map((action) => action.devId);
    lab.free(30, devId);
    expect(lab.request(late, 'late')).toBe(0);
    expect(lab.effective(lab.desc(late))).toBe('0');
    expect(lab.request(30, devId)).toBe(-28);
  });

  test('an interrupt that finds none in its affinity goes elsewhere, and the log says so', () => {
    const lab = Lab.x86({ machine: { present: 2 } });
    lab.core.defaultAffinity.clear(1);
    fill(lab, 1);
    const late = lab.add({ irq: 24 + VECTORS_PER_CPU });
    expect(lab.effective(late)).toBe('1');
    expect(lab.log).toEqual([`irq ${late.irq}: Affinity broken due to vector space exhaustion.`]);
  });

  test('when none is left on the CPUs asked for, the interrupt stays where it is', () => {
    const lab = Lab.x86({ machine: { present: 2 } });
    fill(lab, 2);
    const desc = lab.desc(24);
    expect(lab.effective(desc)).toBe('0');
    expect(lab.setAffinity(desc, '1')).toBe(0);
    lab.fire(desc);
    expect([lab.affinity(desc), lab.effective(desc), desc.totCount]).toEqual(['0-1', '0', 1]);
    expect(
      desc.data.chip.irqSetAffinity?.(
        desc.data,
        lab.machine.present.andNot(desc.data.effectiveAffinity),
        false,
      ),
    ).toBe(-28);
    const [devId] = [...lab.desc(25).actions()].map((action) => action.devId);
    lab.free(25, devId);
    lab.setAffinity(desc, '1');
    lab.fire(desc);
    expect([lab.affinity(desc), lab.effective(desc)]).toEqual(['1', '1']);
  });

  test('one that was requested but never enabled gives its vector back too', () => {
    const lab = Lab.x86({ machine: { present: 1 } });
    fill(lab, 1);
    const [devId] = [...lab.desc(24).actions()].map((action) => action.devId);
    lab.free(24, devId);
    expect(lab.request(4, 'serial', undefined, IRQF_NO_AUTOEN)).toBe(0);
    expect(lab.request(24, devId)).toBe(-28);
    lab.free(4, 'serial');
    expect(lab.request(24, devId)).toBe(0);
  });

  test('an interrupt that is disabled keeps its vector', () => {
    const lab = Lab.x86({ machine: { present: 1 } });
    fill(lab, 1);
    lab.machine.run('disable', disableIrq(lab.core, 24));
    expect(lab.request(4, 'serial')).toBe(-28);
  });

  test('a CPU whose vectors find no room on the others does not go', () => {
    const lab = Lab.x86({ machine: { present: 2 } });
    fill(lab, 1);
    lab.add({ irq: 24 + VECTORS_PER_CPU });
    // 203 interrupts on two CPUs of 202 vectors each: 101 on CPU 1, and room for 100 on the other.
    expect(() => lab.down(1)).toThrow(expect.objectContaining({ code: 'ENOSPC' }));
    expect(lab.log).toEqual(['CPU 1 has 101 vectors, 100 available. Cannot disable CPU']);
    expect(lab.machine.cpu(1).online).toBe(true);
    const [devId] = [...lab.desc(24).actions()].map((action) => action.devId);
    lab.free(24, devId);
    lab.down(1);
    expect(lab.log).toEqual(['smpboot: CPU 1 is now offline']);
    const where = [...lab.core.descs()].filter(({ action }) => action).map((desc) => lab.effective(desc));
    expect(new Set(where)).toEqual(new Set(['0']));
  });
});

describe('rows of an x86 machine', () => {
  const lab61 = kernelBehaviour('6.1');
  const inStat = (kernel: '6.1' | '6.10' | '7.2'): string[] =>
    Lab.x86({ kernel })
      .platform.sources()
      .filter((source) => source.inStat ?? true)
      .map((source) => source.label);

  // arch_show_interrupts; irq_stat_info of 7.2.
  const texts = [
    'NMI Non-maskable interrupts',
    'LOC Local timer interrupts',
    'SPU Spurious interrupts',
    'PMI Performance monitoring interrupts',
    'IWI IRQ work interrupts',
    'RTR APIC ICR read retries',
    'RES Rescheduling interrupts',
    'CAL Function call interrupts',
    'TLB TLB shootdowns',
    'TRM Thermal event interrupts',
    'THR Threshold APIC interrupts',
    'DFR Deferred Error APIC interrupts',
    'MCE Machine check exceptions',
    'MCP Machine check polls',
    'HYP Hypervisor callback interrupts',
    'HRE Hyper-V reenlightenment interrupts',
    'HVS Hyper-V stimer0 interrupts',
    'ERR ',
    'MIS ',
    'PIN Posted-interrupt notification event',
    'NPI Nested posted-interrupt event',
    'PIW Posted-interrupt wakeup event',
  ];
  test.each([
    ['6.1', texts],
    ['6.12', texts],
    ['7.2', [...texts, 'VPMI Perf Guest Mediated PMI']],
  ] as const)('on %s come in the order of /proc/interrupts', (kernel, expected) => {
    const { platform } = Lab.x86({ kernel });
    expect(platform.sources().map(({ label, text }) => `${label} ${text}`)).toEqual(expected);
  });

  // arch/x86/kernel/cpu/proc.c show_cpuinfo; what the makers' CPUs say of themselves.
  test.each([
    ['Intel', 'GenuineIntel', 6, 85, 'Intel(R) Xeon(R) Platinum 8272CL CPU @ 2.60GHz'],
    ['AMD', 'AuthenticAMD', 25, 1, 'AMD EPYC 7763 64-Core Processor'],
    ['Hygon', 'HygonGenuine', 24, 1, 'Hygon C86 7285 32-core Processor'],
  ] as const)('/proc/cpuinfo of a CPU of %s', (vendor, id, family, model, name) => {
    const make = (machine: Machine, core: IrqCore) => new X86Platform(machine, core, percpuDemux, { vendor });
    const topology = regularTopology(8, { packages: 2, threadsPerCore: 2 });
    const { machine, platform } = new Lab(make, {
      dynirqLowerBound: 24,
      machine: { present: 8, online: [0, 1, 2, 4, 5, 6, 7], topology },
    });
    const { cpuFiles } = platform;
    const of = (cpu: number) =>
      Object.fromEntries(
        cpuFiles
          .cpuinfo(machine, cpu)
          .split('\n')
          .map((line) => line.split(/\t*: ?/)),
      );
    const keys = cpuFiles
      .cpuinfo(machine, 0)
      .split('\n')
      .map((line) => line.split(':')[0]);
    expect(keys).toEqual([
      ...['processor\t', 'vendor_id\t', 'cpu family\t', 'model\t\t', 'model name\t', 'stepping\t'],
      ...['microcode\t', 'cpu MHz\t\t', 'cache size\t', 'physical id\t', 'siblings\t', 'core id\t\t'],
      ...['cpu cores\t', 'apicid\t\t', 'initial apicid\t', 'fpu\t\t', 'fpu_exception\t', 'cpuid level\t'],
      ...['wp\t\t', 'flags\t\t', 'bugs\t\t', 'bogomips\t', 'clflush size\t', 'cache_alignment\t'],
      ...['address sizes\t', 'power management', '', ''],
    ]);
    const maker = { vendor_id: id, 'cpu family': `${family}`, model: `${model}`, 'model name': name };
    // CPU 3 is offline: its core has one thread, its package three.
    const place = { 'physical id': '0', siblings: '3', 'core id': '1', 'cpu cores': '2' };
    expect(of(2)).toMatchObject({ ...maker, ...place, processor: '2', apicid: '2', 'initial apicid': '2' });
    const other = { 'physical id': '1', siblings: '4', 'core id': '0', 'cpu cores': '2' };
    expect(of(5)).toMatchObject({ ...maker, ...other, processor: '5', apicid: '5', 'initial apicid': '5' });
    expect(of(0)['flags']).toContain(' hypervisor ');
    expect([0, 1, 7].map((cpu) => cpuFiles.isHotpluggable(cpu))).toEqual([false, true, true]);
    expect([cpuFiles.hasDies, machine.hotplug.splitsBringUp, cpuFiles.hotplugSmt(lab61)]).toEqual([
      true,
      true,
      true,
    ]);
  });

  test('/proc/stat adds up some; those of the hypervisor since 6.4', () => {
    const others = ['NMI', 'LOC', 'SPU', 'PMI', 'IWI', 'RTR', 'RES', 'CAL', 'TRM', 'THR', 'MCE', 'MCP'];
    expect(inStat('6.1')).toEqual([...others, 'ERR']);
    expect(inStat('6.10')).toEqual([...others, 'HYP', 'HRE', 'HVS', 'ERR']);
  });

  test.each([
    [new PercpuAccounting(), true, true],
    [percpuDemux, true, true],
    [new NostatVisibleAccounting(), true, false],
    [new NostatHiddenAccounting(), false, false],
  ])('HYP by the accounting of VMBus: %p, a row: %p, in /proc/stat: %p', (accounting, isShown, isAdded) => {
    const { platform } = new Lab((machine, core) => new X86Platform(machine, core, accounting), {
      kernel: '6.10',
    });
    const rows = platform.sources().filter(({ label }) => label === 'HYP');
    expect(rows.map((row) => row.inStat ?? true)).toEqual(isShown ? [isAdded] : []);
    expect([accounting.inStat, accounting.hidden]).toEqual([isAdded, !isShown]);
  });

  test('ERR and MIS are one number; the vectors of Hyper-V are installed with its line (system_vectors)', () => {
    const lab = Lab.x86();
    const sources = lab.platform.sources();
    expect(sources.filter(({ single }) => single).map(({ label }) => label)).toEqual(['ERR', 'MIS']);
    const missing = (): string[] =>
      sources.filter((source) => source.isInstalled?.() === false).map(({ label }) => label);
    expect(missing()).toEqual(['HYP', 'HRE', 'HVS']);
    lab.machine.run(
      'setup',
      lab.platform.vmbusLine.setup(() => true),
    );
    expect(missing()).toEqual([]);
  });

  test('7.2: rows follow the CPU, and all are added up (irq_init_stats, arch_irq_stat_cpu)', () => {
    const shown = (vendor: CpuVendor): string[] => {
      const make = (machine: Machine, core: IrqCore) =>
        new X86Platform(machine, core, percpuDemux, { vendor });
      const sources = new Lab(make, { kernel: '7.2', dynirqLowerBound: 24 }).platform.sources();
      return sources.filter((source) => source.isInstalled?.() !== false).map(({ label }) => label);
    };
    expect(shown('Intel')).not.toContain('DFR');
    expect(shown('AMD')).toContain('DFR');
    expect(shown('Hygon')).toContain('DFR');
    expect(shown('Intel').slice(-4)).toEqual(['PIN', 'NPI', 'PIW', 'VPMI']);
    expect(inStat('7.2')).toEqual(x86_64.rowLabels);
  });

  test('each machine counts for itself', () => {
    const [a, b] = [Lab.x86(), Lab.x86()];
    archSource(a.platform, 'LOC').counts[1] = 7;
    expect([...archSource(b.platform, 'LOC').counts]).toEqual([0, 0, 0, 0]);
    expect(() => archSource(a.platform, 'IPI0')).toThrow(/^x86 has no row IPI0; there are NMI LOC /);
  });

  test('HYP counts what the handler wants counted, on its CPU', () => {
    const lab = Lab.x86();
    const { vmbusLine } = lab.platform;
    const seen: number[] = [];
    lab.machine.run(
      'setup',
      vmbusLine.setup((cpu) => seen.push(cpu.id) > 2),
    );
    for (const cpu of [3, 1, 1, 3]) vmbusLine.raise(cpu);
    expect(seen).toEqual([3, 1, 1, 3]);
    expect([...archSource(lab.platform, 'HYP').counts]).toEqual([0, 1, 0, 1]);
    expect(HYPERVISOR_CALLBACK_VECTOR).toBe(0xf3);
  });
});
