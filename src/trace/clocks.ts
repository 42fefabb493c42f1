/** The clocks that the kernel knows on x86, in its order; in a model without clock error all tell the same time. */
export const traceClocks = [
  'local',
  'global',
  'counter',
  'uptime',
  'perf',
  'mono',
  'mono_raw',
  'boot',
  'tai',
  'x86-tsc',
] as const;

/** Those that count something else than ns. */
export const countingClocks: readonly string[] = ['counter', 'x86-tsc'];

/** `trace_clock`, with the one that is in use in brackets. */
export function traceClockText(used: string): string {
  return `${traceClocks.map((name) => (name === used ? `[${name}]` : name)).join(' ')}\n`;
}
