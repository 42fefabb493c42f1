import type { TraceBehaviour } from '../../trace/kernel.js';

/** `README`: what the files here are for. Linux has a text of its own, which programs look through for what it can do. */
export function readme({ hasSubbufSize, filtersCpusAndFunctions }: TraceBehaviour): string {
  const files: readonly (readonly [string, string])[] = [
    ['available_events', 'all events, as system:name'],
    ['set_event', 'events that are on; a write adds one, or takes it away with ! before it'],
    ['set_event_pid', 'tasks whose events alone are written; empty: all'],
    ['set_event_notrace_pid', 'tasks whose events are not written'],
    ['events/SYSTEM/EVENT/enable', '1 or 0: whether the event is written'],
    [
      'events/SYSTEM/EVENT/filter',
      `which of them are${filtersCpusAndFunctions ? '; field.function == NAME, cpu & CPUS{LIST}' : ''}`,
    ],
    ['events/SYSTEM/EVENT/format', 'fields of the event'],
    ['trace', 'the events, as a text; opening it with O_TRUNC empties the buffers'],
    ['trace_pipe', 'the same, but what is read is gone, and a read waits'],
    ['per_cpu/cpuN', 'the same of one CPU'],
    ['snapshot', '1: puts the buffers aside; 0: gives their memory back; else: empties what was put aside'],
    ['tracing_on', '0: nothing is written'],
    ['trace_clock', 'what times are counted by'],
    ['trace_marker', 'a write is an event'],
    ['trace_marker_raw', 'the same for bytes, the first four a number'],
    ['trace_options', 'how events are written and shown; so is options/NAME'],
    ['tracing_cpumask', 'CPUs whose events are written'],
    ['buffer_size_kb', 'size of the buffer of each CPU'],
    ...(hasSubbufSize ? [['buffer_subbuf_size_kb', 'size of the pages of buffers'] as const] : []),
    ['saved_cmdlines_size', 'how many names of tasks are kept'],
    ['instances', 'mkdir makes an instance with files and buffers of its own, rmdir takes it away'],
  ];
  return `tracing mini-HOWTO:\n\n${files.map(([name, what]) => `  ${name}\n\t\t- ${what}\n`).join('')}`;
}
