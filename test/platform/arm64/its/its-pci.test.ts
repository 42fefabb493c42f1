import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../../../src/guest/guest.js';
import { irqd } from '../../../../src/irq/data/irqdata.js';
import { MsiDesc } from '../../../../src/irq/msi/msi-desc.js';
import { MsiTable } from '../../../../src/platform/pci/msi-table.js';
import type { GuestOptions } from '../../../../src/scenario/options/guest.js';

// No recording has arm64. Where answers come from: drivers/irqchip/irq-gic-v3-its.c; its-pci-msi.c of 6.1, its-msi-parent.c
// of 6.12, irq-gic-its-msi-parent.c of 7.2; drivers/pci/msi/irqdomain.c.

function guestWith(options: Partial<GuestOptions> = {}): Guest {
  const pci = [{ driver: 'nvme', queues: 2 }] as const;
  return Guest.create({ arch: 'arm64', cpus: 4, kernel: '6.12', vmbus: false, pci, ...options });
}

function line(guest: Guest, name: string) {
  for (const desc of guest.irqCore.descs()) if (desc.action?.name === name) return desc;
  throw new Error(`no line ${name}`);
}

function levels(guest: Guest, name: string): string[] {
  const all: string[] = [];
  for (let d: ReturnType<typeof line>['data'] | null = line(guest, name).data; d !== null; d = d.parentData)
    all.push(`${d.chip.name} ${d.domain?.name} ${d.hwirq}`);
  return all;
}

function effective(guest: Guest, name: string): number {
  return line(guest, name).data.effectiveAffinity.first();
}

