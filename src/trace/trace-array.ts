import type { CpuId, Ns } from '../lib/brand.js';
import { ErrnoError } from '../lib/errno.js';
import { countingClocks, traceClocks } from './clocks.js';
import type { TraceEvent, TraceValues } from './event.js';
import { EventFilters } from './event-filters.js';
import { TraceFlags } from './flags.js';
import { PipeReaders } from './pipe-readers.js';
import type { TraceThread } from './port.js';
import { type Marker, printEvent, type RawMarker, rawDataEvent } from './print-event.js';
import { type TraceContext, traceFlag, type TraceRecord } from './record.js';
import type { TraceRing } from './ring.js';
import { EXPANDED_KB, RingSet } from './ring-set.js';
import type { TraceSystem } from './trace-system.js';

/** TASK_COMM_LEN - 1 */
const COMM_CHARACTERS = 15;

/** An instance of tracing (struct trace_array): which events are on in it, and the buffers that they are written to. */
export class TraceArray {
  readonly filters: EventFilters;
  /** `trace_options`. */
  readonly flags: TraceFlags;
  readonly pipeReaders = new PipeReaders();
  /** CPUs whose events are not written: those that `tracing_cpumask` has not. */
  readonly untracedCpus = new Set<CpuId>();
  /** How many have a stream of it open. */
  readers = 0;
  /** How full a CPU's buffer is, in percent, before who splices it is woken (`buffer_percent`). */
  wakePercent = 50;
  /** Tasks whose events alone are written, by pid; undefined: all tasks' (`set_event_pid`). */
  pids: ReadonlySet<number> | undefined;
  /** Tasks whose events are not written (`set_event_notrace_pid`). */
  noPids: ReadonlySet<number> | undefined;
  /** The buffers. */
  rings: RingSet;
  /** Those that a snapshot has put aside; undefined: there is no memory for any (`snapshot`). */
  snapshot: RingSet | undefined;
  private readonly enabled = new Set<TraceEvent>();
  private readonly listeners: ((record: TraceRecord) => void)[] = [];
  private isExpanded = false;
  private isOn = true;
  private lastNs: Ns = -1;
  private lastCpu: CpuId = 0;
  private clockName: string = traceClocks[0];

  /** @param from whose options it begins with; default: those of boot. */
  constructor(
    readonly system: TraceSystem,
    from?: TraceArray,
  ) {
    this.rings = new RingSet(system.machine.nrCpuIds);
    this.flags = new TraceFlags(
      system.behaviour.laterTraceOptions,
      (overwrites) => {
        this.rings.overwrites = overwrites;
        if (this.snapshot !== undefined) this.snapshot.overwrites = overwrites;
      },
      from?.flags,
    );
    this.filters = new EventFilters(
      (event) => system.filterContext(event),
      () => this.now,
    );
  }

  /** A CPU's buffer. */
  ringOf(cpu: CpuId): TraceRing<TraceRecord> {
    return this.rings.of(cpu);
  }

  /** False while nothing is written into the buffers (tracing_on). */
  get on(): boolean {
    return this.isOn;
  }

  set on(value: boolean) {
    this.isOn = value;
    this.system.changed();
  }

  /** Whether an event may have to be written. */
  get isTracing(): boolean {
    return this.isOn && this.enabled.size > 0;
  }

  /** What the events' times are of. Another one empties the buffers. @throws ErrnoError EINVAL for one that is none. */
  get clock(): string {
    return this.clockName;
  }

  set clock(name: string) {
    if (!traceClocks.some((known) => known === name))
      throw new ErrnoError('EINVAL', `there is no trace clock ${JSON.stringify(name)}`);
    this.clockName = name;
    this.lastNs = -1;
    this.reset();
    this.snapshot?.reset();
  }

  /** Whether times are in ns. */
  get clockInNs(): boolean {
    return !countingClocks.includes(this.clockName);
  }

  /** What the present clock says. */
  get now(): Ns {
    const { counted, machine } = this.system;
    return this.clockName === 'counter' ? counted : machine.clock.now - machine.bootNs;
  }

  /** False until an event was on or a size was asked for: the buffers are small. */
  get expanded(): boolean {
    return this.isExpanded;
  }

  /** The buffers get the size that they have in use (tracing_update_buffers). */
  expand(): void {
    if (!this.isExpanded) this.resize(EXPANDED_KB * 1024);
  }

  /** Gives each CPU's buffer another size, or that of one CPU, and so those of a snapshot. */
  resize(bytes: number, cpu?: CpuId): void {
    this.isExpanded = true;
    this.rings.resize(bytes, cpu);
    this.snapshot?.resize(bytes, cpu);
  }

