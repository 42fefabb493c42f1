import type { CpuId, Ns } from '../lib/brand.js';
import { ErrnoError } from '../lib/errno.js';
import type { TraceEvent, TraceFields, TraceValues } from './event.js';
import { type FilterError, parseFilter } from './filter.js';
import { filterMessages } from './filter-term.js';
import type { TraceFilter } from './filtered-event.js';
import type { TraceBehaviour } from './kernel.js';
import type { TracePort, TraceThread } from './port.js';
import { AddressSpace } from './binary/address-space.js';
import { type Marker, printEvent, TRACE_PRINT } from './print-event.js';
import { TraceFlags } from './flags.js';
import { PipeReaders } from './pipe-readers.js';
import { PAGE_BYTES, TraceRing } from './ring.js';

/** Bits of an event's common_flags (enum trace_flag_type). */
export const traceFlag = {
  IRQS_OFF: 0x01,
  NEED_RESCHED: 0x04,
  HARDIRQ: 0x08,
  SOFTIRQ: 0x10,
  NMI: 0x40,
} as const;

/** Where an event happened. */
export interface TraceContext extends TraceThread {
  /** Of traceFlag. */
  readonly flags: number;
  /** How often preemption is disabled. */
  readonly preemptDepth: number;
}

/** What tracing needs of its machine. */
export interface TracedMachine {
  readonly clock: { readonly now: Ns };
  readonly bootNs: Ns;
  /** What the tracepoints tell; undefined: nobody, and they cost nothing. */
  tracePort: TracePort | undefined;
  traceContext(): TraceContext;
  /** The CPUs of a list such as 0-3,8; undefined for what is none, or one with CPUs that the machine has no place for. */
  cpusOfList(list: string): ReadonlySet<CpuId> | undefined;
}

/** An event that has happened. */
export interface TraceRecord extends TraceContext {
  /** Since the kernel was started, in ns; or what else the trace clock counts. */
  readonly ns: Ns;
  /** How many events had happened with it: the order of those at one time. */
  readonly seq: number;
  readonly event: TraceEvent;
  readonly values: TraceValues;
}

/** Hears of events as they happen, on the running CPU. */
export type TraceTap = (event: TraceEvent, values: TraceValues) => void;

/** What `filter` shows of an event, and what it does. */
interface FilterState {
  readonly text: string;
  readonly passes: TraceFilter | undefined;
}

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
/** `trace_clock`, with the one that is in use in brackets. */
export function traceClockText(used: string): string {
  return `${traceClocks.map((name) => (name === used ? `[${name}]` : name)).join(' ')}\n`;
}

/** Those that count something else than ns. */
const countingClocks: readonly string[] = ['counter', 'x86-tsc'];
/** Size of each CPU's buffer once an event was on, in KiB (trace_buf_size). */
const BUFFER_KB = 1408;
/** Errors that are kept (TRACING_LOG_ERRS_MAX). */
const MOST_ERRORS = 8;
/** TASK_COMM_LEN - 1 */
const COMM_CHARACTERS = 15;
/** The id of the first event; those below are of the kernel's own, and of groups that the model does not have. */
const FIRST_ID = 151;

/** One machine's tracing (kernel/trace/trace.c, its top instance): which events are on, and what they have told. */
export class Tracer implements TracePort {
  /** All events that there are, in the order in which they were made. */
  readonly events: readonly TraceEvent[];
  /** What is told of a filter that could not be read, for `error_log`; the oldest first. */
  readonly errors: { readonly ns: Ns; readonly command: string; readonly error: FilterError }[] = [];
  /** `trace_options`. */
  readonly flags: TraceFlags;
  /** Names of the tasks whose events were written, by pid (`saved_cmdlines`). */
  readonly comms = new Map<number, string>();
  /** Where functions are, of which the binary form of events tells. */
  readonly addresses = new AddressSpace();
  readonly pipeReaders = new PipeReaders();
  /** CPUs whose events are not written: those that `tracing_cpumask` has not. */
  readonly untracedCpus = new Set<CpuId>();
  /** `/proc/sys/kernel/ftrace_enabled`: whether functions may be traced, which only other tracers than nop do. */
  ftraceEnabled = 1;
  /** `/proc/sys/kernel/kptr_restrict`: with 2 nobody sees addresses in `/proc/kallsyms` (kallsyms_show_value). */
  kptrRestrict = 0;
  /** How full a CPU's buffer is, in percent, before who splices it is woken (`buffer_percent`). */
  wakePercent = 50;
  private readonly enabled = new Set<TraceEvent>();
  private readonly filters = new Map<TraceEvent, FilterState>();
  private readonly taps: TraceTap[] = [];
  private readonly listeners: ((record: TraceRecord) => void)[] = [];
  /** Made on first use: machines have CPUs by the thousand. */
  private readonly ringByCpu = new Map<CpuId, TraceRing<TraceRecord>>();
  private isOn = true;
  private clockName: string = traceClocks[0];
  private counted = 0;
  private sizePages = pagesOf(BUFFER_KB);

