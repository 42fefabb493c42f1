import type { CpuId, Ns } from '../lib/brand.js';
import { traceDat } from '../trace/binary/trace-dat.js';
import { traceDat7 } from '../trace/binary/trace-dat-7.js';
import { utf8 } from '../trace/binary/utf8.js';
import { jsonLine } from '../trace/json-lines.js';
import { setEvents } from '../trace/set-event.js';
import { asRead } from '../trace/ring-set.js';
import { traceHead, traceLine } from '../trace/trace-text.js';
import type { TraceEvent } from '../trace/event.js';
import { traceClockText } from '../trace/clocks.js';
import type { TraceRecord } from '../trace/record.js';
import type { TraceFormat } from '../trace/trace-formats.js';
import type { Tracer } from '../trace/tracer.js';
import { timeline } from './timeline.js';

/** What is traced. */
export interface TraceOptions {
  /** As `set_event` takes them: `irq:*`, `hyperv:vmbus_open`, `vmbus_onoffer`. */
  readonly events: readonly string[];
  /** Keep what fits into a ring of so many KiB for each CPU, the latest, 1 to 2^24; default: keep all. */
  readonly bufferKb?: number;
}

/** A part of a trace, in ns from where it begins, both ends included. */
export interface TraceSpan {
  readonly fromNs?: Ns;
  readonly toNs?: Ns;
}

/** What a trace tells of its machine. */
export interface TracedCpus {
  readonly nrCpuIds: number;
  readonly online: { readonly weight: number };
}

/**
 * Events as a file.
 *
 * @param records in the order in which they happened.
 * @param overwritten how many more there were.
 */
export function traceBytes(
  format: TraceFormat,
  records: readonly TraceRecord[],
  tracer: Tracer,
  machine: TracedCpus,
  overwritten = 0,
): Uint8Array {
  switch (format) {
    case 'dat':
    case 'dat7': {
      const { events, behaviour } = tracer;
      const cpus: CpuId[] = Array.from({ length: machine.nrCpuIds }, (_, cpu) => cpu);
      const trace = { records, events, cpus, behaviour, idOf: (event: TraceEvent) => tracer.idOf(event) };
      if (format === 'dat') return traceDat(trace);
      return traceDat7({ ...trace, clock: { name: tracer.clock, text: traceClockText(tracer.clock) } });
    }
    case 'ftrace': {
      const counts = { there: records.length, overrun: overwritten, onlineCpus: machine.online.weight };
      const head = traceHead(counts);
      return utf8(head + lines(records, tracer));
    }
    case 'jsonl':
      return utf8(records.map(jsonLine).join(''));
    case 'chrome': {
      const traceEvents = timeline(records);
      return utf8(`${JSON.stringify({ displayTimeUnit: 'ns', otherData: { overwritten }, traceEvents })}\n`);
    }
  }
}

/** As `cat trace` finds them: of events at one time the lowest CPU's first. */
function lines(records: readonly TraceRecord[], { clockInNs }: Tracer): string {
  return records
    .toSorted(asRead)
    .map((record) => traceLine(record, clockInNs))
    .join('');
}

/** The events of a guest since it is traced, in the order in which they happened; their times go on from one kernel to the next. */
export class GuestTrace implements Iterable<TraceRecord> {
  /** Without a ring all events; with one those of earlier kernels. */
  private kept: TraceRecord[] = [];
  /** Of earlier kernels. */
  private overwrittenBefore = 0;
  /** Ends hearing of events as they happen; undefined: nobody does. */
  private end: (() => void) | undefined;
  private readonly listeners = new Set<(record: TraceRecord) => void>();
  private readonly isRing: boolean;
  private readonly startNs: Ns;
  /** How much later than the first kernel the present one was started. */
  private laterNs: Ns = 0;
  private isStopped = false;

  constructor(
    private tracer: Tracer,
    private machine: TracedCpus,
    private readonly options: TraceOptions,
  ) {
    this.isRing = options.bufferKb !== undefined;
    this.startNs = tracer.now;
    this.begin();
  }

  [Symbol.iterator](): Iterator<TraceRecord> {
    return this.records()[Symbol.iterator]();
  }

  /** How many events are gone from the ring because later ones took their place. */
  get overwritten(): number {
    if (!this.isRing) return 0;
    return this.tracer.rings.used.reduce((sum, { overrun }) => sum + overrun, this.overwrittenBefore);
  }

  /** How long the guest has been traced, in ns. */
  get elapsedNs(): Ns {
    return this.tracer.machine.clock.now - this.tracer.machine.bootNs + this.laterNs - this.startNs;
  }

  /** Calls `listener` for each event called `name` that happens from now on. @returns what ends that. */
  on(name: string, listener: (record: TraceRecord) => void): () => void {
    const heard = (record: TraceRecord): void => {
      if (record.event.name === name) listener(record);
    };
    this.listeners.add(heard);
    if (!this.isStopped) this.hear();
    return () => this.listeners.delete(heard);
  }

  /** All of them, as lines of `trace`. */
  text(span: TraceSpan = {}): string {
    return lines(this.records(span), this.tracer);
  }

  /** The trace as a file. */
  file(format: TraceFormat, span: TraceSpan = {}): Uint8Array {
    const { tracer, machine, overwritten } = this;
    return traceBytes(format, this.records(span), tracer, machine, overwritten);
  }

  /** Another kernel is started in place of the present one: the same events are on there from its start. */
  follow(tracer: Tracer, machine: TracedCpus): void {
    if (this.isStopped) return;
    this.end?.();
    this.end = undefined;
    if (this.isRing) {
      const { overwritten } = this;
      this.kept = [...this.all()];
      this.overwrittenBefore = overwritten;
    }
    this.laterNs += tracer.machine.bootNs - this.tracer.machine.bootNs;
    this.tracer = tracer;
    // What an earlier kernel told of is on CPUs that this one may not have.
    const { nrCpuIds } = this.machine;
    this.machine = machine.nrCpuIds >= nrCpuIds ? machine : { nrCpuIds, online: machine.online };
    this.begin();
  }

  private begin(): void {
    const { events, bufferKb } = this.options;
    if (bufferKb !== undefined) this.tracer.resize(bufferKb * 1024);
    for (const event of events) setEvents(this.tracer, event);
    if (!this.isRing || this.listeners.size > 0) this.hear();
  }

  private hear(): void {
    this.end ??= this.tracer.listen((record) => {
      const told = this.timed(record);
      if (!this.isRing) this.kept.push(told);
      for (const listener of this.listeners) listener(told);
    });
  }

  /** With its time since the first kernel was started. */
  private timed(record: TraceRecord): TraceRecord {
    return this.laterNs === 0 ? record : { ...record, ns: record.ns + this.laterNs };
  }

  private all(): readonly TraceRecord[] {
    if (!this.isRing) return this.kept;
    const present = this.tracer.records().sort((a, b) => a.seq - b.seq);
    if (this.laterNs === 0) return present;
    return [...this.kept, ...present.map((record) => this.timed(record))];
  }

  private records({ fromNs = 0, toNs = Number.POSITIVE_INFINITY }: TraceSpan = {}): readonly TraceRecord[] {
    const all = this.all();
    if (fromNs === 0 && toNs === Number.POSITIVE_INFINITY) return all;
    return all.filter(({ ns }) => ns - this.startNs >= fromNs && ns - this.startNs <= toNs);
  }

  /** Records no more, tells no listener, and follows no other kernel; the events stay on. */
  stop(): void {
    this.isStopped = true;
    this.end?.();
  }
}
