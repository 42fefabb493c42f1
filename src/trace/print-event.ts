import { codeAddress, restText } from './c-type.js';
import { rec, TraceEvent, type TraceValues } from './event.js';

/** Its number (kernel/trace/trace.h enum trace_type). */
export const TRACE_PRINT = 5;
const fields = { ip: codeAddress, buf: restText };

/** ftrace's own event for texts (kernel/trace/trace_entries.h FTRACE_ENTRY(print)); it is always on. */
export const printEvent = new TraceEvent('ftrace', 'print', fields, '%ps: %s', [
  { source: '(void *)REC->ip', show: ({ ip }) => String(ip) },
  rec('buf'),
]);

export type Marker = TraceValues<typeof fields>;

/** TRACE_MARKER_MAX_SIZE */
const MOST_BYTES = 4096;

/** What `trace_marker` writes to. */
export interface MarkerPort {
  mark(values: Marker): boolean;
}

/** One write to `trace_marker` (kernel/trace/trace.c tracing_mark_write). @returns the bytes taken; undefined: nothing is written now. */
export function writeMarker(port: MarkerPort, data: string): number | undefined {
  const text = data.slice(0, MOST_BYTES);
  const buf = text.endsWith('\n') ? text : `${text}\n`;
  return port.mark({ ip: 'tracing_mark_write', buf }) ? text.length : undefined;
}
