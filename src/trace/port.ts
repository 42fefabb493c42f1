import type { TraceEvent, TraceFields, TraceValues } from './event.js';

/** What a tracepoint tells that is on. A machine without one traces nothing. */
export interface TracePort {
  /** `event` has happened on the running CPU. */
  emit<F extends TraceFields>(event: TraceEvent<F>, values: TraceValues<F>): void;
}
