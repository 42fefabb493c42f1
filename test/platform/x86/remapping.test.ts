import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../../src/guest/guest.js';
import { irqd } from '../../../src/irq/data/irqdata.js';
import { irqDomainAllocIrqs } from '../../../src/irq/mapping/hierarchy.js';
import { errnoValue } from '../../../src/lib/errno.js';
import { CpuMask } from '../../../src/machine/cpumask.js';
import { X86Platform } from '../../../src/platform/x86/platform.js';
import type { GuestOptions } from '../../../src/scenario/options/guest.js';
import { Lab } from '../lab.js';

// No recording has remapping. Where answers come from: drivers/iommu/intel/irq_remapping.c, drivers/iommu/amd/iommu.c,
// drivers/iommu/hyperv-iommu.c of 6.1 and 6.12, and what they have become in 7.2.

const rtc = { irq: 8, chip: 'IO-APIC', hwirq: 8, flow: 'edge', trigger: 'edge', name: 'rtc0' } as const;
const nic = { irq: 20, chip: 'IO-APIC', hwirq: 20, flow: 'fasteoi', trigger: 'level', name: 'nic' } as const;

function guestWith(options: Partial<GuestOptions>): Guest {
  return Guest.create({
    cpus: 4,
    kernel: '6.12',
    vmbus: options.interruptRemapping === 'hyperv',
    interrupts: [rtc, nic],
    pci: [{ driver: 'nvme', queues: 2 }],
    ...options,
  });
}

function levels(guest: Guest, irq: number): unknown[] {
  const all: unknown[] = [];
  for (let d = guest.irqCore.desc(irq)?.data ?? null; d !== null; d = d.parentData)
    all.push(`${d.chip.name} ${d.domain?.name} ${d.hwirq}`);
  return all;
}

function moved(guest: Guest, irq: number): { pending: boolean | undefined; effective: string } {
  guest.irq(irq).setAffinity('3');
  const pending = guest.irqCore.desc(irq)?.data.has(irqd.SETAFFINITY_PENDING);
  return { pending, effective: guest.fs.readFile(`/proc/irq/${irq}/effective_affinity_list`).trim() };
}

describe.each([
  ['intel', 'INTEL-IR', '-13'],
  ['amd', 'AMD-IR', '-14'],
] as const)('remapping of %s', (interruptRemapping, name, token) => {
  test.each([
    ['6.1', `${name}-0`],
    ['6.12', `${name}-0${token}`],
    ['7.2', `${name}-0${token}`],
  ] as const)('on %s its domain is %s, between vectors and IO-APIC', (kernel, domain) => {
    const [pin, unit, vector] = levels(guestWith({ interruptRemapping, kernel }), 8);
    expect([pin, vector]).toEqual(['IR-IO-APIC IO-APIC-0 8', 'APIC VECTOR 8']);
    expect(unit).toMatch(new RegExp(`^${name} ${domain} `));
  });

  test.each([
    ['6.1', 'IR-PCI-MSI IR-PCI-MSI-3 65537'],
    ['6.12', 'IR-PCI-MSIX-0000:00:04.0 IR-PCI-MSIX-0000:00:04.0-12 1'],
  ] as const)('on %s PCI messages go through it, too', (kernel, expected) => {
    expect(levels(guestWith({ interruptRemapping, kernel }), 25)[0]).toBe(expected);
  });

  test.each(['6.1', '6.12', '6.18', '7.2'] as const)(
    'on %s a line moves at once, without an interrupt (IRQ_MOVE_PCNTXT; a chip without MOVE_DEFERRED)',
    (kernel) => {
      const guest = guestWith({ interruptRemapping, kernel });
      for (const irq of [8, 20, 24]) {
        expect(moved(guest, irq)).toEqual({ pending: false, effective: '3' });
        guest.irq(irq).raise();
        expect(guest.irqCore.desc(irq)?.cold.kstat[3]).toBe(1);
      }
    },
  );

  test('a level that goes on after its end comes again (ioapic_ir_ack_level ends it at the pin)', () => {
    const guest = guestWith({ interruptRemapping });
    for (let i = 0; i < 5; i++) guest.irq(20).raise();
    expect(guest.irq(20).total).toBe(5);
  });
});

test("an entry of AMD's has the number of its pin, and a device's line the number of the device (irq_remapping_alloc)", () => {
  const guest = guestWith({ interruptRemapping: 'amd' });
  expect(levels(guest, 8)[1]).toBe(`AMD-IR AMD-IR-0-14 ${0xa0 * 2 ** 16}`);
  expect(levels(guest, 24)[1]).toBe(`AMD-IR AMD-IR-0-14 ${0x20 * 2 ** 16}`);
});

