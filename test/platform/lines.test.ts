import { describe, expect, test } from '@jest/globals';
import { IRQF_PERCPU, IRQF_SHARED } from '../../src/irq/data/irqaction.js';
import { irqd } from '../../src/irq/data/irqdata.js';
import type { IrqDesc } from '../../src/irq/data/irqdesc.js';
import { irqDomainAllocIrqs } from '../../src/irq/mapping/hierarchy.js';
import { irqStatus } from '../../src/irq/data/settings.js';
import { formatCpuList, parseCpuList } from '../../src/machine/cpumask-text.js';
import type { Arm64Platform } from '../../src/platform/arm64/platform.js';
import type { DeviceInterrupt } from '../../src/platform/platform.js';
import { X86Platform } from '../../src/platform/x86/platform.js';
import { Lab } from './lab.js';

// What a line that is given by number, chip and hwirq is like once it is set up. On x86: io_apic.c mp_register_handler and
// mp_irqdomain_alloc, vector.c x86_vector_alloc_irqs, msi.c; on arm64: irq-gic-v3.c gic_irq_domain_map. What a controller
// does that is known by its name only is irq_set_chip_and_handler's and irq_set_status_flags'.

type Given = Partial<DeviceInterrupt>;

/** Chip, domain and hwirq of each level, from the outermost. */
function levels({ data }: IrqDesc): string[] {
  const all: string[] = [];
  for (let d: IrqDesc['data'] | null = data; d !== null; d = d.parentData)
    all.push(`${d.chip.name} ${d.domain?.name ?? '-'} ${d.hwirq}`);
  return all;
}

/** Flow handler with its name, and what is set. */
function kind(desc: IrqDesc): string {
  const { data, status, handleIrq, cold } = desc;
  const words = [handleIrq.name, cold.name ?? '-'];
  const add = (is: boolean, word: string): unknown => is && words.push(word);
  add(data.has(irqd.LEVEL), 'level');
  add((status & irqStatus.LEVEL) !== 0, 'LEVEL');
  add((status & irqStatus.PER_CPU) !== 0, 'PER_CPU');
  add(data.has(irqd.PER_CPU), 'percpu');
  add(data.has(irqd.SINGLE_TARGET), 'single');
  add(data.has(irqd.AFFINITY_SET), 'set');
  add(data.has(irqd.AFFINITY_MANAGED), 'managed');
  return words.join(' ');
}

function actions(desc: IrqDesc): string[] {
  return [...desc.actions()].map(({ name, flags }) =>
    [name, (flags & IRQF_SHARED) !== 0 && 'shared', (flags & IRQF_PERCPU) !== 0 && 'percpu']
      .filter((word) => word !== false)
      .join(' '),
  );
}

const cpus = (list: string) => parseCpuList(list, 4);

