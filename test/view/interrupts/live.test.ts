import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { kernelVersions } from '../../../src/irq/kernel.js';
import { irqSetChip, irqSetStatusFlags } from '../../../src/irq/management/chip.js';
import { irqDisposeMapping } from '../../../src/irq/mapping/irqdomain.js';
import { irqStatus } from '../../../src/irq/data/settings.js';
import type { ArchInterrupts } from '../../../src/view/interrupts/arch.js';
import { interruptsTable } from '../../../src/view/interrupts/live.js';
import { parseInterrupts } from '../../../src/view/interrupts/parse.js';
import { x86_64 } from '../../../src/platform/x86/definition.js';
import { Guest } from '../machine.js';

function x86(cpus: number): ArchInterrupts {
  const zeros = new Array<number>(cpus).fill(0);
  const ones = new Array<number>(cpus).fill(1);
  return {
    arch: 'x86',
    sources: () => [
      { label: 'NMI', text: 'Non-maskable interrupts', counts: zeros },
      { label: 'SPU', text: 'Spurious interrupts', counts: zeros },
      { label: 'HYP', text: 'Hypervisor callback interrupts', counts: ones },
      { label: 'HRE', text: 'Hyper-V reenlightenment interrupts', counts: zeros, isInstalled: () => false },
      { label: 'ERR', text: '', counts: ones, single: true },
      { label: 'MIS', text: '', counts: zeros, single: true },
      { label: 'PIN', text: 'Posted-interrupt notification event', counts: zeros },
    ],
  };
}

const texts: Record<string, string> = {
  '6.1':
    '           CPU0       CPU1       \n' +
    ' 24:          0          5     VMBus 475  netvsc\n' +
    ' 25:          2          0     VMBus   3\n' +
    'NMI:          0          0   Non-maskable interrupts\n' +
    'SPU:          0          0   Spurious interrupts\n' +
    'HYP:          1          1   Hypervisor callback interrupts\n' +
    'ERR:          2\n' +
    'MIS:          0\n' +
    'PIN:          0          0   Posted-interrupt notification event\n',
  '6.18':
    '           CPU0       CPU1       \n' +
    ' 24:          0          5    VMBus 475  netvsc\n' +
    'NMI:          0          0   Non-maskable interrupts\n' +
    'SPU:          0          0   Spurious interrupts\n' +
    'HYP:          1          1   Hypervisor callback interrupts\n' +
    'ERR:          2\n' +
    'MIS:          0\n' +
    'PIN:          0          0   Posted-interrupt notification event\n',
  '7.2':
    '            CPU0       CPU1       \n' +
    '  24:          0          0  VMBus     475  netvsc\n' +
    ' NMI:          0          0  Non-maskable interrupts\n' +
    ' HYP:          1          1  Hypervisor callback interrupts\n' +
    ' PIN:          0          0  Posted-interrupt notification event\n' +
    ' ERR:          1          1  PIC/APIC error interrupts\n',
};

