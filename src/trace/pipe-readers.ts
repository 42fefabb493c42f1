import type { CpuId } from '../lib/brand.js';

/** Which `trace_pipe` somebody has open: one of a CPU, or that of all CPUs (kernel/trace/trace.c open_pipe_on_cpu). */
export class PipeReaders {
  private readonly cpus = new Set<CpuId>();
  private all = false;

  /** @param cpu undefined: all CPUs. @returns false if another one reads there. */
  open(cpu: CpuId | undefined): boolean {
    if (this.all || (cpu === undefined ? this.cpus.size > 0 : this.cpus.has(cpu))) return false;
    if (cpu === undefined) this.all = true;
    else this.cpus.add(cpu);
    return true;
  }

  close(cpu: CpuId | undefined): void {
    if (cpu === undefined) this.all = false;
    else this.cpus.delete(cpu);
  }
}
