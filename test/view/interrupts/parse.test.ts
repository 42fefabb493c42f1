import { describe, expect, test } from '@jest/globals';
import { importInterrupts } from '../../../src/capture/interrupts.js';
import { archSpacing } from '../../../src/view/interrupts/arch.js';
import {
  InterruptsSyntaxError,
  parseInterrupts,
  reprintInterrupts,
} from '../../../src/view/interrupts/parse.js';
import type { IrqRow } from '../../../src/view/interrupts/table.js';

function irqRow(text: string): IrqRow | undefined {
  return parseInterrupts(text).table.rows.find((row) => row.kind === 'irq');
}

/** Where a text stops making sense, as line:column. */
function errorAt(text: string): string {
  try {
    parseInterrupts(text);
  } catch (error) {
    if (error instanceof InterruptsSyntaxError) return `${error.line}:${error.column}`;
    throw error;
  }
  return 'no error';
}

const header = '           CPU0       \n';

describe('forms', () => {
  test('up to 3.18: no hwirq, the flow handler behind the chip', () => {
    const text = `${header} 40:          7  IR-PCI-MSI-edge      xhci_hcd\n`;
    expect(irqRow(text)).toMatchObject({ irq: 40, hwirq: null, flow: 'edge', actions: ['xhci_hcd'] });
  });

  test('6.12: chip names with blanks, hwirqs wider than their column', () => {
    expect(irqRow(`${header}  2:        379  SiFive PLIC  10  ttyS0\n`)).toMatchObject({
      chip: 'SiFive PLIC',
      hwirq: 10,
      trigger: null,
      actions: ['ttyS0'],
    });
    expect(irqRow(`${header} 24:          0   PCI-MSI 65536-edge      virtio1-config\n`)).toMatchObject({
      chip: 'PCI-MSI',
      hwirq: 65536,
      flow: 'edge',
    });
  });

  test('6.12 and level column: an interrupt without irqdomain', () => {
    expect(irqRow(`${header}112:      53048      PRCM     Edge      pm_wkup\n`)).toMatchObject({
      chip: 'PRCM',
      hwirq: null,
      trigger: 'Edge',
      actions: ['pm_wkup'],
    });
  });

  test('6.13: one blank less before the chip', () => {
    const text = `${header}  9:          0  IO-APIC   9-fasteoi   acpi\n`;
    expect(parseInterrupts(text).form).toBe('6.13');
    expect(irqRow(text)).toMatchObject({ chip: 'IO-APIC', chipPrinted: false, hwirq: 9 });
  });

  test('7.2: arm64 has two blanks before the texts of its rows (arch/arm64/kernel/smp.c)', () => {
    const text =
      '            CPU0       \n' +
      'IPI0:          5  Rescheduling interrupts\n' +
      'IPI1:          0  Function call interrupts\n' +
      ' Err:          0\n';
    expect(parseInterrupts(text).arch).toBe('arm64');
    expect(archSpacing('arm64', '7.2', 4)).toEqual({ lead: 1, gap: 2 });
    expect(archSpacing('arm64', '6.13', 4)).toEqual({ lead: 1, gap: 7 });
    expect(reprintInterrupts(parseInterrupts(text))).toBe(text);
  });

  test('7.2: chips to the left in a column as wide as the longest name', () => {
    const text =
      '            CPU0       CPU1       \n' +
      '   9:          0          2  IO-APIC                  9-fasteoi   acpi\n' +
      '  24:          5          0  PCI-MSIX-0000:00:03.0    0-edge      virtio0\n' +
      '  25:          5          0  VMBus                  475  netvsc, a b\n' +
      '  26:          5          0  odd                          nodomain\n' +
      ' NMI:          0          0  Non-maskable interrupts\n';
    const { form, table, arch } = parseInterrupts(text);
    expect([form, table.chipWidth, table.labelWidth]).toEqual(['7.2', 21, 4]);
    expect(table.rows[2]).toMatchObject({
      chip: 'VMBus',
      hwirq: 475,
      flow: null,
      actions: ['netvsc', 'a b'],
    });
    expect(table.rows[3]).toMatchObject({ chip: 'odd', hwirq: null, actions: ['nodomain'] });
    expect(arch).toBe('unknown');
    expect(reprintInterrupts(parseInterrupts(text))).toBe(text);
  });

  test('a row without an action shows that the kernel is 6.1 or older', () => {
    const text = `${header}  2:          3    XT-PIC   0    \n`;
    expect(parseInterrupts(text.replace('0    \n', '0\n')).form).toBe('6.1');
    expect(parseInterrupts(`${header}  2:          3    XT-PIC   0  cascade\n`).form).toBe('6.12');
  });

  // show_interrupts: the row of an interrupt that has counts but no action came until 6.1.
  test('in the forms of 6.13 and 7.2 each row has an action', () => {
    const rows = ' 10:          3  IO-APIC  10-edge';
    const first = '  9:          0  IO-APIC   9-fasteoi   acpi\n';
    expect(parseInterrupts(`${header}${first}${rows}      rtc0\n`).form).toBe('6.13');
    expect(parseInterrupts(`${header}${first}${rows}    \n`).form).toBe('6.1');
    const { form, table } = parseInterrupts(
      '            CPU0       \n' +
        '   9:          0  IO-APIC                  9-fasteoi   acpi\n' +
        '  24:          5  PCI-MSIX-0000:00:03.0    0-edge      virtio0\n' +
        '  25:          5  VMBus                  475\n',
    );
    expect([form, table.rows[2]]).toMatchObject(['7.2', { hwirq: null, actions: ['475'] }]);
  });

  test('rows of architectures: text without counts, one number, inter-processor interrupts', () => {
    const text =
      `${header} 16:          0     GICv3  25 Level     vgic\n` +
      'FIQ:              usb_fiq\nIPI0:         3       Rescheduling interrupts\nErr:          0\n';
    const { table, arch } = parseInterrupts(text);
    expect(table.rows.slice(1)).toEqual([
      { kind: 'arch', label: 'FIQ', lead: 0, counts: [], gap: 14, text: 'usb_fiq' },
      { kind: 'arch', label: 'IPI0', lead: 0, counts: [3], gap: 7, text: 'Rescheduling interrupts' },
      { kind: 'total', label: 'Err', total: 0 },
    ]);
    expect(arch).toBe('arm64');
    expect(reprintInterrupts(parseInterrupts(text))).toBe(text);
  });
});

