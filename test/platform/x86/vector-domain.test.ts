import { describe, expect, test } from '@jest/globals';
import { irqchipFlags } from '../../../src/irq/data/irqchip.js';
import { type IrqData, irqd } from '../../../src/irq/data/irqdata.js';
import type { IrqDesc } from '../../../src/irq/data/irqdesc.js';
import { IrqDomain, irqDomainFlags } from '../../../src/irq/data/revmap.js';
import { irqDomainAllocIrqs, irqDomainFreeIrqs } from '../../../src/irq/mapping/hierarchy.js';
import { MsiDesc } from '../../../src/irq/msi/msi-desc.js';
import { errnoValue } from '../../../src/lib/errno.js';
import { CpuMask } from '../../../src/machine/cpumask.js';
import { parseCpuList } from '../../../src/machine/cpumask-text.js';
import { regularTopology } from '../../../src/machine/topology.js';
import type { PciFunction } from '../../../src/platform/pci/pci-function.js';
import type { PlatformSetup } from '../../../src/platform/platform.js';
import { RemappingTable } from '../../../src/platform/x86/remapping/entry.js';
import { X86Platform } from '../../../src/platform/x86/platform.js';
import { vectorText } from '../../../src/platform/x86/vector-text.js';
import { lineOf } from '../../../src/platform/x86/vectors.js';
import { Lab, type LabOptions } from '../lab.js';

// arch/x86/kernel/apic/vector.c (6.12 where not said otherwise), io_apic.c and the remapping drivers, function by function.

function on(setup: PlatformSetup = {}, options: LabOptions = {}): Lab<X86Platform> {
  return new Lab((machine, core) => new X86Platform(machine, core, undefined, setup), {
    dynirqLowerBound: 24,
    kernel: '6.12',
    ...options,
  });
}

/** Level of the line in the domain of vectors. */
function vectorLevel({ data }: IrqDesc): IrqData {
  let level = data;
  while (level.parentData !== null) level = level.parentData;
  return level;
}

function warnings(lab: Lab<X86Platform>): string[] {
  return lab.log.filter((text) => /WARNING|Managed|Interrupt reservation/.test(text));
}

const cpus = (list: string): CpuMask => parseCpuList(list, 4);

