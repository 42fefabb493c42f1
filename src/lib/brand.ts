/**
 * An integer with a meaning. Plain numbers fit every brand, but one brand does not fit another, so a hwirq
 * handed over where a Linux IRQ number is wanted does not compile.
 */
export type Brand<Name extends string> = number & { readonly __brand?: Name };

/** A CPU number, 0 to nr_cpu_ids - 1. */
export type CpuId = Brand<'CpuId'>;
/** A Linux IRQ number ("virq"); 0 means no interrupt where a mapping may be missing. */
export type Irq = Brand<'Irq'>;
/** An interrupt's number inside its irqdomain. */
export type Hwirq = Brand<'Hwirq'>;
/** A VMBus channel's number, 1 to 2047; 0 is the control path. */
export type Relid = Brand<'Relid'>;
/** Virtual time or a span of it, in nanoseconds. */
export type Ns = Brand<'Ns'>;
