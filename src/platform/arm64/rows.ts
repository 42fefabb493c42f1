import type { KernelBehaviour } from '../../irq/kernel.js';
import type { ArchRow } from '../platform.js';

/** The inter-processor interrupts by kernel, in the order of their rows (arch/arm64/kernel/smp.c ipi_types). */
const ipiTexts: Readonly<Record<KernelBehaviour['arm64Ipis'], readonly string[]>> = {
  withWakeup: [...basicIpis('CPU stop (for crash dump) interrupts'), 'CPU wake-up interrupts'],
  basic: basicIpis('CPU stop (for crash dump) interrupts'),
  withNmis: [...basicIpis('CPU stop NMIs'), 'CPU backtrace interrupts', 'KGDB roundup interrupts'],
};

function basicIpis(secondStop: string): string[] {
  return [
    'Rescheduling interrupts',
    'Function call interrupts',
    'CPU stop interrupts',
    secondStop,
    'Timer broadcast interrupts',
    'IRQ work interrupts',
  ];
}

/** The rows of an arm64 machine, in their order (arch/arm64/kernel/smp.c arch_show_interrupts). */
export function arm64Rows({ arm64Ipis }: KernelBehaviour): ArchRow[] {
  return [
    ...ipiTexts[arm64Ipis].map((text, i): ArchRow => [`IPI${i}`, text]),
    ['Err', '', { single: true, inStat: false }],
  ];
}