describe('x86_vector_alloc_irqs', () => {
  const alloc = (lab: Lab<X86Platform>, count: number, info: object = {}, irq?: number): number =>
    irqDomainAllocIrqs(lab.platform.vectorSystem.domain, count, { hwirq: 0, ...info }, { irq });

  test('the cascade of the PIC is refused, with a warning', () => {
    const lab = on({ pic: true });
    expect(alloc(lab, 1, { legacy: true }, 2)).toBe(errnoValue('EEXIST'));
    const fresh = on();
    irqDomainFreeIrqs(fresh.core, 2, 1);
    expect(alloc(fresh, 1, { legacy: true }, 2)).toBe(errnoValue('EINVAL'));
    expect(warnings(fresh).join()).toContain('x86_vector_alloc_irqs');
    expect(fresh.core.desc(2)).toBeUndefined();
  });

  test('a line is set up with its number, and holds a promise', () => {
    const lab = on();
    const { matrix } = lab.platform.vectorSystem.vectors;
    const before = matrix.globalReserved;
    const irq = alloc(lab, 3);
    expect(irq).toBe(24);
    for (const each of [24, 25, 26]) {
      const { data } = lab.desc(each);
      expect([data.hwirq, data.chip.name, data.chip.symbol]).toEqual([each, 'APIC', 'lapic_controller']);
      for (const bit of [
        irqd.SINGLE_TARGET,
        irqd.HANDLE_ENFORCE_IRQCTX,
        irqd.AFFINITY_ON_ACTIVATE,
        irqd.CAN_RESERVE,
      ])
        expect(data.has(bit)).toBe(true);
      expect([lineOf(data).canReserve, lineOf(data).hasReserved, lineOf(data).isManaged]).toEqual([
        true,
        true,
        false,
      ]);
    }
    expect(matrix.globalReserved).toBe(before + 3);
    irqDomainFreeIrqs(lab.core, irq, 3);
    expect([matrix.globalReserved, lab.core.desc(24)]).toEqual([before, undefined]);
  });

  test('with CPUs named it gets a vector at once, on one that is online', () => {
    const lab = on({}, { machine: { present: 4, online: [0, 1] } });
    const irq = alloc(lab, 1, { mask: cpus('1-3') });
    expect([irq, lab.effective(lab.desc(irq)), lineOf(lab.desc(irq).data).vector]).toEqual([24, '1', 0x20]);
  });

  test('where the last of several finds no vector those before go as well', () => {
    const lab = on({}, { machine: { present: 1 } });
    const { matrix } = lab.platform.vectorSystem.vectors;
    const room = matrix.globalAvailable;
    const reserved = matrix.globalReserved;
    const mask = CpuMask.of(1, [0]);
    for (const count of [room + 1, room + 2]) {
      expect(alloc(lab, count, { mask })).toBe(errnoValue('ENOSPC'));
      expect([matrix.globalReserved, matrix.globalAvailable]).toEqual([reserved, room]);
      expect(lab.core.desc(24)).toBeUndefined();
    }
    expect(alloc(lab, room - 20, { mask })).toBe(24);
  });

  test('a line that ends in vectors alone is none (x86_vector_select)', () => {
    const { domain } = on().platform.vectorSystem;
    expect(domain.ops.select?.(domain, { fwnode: null, param: [] }, 'any')).toBe(false);
  });

  test.each([
    ['6.1', 0],
    ['6.12', irqDomainFlags.MSI_PARENT],
  ] as const)('on %s is a parent of MSIs: %p; the default domain', (kernel, flags) => {
    const { core, platform } = on({}, { kernel });
    expect(platform.vectorSystem.domain.flags & irqDomainFlags.MSI_PARENT).toBe(flags);
    expect(core.defaultDomain).toBe(platform.vectorSystem.domain);
  });
});

describe('vector_configure_legacy', () => {
  test('what the PIC had set up becomes a promise, with vector 0x30 + n gone', () => {
    const lab = on({ pic: true });
    const { matrix } = lab.platform.vectorSystem.vectors;
    for (const irq of [0, 1, 3, 15]) {
      const level = vectorLevel(lab.desc(irq));
      expect([lineOf(level).vector, lineOf(level).cpu, lineOf(level).canReserve]).toEqual([0, 0, true]);
      expect([lineOf(level).hasReserved, level.has(irqd.CAN_RESERVE)]).toEqual([true, true]);
    }
    expect([matrix.globalReserved, matrix.allocated(0)]).toEqual([15, 0]);
  });
});

