import { signalFate } from '../host/trace-events.js';
import type { CpuId, Ns } from '../lib/brand.js';
import type { TraceRecord } from '../trace/record.js';

/** One entry of Chrome's trace event format; times are in us. */
export interface TimelineEvent {
  readonly ph: 'X' | 'i' | 's' | 'f' | 'C' | 'M';
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly id?: number;
  readonly cat?: string;
  readonly bp?: 'e';
  readonly s?: 't' | 'g';
  readonly args?: Readonly<Record<string, unknown>>;
}

/** The groups of lanes: one for each CPU, one for each task, one for each channel at the host. */
const lanes = { CPUS: 1, TASKS: 2, HOST: 3 } as const;
/** How many values a counter has at most. */
const COUNTER_VALUES = 500;
/** How long a step of an interleaving is shown. */
const STEP_US = 1;
const SHORTEST_BIN: Ns = 1_000_000;

/** Events that begin something on their CPU, or in their task: what ends it, and what it is called. */
const begins: Readonly<
  Record<string, { end: string; lane: 'CPUS' | 'TASKS'; name: (text: string) => string }>
> = {
  irq_handler_entry: {
    end: 'irq_handler_exit',
    lane: 'CPUS',
    name: (text) => `irq ${part(text, /irq=(\d+)/)} ${part(text, /name=(.*)/)}`,
  },
  softirq_entry: {
    end: 'softirq_exit',
    lane: 'CPUS',
    name: (text) => `softirq ${part(text, /action=(\w+)/)}`,
  },
  tasklet_entry: {
    end: 'tasklet_exit',
    lane: 'CPUS',
    name: (text) => `tasklet ${part(text, /function=(\S+)/)}`,
  },
  irq_work_entry: { end: 'irq_work_exit', lane: 'CPUS', name: () => 'irq_work' },
  workqueue_execute_start: {
    end: 'workqueue_execute_end',
    lane: 'TASKS',
    name: (text) => part(text, /function (\S+)/),
  },
  cpuhp_enter: { end: 'cpuhp_exit', lane: 'TASKS', name: (text) => part(text, /\((.*)\)/) },
  cpuhp_multi_enter: { end: 'cpuhp_exit', lane: 'TASKS', name: (text) => part(text, /\((.*)\)/) },
};
const ends = new Set(Object.values(begins).map(({ end }) => end));

function part(text: string, pattern: RegExp): string {
  return pattern.exec(text)?.[1] ?? text;
}

interface Open {
  readonly record: TraceRecord;
  readonly end: string;
  readonly name: string;
}

/**
 * A trace as Chrome's and Perfetto's viewers show it: lanes of CPUs with interrupts, softirqs and tasklets as slices,
 * tasks with works, the host's signals with an arrow from each to the event's arrival in the guest, and how often each
 * CPU was interrupted.
 */
export function timeline(records: readonly TraceRecord[]): TimelineEvent[] {
  return [...names(records), ...new Slices(records).events, ...flows(records), ...counters(records)];
}

class Slices {
  readonly events: TimelineEvent[] = [];
  private readonly open = new Map<string, Open[]>();

  constructor(records: readonly TraceRecord[]) {
    for (const record of records) this.add(record);
  }

  private add(record: TraceRecord): void {
    const { event, values } = record;
    const text = event.textOf(values);
    const begin = begins[event.name];
    if (begin !== undefined) {
      this.stack(begin.lane, record).push({ record, end: begin.end, name: begin.name(text) });
      return;
    }
    if (ends.has(event.name) && this.end(record, text)) return;
    const isHosts = event.name === 'host_signal' || event.name === 'guest_signal';
    const place = isHosts
      ? { pid: lanes.HOST, tid: Number((values as { relid?: number }).relid) }
      : { pid: lanes.CPUS, tid: record.cpu };
    const args = { ...values, text };
    if (event.name === 'explorer_step') {
      const { action } = values as { action?: string };
      this.events.push({ ph: 'X', name: String(action), ...place, ts: us(record.ns), dur: STEP_US, args });
    } else if (isHosts)
      this.events.push({ ph: 'X', name: event.name, ...place, ts: us(record.ns), dur: 0, args });
    else {
      const s = event.name === 'scenario_step' ? 'g' : 't';
      this.events.push({ ph: 'i', name: event.name, ...place, ts: us(record.ns), s, args });
    }
  }

