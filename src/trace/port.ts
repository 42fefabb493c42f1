import type { CpuId } from '../lib/brand.js';
import type { TraceEvent, TraceFields, TraceValues } from './event.js';

/** What was running, on which CPU. */
export interface TraceThread {
  readonly cpu: CpuId;
  readonly comm: string;
  readonly pid: number;
  /** Of traceFlag; default, as for the depth: those of the running context. */
  readonly flags?: number;
  /** How often preemption is disabled. */
  readonly preemptDepth?: number;
}

/** What a tracepoint tells that is on. A machine without one traces nothing. */
export interface TracePort {
  /**
   * `event` has happened on the running CPU.
   *
   * @param by the thread that it happened in, where that is not the running context: of the kernel, where the model has
   *   another one do its work, or outside.
   */
  emit<F extends TraceFields>(event: TraceEvent<F>, values: TraceValues<F>, by?: TraceThread): void;
}
