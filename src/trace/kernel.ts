import type { LaterTraceOption } from './flags.js';

/** What the tracing of one kernel does differently from another's; src/irq/kernel.ts has the values. */
export interface TraceBehaviour {
  /** A plain char is unsigned (-funsigned-char), as format files show. */
  readonly charIsUnsigned: boolean;
  /** How `header_page` shows the flag of lost events. */
  readonly overwriteType: 'int' | 'char';
  /** workqueue_activate_work names the work's function. */
  readonly activateWorkNamesFunction: boolean;
  /** There is an event irq_matrix_alloc_reserved, which nothing tells. */
  readonly matrixAllocReservedEvent: boolean;
  /** Which of the options that came later `trace_options` has (trace/flags.ts). */
  readonly laterTraceOptions: readonly LaterTraceOption[];
  /** A marker may be as long as an event can be (6.8), not 1 KiB at most. */
  readonly longMarkers: boolean;
  /** Markers are written with preemption off (6.18). */
  readonly marksWithPreemptionOff: boolean;
  /** Events of raw data have no more bytes than were written. */
  readonly rawMarkersAreExact: boolean;
  /** The number of raw data's event (enum trace_type). */
  readonly rawDataId: number;
  /** A page of the buffers may be several pages of memory (`buffer_subbuf_size_kb`, 6.8). */
  readonly hasSubbufSize: boolean;
  /** Filters know `CPUS{0-3}` and `field.function` (6.6). */
  readonly filtersCpusAndFunctions: boolean;
  /** Only one at a time may have `trace_pipe` of a CPU open. */
  readonly tracePipeHasOneReader: boolean;
}
