import { ErrnoError } from '../../lib/errno.js';
import { CpuMask } from '../../machine/cpumask.js';
import { formatCpuMask, parseCpuMask } from '../../machine/cpumask-text.js';
import type { Machine } from '../../machine/machine.js';
import { traceClockText } from '../../trace/clocks.js';
import { writeMarker, writeRawMarker } from '../../trace/marker.js';
import { setEvents } from '../../trace/set-event.js';
import type { TraceArray } from '../../trace/trace-array.js';
import { secondsText } from '../../trace/trace-text.js';
import { type FileNode, ListDirectory, type TreeNode } from '../tree-node.js';
import {
  bufferSizeFile,
  cpuDirectory,
  snapshotFile,
  subbufSizeFile,
  totalSizeFile,
  traceTextFile,
} from './buffers.js';
import { eventsDirectory } from './events.js';
import { numberFile, shown, traceFile, wordFile } from './files.js';
import { optionsDirectory, traceOptionsFile } from './options.js';
import { pidFile } from './pids.js';
import { tracePipeFile } from './pipes.js';

/** Bytes that are too many for a clock's name. */
const MOST_CLOCK_BYTES = 64;

/** The files that each instance of tracing has, the top one among them (kernel/trace/trace.c init_tracer_tracefs). */
export function instanceFiles(array: TraceArray, machine: Machine): Readonly<Record<string, TreeNode>> {
  const { behaviour, events } = array.system;
  return {
    available_tracers: shown(() => 'nop\n'),
    buffer_percent: numberFile(
      () => `${array.wakePercent}\n`,
      (percent) => setWakePercent(array, percent),
    ),
    buffer_size_kb: bufferSizeFile(array),
    ...(behaviour.hasSubbufSize && { buffer_subbuf_size_kb: subbufSizeFile(array) }),
    buffer_total_size_kb: totalSizeFile(array, machine),
    current_tracer: wordFile(() => 'nop\n', setTracer),
    error_log: traceFile(0o640, { read: () => errorLog(array), write: (data) => data.length }, () => {
      array.filters.errors.length = 0;
    }),
    events: eventsDirectory(array),
    options: optionsDirectory(array.flags),
    per_cpu: new ListDirectory(
      () => machine.cpus,
      ({ id }) => `cpu${id}`,
      ({ id }) => cpuDirectory(array, machine, id),
    ),
    set_event: traceFile(
      0o640,
      {
        read: () =>
          events
            .filter((event) => array.isEnabled(event))
            .map((event) => `${event.system}:${event.name}\n`)
            .join(''),
        write: (data) => setEvents(array, data),
      },
      () => array.setEnabled(events, false),
    ),
    set_event_notrace_pid: pidFile(array, 'noPids'),
    set_event_pid: pidFile(array, 'pids'),
    snapshot: snapshotFile(array, machine),
    timestamp_mode: shown(() => '[delta] absolute\n'),
    trace: traceTextFile(array, machine),
    trace_clock: wordFile(
      () => traceClockText(array.clock),
      (word) => {
        array.clock = word;
      },
      MOST_CLOCK_BYTES,
    ),
    trace_marker: markerFile((data) => writeMarker(array, data)),
    trace_marker_raw: markerFile((data) => writeRawMarker(array, data)),
    trace_options: traceOptionsFile(array.flags),
    trace_pipe: tracePipeFile(array),
    tracing_cpumask: wordFile(
      () => `${formatCpuMask(tracedCpus(array, machine))}\n`,
      (word) => {
        const traced = parseCpuMask(word, machine.nrCpuIds);
        array.untracedCpus.clear();
        for (const { id } of machine.cpus) if (!traced.has(id)) array.untracedCpus.add(id);
      },
    ),
    tracing_on: numberFile(
      () => `${Number(array.on)}\n`,
      (number) => {
        array.on = number !== 0;
      },
    ),
  };
}

/** A file that is opened to be read as well, but has nothing for read(). */
function markerFile(write: (data: string) => number): FileNode {
  return { ...traceFile(0o220, { write }), unreadable: 'EINVAL' };
}

function tracedCpus({ untracedCpus }: TraceArray, { nrCpuIds }: Machine): CpuMask {
  const mask = CpuMask.all(nrCpuIds);
  for (const cpu of untracedCpus) mask.clear(cpu);
  return mask;
}

function setWakePercent(array: TraceArray, percent: number): void {
  if (percent > 100)
    throw new ErrnoError('EINVAL', `a buffer is full to 100 percent at most, not ${percent}`);
  array.wakePercent = percent;
}

function setTracer(word: string): void {
  if (word !== 'nop') throw new ErrnoError('EINVAL', `there is no tracer ${word}; this kernel has nop`);
}

/** tracing_err_log_show */
function errorLog({ filters }: TraceArray): string {
  return filters.errors
    .map(({ ns, command, error: { message = 'Error', at } }) => {
      const caret = `${' '.repeat('  Command: '.length + at)}^`;
      return `[${secondsText(ns)}] event filter parse error: error: ${message}\n  Command: ${command}\n${caret}\n`;
    })
    .join('');
}