describe('/proc/interrupts of a machine', () => {
  // kernel/irq/proc.c show_interrupts: to 6.9 counts on CPUs online, in 6.10 kstat_irqs_desc, from 6.11 on never.
  test.each([
    ['6.1', 'countedOnline', ['25', '26']],
    ['6.10', 'counted', ['26', '27']],
    ['6.12', 'none', []],
  ] as const)('lines without an action in %s: %s', (kernel, idleRows, shown) => {
    const guest = new Guest({ present: 2, online: [0], kernel });
    expect(guest.core.behaviour.idleRows).toBe(idleRows);
    const set = (counts: readonly number[], total: number): void => {
      const desc = guest.core.desc(guest.map(counts[0] + 10 * counts[1]));
      desc?.cold.kstat.set(counts);
      if (desc) desc.totCount = total;
    };
    set([0, 0], 0);
    set([1, 0], 0);
    set([1, 1], 2);
    set([0, 2], 2);
    const rows = guest.read('/proc/interrupts').split('\n').slice(1, -1);
    expect(rows.map((row) => row.slice(0, 3).trim())).toEqual(shown);
  });

  // kernel/irq/proc.c irq_proc_calc_prec, arch/x86/kernel/apic/vector.c arch_probe_nr_irqs.
  test.each([
    [39, 4],
    [40, 5],
    [390, 5],
    [391, 6],
  ])('7.2 on x86 with room for %i CPUs: the first column is %i wide', (cpus, width) => {
    const mostNrIrqs = x86_64.mostNrIrqs?.(cpus);
    const guest = new Guest({ present: 1, kernel: '7.2', nrIrqs: x86_64.nrIrqs(cpus), mostNrIrqs });
    expect(guest.read('/proc/interrupts')).toBe(`${' '.repeat(width + 8)}CPU0       \n`);
  });

  test('7.2: the first column never shrinks; older ones follow nr_irqs', () => {
    for (const [kernel, width] of [
      ['7.2', 5],
      ['6.18', 4],
    ] as const) {
      const { core } = new Guest({ present: 1, kernel, nrIrqs: 20_000 });
      core.nrIrqs = 1000;
      expect(interruptsTable(core).labelWidth).toBe(width);
    }
  });

  test.each(Object.keys(texts))('kernel %s', (version) => {
    const kernel = kernelVersions.find((known) => known === version);
    const guest = new Guest({ present: 2, tree: { arch: x86(2) }, ...(kernel && { kernel }) });
    const [netvsc, idle] = [guest.map(475), guest.map(3)];
    guest.request(netvsc, 'netvsc');
    const desc = guest.core.desc(netvsc);
    // Counted on the CPU alone: form 7.2 does not look there while the line's total is 0.
    if (desc) desc.cold.kstat[1] = 5;
    const other = guest.core.desc(idle);
    if (other) other.cold.kstat[0] = 2;
    expect(guest.read('/proc/interrupts')).toBe(texts[version]);
  });

  test('form 7.2 shows per-CPU lines whatever their total, and never narrows the chip column', () => {
    const guest = new Guest({ present: 1, kernel: '7.2' }, { name: 'a-chip-with-a-long-name' });
    const irq = guest.map(5);
    guest.request(irq, 'x');
    irqSetStatusFlags(guest.core, irq, irqStatus.PER_CPU);
    const desc = guest.core.desc(irq);
    if (desc) desc.cold.kstat[0] = 9;
    expect(guest.read('/proc/interrupts')).toBe(
      '            CPU0       \n  24:          9  a-chip-with-a-long-name    5  x\n',
    );
  });

  test('form 7.2 keeps the width of a chip that came and went unseen', () => {
    const guest = new Guest({ present: 1, kernel: '7.2' }, { name: 'a-chip-with-a-long-name' });
    const gone = guest.map(5);
    guest.request(gone, 'x');
    guest.free(gone, 'x');
    irqDisposeMapping(guest.core, gone);
    const irq = guest.map(6);
    irqSetChip(guest.core, irq, { name: 'short' });
    guest.request(irq, 'y');
    expect(guest.read('/proc/interrupts')).toContain('  short                      6  y\n');
  });

  test('hidden lines and offline CPUs are left out, the first column follows nr_irqs', () => {
    const guest = new Guest({ present: 3, online: [0, 2], nrIrqs: 1000 });
    const irq = guest.map(5);
    guest.request(irq, 'x');
    expect(guest.read('/proc/interrupts')).toBe(
      '            CPU0       CPU2       \n  24:          0          0     VMBus    5  x\n',
    );
    irqSetStatusFlags(guest.core, irq, irqStatus.HIDDEN);
    expect(guest.read('/proc/interrupts')).toBe('            CPU0       CPU2       \n');
  });

  test('architectures with a Level/Edge column', () => {
    const arm64: ArchInterrupts = {
      arch: 'arm64',
      sources: () => [
        { label: 'IPI0', text: 'Rescheduling interrupts', counts: [7] },
        { label: 'Err', text: '', counts: [0], single: true },
      ],
    };
    const guest = new Guest({ present: 1, tree: { arch: arm64 } }, { name: 'GICv3' });
    guest.request(guest.map(5), 'x');
    expect(guest.read('/proc/interrupts')).toBe(
      '           CPU0       \n' +
        ' 24:          0     GICv3   5 Edge      x\n' +
        'IPI0:         7       Rescheduling interrupts\n' +
        'Err:          0\n',
    );
  });
});

test('random machines read back as they are, in the form of each kernel', () => {
  const lines = fc.uniqueArray(
    fc.record({
      hwirq: fc.integer({ min: 1, max: 4095 }),
      name: fc.constantFrom('heartbeat', 'netvsc', 'storvsc', 'a b', 'f8615163-df3e'),
      count: fc.nat(0xffffffff),
      requested: fc.boolean(),
    }),
    { minLength: 1, maxLength: 12, selector: ({ hwirq }) => hwirq },
  );
  const chips = fc.constantFrom('VMBus', 'IO-APIC', 'PCI-MSIX-0000:00:03.0', 'SiFive PLIC', 'X');
  fc.assert(
    fc.property(
      fc.constantFrom(...kernelVersions),
      fc.integer({ min: 1, max: 6 }),
      chips,
      lines,
      (kernel, present, name, wanted) => {
        const guest = new Guest({ present, kernel, tree: { arch: x86(present) } }, { name });
        for (const { hwirq, name: action, count, requested } of wanted) {
          const irq = guest.map(hwirq);
          if (requested) guest.request(irq, action);
          const desc = guest.core.desc(irq);
          if (desc === undefined) continue;
          desc.cold.kstat[hwirq % present] = count;
          desc.totCount = count;
        }
        const table = interruptsTable(guest.core, x86(present));
        const parsed = parseInterrupts(guest.read('/proc/interrupts'));
        expect(parsed.table.rows).toEqual(table.rows);
        expect([parsed.table.cpus, parsed.table.labelWidth]).toEqual([table.cpus, table.labelWidth]);
      },
    ),
    { numRuns: 300 },
  );
});
