import { ErrnoError } from '../../lib/errno.js';
import type { Machine } from '../../machine/machine.js';
import type { TraceEvent } from '../../trace/event.js';
import { headerEvent, headerPage } from '../../trace/format-files.js';
import { printEvent, TRACE_PRINT, writeMarker } from '../../trace/print-event.js';
import { secondsText, traceText } from '../../trace/trace-text.js';
import { traceClockText, type Tracer } from '../../trace/tracer.js';
import { CpuMask } from '../../machine/cpumask.js';
import { formatCpuMask, parseCpuMask } from '../../machine/cpumask-text.js';
import { type FileNode, ListDirectory, StaticDirectory } from '../tree-node.js';
import { lineFile, numberFile, shown, traceFile, wordFile } from './files.js';
import { optionsDirectory, traceOptionsFile } from './options.js';
import { rawTracePipeFile, tracePipeFile } from './pipes.js';
import { enabledText, setEvents } from '../../trace/set-event.js';

const SYSTEM_FILTER = `### global filter ###
# Use this to set filters for multiple events.
# Only events with the given fields will be affected.
# If no events are modified, an error message will be displayed here
`;
/** What `trigger` says of an event that has none (event_trigger_regex_open); the model has none of these. */
const TRIGGERS =
  '# Available triggers:\n' +
  '# traceon traceoff snapshot stacktrace enable_event disable_event enable_hist disable_hist hist\n';

/** /sys/kernel/tracing: the control files and texts of tracefs (kernel/trace/trace.c, kernel/trace/trace_events.c). */
export function tracefs(tracer: Tracer, machine: Machine): StaticDirectory {
  const { events } = tracer;
  const perCpu = new ListDirectory(
    () => machine.cpus,
    ({ id }) => `cpu${id}`,
    ({ id }) => cpuDirectory(tracer, machine, id),
  );
  return new StaticDirectory(0o700, {
    available_events: shown(() => events.map((event) => `${event.system}:${event.name}\n`).join('')),
    available_tracers: shown(() => 'nop\n'),
    buffer_percent: numberFile(
      () => `${tracer.wakePercent}\n`,
      (percent) => setWakePercent(tracer, percent),
    ),
    buffer_size_kb: numberFile(
      () => `${tracer.bufferKb}\n`,
      (kb) => setBufferSize(tracer, kb),
    ),
    buffer_total_size_kb: shown(() => `${tracer.bufferKb * machine.possible.weight}\n`),
    current_tracer: wordFile(() => 'nop\n', setTracer),
    error_log: traceFile(0o640, { read: () => errorLog(tracer), write: (data) => data.length }, () => {
      tracer.errors.length = 0;
    }),
    events: eventsDirectory(tracer),
    options: optionsDirectory(tracer.flags),
    per_cpu: perCpu,
    printk_formats: shown(() => ''),
    saved_cmdlines: shown(() => [...tracer.comms].map(([pid, comm]) => `${pid} ${comm}\n`).join('')),
    set_event: traceFile(
      0o640,
      {
        read: () =>
          events
            .filter((event) => tracer.isEnabled(event))
            .map((event) => `${event.system}:${event.name}\n`)
            .join(''),
        write: (data) => setEvents(tracer, data),
      },
      () => tracer.setEnabled(events, false),
    ),
    trace: traceFile(
      0o640,
      { read: () => traceText(tracer, machine.online.weight), write: (data) => data.length },
      () => tracer.reset(),
    ),
    trace_clock: wordFile(
      () => traceClockText(tracer.clock),
      (word) => {
        tracer.clock = word;
      },
    ),
    trace_marker: traceFile(0o220, { write: (data) => mark(tracer, data) }),
    trace_options: traceOptionsFile(tracer.flags),
    trace_pipe: tracePipeFile(tracer),
    tracing_cpumask: wordFile(
      () => `${formatCpuMask(tracedCpus(tracer, machine))}\n`,
      (word) => {
        const traced = parseCpuMask(word, machine.nrCpuIds);
        tracer.untracedCpus.clear();
        for (const { id } of machine.cpus) if (!traced.has(id)) tracer.untracedCpus.add(id);
      },
    ),
    tracing_on: numberFile(
      () => `${Number(tracer.on)}\n`,
      (number) => {
        tracer.on = number !== 0;
      },
    ),
  });
}