  /** @returns false if what it ends began before the trace. */
  private end(record: TraceRecord, text: string): boolean {
    for (const lane of ['CPUS', 'TASKS'] as const) {
      const stack = this.stack(lane, record);
      const last = stack[stack.length - 1];
      if (last?.end !== record.event.name) continue;
      stack.pop();
      const ts = us(last.record.ns);
      const { comm, pid } = last.record;
      this.events.push({
        ph: 'X',
        name: last.name,
        pid: lanes[lane],
        tid: lane === 'CPUS' ? record.cpu : pid,
        ts,
        dur: us(record.ns - last.record.ns),
        args: { ...last.record.values, comm, pid, end: text },
      });
      return true;
    }
    return false;
  }

  private stack(lane: 'CPUS' | 'TASKS', { cpu, pid }: TraceRecord): Open[] {
    const key = lane === 'CPUS' ? `cpu ${cpu}` : `task ${pid}`;
    let stack = this.open.get(key);
    if (stack === undefined) {
      stack = [];
      this.open.set(key, stack);
    }
    return stack;
  }
}

/** From each signal of the host to when the guest took its event flag; those that never arrived have no arrow. */
function flows(records: readonly TraceRecord[]): TimelineEvent[] {
  const waiting = new Map<number, TraceRecord[]>();
  const events: TimelineEvent[] = [];
  let id = 0;
  for (const record of records) {
    const { relid = 0, fate } = record.values as { relid?: number; fate?: number };
    if (record.event.name === 'host_signal' && fate !== signalFate.lost) {
      const signals = waiting.get(relid);
      if (signals === undefined) waiting.set(relid, [record]);
      else signals.push(record);
    }
    if (record.event.name !== 'vmbus_chan_sched') continue;
    for (const signal of waiting.get(relid) ?? []) {
      id += 1;
      const flow = { name: 'signal', cat: 'signal', id };
      events.push({ ph: 's', ...flow, pid: lanes.HOST, tid: relid, ts: us(signal.ns) });
      events.push({ ph: 'f', bp: 'e', ...flow, pid: lanes.CPUS, tid: record.cpu, ts: us(record.ns) });
    }
    waiting.delete(relid);
  }
  return events;
}

/** Interrupts a second of each CPU, as far as lines have handlers. */
function counters(records: readonly TraceRecord[]): TimelineEvent[] {
  const first = records[0]?.ns ?? 0;
  const span = (records[records.length - 1]?.ns ?? 0) - first;
  const binNs = Math.max(SHORTEST_BIN, Math.ceil(span / COUNTER_VALUES));
  const counts = new Map<CpuId, Map<number, number>>();
  for (const { event, cpu, ns } of records) {
    if (event.name !== 'irq_handler_entry') continue;
    const bins = counts.get(cpu) ?? new Map<number, number>();
    counts.set(cpu, bins);
    const bin = Math.floor((ns - first) / binNs);
    bins.set(bin, (bins.get(bin) ?? 0) + 1);
  }
  return [...counts].flatMap(([cpu, bins]) =>
    [...bins].flatMap(([bin, count]): TimelineEvent[] => {
      const rate = (value: number, at: number): TimelineEvent => ({
        ph: 'C',
        name: `interrupts of CPU ${cpu}`,
        pid: lanes.CPUS,
        tid: cpu,
        ts: us(first + at * binNs),
        args: { 'per second': value },
      });
      const zero = bins.has(bin + 1) ? [] : [rate(0, bin + 1)];
      return [rate(count / (binNs / 1e9), bin), ...zero];
    }),
  );
}

function names(records: readonly TraceRecord[]): TimelineEvent[] {
  const of = (
    pid: number,
    tid: number,
    kind: 'process_name' | 'thread_name',
    name: string,
  ): TimelineEvent => ({
    ph: 'M',
    name: kind,
    pid,
    tid,
    args: { name },
  });
  const cpus = [...new Set(records.map(({ cpu }) => cpu))].sort((a, b) => a - b);
  const tasks = new Map(records.map(({ pid, comm }) => [pid, comm]));
  const relids = new Set(
    records.flatMap(({ event, values }) =>
      event.name === 'host_signal' ? [(values as { relid?: number }).relid ?? 0] : [],
    ),
  );
  return [
    of(lanes.CPUS, 0, 'process_name', 'CPUs'),
    ...cpus.map((cpu) => of(lanes.CPUS, cpu, 'thread_name', `CPU ${cpu}`)),
    of(lanes.TASKS, 0, 'process_name', 'tasks'),
    ...[...tasks].map(([pid, comm]) => of(lanes.TASKS, pid, 'thread_name', comm)),
    of(lanes.HOST, 0, 'process_name', 'Hyper-V'),
    ...[...relids].map((relid) => of(lanes.HOST, relid, 'thread_name', `channel ${relid}`)),
  ];
}

function us(ns: Ns): number {
  return ns / 1000;
}
