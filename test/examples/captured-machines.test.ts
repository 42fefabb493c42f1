import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Guest } from '../../src/guest/guest.js';
import { parseScenario } from '../../src/scenario/load.js';
import { runScenarioOn } from '../../src/scenario/runner.js';

// Tables of real machines, which scenarios of examples/ produce out of a machine with its devices: chips, numbers, names,
// and which CPUs each interrupt has come to. How often it came is not compared.

/** A row without its counts: the CPUs with any, and what follows; blanks as wide as they may be. */
function shape(row: string, cpus: number): string {
  const [, irq, rest] = /^ *(\w+): (.*)$/.exec(row.trimEnd()) ?? [];
  const counts = rest.trim().split(/ +/).slice(0, cpus);
  const where = counts.flatMap((count, cpu) => (count === '0' ? [] : [cpu])).join(',');
  const text = rest.trim().split(/ +/).slice(cpus).join(' ');
  return `${irq} [${where}] ${text}`;
}

/** The CPU that an interrupt has come to most often. */
function busiest(row: string, cpus: number): number {
  const counts = row
    .replace(/^ *\w+:/, '')
    .trim()
    .split(/ +/)
    .slice(0, cpus)
    .map(Number);
  return counts.indexOf(Math.max(...counts));
}

function produced(example: string): string[] {
  const text = readFileSync(new URL(`../../examples/${example}`, import.meta.url), 'utf8');
  const scenario = parseScenario(text, example);
  const guest = Guest.create(scenario.guest);
  const { steps } = runScenarioOn(guest, scenario);
  expect(steps.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
  return guest.procInterrupts().trimEnd().split('\n');
}

/** The produced row of the same interrupt. */
function rowLike(row: string, rows: readonly string[]): string {
  const label = /^ *\w+:/.exec(row)?.[0].trim();
  return rows.find((candidate) => candidate.trim().startsWith(`${label}`)) ?? '';
}

/**
 * An Azure VM with 4 CPUs and a MANA VF (Shradha Gupta, linux-hyperv, 2024-03-13), the second of two tables. Not
 * produced: the rows that the mail leaves out, so which ISA devices the machine has is chosen such that vectors are
 * where they were.
 */
const mana = `
 25:          1        103          0    3038084  Hyper-V PCIe MSI 4138200989697-edge      mana_q0@pci:7870:00:00.0
 26:          0          1    4012447          0  Hyper-V PCIe MSI 4138200989698-edge      mana_q1@pci:7870:00:00.0
 27:     157181         10          1    3007990  Hyper-V PCIe MSI 4138200989699-edge      mana_q2@pci:7870:00:00.0
 28:    3593858          0          0          1  Hyper-V PCIe MSI 4138200989700-edge      mana_q3@pci:7870:00:00.0`;

/**
 * A Generation 1 VM with 4 CPUs (Michael Kelley, linux-hyperv, 2026-02-25). Not produced: what the mail leaves out
 * after these rows, and the order in which its drivers requested them, which is chosen.
 */
const remapped = `
  0:         18          0          0          0 IR-IO-APIC   2-edge      timer
  1:          0          9          0          0 IR-IO-APIC   1-edge      i8042
  4:          0          0          0        792 IR-IO-APIC   4-edge      ttyS0
  6:          6          0          0          0 IR-IO-APIC   6-edge      floppy
  8:          0          0          0          0 IR-IO-APIC   8-edge      rtc0
  9:          0          0          0          0 IR-IO-APIC   9-fasteoi   acpi`;

describe.each([
  ['azure-mana-4vcpu.yaml', mana],
  ['hyperv-gen1-remapped.yaml', remapped],
])('%s produces what a real machine has shown', (example, capture) => {
  const rows = produced(example);

  test.each(capture.trim().split('\n'))('%s', (row) => {
    const own = rowLike(row, rows);
    expect(shape(own, 4)).toBe(shape(row, 4));
    expect(busiest(own, 4)).toBe(busiest(row, 4));
  });
});

test('the six rows of the Generation 1 VM are the same to the byte', () => {
  const rows = produced('hyperv-gen1-remapped.yaml');
  expect(rows.slice(1, 7).join('\n')).toBe(remapped.slice(1));
});

/** Michael Kelley, linux-hyperv, 2025-07-05, linux-next of 6.16: both machines, without the numbers of mappings. */
const domains = {
  x86_64: `name:   HV-PCI-MSIX-6b71:00:02.0-12
 size:   0
 flags:  0x00000213
            IRQ_DOMAIN_FLAG_HIERARCHY
            IRQ_DOMAIN_NAME_ALLOCATED
            IRQ_DOMAIN_FLAG_MSI
            IRQ_DOMAIN_FLAG_MSI_DEVICE
 parent: 8564CB14-6B71-477C-B189-F175118E6FF0-3
    name:   8564CB14-6B71-477C-B189-F175118E6FF0-3
     size:   0
     flags:  0x00000103
                IRQ_DOMAIN_FLAG_HIERARCHY
                IRQ_DOMAIN_NAME_ALLOCATED
                IRQ_DOMAIN_FLAG_MSI_PARENT
     parent: VECTOR
        name:   VECTOR
         size:   0
         flags:  0x00000103
                    IRQ_DOMAIN_FLAG_HIERARCHY
                    IRQ_DOMAIN_NAME_ALLOCATED
                    IRQ_DOMAIN_FLAG_MSI_PARENT`,
  arm64: `name:   HV-PCI-MSIX-1e03:00:00.0-12
 size:   0
 flags:  0x00000213
            IRQ_DOMAIN_FLAG_HIERARCHY
            IRQ_DOMAIN_NAME_ALLOCATED
            IRQ_DOMAIN_FLAG_MSI
            IRQ_DOMAIN_FLAG_MSI_DEVICE
 parent: 5D202AA8-1E03-4F0F-A786-390A0D2749E9-3
    name:   5D202AA8-1E03-4F0F-A786-390A0D2749E9-3
     size:   0
     flags:  0x00000103
                IRQ_DOMAIN_FLAG_HIERARCHY
                IRQ_DOMAIN_NAME_ALLOCATED
                IRQ_DOMAIN_FLAG_MSI_PARENT
     parent: hv_vpci_arm64
        name:   hv_vpci_arm64
         size:   956
         flags:  0x00000003
                    IRQ_DOMAIN_FLAG_HIERARCHY
                    IRQ_DOMAIN_NAME_ALLOCATED
         parent: irqchip@0x00000000ffff0000-1
            name:   irqchip@0x00000000ffff0000-1
             size:   0
             flags:  0x00000003
                        IRQ_DOMAIN_FLAG_HIERARCHY
                        IRQ_DOMAIN_NAME_ALLOCATED`,
};

test.each([
  ['x86_64', '8564cb14-6b71-477c-b189-f175118e6ff0', '6b71:00:02.0'],
  ['arm64', '5d202aa8-1e03-4f0f-a786-390a0d2749e9', '1e03:00:00.0'],
] as const)('irqdomains of a passed-through device on %s', (arch, instance, bdf) => {
  const guest = Guest.create({
    cpus: 4,
    arch,
    kernel: '6.18',
    pci: [{ driver: 'msix', bus: 'hyperv', instance, bdf, queues: 7 }],
  });
  const text = guest.fs.readFile(`/sys/kernel/debug/irq/domains/HV-PCI-MSIX-${bdf}-12`);
  const lines = text.split('\n').filter((line) => !line.trim().startsWith('mapped:'));
  const captured = domains[arch].split('\n');
  expect(lines.slice(0, captured.length)).toEqual(captured);
  expect(text.split('\n')[2]).toBe(' mapped: 7');
});