describe('a line of an x86 machine', () => {
  test.each<[string, Given, string[], string]>([
    ['a message', {}, ['PCI-MSI PCI-MSI 100', 'APIC VECTOR 30'], 'handleEdgeIrq edge single'],
    [
      'a message of another kind, with another flow',
      { chip: 'DMAR-MSI', flow: 'fasteoi', hwirq: 0 },
      ['DMAR-MSI DMAR-MSI 0', 'APIC VECTOR 30'],
      'handleFasteoiIrq fasteoi single',
    ],
    [
      'a message whose flow is not named',
      { flowName: null },
      ['PCI-MSI PCI-MSI 100', 'APIC VECTOR 30'],
      'handleEdgeIrq - single',
    ],
    [
      'a message that is said to be a level',
      { trigger: 'level' },
      ['PCI-MSI PCI-MSI 100', 'APIC VECTOR 30'],
      'handleEdgeIrq edge level LEVEL single',
    ],
    [
      'an edge of a pin',
      { chip: 'IO-APIC', hwirq: 20 },
      ['IO-APIC IO-APIC-0 20', 'APIC VECTOR 30'],
      'handleEdgeIrq edge single',
    ],
    [
      'a level of a pin',
      { chip: 'IO-APIC', hwirq: 20, flow: 'fasteoi', trigger: 'level' },
      ['IO-APIC IO-APIC-0 20', 'APIC VECTOR 30'],
      'handleFasteoiIrq fasteoi level LEVEL single',
    ],
    [
      'the last pin',
      { chip: 'IO-APIC', hwirq: 23 },
      ['IO-APIC IO-APIC-0 23', 'APIC VECTOR 30'],
      'handleEdgeIrq edge single',
    ],
    [
      'a pin of another IO-APIC, of which nothing is known',
      { chip: 'IO-APIC', hwirq: 24, flow: 'fasteoi', trigger: 'level' },
      ['IO-APIC IO-APIC 24'],
      'handleFasteoiIrq fasteoi level LEVEL single',
    ],
    [
      'a line of no domain',
      { chip: 'intel-gpio', hwirq: null },
      ['intel-gpio - 0'],
      'handleEdgeIrq edge single',
    ],
    [
      'a simple one',
      { chip: 'intel-gpio', hwirq: 7, flow: 'simple' },
      ['intel-gpio intel-gpio 7'],
      'handleSimpleIrq simple single',
    ],
    [
      'a level of a controller by name',
      { chip: 'intel-gpio', hwirq: 7, flow: 'level', trigger: 'level' },
      ['intel-gpio intel-gpio 7'],
      'handleLevelIrq level level LEVEL single',
    ],
    [
      'one that each CPU has',
      { chip: 'xen-percpu', hwirq: 7, flow: 'percpu' },
      ['xen-percpu xen-percpu 7'],
      'handlePercpuIrq percpu PER_CPU percpu',
    ],
    [
      'one that each CPU has of a chip that is a message elsewhere',
      { chip: 'PCI-MSI', hwirq: 7, flow: 'percpu', trigger: 'level' },
      ['PCI-MSI PCI-MSI 7'],
      'handlePercpuIrq percpu level LEVEL PER_CPU percpu',
    ],
    [
      'with CPUs of its own',
      { affinity: cpus('1-2') },
      ['PCI-MSI PCI-MSI 100', 'APIC VECTOR 30'],
      'handleEdgeIrq edge single set',
    ],
    [
      'managed',
      { affinity: cpus('1-2'), managed: true },
      ['PCI-MSI PCI-MSI 100', 'APIC VECTOR 30'],
      'handleEdgeIrq edge single set managed',
    ],
    [
      'managed, of a controller by name',
      { chip: 'intel-gpio', affinity: cpus('1-2'), managed: true },
      ['intel-gpio intel-gpio 100'],
      'handleEdgeIrq edge single set managed',
    ],
    [
      'a pin that is managed',
      { chip: 'IO-APIC', hwirq: 20, affinity: cpus('1-2'), managed: true },
      ['IO-APIC IO-APIC-0 20', 'APIC VECTOR 30'],
      'handleEdgeIrq edge single set managed',
    ],
  ])('%s', (_, given, expectedLevels, expectedKind) => {
    const desc = Lab.x86().add({ irq: 30, hwirq: 100, name: undefined, ...given });
    expect([levels(desc), kind(desc), actions(desc)]).toEqual([expectedLevels, expectedKind, []]);
    expect(formatCpuList(desc.data.affinity)).toBe(given.affinity === undefined ? '0-3' : '1-2');
    // alloc_descs: IRQD_AFFINITY_MANAGED | IRQD_MANAGED_SHUTDOWN.
    expect(desc.data.has(irqd.MANAGED_SHUTDOWN)).toBe(given.managed === true);
  });

  test.each<[string, Given, string[]]>([
    ['one name', { name: 'eth0' }, ['eth0']],
    ['several names', { name: 'eth0, usb1' }, ['eth0 shared', 'usb1 shared']],
    ['a name with a comma', { name: 'eth0,1' }, ['eth0,1']],
    ['each CPU', { name: 'timer0', chip: 'xen-percpu', flow: 'percpu' }, ['timer0 percpu']],
    ['each CPU, twice', { name: 'a, b', chip: 'x', flow: 'percpu' }, ['a shared percpu', 'b shared percpu']],
  ])('is requested for %s', (_, given, expected) => {
    expect(actions(Lab.x86().add({ irq: 30, hwirq: 100, ...given }))).toEqual(expected);
  });

  test.each([['PCI-MSI'], ['xen-pirq'], ['IO-APIC']])('a chip %s that prints itself', (chip) => {
    const printed = `  ${chip}  `;
    const lab = Lab.x86();
    const [plain, prints, again] = [
      lab.add({ irq: 30, chip, hwirq: 50 }),
      lab.add({ irq: 31, chip: printed, chipPrinted: true, hwirq: 51 }),
      lab.add({ irq: 32, chip: printed, chipPrinted: true, hwirq: 52 }),
    ].map(({ data }) => data);
    expect(plain.chip.irqPrintChip).toBeUndefined();
    expect([prints.chip.name, prints.chip.irqPrintChip?.(prints)]).toEqual([chip, printed]);
    expect(again.chip).toBe(prints.chip);
    expect(prints.chip).not.toBe(plain.chip);
  });

  test('lines of one chip share its domain, whatever they are', () => {
    const lab = Lab.x86();
    for (const chip of ['PCI-MSI', 'xen-pirq']) {
      const [a, b] = [lab.add({ irq: chip.length + 30, chip }), lab.add({ irq: chip.length + 40, chip })];
      expect(a.data.domain).toBe(b.data.domain);
      expect(a.data.chip).toBe(b.data.chip);
    }
  });

  test('the chip by name: the PIC has no say in CPUs, others take the first asked for', () => {
    const lab = Lab.x86();
    const gpio = lab.add({ irq: 30, chip: 'intel-gpio' });
    const pic = lab.add({ irq: 31, chip: 'XT-PIC', hwirq: null, flow: 'level' });
    expect([gpio.data.chip.irqSetAffinity?.(gpio.data, cpus('2-3'), false), lab.effective(gpio)]).toEqual([
      0,
      '2',
    ]);
    expect(pic.data.chip.irqSetAffinity).toBeUndefined();
  });

  test.each<[string, Given, Given]>([
    ['a message', {}, { hwirq: 101 }],
    ['a pin', { chip: 'IO-APIC', hwirq: 20 }, { hwirq: 101 }],
    ['a pin by another', { chip: 'IO-APIC', hwirq: 20 }, { chip: 'IO-APIC', hwirq: 21 }],
    ['a line by name', { chip: 'a' }, { chip: 'b' }],
    ['a line of no domain', { chip: 'a', hwirq: null }, { chip: 'b', hwirq: 5 }],
    ['a line by one of no domain', { chip: 'a', hwirq: 5 }, { chip: 'b', hwirq: null }],
  ])('%s that nobody has requested makes room, one that somebody has does not', (_, first, second) => {
    const lab = Lab.x86();
    lab.add({ irq: 30, hwirq: 100, name: undefined, ...first });
    const [last] = lab.core.domains.filter(({ name }) => name === (first.chip ?? 'PCI-MSI'));
    const before = last?.mapcount;
    const fresh = { ...first, ...second };
    const taken = lab.add({ irq: 30, hwirq: 100, ...fresh });
    expect(taken.data.hwirq).toBe(fresh.hwirq === undefined ? 100 : (fresh.hwirq ?? 0));
    expect(taken.data.chip.name).toBe(fresh.chip ?? 'PCI-MSI');
    if (last !== undefined && taken.data.domain !== last) expect(last.mapcount).toBe((before ?? 0) - 1);
    expect(() => lab.add({ irq: 30, hwirq: 100, ...first })).toThrow(
      /IRQ 30 is taken; choose another number/,
    );
    expect(lab.desc(30)).toBe(taken);
  });

  test('the same line of a controller by name is the one that is there', () => {
    const lab = Lab.x86();
    for (const hwirq of [5, null]) {
      const desc = lab.add({ irq: 30, chip: 'a', hwirq, name: undefined });
      expect(lab.add({ irq: 30, chip: 'a', hwirq }) === desc).toBe(hwirq === null);
      lab.free(30, [...desc.actions()][0]?.devId ?? lab.desc(30).action?.devId);
    }
  });

  test('a pin that firmware has given another number goes to the number asked for, with what it is to be', () => {
    const lab = Lab.x86();
    const desc = lab.add({ irq: 30, chip: 'IO-APIC', hwirq: 9, flow: 'edge', trigger: 'edge' });
    expect([levels(desc)[0], kind(desc)]).toEqual(['IO-APIC IO-APIC-0 9', 'handleEdgeIrq edge single']);
    expect(lab.core.desc(9)).toBeUndefined();
    expect(() => lab.add({ irq: 31, chip: 'IO-APIC', hwirq: 9 })).toThrow(
      /IRQ 30 is taken; choose another number/,
    );
    expect(lab.core.desc(31)).toBeUndefined();
  });

  test('a pin is triggered by its controller, and has the CPUs and the name of its flow that it is given', () => {
    const lab = Lab.x86();
    const given: Given = { chip: 'IO-APIC', hwirq: 20, flow: 'fasteoi', trigger: 'level', flowName: null };
    const desc = lab.add({ irq: 30, ...given, affinity: cpus('1-2') });
    expect([kind(desc), lab.affinity(desc), lab.effective(desc)]).toEqual([
      'handleFasteoiIrq - level LEVEL single set',
      '1-2',
      '1',
    ]);
  });

  // reserve_managed_vector fails, and with it each level of the allocation.
  test.each([
    ['none', 'IO-APIC', /pin 20 of the IO-APIC cannot be IRQ 300: -28/],
    ['none', 'PCI-MSI', /IRQ 300 of PCI-MSI \(hwirq 20\) cannot be made: -28/],
    ['intel', 'IR-IO-APIC', /pin 20 of the IO-APIC cannot be IRQ 300: -28/],
    ['intel', 'IR-PCI-MSI', /IRQ 300 of IR-PCI-MSI \(hwirq 20\) cannot be made: -28/],
    ['amd', 'IR-PCI-MSI', /IRQ 300 of IR-PCI-MSI \(hwirq 20\) cannot be made: -28/],
    ['hyperv', 'IR-IO-APIC', /pin 20 of the IO-APIC cannot be IRQ 300: -28/],
  ] as const)(
    'remapped by %s, a managed line of %s is refused where its CPU has no vector left to keep',
    (interruptRemapping, chip, message) => {
      const lab = new Lab(
        (machine, core) => new X86Platform(machine, core, undefined, { interruptRemapping }),
        {
          dynirqLowerBound: 24,
        },
      );
      const { domain, vectors } = lab.platform.vectorSystem;
      const affinity = cpus('2');
      for (let room = vectors.matrix.available(2); room > 0; room--)
        irqDomainAllocIrqs(domain, 1, { hwirq: 0, mask: affinity });
      const { globalAvailable } = vectors.matrix;
      expect(() => lab.add({ irq: 300, chip, hwirq: 20, managed: true, affinity })).toThrow(message);
      expect([lab.core.desc(300), vectors.matrix.globalAvailable]).toEqual([undefined, globalAvailable]);
      expect(lab.effective(lab.add({ irq: 300, chip, hwirq: 20, affinity: cpus('3') }))).toBe('3');
    },
  );

  test("firmware's line of a pin stays, unless somebody wants it triggered otherwise who asked later", () => {
    const lab = Lab.x86();
    const before = lab.desc(4);
    expect(lab.add({ irq: 4, chip: 'IO-APIC', hwirq: 4 })).toBe(before);
    const five = lab.desc(5);
    const level = lab.add({ irq: 5, chip: 'IO-APIC', hwirq: 5, flow: 'fasteoi', trigger: 'level' });
    expect(kind(level)).toBe('handleFasteoiIrq fasteoi level LEVEL single');
    expect(level === five || lab.core.desc(5) === level).toBe(true);
    const nine = lab.add({ irq: 9, chip: 'IO-APIC', hwirq: 9 });
    expect(kind(nine)).toBe('handleEdgeIrq edge single');
  });

  test('a PIC: the cascade and the timer', () => {
    // early_irq_init, setup_IO_APIC_irqs; the timer's pin is 2, and IRQ 2 stays with the PIC.
    const lab = new Lab((machine, core) => new X86Platform(machine, core, undefined, { pic: true }), {
      dynirqLowerBound: 24,
    });
    const shown = [0, 1, 2, 9, 15].map(
      (irq) => `${levels(lab.desc(irq)).join(', ')}: ${kind(lab.desc(irq))}`,
    );
    expect(shown).toEqual([
      'IO-APIC IO-APIC-0 2, APIC VECTOR 0: handleEdgeIrq edge single',
      'IO-APIC IO-APIC-0 1, APIC VECTOR 1: handleEdgeIrq edge single',
      'XT-PIC - 0: handleLevelIrq - level LEVEL',
      'IO-APIC IO-APIC-0 9, APIC VECTOR 9: handleFasteoiIrq fasteoi level LEVEL single',
      'IO-APIC IO-APIC-0 15, APIC VECTOR 15: handleEdgeIrq edge single',
    ]);
    expect(lab.desc(2).data.node).toBe(0);
  });
});

