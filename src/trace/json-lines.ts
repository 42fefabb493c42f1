import { type TraceRecord, traceFlag } from './record.js';

/** One event as a line of JSON (schema/trace-record.schema.json), with its newline. */
export function jsonLine(record: TraceRecord): string {
  const { ns, cpu, comm, pid, flags, preemptDepth, event, values } = record;
  const line = {
    ns,
    cpu,
    comm,
    pid,
    context: contextOf(flags),
    irqsOff: (flags & traceFlag.IRQS_OFF) !== 0,
    preemptDepth,
    event: `${event.system}:${event.name}`,
    fields: values,
    text: event.textOf(values),
  };
  return `${JSON.stringify(line)}\n`;
}

/** What ran: the innermost of those that interrupted each other. */
function contextOf(flags: number): 'nmi' | 'hardirq' | 'softirq' | 'task' {
  if (flags & traceFlag.NMI) return 'nmi';
  if (flags & traceFlag.HARDIRQ) return 'hardirq';
  return flags & traceFlag.SOFTIRQ ? 'softirq' : 'task';
}
