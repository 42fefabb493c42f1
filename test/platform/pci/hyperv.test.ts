import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../../src/guest/guest.js';
import { irqchipFlags } from '../../../src/irq/data/irqchip.js';
import { irqd } from '../../../src/irq/data/irqdata.js';
import type { IrqDesc } from '../../../src/irq/data/irqdesc.js';
import { IrqDomain, irqDomainGetIrqData, irqResolveMapping } from '../../../src/irq/data/revmap.js';
import { irqDomainAllocIrqs, irqDomainFreeIrqs } from '../../../src/irq/mapping/hierarchy.js';
import { MsiDesc } from '../../../src/irq/msi/msi-desc.js';
import { errnoValue } from '../../../src/lib/errno.js';
import { MsiTable } from '../../../src/platform/pci/msi-table.js';
import type { GuestOptions } from '../../../src/scenario/options/guest.js';
import { Lab } from '../lab.js';

// No recording has a bus of Hyper-V. Where not said otherwise: drivers/pci/controller/pci-hyperv.c of 6.1 and 6.12 for
// kernels before 6.18, of 7.2 for the others.

const INSTANCE = '6041f3c4-38d5-407c-b56f-985d03d32ca3';

function guestWith(options: Partial<GuestOptions>, queues = 4): Guest {
  const pci = [{ driver: 'msix', bus: 'hyperv', instance: INSTANCE, name: 'vf', queues }] as const;
  return Guest.create({ cpus: 4, kernel: '6.12', pci, ...options });
}

/** The line of the device's nth message. */
function line(guest: Guest, nth: number) {
  for (const desc of guest.irqCore.descs()) if (desc.action?.name === `vf-${nth}`) return desc;
  throw new Error(`no line vf-${nth}`);
}

/** The MSI-X table of the line's device. */
function tableOf({ data: { chipData } }: IrqDesc): MsiTable {
  if (chipData instanceof MsiDesc && chipData.hardware instanceof MsiTable) return chipData.hardware;
  throw new Error('no message');
}

function chips(guest: Guest, nth = 0): unknown[] {
  const names: unknown[] = [];
  for (let d = line(guest, nth).data; ; d = d.parentData) {
    names.push([d.chip.name, d.domain?.name]);
    if (d.parentData === null) return names;
  }
}