describe('a line of an arm64 machine', () => {
  const gic = { chip: 'GICv3' } as const;
  const GIC = 'GICv3 irqchip@0x00000000ffff0000-1';
  test.each<[string, Given, string[], string]>([
    ['a shared edge', { ...gic, hwirq: 40 }, [`${GIC} 40`], 'handleFasteoiIrq - single'],
    [
      'a shared level that nobody requests',
      { ...gic, hwirq: 40, trigger: 'level' },
      [`${GIC} 40`],
      'handleFasteoiIrq - level LEVEL single',
    ],
    [
      'with CPUs of its own',
      { ...gic, hwirq: 40, affinity: cpus('1-2') },
      [`${GIC} 40`],
      'handleFasteoiIrq - single set',
    ],
    [
      'managed',
      { ...gic, hwirq: 40, affinity: cpus('1-2'), managed: true },
      [`${GIC} 40`],
      'handleFasteoiIrq - single set managed',
    ],
    [
      'managed without CPUs of its own',
      { ...gic, hwirq: 40, managed: true },
      [`${GIC} 40`],
      'handleFasteoiIrq - single set managed',
    ],
    ['of another GIC, shared', { chip: 'GICv2', hwirq: 40 }, ['GICv2 GICv2 40'], 'handleFasteoiIrq - single'],
    [
      'of another GIC, the last of a CPU',
      { chip: 'GICv2', hwirq: 31 },
      ['GICv2 GICv2 31'],
      'handlePercpuIrq - PER_CPU percpu',
    ],
    [
      'of another GIC, the first shared',
      { chip: 'GICv2', hwirq: 32 },
      ['GICv2 GICv2 32'],
      'handleFasteoiIrq - single',
    ],
    [
      'of a controller by name',
      { chip: 'pl061', hwirq: 3, trigger: 'level' },
      ['pl061 pl061 3'],
      'handleFasteoiIrq - level LEVEL single',
    ],
    [
      'of a controller by name and no domain',
      { chip: 'pl061', hwirq: null },
      ['pl061 - 0'],
      'handleFasteoiIrq - single',
    ],
    [
      'of a GIC that prints itself',
      { chip: 'GICv3', chipPrinted: true, hwirq: 40 },
      ['GICv3 GICv3 40'],
      'handleFasteoiIrq - single',
    ],
  ])('%s', (_, given, expectedLevels, expectedKind) => {
    const desc = Lab.arm64().add({ irq: 30, hwirq: 100, name: undefined, flow: 'fasteoi', ...given });
    expect([levels(desc), kind(desc), actions(desc)]).toEqual([expectedLevels, expectedKind, []]);
    expect(formatCpuList(desc.data.affinity)).toBe(given.affinity === undefined ? '0-3' : '1-2');
    expect(desc.data.has(irqd.MANAGED_SHUTDOWN)).toBe(given.managed === true);
  });

  test.each<[string, Given, string[], boolean]>([
    ['one name', { ...gic, hwirq: 40, name: 'eth0' }, ['eth0'], false],
    ['several names', { ...gic, hwirq: 40, name: 'eth0, usb1' }, ['eth0 shared', 'usb1 shared'], false],
    ['each CPU', { ...gic, hwirq: 27, name: 'arch_timer' }, ['arch_timer percpu'], true],
    ['each CPU, whatever its name', { ...gic, hwirq: 27, name: 'a, b' }, ['a, b percpu'], true],
    ['a controller by name', { chip: 'pl061', hwirq: 3, name: 'key' }, ['key'], false],
  ])('is requested for %s', (_, given, expected, isOwn) => {
    const desc = Lab.arm64().add({ irq: 30, flow: 'fasteoi', ...given });
    expect(actions(desc)).toEqual(expected);
    expect([...(desc.percpuEnabled ?? [])]).toEqual(isOwn ? [0, 1, 2, 3] : []);
  });

  test.each([
    ['GICv3', 27, true],
    ['GICv3', 32, false],
    ['GICv3', 1056, true],
    ['GICv2', 27, true],
    ['GICv2', 1056, false],
    ['pl061', 27, false],
    ['GICv3', null, false],
  ] as const)('%s %p is each CPU’s own: %p', (chip, hwirq, expected) => {
    const { platform } = Lab.arm64();
    const line = { irq: 30, chip, hwirq, flow: 'fasteoi', trigger: 'edge' } as const;
    expect(platform.isPerCpuLine(line)).toBe(expected);
  });

  test('a shared level that is requested is marked by the request (__irq_set_trigger)', () => {
    const desc = Lab.arm64().add({ irq: 30, ...gic, hwirq: 40, trigger: 'level', flow: 'fasteoi' });
    expect(kind(desc)).toBe('handleFasteoiIrq - level LEVEL single');
  });

  test.each<[string, Given, Given]>([
    ['of the GIC', { ...gic, hwirq: 40 }, { hwirq: 41 }],
    ['of no domain', { chip: 'a', hwirq: null }, { ...gic, hwirq: 41 }],
    ['of a controller by name', { chip: 'a', hwirq: 3 }, { ...gic, hwirq: 41 }],
  ])('one %s that nobody has requested makes room, one that somebody has does not', (_, first, second) => {
    const lab: Lab<Arm64Platform> = Lab.arm64();
    lab.add({ irq: 30, flow: 'fasteoi', name: undefined, ...first });
    const next = lab.add({ irq: 31, flow: 'fasteoi', name: undefined, ...first, hwirq: first.hwirq && 60 });
    const taken = lab.add({ irq: 30, flow: 'fasteoi', ...first, ...second });
    expect(levels(taken)).toEqual([`${GIC} 41`]);
    expect(lab.desc(31)).toBe(next);
    expect(() => lab.add({ irq: 30, flow: 'fasteoi', ...gic, hwirq: 42 })).toThrow(
      /IRQ 30 is taken; choose another number/,
    );
    expect(levels(lab.desc(30))).toEqual([`${GIC} 41`]);
  });

  test('an id that has a number already keeps it', () => {
    const lab = Lab.arm64();
    lab.add({ irq: 30, ...gic, hwirq: 40, flow: 'fasteoi' });
    expect(() => lab.add({ irq: 31, ...gic, hwirq: 40, flow: 'fasteoi' })).toThrow(
      /interrupt 40 of the GICv3 is IRQ 30 already, and cannot be 31/,
    );
    expect(() => lab.add({ irq: 31, ...gic, hwirq: 1020, flow: 'fasteoi' })).toThrow(
      /GICv3 has no interrupt 1020/,
    );
  });
});
