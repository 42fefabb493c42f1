import type { LineAccounting } from '../line-accounting.js';
import type { ArchRow } from '../platform.js';

/**
 * The rows of an x86 machine on Hyper-V, in their order (arch/x86/kernel/irq.c arch_show_interrupts), and which of
 * them /proc/stat adds up (arch_irq_stat_cpu, arch_irq_stat; those of the hypervisor since 6.4).
 */
export function x86Rows(hypervisorInStat: boolean, vmbus: LineAccounting): readonly ArchRow[] {
  const hypervisor = { inStat: hypervisorInStat };
  const callback: ArchRow = [
    'HYP',
    'Hypervisor callback interrupts',
    { inStat: hypervisorInStat && vmbus.inStat },
  ];
  const posted = { installed: false, inStat: false };
  return [
    ['NMI', 'Non-maskable interrupts'],
    ['LOC', 'Local timer interrupts'],
    ['SPU', 'Spurious interrupts'],
    ['PMI', 'Performance monitoring interrupts'],
    ['IWI', 'IRQ work interrupts'],
    ['RTR', 'APIC ICR read retries'],
    ['RES', 'Rescheduling interrupts'],
    ['CAL', 'Function call interrupts'],
    ['TLB', 'TLB shootdowns', { inStat: false }],
    ['TRM', 'Thermal event interrupts'],
    ['THR', 'Threshold APIC interrupts'],
    ['DFR', 'Deferred Error APIC interrupts', { inStat: false }],
    ['MCE', 'Machine check exceptions'],
    ['MCP', 'Machine check polls'],
    ...(vmbus.hidden ? [] : [callback]),
    ['HRE', 'Hyper-V reenlightenment interrupts', hypervisor],
    ['HVS', 'Hyper-V stimer0 interrupts', hypervisor],
    ['ERR', '', { single: true }],
    ['MIS', '', { single: true, inStat: false }],
    ['PIN', 'Posted-interrupt notification event', posted],
    ['NPI', 'Nested posted-interrupt event', posted],
    ['PIW', 'Posted-interrupt wakeup event', posted],
  ];
}