describe("a bus of Hyper-V's", () => {
  test('has one chip and domain for all messages before 6.17: hv_msi_irq_chip on the vectors', () => {
    expect(chips(guestWith({ kernel: '6.12' }))).toEqual([
      ['Hyper-V PCIe MSI', `${INSTANCE.toUpperCase()}-3`],
      ['APIC', 'VECTOR'],
    ]);
  });

  test('has one for each device since: hv_pcie_msi_parent_ops', () => {
    expect(chips(guestWith({ kernel: '6.18' }))).toEqual([
      ['HV-PCI-MSIX-38d5:00:00.0', 'HV-PCI-MSIX-38d5:00:00.0-12'],
      ['Hyper-V PCIe MSI', `${INSTANCE.toUpperCase()}-3`],
      ['APIC', 'VECTOR'],
    ]);
  });

  test('is the domain of devices that the second part of its GUID tells (hv_pci_probe), in hwirq before 6.17', () => {
    expect(line(guestWith({ kernel: '6.1' }), 2).data.hwirq).toBe(0x38d5 * 2 ** 27 + 2);
    expect(line(guestWith({ kernel: '7.2' }), 2).data.hwirq).toBe(2);
  });

  test.each([
    ['6.12', irqchipFlags.ONESHOT_SAFE],
    ['6.18', irqchipFlags.ONESHOT_SAFE | irqchipFlags.MOVE_DEFERRED],
  ] as const)('on %s its chip has no flag but ONESHOT_SAFE and that moves wait', (kernel, flags) => {
    expect(line(guestWith({ kernel }), 0).data.chip.flags).toBe(flags);
  });

  test.each(['6.1', '6.12', '6.18', '7.2'] as const)(
    'on %s a move waits for the next interrupt, and is told to the host when that unmasks the line (hv_irq_unmask)',
    (kernel) => {
      const guest = guestWith({ kernel });
      const desc = line(guest, 0);
      const irq = guest.irq(desc.irq);
      const [from, to] = [desc.data.effectiveAffinity.first(), (desc.data.effectiveAffinity.first() + 1) % 4];
      irq.setAffinity(String(to));
      expect(desc.data.has(irqd.SETAFFINITY_PENDING)).toBe(true);
      irq.raise();
      irq.raise();
      const counts = [...desc.cold.kstat];
      expect([counts[from], counts[to]]).toEqual([1, 1]);
    },
  );

  test('a line that goes from its CPU when that goes offline is retargeted: fixup_irqs masks and unmasks it', () => {
    const guest = guestWith({});
    const desc = line(guest, 1);
    const cpu = desc.data.effectiveAffinity.first();
    guest.cpu(cpu).offline();
    guest.irq(desc.irq).raise();
    expect(desc.cold.kstat[desc.data.effectiveAffinity.first()]).toBe(1);
    expect(desc.data.effectiveAffinity.first()).not.toBe(cpu);
  });

  test.each(['6.12', '6.18'] as const)(
    'on %s an interrupt of a masked message waits in the device, and joins others',
    (kernel) => {
      const guest = guestWith({ kernel });
      const desc = line(guest, 0);
      desc.data.chip.irqMask?.(desc.data);
      const fates = [0, 1, 2].map(() => tableOf(desc).raise(0));
      expect(fates).toEqual(['sent', 'joined', 'joined']);
      desc.data.chip.irqUnmask?.(desc.data);
      guest.machine.settle();
      expect(desc.totCount).toBe(1);
    },
  );

  test.each([
    ['6.12', 0],
    ['7.2', 0],
  ] as const)(
    'on %s the bus goes with its last device (hv_pci_remove), and comes with the next',
    (kernel, left) => {
      const guest = guestWith({ kernel });
      const named = (): number => guest.irqCore.domains.filter(({ name }) => name.includes('38D5')).length;
      expect(named()).toBe(1);
      guest.lines.unplugPci('vf');
      expect(named()).toBe(left);
      guest.lines.plugPci({ driver: 'msix', bus: 'hyperv', instance: INSTANCE, name: 'vf', queues: 1 });
      expect([named(), line(guest, 0).data.hwirq % 2048]).toEqual([1, 0]);
    },
  );

  test('on arm64 a message is an SPI from 64 on, below the chips MSI and GICv3 (HV_PCI_MSI_SPI_START)', () => {
    const guest = guestWith({ arch: 'arm64' });
    expect(chips(guest)).toEqual([
      ['Hyper-V PCIe MSI', `${INSTANCE.toUpperCase()}-3`],
      ['MSI', 'hv_vpci_arm64'],
      ['GICv3', 'irqchip@0x00000000ffff0000-1'],
    ]);
    const spis = [0, 1, 2, 3].map((nth) => line(guest, nth).data.parentData?.hwirq);
    expect(spis).toEqual([64, 65, 66, 67]);
  });

  test('on arm64 a move is made at once, by the GIC alone (irq_chip_set_affinity_parent; hv_arch_irq_unmask is empty)', () => {
    const guest = guestWith({ arch: 'arm64' });
    const desc = line(guest, 0);
    guest.irq(desc.irq).setAffinity('3');
    guest.irq(desc.irq).raise();
    expect([...desc.cold.kstat]).toEqual([0, 0, 0, 1]);
  });

  test('on arm64 there are 956 SPIs, and a device that wants more gets none (bitmap_find_free_region)', () => {
    const guest = guestWith({ arch: 'arm64' }, 956);
    expect(line(guest, 955).data.parentData?.hwirq).toBe(1019);
    expect(() => guest.lines.plugPci({ driver: 'msix', bus: 'hyperv', name: 'other' })).toThrow(/ENOSPC/);
    guest.lines.unplugPci('vf');
    expect(guest.lines.plugPci({ driver: 'msix', bus: 'hyperv', name: 'vf' })).toBe('vf');
    expect(line(guest, 0).data.parentData?.hwirq).toBe(64);
  });

  // hv_pci_vec_alloc_device_irq, hv_pci_vec_irq_free: get_count_order
  test('on arm64 several at once take a power of two of SPIs, at a multiple of it from the first', () => {
    const { core, platform } = Lab.arm64();
    const domain = core.domains.find(({ name }) => name === 'hv_vpci_arm64');
    if (!(domain instanceof IrqDomain)) throw new Error('no domain');
    const first = (count: number): number => {
      const irq = irqDomainAllocIrqs(domain, count, {});
      return irq < 0 ? irq : (irqDomainGetIrqData(domain, irq)?.hwirq ?? 0);
    };
    const enospc = errnoValue('ENOSPC');
    expect([1024, 512, 3, 1, 2, 256].map(first)).toEqual([enospc, 64, 576, 580, 582, enospc]);
    const three = [...core.descs()].find(({ data }) => data.domain === domain && data.hwirq === 576);
    if (three === undefined) throw new Error('no line');
    expect(irqResolveMapping(platform.gic.domain, 578)?.irq).toBe(three.irq + 2);
    irqDomainFreeIrqs(core, three.irq, 3);
    for (const spi of [576, 577, 578]) expect(irqResolveMapping(platform.gic.domain, spi)).toBeUndefined();
    expect([1, 4, 1].map(first)).toEqual([576, 584, 577]);
    expect([128, 128, 64, 32, 16, 8].map(first)).toEqual([704, 832, 640, 608, 592, 960]);
    expect([32, 16, 8].map(first)).toEqual([enospc, 976, 968]);
    // SPIs 1016 to 1019 are less than 8, and the numbers behind them no SPIs.
    expect([16, 8, 8, 4, 4, 1].map(first)).toEqual([992, 1008, enospc, 588, 1016, 578]);
    expect(platform.gic.domain).toBe(domain.parent);
  });
});