test("AMD's tables have 512 entries, one for each device (MAX_IRQS_PER_TABLE): a device with more gets no vectors", () => {
  const guest = guestWith({ interruptRemapping: 'amd', cpus: 8, pci: [] });
  expect(() => guest.lines.plugPci({ driver: 'msix', queues: 513 })).toThrow(/ENOSPC/);
  expect(guest.lines.plugPci({ driver: 'msix', queues: 512 })).toBe('msix');
  expect(guest.lines.plugPci({ driver: 'msix', queues: 8, name: 'other' })).toBe('other');
  expect(guest.fs.readFile('/proc/interrupts')).toContain('IR-PCI-MSIX-0000:00:05.0');
});

describe("Hyper-V's own (HYPERV-IR)", () => {
  test('is for the IO-APIC alone: its chip is named IR-IO-APIC, PCI messages go past it', () => {
    const guest = guestWith({ interruptRemapping: 'hyperv' });
    expect(levels(guest, 8)).toEqual(['IR-IO-APIC IO-APIC-0 8', 'HYPERV-IR HYPERV-IR-0 0', 'APIC VECTOR 8']);
    expect(levels(guest, 25).map((level) => String(level).split(' ')[0])).toEqual([
      'PCI-MSIX-0000:00:04.0',
      'APIC',
    ]);
  });

  test.each([
    ['6.1', true],
    ['6.12', true],
    ['6.18', false],
    ['7.2', false],
  ] as const)('on %s a move waits for an interrupt: %s (nobody sets IRQ_MOVE_PCNTXT)', (kernel, pending) => {
    const guest = guestWith({ interruptRemapping: 'hyperv', kernel });
    expect(moved(guest, 8).pending).toBe(pending);
    expect(moved(guest, 20).pending).toBe(pending);
    for (const irq of [8, 8, 20, 20]) guest.irq(irq).raise();
    expect([guest.irqCore.desc(8)?.cold.kstat[3], guest.irqCore.desc(20)?.cold.kstat[3]]).toEqual(
      pending ? [1, 1] : [2, 2],
    );
  });

  test('a move to a CPU without a vector left fails as that of the vectors does, and the line stays', () => {
    const lab = new Lab(
      (machine, core) => new X86Platform(machine, core, undefined, { interruptRemapping: 'hyperv' }),
      { dynirqLowerBound: 24, kernel: '6.18' },
    );
    const desc = lab.add({ irq: 30, chip: 'IR-IO-APIC', hwirq: 20 });
    const { domain, vectors } = lab.platform.vectorSystem;
    const mask = CpuMask.of(4, [2]);
    for (let room = vectors.matrix.available(2); room > 0; room--)
      irqDomainAllocIrqs(domain, 1, { hwirq: 0, mask });
    expect([lab.effective(desc), lab.setAffinity(desc, '2')]).toEqual(['0', errnoValue('ENOSPC')]);
    expect([lab.effective(desc), lab.setAffinity(desc, '3'), lab.effective(desc)]).toEqual(['0', 0, '3']);
  });

  test('a pin goes to CPUs with APIC ids below 256 (hyperv_ir_set_affinity, hyperv_irq_remapping_alloc)', () => {
    const guest = guestWith({ interruptRemapping: 'hyperv', kernel: '6.18', cpus: 300, pci: [] });
    const read = (file: string): string => guest.fs.readFile(`/proc/irq/20/${file}`).trim();
    expect(read('smp_affinity_list')).toBe('0-255');
    expect(() => guest.irq(20).setAffinity('250-260')).toThrow(/EINVAL/);
    expect(() => guest.irq(20).setAffinity('256')).toThrow(/EINVAL/);
    guest.irq(20).setAffinity('255');
    expect(read('effective_affinity_list')).toBe('255');
  });

  test('its domain looks 24 lines up, of which it numbers none (IOAPIC_REMAPPING_ENTRY)', () => {
    const guest = guestWith({ interruptRemapping: 'hyperv', kernel: '6.18' });
    const text = guest.fs.readFile('/sys/kernel/debug/irq/domains/HYPERV-IR-0');
    expect(text.split('\n').slice(0, 2)).toEqual(['name:   HYPERV-IR-0', ' size:   24']);
    expect(text.split('\n')[3]).toBe(' flags:  0x00000003');
  });
});

test('without being told a machine has what its chips tell of: Intel, or on Hyper-V HYPERV-IR for an IO-APIC alone', () => {
  const chip = 'IR-IO-APIC';
  const unit = (options: Partial<GuestOptions>): unknown =>
    String(levels(guestWith({ pci: [], interrupts: [{ ...rtc, chip }], ...options }), 8)[1]).split(' ')[0];
  expect([unit({ vmbus: true }), unit({ vmbus: false })]).toEqual(['HYPERV-IR', 'INTEL-IR']);
});
