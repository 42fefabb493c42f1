import type { Irq } from '../../lib/brand.js';

/** Descriptors whose counters lie in one array: few arrays stay in the CPU's cache where one for each would not. */
const DESCS_PER_CHUNK = 64;

/** Memory for the counters of all descriptors, one for each possible CPU (struct irq_desc kstat_irqs). */
export class KstatPool {
  private readonly chunks: (Uint32Array | undefined)[] = [];

  constructor(private readonly nrCpuIds: number) {}

  /** The array that has the counters of `irq`, from baseOf(irq) on. */
  chunkOf(irq: Irq): Uint32Array {
    const index = Math.floor(irq / DESCS_PER_CHUNK);
    let chunk = this.chunks[index];
    if (chunk === undefined) {
      chunk = new Uint32Array(DESCS_PER_CHUNK * this.nrCpuIds);
      this.chunks[index] = chunk;
    }
    return chunk;
  }

  baseOf(irq: Irq): number {
    return (irq % DESCS_PER_CHUNK) * this.nrCpuIds;
  }
}