function eventsDirectory(tracer: Tracer): StaticDirectory {
  const { events, behaviour } = tracer;
  const top = new StaticDirectory(0o750, {
    enable: enableFile(tracer, events),
    header_event: shown(() => headerEvent),
    header_page: shown(() => headerPage(behaviour)),
    ftrace: new StaticDirectory(0o750, {
      print: new StaticDirectory(0o750, { format: shown(() => printEvent.format(TRACE_PRINT, behaviour)) }),
    }),
  });
  for (const system of new Set(events.map((event) => event.system))) {
    const all = events.filter((event) => event.system === system);
    const directory = new StaticDirectory(0o750, {
      enable: enableFile(tracer, all),
      filter: lineFile(
        () => SYSTEM_FILTER,
        (text) => tracer.setSystemFilter(all, text),
      ),
    });
    for (const event of all) {
      const id = tracer.idOf(event);
      directory.add(
        event.name,
        new StaticDirectory(0o750, {
          enable: enableFile(tracer, [event]),
          filter: lineFile(
            () => `${tracer.filterText(event)}\n`,
            (text) => tracer.setFilter(event, text),
          ),
          format: shown(() => event.format(id, behaviour)),
          trigger: shown(() => TRIGGERS),
          id: shown(() => `${id}\n`),
        }),
      );
    }
    top.add(system, directory);
  }
  return top;
}

/** Whether some events are on, and a switch for all of them. */
function enableFile(tracer: Tracer, events: readonly TraceEvent[]): FileNode {
  return numberFile(
    () => `${enabledText(tracer, events)}\n`,
    (value) => {
      if (value > 1)
        throw new ErrnoError('EINVAL', `an event is enabled by 1 and disabled by 0, not ${value}`);
      tracer.setEnabled(events, value === 1);
    },
  );
}

function setBufferSize(tracer: Tracer, kb: number): void {
  if (kb === 0) throw new ErrnoError('EINVAL', 'a buffer has at least 1 KiB');
  tracer.bufferKb = kb;
}

function tracedCpus({ untracedCpus }: Tracer, { nrCpuIds }: Machine): CpuMask {
  const mask = CpuMask.all(nrCpuIds);
  for (const cpu of untracedCpus) mask.clear(cpu);
  return mask;
}

function setWakePercent(tracer: Tracer, percent: number): void {
  if (percent > 100)
    throw new ErrnoError('EINVAL', `a buffer is full to 100 percent at most, not ${percent}`);
  tracer.wakePercent = percent;
}

function mark(tracer: Tracer, data: string): number {
  if (!tracer.flags.has('markers')) throw new ErrnoError('EINVAL', 'the option markers is off');
  const taken = writeMarker(tracer, data);
  if (taken === undefined) throw new ErrnoError('EBADF', 'nothing is written: tracing_on is 0');
  return taken;
}

function setTracer(word: string): void {
  if (word !== 'nop') throw new ErrnoError('EINVAL', `there is no tracer ${word}; this kernel has nop`);
}

/** tracing_err_log_show */
function errorLog({ errors }: Tracer): string {
  return errors
    .map(({ ns, command, error: { message = 'Error', at } }) => {
      const caret = `${' '.repeat('  Command: '.length + at)}^`;
      return `[${secondsText(ns)}] event filter parse error: error: ${message}\n  Command: ${command}\n${caret}\n`;
    })
    .join('');
}

function cpuDirectory(tracer: Tracer, machine: Machine, cpu: number): StaticDirectory {
  return new StaticDirectory(0o750, {
    buffer_size_kb: shown(() => `${tracer.bufferKb}\n`),
    stats: shown(() => statsText(tracer, cpu)),
    trace: traceFile(
      0o640,
      { read: () => traceText(tracer, machine.online.weight, cpu), write: (data) => data.length },
      () => tracer.reset(cpu),
    ),
    trace_pipe: tracePipeFile(tracer, cpu),
    trace_pipe_raw: rawTracePipeFile(tracer, cpu),
  });
}

/** tracing_stats_read */
function statsText(tracer: Tracer, cpu: number): string {
  const ring = tracer.ringOf(cpu);
  const [oldest] = ring;
  const time = (ns: number): string => (tracer.clockInNs ? secondsText(ns).slice(1) : String(ns));
  return (
    `entries: ${ring.entries}\noverrun: ${ring.overrun}\ncommit overrun: 0\nbytes: ${ring.bytes}\n` +
    `oldest event ts: ${time(oldest?.ns ?? 0)}\nnow ts: ${time(tracer.now)}\ndropped events: ${ring.dropped}\nread events: ${ring.readEvents}\n`
  );
}
