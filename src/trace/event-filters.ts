import type { Ns } from '../lib/brand.js';
import { ErrnoError } from '../lib/errno.js';
import type { TraceEvent } from './event.js';
import { type FilterError, parseFilter } from './filter.js';
import { type FilterContext, filterMessages } from './filter-term.js';
import type { FilteredEvent, TraceFilter } from './filtered-event.js';

/** Errors that are kept (TRACING_LOG_ERRS_MAX). */
const MOST_ERRORS = 8;

/** What `filter` shows of an event, and what it does. */
interface FilterState {
  readonly text: string;
  readonly passes: TraceFilter | undefined;
}

/** The filters of events, and what was wrong with them (kernel/trace/trace_events_filter.c). */
export class EventFilters {
  /** What is told of filters that could not be read, for `error_log`; the oldest first. */
  readonly errors: { readonly ns: Ns; readonly command: string; readonly error: FilterError }[] = [];
  private readonly filters = new Map<TraceEvent, FilterState>();

  /** @param contextOf what a filter of an event needs to know. */
  constructor(
    private readonly contextOf: (event: TraceEvent) => FilterContext,
    private readonly now: () => Ns,
  ) {}

  /** The filter of an event as its file shows it. */
  textOf(event: TraceEvent): string {
    return this.filters.get(event)?.text ?? 'none';
  }

  /** Whether an event is let through. */
  passes(event: TraceEvent, happened: FilteredEvent): boolean {
    return this.filters.size === 0 || this.filters.get(event)?.passes?.(happened) !== false;
  }

  /**
   * Lets only those events through that `text` holds for; `0`: all of them (apply_event_filter).
   *
   * @throws ErrnoError as the kernel's parser: EINVAL most often; all are let through then, and the file says what is wrong.
   */
  set(event: TraceEvent, text: string): void {
    const filter = text.trim();
    const refused = this.parse(event, filter);
    if (refused === undefined) return;
    this.showError(event, filter, refused);
    const { code, message = 'it is no expression' } = refused;
    throw new ErrnoError(code, `filter ${JSON.stringify(filter)}: ${message}`);
  }

  /**
   * The same for all events of a group: those that cannot take it let everything through, and their files say so, but it is
   * no error (apply_subsystem_event_filter).
   */
  setAll(events: readonly TraceEvent[], text: string): void {
    const filter = text.trim();
    for (const event of events) {
      const refused = this.parse(event, filter);
      if (refused === undefined) continue;
      this.showError(event, filter, { ...refused, message: filterMessages.badSystemFilter, at: 0 });
    }
  }

  private parse(event: TraceEvent, filter: string): FilterError | undefined {
    if (filter === '0') {
      this.filters.delete(event);
      return undefined;
    }
    const parsed = parseFilter(filter, event, this.contextOf(event));
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
    this.errors.push({ ns: this.now(), command: filter, error });
    if (this.errors.length > MOST_ERRORS) this.errors.shift();
  }
}