describe('the chip of the local APICs', () => {
  test('apic_set_affinity: a line that is not activated is EIO, with a warning', () => {
    const lab = on();
    const desc = lab.add({ irq: 30, name: undefined });
    const level = vectorLevel(desc);
    expect(level.has(irqd.ACTIVATED)).toBe(false);
    expect(level.chip.irqSetAffinity?.(level, cpus('1'), false)).toBe(errnoValue('EIO'));
    expect(lab.log.join('\n')).toContain('apic_set_affinity');
  });

  test('apic_set_affinity: a CPU that is offline counts for nothing', () => {
    const lab = on();
    const level = vectorLevel(lab.add({ irq: 30 }));
    lab.down(3);
    expect(level.chip.irqSetAffinity?.(level, cpus('2-3'), false)).toBe(0);
    expect(lineOf(level).cpu).toBe(2);
  });

  test('apic_retrigger_irq sends the line its vector', () => {
    const lab = on();
    const desc = lab.add({ irq: 30 });
    const level = vectorLevel(desc);
    expect(level.chip.irqRetrigger?.(level)).toBe(1);
    lab.machine.settle();
    expect(desc.totCount).toBe(1);
  });

  test.each([
    ['6.1', '__common_interrupt: 1.153 No irq handler for vector'],
    ['6.10', 'call_irq_handler: 1.153 No irq handler for vector'],
    ['6.12', 'No irq handler for 1.153'],
    ['7.2', 'No irq handler for 1.153'],
  ] as const)(
    'common_interrupt of %s: what belongs to nobody is said a few times, and ended',
    (kernel, said) => {
      const lab = on({}, { kernel });
      const { apics } = lab.platform.vectorSystem;
      expect(apics.deliver(1, 0x99)).toBe('sent');
      lab.machine.settle();
      expect(lab.log).toEqual([said]);
      for (let nth = 0; nth < 30; nth++) {
        apics.deliver(2, 0x99);
        lab.machine.settle();
      }
      // DEFAULT_RATELIMIT_BURST is 10, in 5 s.
      expect(lab.log.filter((text) => text.includes('No irq handler'))).toHaveLength(9);
    },
  );

  test('one that is on its way to a line that was shut down is no surprise, the next one is', () => {
    const lab = on();
    const { apics } = lab.platform.vectorSystem;
    const desc = lab.add({ irq: 30 });
    const { cpu, vector } = lineOf(vectorLevel(desc));
    expect(apics.line(cpu, vector)).toBe(desc);
    apics.expectStray(cpu, vector);
    expect(apics.line(cpu, vector)).toBe(desc);
    lab.free(30, [...desc.actions()][0]?.devId);
    expect(apics.line(cpu, vector)).toBeUndefined();
    apics.deliver(cpu, vector);
    lab.machine.settle();
    expect(lab.log.filter((text) => text.includes('No irq handler'))).toEqual([]);
    apics.deliver(cpu, vector);
    lab.machine.settle();
    expect(lab.log.filter((text) => text.includes('No irq handler'))).toHaveLength(1);
    apics.expectStray(3, 0x77);
    apics.deliver(3, 0x77);
    lab.machine.settle();
    expect([apics.line(3, 0x77), lab.log]).toEqual([undefined, []]);
  });

  test('what is sent to a CPU that is none, or is offline, is lost; one for a vector that waits joins it', () => {
    const lab = on({}, { machine: { present: 4, online: [0, 1] } });
    const { apics } = lab.platform.vectorSystem;
    expect([apics.deliver(4, 0x99), apics.deliver(400, 0x99), apics.deliver(2, 0x99)]).toEqual([
      'lost',
      'lost',
      'lost',
    ]);
    lab.machine.cpu(1).localIrqDisable();
    expect([apics.isPending(1, 0x99), apics.deliver(1, 0x99), apics.deliver(1, 0x99)]).toEqual([
      false,
      'sent',
      'joined',
    ]);
    expect([apics.isPending(1, 0x99), apics.isPending(0, 0x99)]).toEqual([true, false]);
    apics.sendIpi(2, 0x98);
    lab.up(2);
    expect(apics.isPending(2, 0x98)).toBe(false);
  });

  test('whoever listens hears of each end once, with its vector', () => {
    const lab = on();
    const { apics } = lab.platform.vectorSystem;
    const heard: number[] = [];
    apics.onEoi({ eoi: (vector) => heard.push(vector) });
    const desc = lab.add({ irq: 30 });
    const { vector } = lineOf(vectorLevel(desc));
    lab.fire(desc);
    lab.fire(desc);
    apics.eoi();
    expect(heard).toEqual([vector, vector]);
    apics.deliver(0, 0x99);
    lab.machine.settle();
    expect(heard).toEqual([vector, vector, 0x99]);
  });

  test('of several that wait the highest vector goes first', () => {
    const lab = on();
    const order: number[] = [];
    const lines = [30, 31, 32].map((irq) => {
      const desc = lab.add({ irq, name: undefined });
      lab.request(irq, lab, () => {
        order.push(irq);
        return 1;
      });
      lab.setAffinity(desc, '1');
      lab.fire(desc);
      lab.fire(desc);
      return desc;
    });
    order.splice(0);
    const cpu = lab.machine.cpu(1);
    cpu.localIrqDisable();
    for (const desc of lines) lab.platform.lineHardware(desc)?.edge();
    cpu.localIrqEnable();
    lab.machine.settle();
    const byVector = lines
      .map((desc) => [lineOf(vectorLevel(desc)).vector, desc.irq])
      .sort(([a = 0], [b = 0]) => b - a)
      .map(([, irq]) => irq);
    expect(order).toEqual(byVector);
  });
});