describe('machines of other kinds', () => {
  const samples = {
    arm:
      '           CPU0       CPU1       \n' +
      ' 17:  127224250  118424219  bcm2836-timer   1 Edge      arch_timer\n' +
      ' 23:      12345          0  ARMCTRL-level   1 Edge      3f00b880.mailbox\n' +
      ' 62:  521451447          0  ARMCTRL-level  64 Edge      dwc_otg, dwc_otg_pcd, dwc_otg_hcd:usb1\n' +
      'FIQ:              usb_fiq\n' +
      'IPI0:          0          0  CPU wakeup interrupts\n' +
      'IPI2:   23564958   23464876  Rescheduling interrupts\n' +
      'Err:          0\n',
    arm64:
      '           CPU0       CPU1       \n' +
      ' 43:          0          0     pl061   3 Edge      ACPI:Event\n' +
      ' 49:          0          0   ITS-MSI 1572864 Edge      virtio1-config\n' +
      'IPI0:     35739      68329       Rescheduling interrupts\n',
    powerpc:
      '           CPU0       \n' +
      ' 16:          0  XIVE-IPI   0 Edge      IPI\n' +
      ' 21:          0  XIVE-IRQ 4096 Edge      RAS_EPOW\n' +
      'LOC:      10508   Local timer interrupts for timer event device\n' +
      'BCT:          0   Broadcast timer interrupts for timer event device\n' +
      'LOC:          4   Local timer interrupts for others\n',
    riscv:
      '           CPU0       \n' +
      ' 10:        675 RISC-V INTC   5 Edge      riscv-timer\n' +
      ' 12:        176 APLIC-DIRECT  33 Level     virtio1\n' +
      'IPI0:         0  Rescheduling interrupts\n',
    loongarch:
      '            CPU0       CPU1       \n' +
      '  20:      16393      14853  CPUINTC   12  IPI\n' +
      'IPI0:         350        507 LoongArch  1  Rescheduling interrupts\n' +
      ' ERR:         12\n',
    s390:
      '           CPU0       CPU1       \n' +
      'EXT:      30368       5872 \n' +
      'I/O:        675        559 \n' +
      '  3:          6          4   PCI-MSI  mlx5_async@pci:0002:00:00.0\n' +
      'CLK:       2876       2246   [EXT] Clock Comparator\n',
    mips:
      '           CPU0       \n  2:          0    XT-PIC   2  cascade\n 36:       3052  bonito_irq      eth0\n' +
      'ERR:          0\n',
    x86:
      '           CPU0       \n' +
      ' 16:       1139  xen-percpu    -virq      timer0\n' +
      ' 17:          0  xen-dyn    -event     xenbus\n' +
      'NMI:          0   Non-maskable interrupts\nMIS:          0\n',
  } as const;

  test.each(Object.entries(samples))('%s', (arch, text) => {
    const parsed = parseInterrupts(text);
    expect(parsed.arch).toBe(arch);
    expect(reprintInterrupts(parsed)).toBe(text);
    expect(parsed.trimmedLines).toEqual([]);
  });

  test('an old chip called after its trigger keeps its name', () => {
    expect(parseInterrupts(samples.arm).table.rows[1]).toMatchObject({
      chip: 'ARMCTRL-level',
      hwirq: 1,
      trigger: 'Edge',
      flow: null,
      actions: ['3f00b880.mailbox'],
    });
  });
});

