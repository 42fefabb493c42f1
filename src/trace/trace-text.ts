import type { CpuId, Ns } from '../lib/brand.js';
import { type TraceRecord, type Tracer, traceFlag } from './tracer.js';

const HEADER = `#
#                                _-----=> irqs-off/BH-disabled
#                               / _----=> need-resched
#                              | / _---=> hardirq/softirq
#                              || / _--=> preempt-depth
#                              ||| / _-=> migrate-disable
#                              |||| /     delay
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
`;

/** The text of `trace`, or of one CPU's (kernel/trace/trace.c, kernel/trace/trace_output.c). */
export function traceText(tracer: Tracer, onlineCpus: number, cpu?: CpuId): string {
  const { rings } = tracer;
  const there = rings.reduce((sum, { entries }) => sum + entries, 0);
  const overrun = rings.reduce((sum, ring) => sum + ring.overrun, 0);
  const head = traceHead(there, overrun, onlineCpus);
  const shown = cpu === undefined ? rings : [tracer.ringOf(cpu)];
  const notes = tracer.flags.has('annotate') && shown.some((ring) => ring.overrun > 0);
  const started = new Set<CpuId>();
  let lines = '';
  for (const [at, record] of tracer.records(cpu).entries()) {
    if (notes && !started.has(record.cpu)) {
      started.add(record.cpu);
      if (at > 0) lines += `##### CPU ${record.cpu} buffer started ####\n`;
    }
    lines += traceLine(record, tracer.clockInNs);
  }
  return head + lines;
}

/** The lines above the events, of which `there` are left and `overrun` are overwritten. */
export function traceHead(there: number, overrun: number, onlineCpus: number): string {
  return `# tracer: nop\n#\n# entries-in-buffer/entries-written: ${there}/${there + overrun}   #P:${onlineCpus}\n${HEADER}`;
}

/** One event, with its newline. */
export function traceLine(record: TraceRecord, inNs = true): string {
  const { comm, pid, cpu, ns, event, values } = record;
  const task = `${comm.padStart(16)}-${String(pid).padEnd(7)}`;
  const time = inNs ? secondsText(ns) : ` ${String(ns).padStart(12)}`;
  return `${task} [${String(cpu).padStart(3, '0')}] ${contextChars(record)}${time}: ${event.lineOf(values)}\n`;
}

/** Seconds with six digits behind the point, rounded, after a blank. */
export function secondsText(ns: Ns): string {
  const us = Math.floor((ns + 500) / 1000);
  const seconds = String(Math.floor(us / 1_000_000)).padStart(5);
  return ` ${seconds}.${String(us % 1_000_000).padStart(6, '0')}`;
}

/** The five columns of trace_print_lat_fmt. */
function contextChars({ flags, preemptDepth }: TraceRecord): string {
  const off = flags & traceFlag.IRQS_OFF ? 'd' : '.';
  const resched = flags & traceFlag.NEED_RESCHED ? 'N' : '.';
  const depth = preemptDepth === 0 ? '.' : preemptDepth.toString(16);
  return `${off}${resched}${interruptChar(flags)}${depth}.`;
}

function interruptChar(flags: number): string {
  const hardirq = (flags & traceFlag.HARDIRQ) !== 0;
  if (flags & traceFlag.NMI) return hardirq ? 'Z' : 'z';
  if (!hardirq) return flags & traceFlag.SOFTIRQ ? 's' : '.';
  return flags & traceFlag.SOFTIRQ ? 'H' : 'h';
}