describe('x86_vector_activate', () => {
  test('a managed line whose CPUs are all offline: parked while it is shut down, EINVAL and a warning if not', () => {
    const lab = on({}, { machine: { present: 4, online: [0, 1] } });
    const desc = lab.add({ irq: 30, name: undefined, managed: true, affinity: cpus('2-3') });
    const level = vectorLevel(desc);
    const { domain } = lab.platform.vectorSystem;
    expect(domain.ops.activate?.(domain, level, false)).toBe(0);
    expect([lineOf(level).vector, lineOf(level).configuredVector]).toEqual([0, 0xef]);
    desc.data.clear(irqd.MANAGED_SHUTDOWN);
    expect(domain.ops.activate?.(domain, level, false)).toBe(errnoValue('EINVAL'));
    expect(lab.log.join('\n')).toMatch(/x86_vector_activate[\s\S]*Managed startup for irq 30, but no CPU/);
  });

  test('one whose vectors are gone: ENOSPC and a warning', () => {
    const lab = on();
    const desc = lab.add({ irq: 30, name: undefined, managed: true, affinity: cpus('2') });
    const level = vectorLevel(desc);
    const { domain, vectors } = lab.platform.vectorSystem;
    desc.data.clear(irqd.MANAGED_SHUTDOWN);
    vectors.matrix.removeManaged(cpus('2'));
    expect(domain.ops.activate?.(domain, level, false)).toBe(errnoValue('ENOSPC'));
    expect(lab.log.join('\n')).toMatch(
      /x86_vector_activate[\s\S]*Managed startup irq 30, no vector available/,
    );
  });

  test('one that cannot be put off gets its vector at once, and keeps it till it is freed (x86_vector_deactivate)', () => {
    const lab = on();
    const { domain, vectors } = lab.platform.vectorSystem;
    const irq = irqDomainAllocIrqs(domain, 1, { hwirq: 0 });
    const { data } = lab.desc(irq);
    lineOf(data).canReserve = false;
    lineOf(data).hasReserved = false;
    domain.ops.activate?.(domain, data, true);
    const { vector, cpu } = lineOf(data);
    expect([vector, cpu, vectors.matrix.allocated(0)]).toEqual([0x20, 0, 1]);
    domain.ops.deactivate?.(domain, data);
    expect(lineOf(data).vector).toBe(0x20);
  });

  test('a managed line that is deactivated is parked, and has its vectors kept', () => {
    const lab = on();
    const desc = lab.add({ irq: 30, managed: true, affinity: cpus('2') });
    const level = vectorLevel(desc);
    expect([lineOf(level).vector, lineOf(level).cpu]).toEqual([0x20, 2]);
    lab.free(30, [...desc.actions()][0]?.devId);
    expect([lineOf(level).vector, lineOf(level).configuredVector, lab.effective(desc)]).toEqual([
      0,
      0xef,
      '0',
    ]);
  });

  test.each([
    ['in its mask on its node', '0-7', [4, 5, 6, 7]],
    ['in its mask, where that has none on its node', '1-2', [1, 2]],
  ])('a vector is looked for %s (assign_irq_vector_any_locked)', (_, list, expected) => {
    const topology = regularTopology(8, { nodes: 2 });
    const lab = on({}, { machine: { present: 8, topology } });
    const { pciMsi } = lab.platform;
    const nic: PciFunction = { name: '0000:00:04.0', node: 1, msix: 4 };
    lab.machine.run('alloc', pciMsi.allocIrqVectors(nic, 4, 4));
    const found = [0, 1, 2, 3].map((nth) => {
      const desc = lab.desc(pciMsi.irqVector(nic, nth));
      desc.data.affinity.copyFrom(parseCpuList(list, 8));
      desc.data.set(irqd.AFFINITY_SET);
      lab.request(desc.irq, nic);
      return desc.data.effectiveAffinity.first();
    });
    for (const cpu of found) expect(expected).toContain(cpu);
  });

  test('a line whose mask has no vector left finds one on its node before it looks elsewhere', () => {
    const topology = regularTopology(4, { nodes: 2 });
    const lab = on({}, { machine: { present: 4, topology } });
    const { pciMsi, vectorSystem } = lab.platform;
    const nic: PciFunction = { name: '0000:00:04.0', node: 1, msix: 1 };
    lab.machine.run('alloc', pciMsi.allocIrqVectors(nic, 1, 1));
    // CPU 0 has none, CPU 1 more than those of node 1.
    const room = vectorSystem.vectors.matrix.available(0);
    const taken = [...Array<number>(room).fill(0), 2, 3];
    for (const cpu of taken)
      irqDomainAllocIrqs(vectorSystem.domain, 1, { hwirq: 0, mask: CpuMask.of(4, [cpu]) });
    const desc = lab.desc(pciMsi.irqVector(nic, 0));
    desc.data.affinity.copyFrom(cpus('0'));
    desc.data.set(irqd.AFFINITY_SET);
    expect(lab.request(desc.irq, nic)).toBe(0);
    expect(['2', '3']).toContain(lab.effective(desc));
  });

  test('a line on node 0 looks there first as well', () => {
    const topology = regularTopology(4, { nodes: 2 });
    const lab = on({}, { machine: { present: 4, topology } });
    const { pciMsi } = lab.platform;
    // CPUs of the other node have more free.
    for (const irq of [40, 41]) lab.setAffinity(lab.add({ irq }), irq === 40 ? '0' : '1');
    const nic: PciFunction = { name: '0000:00:04.0', node: 0, msix: 1 };
    lab.machine.run('alloc', pciMsi.allocIrqVectors(nic, 1, 1));
    const irq = pciMsi.irqVector(nic, 0);
    lab.request(irq, nic);
    expect(['0', '1']).toContain(lab.effective(lab.desc(irq)));
  });
});

