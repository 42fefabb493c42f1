import type { CpuId, Ns } from '../lib/brand.js';
import { traceDat } from '../trace/binary/trace-dat.js';
import { utf8 } from '../trace/binary/utf8.js';
import { jsonLine } from '../trace/json-lines.js';
import { setEvents } from '../trace/set-event.js';
import { traceHead, traceLine } from '../trace/trace-text.js';
import type { TraceRecord, Tracer } from '../trace/tracer.js';
import { timeline } from './timeline.js';

export interface TraceOptions {
  /** As `set_event` takes them: `irq:*`, `hyperv:vmbus_open`, `vmbus_onoffer`. */
  readonly events: readonly string[];
  /** Keep what fits into a ring of so many KiB for each CPU, the latest; default: keep all. */
  readonly bufferKb?: number;
}

/** ftrace: as `cat trace` prints; dat: a file of trace-cmd; chrome: JSON for Chrome's and Perfetto's viewers; jsonl. */
export const traceFormats = ['ftrace', 'dat', 'chrome', 'jsonl'] as const;
export type TraceFormat = (typeof traceFormats)[number];

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
    case 'dat': {
      const { events, behaviour } = tracer;
      const cpus: CpuId[] = Array.from({ length: machine.nrCpuIds }, (_, cpu) => cpu);
      return traceDat({ records, events, cpus, behaviour, idOf: (event) => tracer.idOf(event) });
    }
    case 'ftrace':
      return utf8(traceHead(records.length, overwritten, machine.online.weight) + lines(records, tracer));
    case 'jsonl':
      return utf8(records.map(jsonLine).join(''));
    case 'chrome': {
      const traceEvents = timeline(records);
      return utf8(`${JSON.stringify({ displayTimeUnit: 'ns', otherData: { overwritten }, traceEvents })}\n`);
    }
  }
}

function lines(records: readonly TraceRecord[], { clockInNs }: Tracer): string {
  return records.map((record) => traceLine(record, clockInNs)).join('');
}

/** The events of a guest since it is traced, in the order in which they happened. */
export class GuestTrace implements Iterable<TraceRecord> {
  private readonly kept: TraceRecord[] = [];
  private readonly end: () => void;
  private readonly isRing: boolean;
  private readonly startNs: Ns;

  constructor(
    private readonly tracer: Tracer,
    private readonly machine: TracedCpus,
    { events, bufferKb }: TraceOptions,
  ) {
    this.isRing = bufferKb !== undefined;
    if (bufferKb !== undefined) tracer.bufferKb = bufferKb;
    for (const event of events) setEvents(tracer, event);
    this.startNs = tracer.now;
    this.end = this.isRing ? () => {} : tracer.listen((record) => this.kept.push(record));
  }

  [Symbol.iterator](): Iterator<TraceRecord> {
    return this.records()[Symbol.iterator]();
  }

  /** How many events are gone from the ring because later ones took their place. */
  get overwritten(): number {
    return this.isRing ? this.tracer.rings.reduce((sum, { overrun }) => sum + overrun, 0) : 0;
  }

  /** Calls `listener` for each event called `name` that happens from now on. @returns what ends that. */
  on(name: string, listener: (record: TraceRecord) => void): () => void {
    return this.tracer.listen((record) => {
      if (record.event.name === name) listener(record);
    });
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

  private records({ fromNs = 0, toNs = Number.POSITIVE_INFINITY }: TraceSpan = {}): readonly TraceRecord[] {
    const all = this.isRing ? this.tracer.records() : this.kept;
    if (fromNs === 0 && toNs === Number.POSITIVE_INFINITY) return all;
    return all.filter(({ ns }) => ns - this.startNs >= fromNs && ns - this.startNs <= toNs);
  }

  /** Records no more; the events stay on. */
  stop(): void {
    this.end();
  }
}
