import type { TraceValues } from './event.js';

/** What has happened, and where. */
export interface FilteredEvent {
  readonly values: TraceValues;
  readonly cpu: number;
  readonly comm: string;
  readonly pid: number;
  /** Of traceFlag. */
  readonly flags: number;
  readonly preemptDepth: number;
}

/** True for events that are let through. */
export type TraceFilter = (event: FilteredEvent) => boolean;