describe('tracepoints of a life', () => {
  /** What an act of it tells, in the order of the kernel's functions. */
  function toldBy(lab: Lab<X86Platform>): (act: () => unknown) => string[] {
    const told: string[] = [];
    lab.machine.tracePort = {
      emit: (event, values) => {
        if (event.system === 'irq_vectors') told.push(`${event.name} ${event.textOf(values)}`);
      },
    };
    return (act) => {
      act();
      return told.splice(0);
    };
  }

  test('of a line with a promise', () => {
    const lab = on();
    const during = toldBy(lab);
    const promised = [
      'vector_reserve irq=30 ret=0',
      'vector_config irq=30 vector=239 cpu=0 apicdest=0x00000000',
    ];
    expect(during(() => lab.add({ irq: 30, name: undefined }))).toEqual([
      ...promised,
      'vector_setup irq=30 is_legacy=0 ret=0',
      'vector_activate irq=30 is_managed=0 can_reserve=1 reserve=1',
      promised[1],
    ]);
    expect(during(() => lab.request(30, 'dev'))).toEqual([
      'vector_activate irq=30 is_managed=0 can_reserve=1 reserve=0',
      'vector_alloc irq=30 vector=32 reserved=1 ret=32',
      'vector_update irq=30 vector=32 cpu=0 prev_vector=0 prev_cpu=0',
      'vector_config irq=30 vector=32 cpu=0 apicdest=0x00000000',
    ]);
    expect(during(() => lab.free(30, 'dev'))).toEqual([
      'vector_deactivate irq=30 is_managed=0 can_reserve=1 reserve=0',
      'vector_clear irq=30 vector=32 cpu=0 prev_vector=0 prev_cpu=0',
      ...promised,
    ]);
    expect(during(() => irqDomainFreeIrqs(lab.core, 30, 1))).toEqual([
      'vector_teardown irq=30 is_managed=0 has_reserved=1',
    ]);
  });

  test('of a managed line', () => {
    const lab = on();
    const during = toldBy(lab);
    const given = { irq: 30, name: undefined, managed: true, affinity: cpus('2') };
    const [first] = during(() => lab.add(given));
    expect(first).toBe('vector_reserve_managed irq=30 ret=0');
    expect(during(() => lab.request(30, 'dev'))).toEqual([
      'vector_activate irq=30 is_managed=1 can_reserve=0 reserve=0',
      'vector_alloc_managed irq=30 vector=32 ret=32',
      'vector_update irq=30 vector=32 cpu=2 prev_vector=0 prev_cpu=0',
      'vector_config irq=30 vector=32 cpu=2 apicdest=0x00000002',
    ]);
    expect(during(() => lab.free(30, 'dev'))).toEqual([
      'vector_deactivate irq=30 is_managed=1 can_reserve=0 reserve=0',
      'vector_clear irq=30 vector=32 cpu=2 prev_vector=0 prev_cpu=0',
      'vector_config irq=30 vector=239 cpu=0 apicdest=0x00000000',
    ]);
    expect(during(() => irqDomainFreeIrqs(lab.core, 30, 1))).toEqual([
      'vector_teardown irq=30 is_managed=1 has_reserved=0',
    ]);
  });
});