  constructor(
    readonly machine: TracedMachine,
    events: Iterable<TraceEvent>,
    readonly behaviour: TraceBehaviour,
  ) {
    this.events = [...events];
    this.flags = new TraceFlags(behaviour.laterTraceOptions, (overwrites) => {
      for (const ring of this.rings) ring.overwrites = overwrites;
    });
  }

  /** The buffers in which something was written. */
  get rings(): readonly TraceRing<TraceRecord>[] {
    return [...this.ringByCpu.values()];
  }

  /** A CPU's buffer. */
  ringOf(cpu: CpuId): TraceRing<TraceRecord> {
    const known = this.ringByCpu.get(cpu);
    if (known !== undefined) return known;
    const ring = new TraceRing<TraceRecord>(this.sizePages);
    ring.overwrites = this.flags.has('overwrite');
    this.ringByCpu.set(cpu, ring);
    return ring;
  }

  /** False while nothing is written into the buffers (tracing_on). */
  get on(): boolean {
    return this.isOn;
  }

  set on(value: boolean) {
    this.isOn = value;
    this.connect();
  }

  /** What the events' times are of. Another one empties the buffers. @throws ErrnoError EINVAL for one that is none. */
  get clock(): string {
    return this.clockName;
  }

  set clock(name: string) {
    if (!traceClocks.some((known) => known === name))
      throw new ErrnoError('EINVAL', `there is no trace clock ${JSON.stringify(name)}`);
    this.clockName = name;
    this.reset();
  }

  /** Whether times are in ns. */
  get clockInNs(): boolean {
    return !countingClocks.includes(this.clockName);
  }

  /** Size of each CPU's buffer, in KiB. Another size empties the buffers. */
  get bufferKb(): number {
    return Math.floor((this.sizePages * PAGE_BYTES) / 1024);
  }

  set bufferKb(kb: number) {
    this.sizePages = Math.max(2, pagesOf(kb));
    for (const ring of this.rings) ring.resize(this.sizePages);
  }

  /** What the present clock says. */
  get now(): Ns {
    return this.clockName === 'counter' ? this.counted : this.machine.clock.now - this.machine.bootNs;
  }

  idOf(event: TraceEvent): number {
    return event === printEvent.plain ? TRACE_PRINT : FIRST_ID + this.events.indexOf(event);
  }

  isEnabled(event: TraceEvent): boolean {
    return this.enabled.has(event);
  }

  setEnabled(events: Iterable<TraceEvent>, value: boolean): void {
    for (const event of events) {
      if (value) this.enabled.add(event);
      else this.enabled.delete(event);
    }
    this.connect();
  }

  /** Calls `listener` for each event that is written from now on. @returns what ends that. */
  listen(listener: (record: TraceRecord) => void): () => void {
    this.listeners.push(listener);
    return () => {
      const at = this.listeners.indexOf(listener);
      if (at >= 0) this.listeners.splice(at, 1);
    };
  }

  /**
   * Calls `tap` for each event, whether it is on or not, without the guest's noticing: nothing is written.
   *
   * @returns what ends that.
   */
  tap(tap: TraceTap): () => void {
    this.taps.push(tap);
    this.connect();
    return () => {
      const at = this.taps.indexOf(tap);
      if (at >= 0) this.taps.splice(at, 1);
      this.connect();
    };
  }

  /** The filter of an event as its file shows it. */
  filterText(event: TraceEvent): string {
    return this.filters.get(event)?.text ?? 'none';
  }

  /**
   * Lets only those events through that `text` holds for; `0`: all of them (apply_event_filter).
   *
   * @throws ErrnoError as the kernel's parser: EINVAL most often; all are let through then, and the file says what is wrong.
   */
  setFilter(event: TraceEvent, text: string): void {
    const filter = text.trim();
    const refused = this.tryFilter(event, filter);
    if (refused === undefined) return;
    this.showError(event, filter, refused);
    const { code, message = 'it is no expression' } = refused;
    throw new ErrnoError(code, `filter ${JSON.stringify(filter)}: ${message}`);
  }

