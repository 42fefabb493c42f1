import { setEvents } from '../trace/set-event.js';
import { traceLine } from '../trace/trace-text.js';
import type { TraceRecord, Tracer } from '../trace/tracer.js';

export interface TraceOptions {
  /** As `set_event` takes them: `irq:*`, `hyperv:vmbus_open`, `vmbus_onoffer`. */
  readonly events: readonly string[];
}

/** The events of a guest since it is traced, in the order in which they happened. */
export class GuestTrace implements Iterable<TraceRecord> {
  private readonly records: TraceRecord[] = [];
  private readonly end: () => void;

  constructor(
    private readonly tracer: Tracer,
    { events }: TraceOptions,
  ) {
    for (const event of events) setEvents(tracer, event);
    this.end = tracer.listen((record) => this.records.push(record));
  }

  [Symbol.iterator](): Iterator<TraceRecord> {
    return this.records[Symbol.iterator]();
  }

  /** Calls `listener` for each event called `name` that happens from now on. @returns what ends that. */
  on(name: string, listener: (record: TraceRecord) => void): () => void {
    return this.tracer.listen((record) => {
      if (record.event.name === name) listener(record);
    });
  }

  /** All of them, as lines of `trace`. */
  text(): string {
    return this.records.map((record) => traceLine(record, this.tracer.clockInNs)).join('');
  }

  /** Records no more; the events stay on. */
  stop(): void {
    this.end();
  }
}
