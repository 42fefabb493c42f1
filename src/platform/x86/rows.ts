import type { KernelBehaviour } from '../../irq/kernel.js';
import type { LineAccounting } from '../line-accounting.js';
import type { ArchRow, CpuVendor } from '../platform.js';

/** What the rows depend on. */
export interface X86RowSettings {
  readonly behaviour: Pick<KernelBehaviour, 'x86RowsInStat' | 'deferredErrorsOnAmdOnly' | 'mediatedPmiRow'>;
  readonly vmbus: LineAccounting;
  readonly vendor: CpuVendor;
  /** Whether Hyper-V is there, so that the kernel has installed its vectors. */
  isOnHyperV(): boolean;
}

/**
 * The rows of an x86 machine, in their order (arch/x86/kernel/irq.c arch_show_interrupts; irq_stat_info since 7.2), and
 * which of them /proc/stat adds up (arch_irq_stat_cpu, arch_irq_stat). PLT needs SGI UV, PMN the parameter
 * intremap=posted_msi; those for KVM's posted interrupts are there whenever the kernel has KVM.
 */
export function x86Rows({ behaviour, vmbus, vendor, isOnHyperV }: X86RowSettings): readonly ArchRow[] {
  const { x86RowsInStat: inStat, deferredErrorsOnAmdOnly, mediatedPmiRow } = behaviour;
  const sinceTable = { inStat: inStat === 'all' };
  const hypervisor = { inStat: inStat !== 'basic', isInstalled: isOnHyperV };
  const callback: ArchRow = [
    'HYP',
    'Hypervisor callback interrupts',
    { ...hypervisor, inStat: hypervisor.inStat && vmbus.inStat },
  ];
  const isAmds = vendor !== 'Intel' || !deferredErrorsOnAmdOnly;
  const deferredErrors = { ...sinceTable, isInstalled: () => isAmds };
  const mediatedPmi: ArchRow = ['VPMI', 'Perf Guest Mediated PMI', sinceTable];
  return [
    ['NMI', 'Non-maskable interrupts'],
    ['LOC', 'Local timer interrupts'],
    ['SPU', 'Spurious interrupts'],
    ['PMI', 'Performance monitoring interrupts'],
    ['IWI', 'IRQ work interrupts'],
    ['RTR', 'APIC ICR read retries'],
    ['RES', 'Rescheduling interrupts'],
    ['CAL', 'Function call interrupts'],
    ['TLB', 'TLB shootdowns', sinceTable],
    ['TRM', 'Thermal event interrupts'],
    ['THR', 'Threshold APIC interrupts'],
    ['DFR', 'Deferred Error APIC interrupts', deferredErrors],
    ['MCE', 'Machine check exceptions'],
    ['MCP', 'Machine check polls'],
    ...(vmbus.hidden ? [] : [callback]),
    ['HRE', 'Hyper-V reenlightenment interrupts', hypervisor],
    ['HVS', 'Hyper-V stimer0 interrupts', hypervisor],
    ['ERR', '', { single: true }],
    ['MIS', '', { single: true, ...sinceTable }],
    ['PIN', 'Posted-interrupt notification event', sinceTable],
    ['NPI', 'Nested posted-interrupt event', sinceTable],
    ['PIW', 'Posted-interrupt wakeup event', sinceTable],
    ...(mediatedPmiRow ? [mediatedPmi] : []),
  ];
}