describe('PCI devices behind an ITS', () => {
  test.each([
    ['6.1', 'ITS-MSI irqchip@0x0000000008080000-3 65537'],
    ['6.10', 'ITS-MSI irqchip@0x0000000008080000-3 65537'],
    ['6.12', 'ITS-PCI-MSIX-0000:00:04.0 ITS-PCI-MSIX-0000:00:04.0-12 1'],
    ['7.2', 'ITS-PCI-MSIX-0000:00:04.0 ITS-PCI-MSIX-0000:00:04.0-12 1'],
  ] as const)('on %s a message is %s, below it ITS and GIC with its LPI', (kernel, top) => {
    const [message, its, gic] = levels(guestWith({ kernel }), 'nvme0q1');
    expect(message).toBe(top);
    expect([its, gic]).toEqual([
      'ITS irqchip@0x0000000008080000-5 8193',
      'GICv3 irqchip@0x00000000ffff0000-1 8193',
    ]);
  });

  test.each([
    ['6.1', 65],
    ['6.12', 64],
  ] as const)(
    "on %s a device's LPIs are a power of two, for what it asks or its table has (its_pci_msi_prepare)",
    (kernel, room) => {
      const guest = guestWith({
        kernel,
        pci: [
          { driver: 'msix', queues: 3, vectors: 64, name: 'a' },
          { driver: 'msix', name: 'b' },
        ],
      });
      const [a, b] = ['a-0', 'b-0'].map((name) => line(guest, name).data.parentData?.hwirq);
      expect([a, b]).toEqual([8192, 8192 + (room === 65 ? 4 : 64)]);
    },
  );

  test.each([
    ['6.12', 8192],
    ['6.18', 8192],
  ] as const)(
    'on %s a device that goes gives its LPIs back (its_irq_domain_free, its_msi_teardown)',
    (kernel, first) => {
      const guest = guestWith({ kernel });
      guest.lines.unplugPci('nvme0');
      expect(guest.irqCore.domains.some(({ name }) => name.includes('0000:00:04.0'))).toBe(false);
      guest.lines.plugPci({ driver: 'msix', name: 'a' });
      expect(line(guest, 'a-0').data.parentData?.hwirq).toBe(first);
    },
  );

  test('managed ones are counted apart: each kind goes to the CPU with the fewest of it (its_select_cpu)', () => {
    const guest = guestWith({
      pci: [
        { driver: 'msix', name: 'a', queues: 5 },
        { driver: 'nvme', queues: 4 },
      ],
    });
    expect([0, 1, 2, 3, 4].map((n) => effective(guest, `a-${n}`))).toEqual([0, 1, 2, 3, 0]);
    expect([1, 2, 3, 4].map((n) => effective(guest, `nvme0q${n}`))).toEqual([0, 1, 2, 3]);
    expect(effective(guest, 'nvme0q0')).toBe(1);
  });

  test('a move is made at once, and stays where the line is if that will do (its_set_affinity, IRQ_SET_MASK_OK_DONE)', () => {
    const guest = guestWith();
    const { irq, data } = line(guest, 'nvme0q0');
    guest.irq(irq).setAffinity('2-3');
    expect([data.has(irqd.SETAFFINITY_PENDING), effective(guest, 'nvme0q0')]).toEqual([false, 2]);
    guest.irq(irq).raise();
    expect(line(guest, 'nvme0q0').cold.kstat[2]).toBe(1);
  });

  test('an interrupt that comes while the line is masked waits in the device, and comes once', () => {
    const guest = guestWith();
    const desc = line(guest, 'nvme0q0');
    const { chipData } = desc.data;
    if (!(chipData instanceof MsiDesc && chipData.hardware instanceof MsiTable))
      throw new Error('no message');
    const table = chipData.hardware;
    desc.data.chip.irqMask?.(desc.data);
    expect([table.raise(0), table.raise(0)]).toEqual(['sent', 'joined']);
    desc.data.chip.irqUnmask?.(desc.data);
    guest.machine.settle();
    expect([desc.totCount, table.isPending(0)]).toEqual([1, false]);
  });

  test('a managed interrupt is shut down with the last of its CPUs, and comes back with it', () => {
    const guest = guestWith({ pci: [{ driver: 'nvme', queues: 4 }] });
    const desc = line(guest, 'nvme0q3');
    guest.cpu(2).offline();
    expect(desc.data.has(irqd.MANAGED_SHUTDOWN)).toBe(true);
    guest.cpu(2).online();
    expect([desc.data.has(irqd.MANAGED_SHUTDOWN), effective(guest, 'nvme0q3')]).toEqual([false, 2]);
    guest.irq(desc.irq).raise();
    expect(desc.cold.kstat[2]).toBe(1);
  });

  test('one that is not managed goes to another CPU when its own goes, for good', () => {
    const guest = guestWith();
    const { irq } = line(guest, 'nvme0q0');
    guest.irq(irq).setAffinity('3');
    guest.cpu(3).offline();
    const moved = effective(guest, 'nvme0q0');
    guest.cpu(3).online();
    guest.irq(irq).raise();
    expect([moved === 3, line(guest, 'nvme0q0').cold.kstat[moved]]).toEqual([false, 1]);
  });

  test('a message is the event and the address of GITS_TRANSLATER; none once the line is deactivated (its_irq_compose_msi_msg)', () => {
    const guest = guestWith();
    const { chipData } = line(guest, 'nvme0q2').data;
    expect(chipData).toMatchObject({ msg: { addressHi: 0, addressLo: 0x8090040, data: 2 }, requester: 0x20 });
    guest.lines.unplugPci('nvme0');
    expect(chipData).toMatchObject({ msg: { addressHi: 0, addressLo: 0, data: 0 } });
  });

  test('/proc/interrupts has no flow name on arm64, but the trigger', () => {
    expect(guestWith().procInterrupts()).toMatch(/ ITS-PCI-MSIX-0000:00:04\.0 {3}1 Edge {6}nvme0q1\n/);
  });

  test('Hyper-V gives none: a machine on Hyper-V has one only if asked for', () => {
    const pci = [{ driver: 'msix', name: 'a' }] as const;
    expect(levels(guestWith({ vmbus: true, pci }), 'a-0')[1]).toBe('MSI hv_vpci_arm64 64');
    expect(levels(guestWith({ vmbus: true, its: true, pci }), 'a-0')[1]).toMatch(/^ITS /);
  });
});