test('debugfs says of a level without vectors that none is assigned (x86_vector_debug_show)', () => {
  const desc = on().add({ irq: 30 });
  expect(vectorText(desc.data, 4)).toBe('    Vector: Not assigned\n');
  expect(vectorText(vectorLevel(desc), 2).split('\n').slice(0, 2)).toEqual([
    '  Vector:    32',
    '  Target:     0',
  ]);
});

describe('chips', () => {
  const { ONESHOT_SAFE, SKIP_SET_WAKE, AFFINITY_PRE_STARTUP, MOVE_DEFERRED } = irqchipFlags;
  test.each([
    ['PCI-MSI', '6.12', 'none', ONESHOT_SAFE | SKIP_SET_WAKE | AFFINITY_PRE_STARTUP],
    ['PCI-MSI', '7.2', 'none', ONESHOT_SAFE | SKIP_SET_WAKE | AFFINITY_PRE_STARTUP | MOVE_DEFERRED],
    ['IR-PCI-MSI', '7.2', 'intel', ONESHOT_SAFE | SKIP_SET_WAKE | AFFINITY_PRE_STARTUP],
    ['IO-APIC', '6.12', 'none', SKIP_SET_WAKE | AFFINITY_PRE_STARTUP],
    ['IO-APIC', '7.2', 'none', SKIP_SET_WAKE | AFFINITY_PRE_STARTUP | MOVE_DEFERRED],
    ['IR-IO-APIC', '7.2', 'amd', SKIP_SET_WAKE | AFFINITY_PRE_STARTUP],
  ] as const)('%s of %s, remapped by %s', (chip, kernel, interruptRemapping, flags) => {
    const lab = on({ interruptRemapping }, { kernel });
    expect(lab.add({ irq: 30, chip, hwirq: 20 }).data.chip.flags).toBe(flags);
  });

  test.each([
    ['intel', 'INTEL-IR', 'intel_ir_chip'],
    ['amd', 'AMD-IR', 'amd_ir_chip'],
    ['hyperv', 'HYPERV-IR', 'hyperv_ir_chip'],
  ] as const)('of %s: %s, %s', (interruptRemapping, name, symbol) => {
    const lab = on({ interruptRemapping });
    const unit = lab.add({ irq: 30, chip: 'IR-IO-APIC', hwirq: 20 }).data.parentData;
    expect([unit?.chip.name, unit?.chip.symbol]).toEqual([name, symbol]);
  });

  test.each([
    ['6.1', 0],
    ['6.12', irqDomainFlags.MSI_PARENT | irqDomainFlags.ISOLATED_MSI],
  ] as const)('the domain of a remapping unit on %s', (kernel, flags) => {
    const { MSI_PARENT, ISOLATED_MSI } = irqDomainFlags;
    for (const interruptRemapping of ['intel', 'amd'] as const) {
      const { core } = on({ interruptRemapping }, { kernel });
      const unit = core.domains.find(({ name }) => /-IR-0/.test(name));
      expect((unit?.flags ?? -1) & (MSI_PARENT | ISOLATED_MSI)).toBe(flags);
    }
  });
});

