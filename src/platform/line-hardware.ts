import type { CpuId } from '../lib/brand.js';

/**
 * What becomes of an edge: it is on its way to a CPU, or kept until the line is unmasked; it joins one that is; nobody
 * will ever get it.
 */
export type EdgeFate = 'sent' | 'joined' | 'lost';

/** A line on the device's side of its interrupt controller: a pin of an IO-APIC, a message of an MSI-X function. */
export interface LineHardware {
  /** Edges that are kept, or that a CPU has been sent and has not taken. */
  readonly waiting: number;
  /** A device sends an edge. @param cpu whose line it is, of a per-CPU line. */
  edge(cpu?: CpuId): EdgeFate;
  /** The line is driven high, or low: for as long as it is high a level-triggered interrupt comes again and again. */
  drive(isHigh: boolean): void;
}
