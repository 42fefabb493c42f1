/** A form in which a trace can be written. */
export type TraceFormat = 'ftrace' | 'dat' | 'dat7' | 'chrome' | 'jsonl';

/** ftrace: as `cat trace` prints; dat: a file of trace-cmd, dat7: in its version 7; chrome: JSON for Chrome's and Perfetto's viewers; jsonl. */
export const traceFormats: readonly TraceFormat[] = ['ftrace', 'dat', 'dat7', 'chrome', 'jsonl'];