describe('a table of remapping entries', () => {
  test('gives what is free in a row, at multiples', () => {
    const table = new RemappingTable(7, 8);
    expect([table.findFree(8), table.findFree(9), table.findFree(1)]).toEqual([0, -1, 0]);
    const [zero, three] = [table.take(0), table.take(3)];
    expect([zero.requester, zero.index, table.get(3) === three, table.get(1)]).toEqual([
      7,
      0,
      true,
      undefined,
    ]);
    expect([table.findFree(2), table.findFree(3), table.findFree(4), table.findFree(5)]).toEqual([
      1, 4, 4, -1,
    ]);
    expect([table.findFree(2, 2), table.findFree(2, 4), table.findFree(1, 4)]).toEqual([4, 4, 4]);
    table.release(three);
    expect([table.findFree(5), table.get(3)]).toEqual([1, undefined]);
  });

  type Func = PciFunction & { readonly msi?: number };
  const numbers = (lab: Lab<X86Platform>, has: Partial<Func>, count: number): unknown[] => {
    const nic: Func = { name: '0000:00:04.0', node: -1, msix: 0, ...has };
    const { pciMsi } = lab.platform;
    lab.machine.run('alloc', pciMsi.allocIrqVectors(nic, count, count));
    return pciMsi.vectors(nic).map(({ irq }) => {
      const { data } = lab.desc(irq);
      const { addressLo, data: word } =
        data.chipData instanceof MsiDesc ? data.chipData.msg : { addressLo: 0, data: 0 };
      return [data.parentData?.hwirq, `0x${addressLo.toString(16)}`, word];
    });
  };

  // The ISA pins have the first 16 entries. Format: bit 4, index from bit 5, SHV in bit 3 (VT-d, 5.1.2.2).
  test("Intel's: one for all, its index in the address, a sub-handle for several MSIs", () => {
    const lab = on({ interruptRemapping: 'intel' });
    expect(numbers(lab, { msix: 2 }, 2)).toEqual([
      [16 * 2 ** 16, '0xfee00218', 0],
      [17 * 2 ** 16, '0xfee00238', 0],
    ]);
    const multi = numbers(lab, { name: '0000:00:05.0', msi: 4 }, 4);
    expect(multi.map((each) => (each as unknown[])[0])).toEqual(
      [0, 1, 2, 3].map((nth) => 18 * 2 ** 16 + nth),
    );
  });

  // A device's own table, whose entries' numbers are the data; several MSIs begin at a multiple (alloc_irq_index).
  test("AMD's: one a device, its index in the data", () => {
    const lab = on({ interruptRemapping: 'amd' });
    expect(numbers(lab, { msix: 2 }, 2)).toEqual([
      [0x20 * 2 ** 16, '0xfee00000', 0],
      [0x20 * 2 ** 16, '0xfee00000', 1],
    ]);
    expect(numbers(lab, { name: '0000:00:05.0', msi: 3 }, 3).map((each) => (each as unknown[])[0])).toEqual(
      [0, 1, 2].map((nth) => 0x28 * 2 ** 16 + nth),
    );
  });

  test.each(['intel', 'amd'] as const)('of %s sends what an entry says, blocks what has none', (kind) => {
    const lab = on({ interruptRemapping: kind });
    const nic: PciFunction = { name: '0000:00:04.0', node: -1, msix: 1 };
    const { pciMsi } = lab.platform;
    lab.machine.run('alloc', pciMsi.allocIrqVectors(nic, 1, 1));
    const desc = lab.desc(pciMsi.irqVector(nic, 0));
    lab.request(desc.irq, nic);
    expect(lab.platform.lineHardware(desc)?.edge()).toBe('sent');
    lab.machine.settle();
    expect(desc.totCount).toBe(1);
    const unit = desc.data.parentData;
    const domain = lab.core.domains.find(({ name }) => name === unit?.domain?.name);
    if (unit === null || !(domain instanceof IrqDomain)) throw new Error('no unit');
    domain.ops.deactivate?.(domain, unit);
    expect(lab.platform.lineHardware(desc)?.edge()).toBe('lost');
  });
});

