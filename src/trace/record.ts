import type { CpuId, Ns } from '../lib/brand.js';
import type { TraceEvent, TraceValues } from './event.js';
import type { TracePort, TraceThread } from './port.js';

/** Bits of an event's common_flags (enum trace_flag_type). */
export const traceFlag = {
  IRQS_OFF: 0x01,
  NEED_RESCHED: 0x04,
  HARDIRQ: 0x08,
  SOFTIRQ: 0x10,
  NMI: 0x40,
} as const;

/** Where an event happened. */
export interface TraceContext extends TraceThread {
  /** Of traceFlag. */
  readonly flags: number;
  /** How often preemption is disabled. */
  readonly preemptDepth: number;
}

/** What tracing needs of its machine. */
export interface TracedMachine {
  /** Highest CPU number + 1. */
  readonly nrCpuIds: number;
  readonly clock: { readonly now: Ns };
  readonly bootNs: Ns;
  /** What the tracepoints tell; undefined: nobody, and they cost nothing. */
  tracePort: TracePort | undefined;
  traceContext(): TraceContext;
  /** The CPUs of a list such as 0-3,8; undefined for what is none, or one with CPUs that the machine has no place for. */
  cpusOfList(list: string): ReadonlySet<CpuId> | undefined;
}

/** An event that has happened. */
export interface TraceRecord extends TraceContext {
  /** Since the kernel was started, in ns; or what else the trace clock counts. What follows on another CPU is later. */
  readonly ns: Ns;
  /** How many events had happened with it: the order of those at one time. */
  readonly seq: number;
  readonly event: TraceEvent;
  readonly values: TraceValues;
}