  isEnabled(event: TraceEvent): boolean {
    return this.enabled.has(event);
  }

  setEnabled(events: Iterable<TraceEvent>, value: boolean): void {
    this.expand();
    for (const event of events) {
      if (value) this.enabled.add(event);
      else this.enabled.delete(event);
    }
    this.system.changed();
  }

  /** Calls `listener` for each event that is written from now on. @returns what ends that. */
  listen(listener: (record: TraceRecord) => void): () => void {
    this.listeners.push(listener);
    return () => {
      const at = this.listeners.indexOf(listener);
      if (at >= 0) this.listeners.splice(at, 1);
    };
  }

  /** Whether an event is written if it happens. */
  takes(event: TraceEvent): boolean {
    return this.isOn && this.enabled.has(event);
  }

  /** Instances that a text of a process goes to. */
  get marked(): readonly TraceArray[] {
    return [this];
  }

  /** Writes a text of a process (`trace_marker`). @returns false while nothing is written. */
  mark(values: Marker): boolean {
    return this.writeOwn(printEvent.plain, values, printEvent.bytesOf(values));
  }

  /** Writes bytes of a process (`trace_marker_raw`). @returns false while nothing is written. */
  markRaw(values: RawMarker): boolean {
    return this.writeOwn(rawDataEvent.plain, values, rawDataEvent.bytesOf(values));
  }

  private writeOwn(event: TraceEvent, values: TraceValues, bytes: number): boolean {
    const { behaviour, machine } = this.system;
    const context = machine.traceContext();
    const preemptDepth = context.preemptDepth + Number(behaviour.marksWithPreemptionOff);
    if (this.isOn) this.write(event, values, bytes, { ...context, preemptDepth });
    return this.isOn;
  }

  /** Writes an event that has happened in `context`, or in the thread `by`, unless something keeps it away. */
  write(
    event: TraceEvent,
    values: TraceValues,
    bytes: number,
    context: TraceContext,
    by?: TraceThread,
  ): void {
    const { system } = this;
    const cpu = by?.cpu ?? context.cpu;
    const pid = by?.pid ?? context.pid;
    if ((this.untracedCpus.size > 0 && this.untracedCpus.has(cpu)) || this.ignores(pid)) return;
    const name = by?.comm ?? context.comm;
    const comm = name.length > COMM_CHARACTERS ? name.slice(0, COMM_CHARACTERS) : name;
    system.counted += 1;
    const record: TraceRecord = {
      cpu,
      comm,
      pid,
      flags: by?.flags ?? (event.under === 'nothing' ? context.flags : context.flags | traceFlag.IRQS_OFF),
      preemptDepth: by?.preemptDepth ?? context.preemptDepth + Number(event.under === 'spinlock'),
      ns: this.timeOn(cpu),
      seq: system.counted,
      event,
      values,
    };
    if (!this.filters.passes(event, record)) {
      system.counted -= 1;
      return;
    }
    if (this.flags.recordsComms) system.cmdlines.save(pid, comm);
    if (this.flags.recordsTgids && pid !== 0) system.tgids.set(pid, pid);
    this.rings.of(cpu).push(record, bytes);
    this.lastNs = record.ns;
    this.lastCpu = cpu;
    for (const listener of this.listeners) listener(record);
  }

  /**
   * The time of an event on a CPU. Code takes no time in the model, but one event comes after the other: who puts the CPUs'
   * buffers together by their times has to find that, so what follows an event on another CPU is 1 ns later at least.
   */
  private timeOn(cpu: CpuId): Ns {
    return Math.max(this.now, cpu === this.lastCpu ? this.lastNs : this.lastNs + 1);
  }

  /** trace_ignore_this_task */
  private ignores(pid: number): boolean {
    const { pids, noPids } = this;
    return (pids !== undefined && !pids.has(pid)) || noPids?.has(pid) === true;
  }

  /** All events in the buffers in the order in which a reader finds them, or those of one CPU. */
  records(cpu?: CpuId): TraceRecord[] {
    return this.rings.records(cpu);
  }

  /** Empties the buffers, or one CPU's. */
  reset(cpu?: CpuId): void {
    this.rings.reset(cpu);
  }

  /** Puts the buffers aside, and goes on in those that were aside, with what is in them (update_max_tr). */
  takeSnapshot(): void {
    const { rings } = this;
    this.snapshot ??= new RingSet(this.system.machine.nrCpuIds);
    this.snapshot.overwrites = this.flags.has('overwrite');
    this.snapshot.resizeAs(rings);
    this.rings = this.snapshot;
    this.snapshot = rings;
  }
}
