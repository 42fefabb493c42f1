import type { KernelBehaviour } from '../../irq/kernel.js';

// The numbers of arch/x86/include/asm/irq_vectors.h.

export const NR_VECTORS = 256;
/** First vector that is no exception. */
export const FIRST_EXTERNAL_VECTOR = 0x20;
/** Has a CPU clean up vectors whose interrupts went to another one, where no timer does. */
export const IRQ_MOVE_CLEANUP_VECTOR = FIRST_EXTERNAL_VECTOR;
/** The old system call. */
const IA32_SYSCALL_VECTOR = 0x80;
const LOCAL_TIMER_VECTOR = 0xec;
const POSTED_MSI_NOTIFICATION_VECTOR = 0xeb;
const PERF_GUEST_MEDIATED_PMI_VECTOR = 0xf5;
/** What a line is set to that holds no vector: its interrupt, if one comes, belongs to nobody. */
export const MANAGED_IRQ_SHUTDOWN_VECTOR = 0xef;
/** Exceptions that the kernel has handlers for: 0 to 21 and 29. */
const EXCEPTIONS = [...Array.from({ length: 22 }, (_, vector) => vector), 29];

/** The vector that the kernel gave an ISA interrupt before the IO-APIC took it over. */
export function isaIrqVector(irq: number): number {
  return 0x30 + irq;
}

/** First vector behind those of devices. */
export function firstSystemVector({ reservesPostedMsiVector }: KernelBehaviour): number {
  return reservesPostedMsiVector ? POSTED_MSI_NOTIFICATION_VECTOR : LOCAL_TIMER_VECTOR;
}

/** Above those of devices, but without a gate: nothing is ever sent there, or nothing that is handled. */
const UNASSIGNED = [MANAGED_IRQ_SHUTDOWN_VECTOR, POSTED_MSI_NOTIFICATION_VECTOR];

/**
 * Vectors that belong to the kernel on each CPU (arch/x86/kernel/idt.c system_vectors): those with a gate of their own, in
 * a kernel with KVM and without CONFIG_X86_POSTED_MSI, whose vector nobody gets all the same.
 */
export function systemVectors(behaviour: KernelBehaviour): number[] {
  const system = [...EXCEPTIONS];
  if (behaviour.cleansVectorsByIpi) system.push(IRQ_MOVE_CLEANUP_VECTOR);
  system.push(IA32_SYSCALL_VECTOR);
  const unassigned = behaviour.mediatedPmiVector
    ? UNASSIGNED
    : [...UNASSIGNED, PERF_GUEST_MEDIATED_PMI_VECTOR];
  for (let vector = firstSystemVector(behaviour); vector < NR_VECTORS; vector++) {
    if (!unassigned.includes(vector)) system.push(vector);
  }
  return system;
}