  /**
   * The same for all events of a group: those that cannot take it let everything through, and their files say so, but it is
   * no error (apply_subsystem_event_filter).
   */
  setSystemFilter(events: readonly TraceEvent[], text: string): void {
    const filter = text.trim();
    for (const event of events) {
      const refused = this.tryFilter(event, filter);
      if (refused === undefined) continue;
      this.showError(event, filter, { ...refused, message: filterMessages.badSystemFilter, at: 0 });
    }
  }

  private tryFilter(event: TraceEvent, filter: string): FilterError | undefined {
    if (filter === '0') {
      this.filters.delete(event);
      return undefined;
    }
    const { addresses, behaviour, machine } = this;
    const cpusOf = (list: string): ReadonlySet<CpuId> | undefined => machine.cpusOfList(list);
    const parsed = parseFilter(filter, event, { id: this.idOf(event), addresses, behaviour, cpusOf });
    if (!('passes' in parsed)) return parsed;
    this.filters.set(event, { text: filter, passes: parsed.passes });
    return undefined;
  }

  /** append_filter_err */
  private showError(event: TraceEvent, filter: string, error: FilterError): void {
    const { message, at } = error;
    const caret = `${' '.repeat(Math.min(at, filter.length))}^`;
    const said = message === undefined ? 'Error: (0)' : `${caret}\nparse_error: ${message}`;
    this.filters.set(event, { text: `${filter}\n${said}\n`, passes: undefined });
    this.errors.push({ ns: this.now, command: filter, error });
    if (this.errors.length > MOST_ERRORS) this.errors.shift();
  }

  emit<F extends TraceFields>(event: TraceEvent<F>, values: TraceValues<F>, by?: TraceThread): void {
    const traced = event.plain;
    for (const tap of this.taps) tap(traced, values);
    if (!this.isOn || !this.enabled.has(traced)) return;
    this.write(traced, values, event.bytesOf(values), by);
  }

  /** Writes a text of a process. @returns false while nothing is written. */
  mark(values: Marker): boolean {
    if (this.isOn) this.write(printEvent.plain, values, printEvent.bytesOf(values));
    return this.isOn;
  }

  private write(event: TraceEvent, values: TraceValues, bytes: number, by?: TraceThread): void {
    const context = this.machine.traceContext();
    const cpu = by?.cpu ?? context.cpu;
    if (this.untracedCpus.has(cpu)) return;
    const name = by?.comm ?? context.comm;
    const comm = name.length > COMM_CHARACTERS ? name.slice(0, COMM_CHARACTERS) : name;
    const pid = by?.pid ?? context.pid;
    this.counted += 1;
    const record: TraceRecord = {
      cpu,
      comm,
      pid,
      flags: by?.flags ?? (event.under === 'nothing' ? context.flags : context.flags | traceFlag.IRQS_OFF),
      preemptDepth: by?.preemptDepth ?? context.preemptDepth + Number(event.under === 'spinlock'),
      ns: this.now,
      seq: this.counted,
      event,
      values,
    };
    if (this.filters.get(event)?.passes?.(record) === false) {
      this.counted -= 1;
      return;
    }
    if (pid !== 0 && this.flags.recordsComms && this.comms.get(pid) !== comm) this.comms.set(pid, comm);
    this.ringOf(cpu).push(record, bytes);
    for (const listener of this.listeners) listener(record);
  }

  /** All events in the buffers in the order of their times, or those of one CPU. */
  records(cpu?: CpuId): TraceRecord[] {
    if (cpu !== undefined) return [...this.ringOf(cpu)];
    return this.rings.flatMap((ring) => [...ring]).sort((a, b) => a.seq - b.seq);
  }

  /** Empties the buffers, or one CPU's. */
  reset(cpu?: CpuId): void {
    for (const [id, ring] of this.ringByCpu) if (cpu === undefined || cpu === id) ring.reset();
  }

  /** The tracepoints ask the machine, so that they cost nothing while none is on. */
  private connect(): void {
    const isTraced = this.isOn && this.enabled.size > 0;
    this.machine.tracePort = isTraced || this.taps.length > 0 ? this : undefined;
  }
}

function pagesOf(kb: number): number {
  return Math.ceil((kb * 1024) / PAGE_BYTES);
}
