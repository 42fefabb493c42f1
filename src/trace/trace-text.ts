import type { Ns } from '../lib/brand.js';
import type { TraceFlags } from './flags.js';
import { type TraceRecord, traceFlag } from './record.js';

/** How many events there are. */
export interface TraceCounts {
  /** That are left. */
  readonly there: number;
  /** That are overwritten. */
  readonly overrun: number;
  readonly onlineCpus: number;
}

const atBoot: Pick<TraceFlags, 'has'> = { has: (name) => name === 'context-info' || name === 'irq-info' };

/** The lines above the events, by the options (trace_default_header). */
export function traceHead({ there, overrun, onlineCpus }: TraceCounts, flags = atBoot): string {
  const tracer = '# tracer: nop\n#\n';
  if (!flags.has('context-info') || flags.has('verbose')) return tracer;
  const info = `# entries-in-buffer/entries-written: ${there}/${there + overrun}   #P:${onlineCpus}\n#\n`;
  const columns = flags.has('irq-info') ? columnsWithIrqs : columnsWithoutIrqs;
  return tracer + info + columns(flags.has('record-tgid'));
}

function columnsWithIrqs(withTgid: boolean): string {
  const blank = ' '.repeat(withTgid ? 12 : 2);
  return `#                            ${blank}  _-----=> irqs-off/BH-disabled
#                            ${blank} / _----=> need-resched
#                            ${blank}| / _---=> hardirq/softirq
#                            ${blank}|| / _--=> preempt-depth
#                            ${blank}||| / _-=> migrate-disable
#                            ${blank}|||| /     delay
#           TASK-PID  ${withTgid ? '     TGID   ' : '  '} CPU#  |||||  TIMESTAMP  FUNCTION
#              | |    ${withTgid ? '       |    ' : '  '}   |   |||||     |         |
`;
}

function columnsWithoutIrqs(withTgid: boolean): string {
  return `#           TASK-PID    ${withTgid ? '   TGID   ' : ''} CPU#     TIMESTAMP  FUNCTION
#              | |      ${withTgid ? '     |    ' : ''}   |         |         |
`;
}

/** One event as `trace` shows it without options, with its newline. */
export function traceLine(record: TraceRecord, inNs = true): string {
  const { comm, pid, cpu, ns, event, values, flags, preemptDepth } = record;
  const task = `${comm.padStart(16)}-${String(pid).padEnd(7)}`;
  const place = `[${String(cpu).padStart(3, '0')}] ${contextChars(flags, preemptDepth)}`;
  return `${task} ${place}${timeText(ns, inNs)}: ${event.lineOf(values)}`;
}

/** A time after a blank, in seconds; or what else the clock counts. */
export function timeText(ns: Ns, inNs: boolean): string {
  return inNs ? secondsText(ns) : ` ${String(ns).padStart(12)}`;
}

/** Seconds with six digits behind the point, rounded, after a blank. */
export function secondsText(ns: Ns): string {
  const us = Math.floor((ns + 500) / 1000);
  const seconds = String(Math.floor(us / 1_000_000)).padStart(5);
  return ` ${seconds}.${String(us % 1_000_000).padStart(6, '0')}`;
}

/** The five columns of trace_print_lat_fmt. */
export function contextChars(flags: number, preemptDepth: number): string {
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
