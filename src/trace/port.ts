import type { CpuId } from '../lib/brand.js';
import type { TraceEvent, TraceFields, TraceValues } from './event.js';

/** A thread of the kernel, on its CPU. */
export interface TraceThread {
  readonly cpu: CpuId;
  readonly comm: string;
  readonly pid: number;
}

/** What a tracepoint tells that is on. A machine without one traces nothing. */
export interface TracePort {
  /**
   * `event` has happened on the running CPU.
   *
   * @param by the kernel's thread that it happened in, where the model has another context do its work.
   */
  emit<F extends TraceFields>(event: TraceEvent<F>, values: TraceValues<F>, by?: TraceThread): void;
}