describe('moves (irq_complete_move, vector_cleanup_callback, apic_force_complete_move)', () => {
  const move = (lab: Lab<X86Platform>, desc: IrqDesc, to: string): void => {
    lab.setAffinity(desc, to);
    lab.fire(desc);
  };

  const pass = ({ machine }: Lab<X86Platform>, ns: number): void => {
    const { clock } = machine;
    const end = clock.now + ns;
    for (let next = clock.nextTime; next !== undefined && next <= end; next = clock.nextTime) {
      clock.runNext();
      machine.settle();
    }
    clock.advanceTo(end);
  };

  test('each CPU cleans up after the next jiffy, those whose interrupt still waits a jiffy later', () => {
    const lab = on();
    const [a, b] = [lab.add({ irq: 30 }), lab.add({ irq: 31 })];
    for (const desc of [a, b]) {
      move(lab, desc, '1');
      lab.fire(desc);
    }
    pass(lab, 8_000_000);
    for (const desc of [a, b]) {
      move(lab, desc, '2');
      lab.fire(desc);
    }
    const [lineA, lineB] = [a, b].map((desc) => lineOf(vectorLevel(desc)));
    expect([lineA?.cleanupPending, lineB?.cleanupPending]).toEqual([true, true]);
    const cpu = lab.machine.cpu(1);
    cpu.localIrqDisable();
    cpu.raise(lineA?.prevVector ?? 0);
    pass(lab, 4_000_000);
    expect([lineA?.cleanupPending, lineB?.cleanupPending]).toEqual([true, false]);
    cpu.localIrqEnable();
    lab.machine.settle();
    pass(lab, 4_000_000);
    expect([lineA?.cleanupPending, lineA?.prevVector]).toEqual([false, 0]);
  });

  test('an interrupt on the old CPU does not complete a move', () => {
    const lab = on();
    const desc = lab.add({ irq: 30 });
    move(lab, desc, '1');
    const line = lineOf(vectorLevel(desc));
    expect([line.moveInProgress, line.cpu]).toEqual([true, 1]);
    lab.platform.vectorSystem.vectors.moves.complete(line);
    expect([line.moveInProgress, line.cleanupPending]).toEqual([true, false]);
  });

  test('a line that is freed while a move goes on gives back both vectors', () => {
    const lab = on();
    const { matrix } = lab.platform.vectorSystem.vectors;
    const desc = lab.add({ irq: 30 });
    move(lab, desc, '1');
    expect([matrix.allocated(0), matrix.allocated(1)]).toEqual([1, 1]);
    lab.free(30, [...desc.actions()][0]?.devId);
    const line = lineOf(vectorLevel(desc));
    expect([matrix.allocated(0), matrix.allocated(1)]).toEqual([0, 0]);
    expect([line.moveInProgress, line.prevVector, line.vector]).toEqual([false, 0, 0]);
  });

  test('and so while the old one waits for its cleanup, which then has nothing to do', () => {
    const lab = on();
    const { matrix } = lab.platform.vectorSystem.vectors;
    const [desc, other] = [lab.add({ irq: 30 }), lab.add({ irq: 31 })];
    for (const each of [other, desc]) {
      move(lab, each, '3');
      lab.fire(each);
    }
    const [line, stays] = [desc, other].map((each) => lineOf(vectorLevel(each)));
    expect([line?.cleanupPending, stays?.cleanupPending]).toEqual([true, true]);
    lab.free(30, [...desc.actions()][0]?.devId);
    expect(line?.cleanupPending).toBe(false);
    pass(lab, 8_000_000);
    expect([stays?.cleanupPending, stays?.prevVector]).toEqual([false, 0]);
    expect([0, 1, 2, 3].map((cpu) => matrix.allocated(cpu))).toEqual([0, 0, 0, 1]);
  });
});
