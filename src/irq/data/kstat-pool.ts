import type { Irq } from '../../lib/brand.js';

/** Descriptors whose counters lie in one array: few arrays stay in the CPU's cache where one for each would not. */
const DESCS_PER_CHUNK = 64;

/** Where the counters of a line are: one for each possible CPU, from `base` on. */
export interface KstatRow {
  readonly chunk: Uint32Array;
  readonly base: number;
}

/** Memory for the counters of all descriptors, one for each possible CPU (struct irq_desc kstat_irqs). */
export class KstatPool {
  private readonly chunks: (Uint32Array | undefined)[] = [];
  /** Lines whose counters somebody had before. */
  private readonly given: boolean[] = [];

  constructor(private readonly nrCpuIds: number) {}

  private chunkOf(irq: Irq): Uint32Array {
    const index = Math.floor(irq / DESCS_PER_CHUNK);
    let chunk = this.chunks[index];
    if (chunk === undefined) {
      chunk = new Uint32Array(DESCS_PER_CHUNK * this.nrCpuIds);
      this.chunks[index] = chunk;
    }
    return chunk;
  }

  /** The counters of `irq`, for a new descriptor: all 0. Nobody writes to memory that is so: it takes no room until then. */
  newRow(irq: Irq): KstatRow {
    const chunk = this.chunkOf(irq);
    const base = this.baseOf(irq);
    if (this.given[irq]) chunk.fill(0, base, base + this.nrCpuIds);
    this.given[irq] = true;
    return { chunk, base };
  }

  private baseOf(irq: Irq): number {
    return (irq % DESCS_PER_CHUNK) * this.nrCpuIds;
  }
}