describe('mana (drivers/net/ethernet/microsoft/mana/gdma_main.c)', () => {
  const hints = (guest: Guest): (string | undefined)[] =>
    [...guest.irqCore.descs()].flatMap(({ irq, action }) =>
      action?.name?.startsWith('mana_')
        ? [guest.fs.readFile(`/proc/irq/${irq}/smp_affinity_list`).trim()]
        : [],
    );
  const options = (kernel: '6.1' | '6.12' | '7.2', queues: number): GuestOptions => ({
    cpus: { present: 4, threadsPerCore: 2 },
    kernel,
    pci: [{ driver: 'mana', bus: 'hyperv', queues }],
  });

  /** Interrupts that move with the next one. */
  const settled = (guest: Guest): (string | undefined)[] => {
    for (const { irq, action } of guest.irqCore.descs())
      if (action?.name?.startsWith('mana_')) for (let i = 0; i < 2; i++) guest.irq(irq).raise();
    return hints(guest);
  };

  test.each([
    ['6.1', 4, ['0', '1', '2', '3', '0']],
    ['6.12', 4, ['0', '0-1', '2-3', '0-1', '2-3']],
    ['7.2', 4, ['0', '0', '1', '2', '3']],
    ['6.12', 2, ['0-1', '2-3', '0-1']],
    ['7.2', 2, ['0-1', '2-3', '0-1']],
  ] as const)('on %s with %i queues asks for CPUs', (kernel, queues, expected) => {
    expect(settled(Guest.create(options(kernel, queues)))).toEqual(expected);
  });
});