describe('what got lost on the way', () => {
  test('blanks at the ends of lines and the last newline are noted and stay away', () => {
    const text = '           CPU0\n  7:         12   IO-APIC-edge\n  8:          1   IO-APIC-edge      rtc0';
    const parsed = parseInterrupts(text);
    expect(parsed.trimmedLines).toEqual([1, 2]);
    expect(parsed.newlineMissing).toBe(true);
    expect(parsed.table.rows[0]).toMatchObject({ chip: 'IO-APIC', flow: 'edge', actions: [] });
    expect(reprintInterrupts(parsed)).toBe(text);
  });
});

describe('the header', () => {
  const row = (cpus: number) => `  8:${'          1'.repeat(cpus)}   IO-APIC   8-edge      rtc0\n`;

  test.each([
    ...[0, 1, 5, 6, 7, 8, 14].map((blanks) => [`CPU0${' '.repeat(blanks)}`, 1] as const),
    ...[0, 1, 5, 6, 7, 8, 14].map((blanks) => [`CPU10${' '.repeat(blanks)}`, 1] as const),
    ...[0, 6, 7, 20].map((blanks) => [`CPU9       CPU10      CPU11${' '.repeat(blanks)}`, 3] as const),
    ...[0, 6, 7, 20].map((blanks) => [`CPU100     CPU101${' '.repeat(blanks)}`, 2] as const),
  ])('%j keeps its blanks', (columns, cpus) => {
    const text = `           ${columns}\n${row(cpus)}`;
    const parsed = parseInterrupts(text);
    expect(reprintInterrupts(parsed)).toBe(text);
    expect(parsed.table.rows[0]).toMatchObject({ chip: 'IO-APIC', hwirq: 8, flow: 'edge' });
  });
});

test.each([
  [7, 1_000_000],
  [10, 0x7fffffff],
])('the first column has %d columns and the interrupt number %d', (width, irq) => {
  const pad = ' '.repeat(width);
  const text = `${pad}        CPU0       \n${String(irq).padStart(width)}:          1   PCI-MSI ${pad}-edge      eth0\n`;
  const parsed = parseInterrupts(text);
  expect(parsed.table.rows[0]).toMatchObject({ irq, hwirq: null, actions: ['eth0'] });
  expect(reprintInterrupts(parsed)).toBe(text);
});

describe('a chip that prints itself with blanks behind its name', () => {
  test.each([
    [' msmgpio    78 Edge      ts', { chip: 'msmgpio  ', hwirq: 78, trigger: 'Edge', actions: ['ts'] }],
    ['  msmgpio    78  ts', { chip: ' msmgpio  ', hwirq: 78, trigger: null, actions: ['ts'] }],
    [' msmgpio         ts', { chip: 'msmgpio   ', hwirq: null, trigger: null, actions: ['ts'] }],
  ])('%j', (rest, expected) => {
    const text = `           CPU0       \n100:          0${rest}\n`;
    const parsed = parseInterrupts(text);
    expect(parsed.table.rows).toEqual([expect.objectContaining({ ...expected, chipPrinted: true })]);
    expect(reprintInterrupts(parsed)).toBe(text);
  });

  test('no reading takes an interrupt for one that the kernel does not show', () => {
    for (const rest of [
      'msmgpio',
      'msmgpio  ',
      'msmgpio     ',
      'msmgpio    78 Edge',
      'msmgpio    78 Edge    ',
    ]) {
      const text = `           CPU0       \n100:          0 ${rest}\n`;
      expect(importInterrupts(text).text()).toBe(text);
    }
  });
});

describe('what is no /proc/interrupts', () => {
  test.each([
    ['', '1:1'],
    ['hello\n', '1:1'],
    ['           CPU0       CPUx\n', '1:23'],
    ['           CPU0  CPU1       CPU2\n', '1:18'],
    [`${header}garbage\n`, '2:1'],
    [`${header}\n`, '2:1'],
    [`${header}  8: 1   IO-APIC   8-edge      rtc0\n`, '2:5'],
    [`${header}8:          1   IO-APIC   8-edge      rtc0\n`, '2:1'],
    [`           CPU0       CPU1       \n  8:          1   IO-APIC   8-edge      rtc0\n`, '2:16'],
    [`${header}  8:         01   IO-APIC   8-edge      rtc0\n`, '2:14'],
    [`${header}  8:          1\n`, '2:16'],
    [`${header}  8:          1   IO-APIC   8-edge      rtc0\n  9:          0  \n`, '3:16'],
    [`${header.replace('   ', '          ')}2147483648:          1   IO-APIC   8-edge      rtc0\n`, '2:1'],
    [`${header}XX:          1   text\n`, '2:1'],
  ])('%j fails at %s', (text, at) => {
    expect(errorAt(text)).toBe(at);
  });
});
