/** ftrace: as `cat trace` prints; dat: a file of trace-cmd, dat7: in its version 7; chrome: JSON for Chrome's and Perfetto's viewers; jsonl. */
export const traceFormats = ['ftrace', 'dat', 'dat7', 'chrome', 'jsonl'] as const;

/** A form in which a trace can be written. */
export type TraceFormat = (typeof traceFormats)[number];
