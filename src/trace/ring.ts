import type { Ns } from '../lib/brand.js';

/** What a buffer keeps of an event. */
export interface Recorded {
  readonly ns: Ns;
}

/** Bytes of a page that hold events (BUF_PAGE_SIZE). */
export const PAGE_BYTES = 4080;
/** The longest event whose header is one word. */
const SHORT_BYTES = 28 * 4;
/** The longest time between two events that the header of one can say, in ns. */
const LONGEST_DELTA: Ns = 2 ** 27 - 1;
const TIME_EXTEND_BYTES = 8;

interface Page<T> {
  bytes: number;
  readonly events: T[];
}

/**
 * The buffer of one CPU (kernel/trace/ring_buffer.c): pages in a ring. What does not fit into the page goes into the
 * next one; where that has events still, they are overwritten, all of the page at once.
 */
export class TraceRing<T extends Recorded> {
  /** Events that were overwritten. */
  overrun = 0;
  private pages: Page<T>[] = [{ bytes: 0, events: [] }];
  private lastNs: Ns = 0;

  constructor(private nrPages: number) {}

  /** The events that are there, the oldest first. */
  *[Symbol.iterator](): Generator<T, void, void> {
    for (const { events } of this.pages) yield* events;
  }

  /** How many there are. */
  get entries(): number {
    return this.pages.reduce((sum, { events }) => sum + events.length, 0);
  }

  /** Bytes that they take. */
  get bytes(): number {
    return this.pages.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Appends an event with so many bytes of data. */
  push(event: T, dataBytes: number): void {
    const header = dataBytes > SHORT_BYTES ? 8 : 4;
    const length = header + Math.ceil(dataBytes / 4) * 4;
    let page = this.pages[this.pages.length - 1];
    const late = page.events.length > 0 && event.ns - this.lastNs > LONGEST_DELTA;
    const needed = late ? length + TIME_EXTEND_BYTES : length;
    if (page.bytes + needed > PAGE_BYTES) {
      page = { bytes: 0, events: [] };
      this.pages.push(page);
      if (this.pages.length > this.nrPages) this.overrun += this.pages.shift()?.events.length ?? 0;
      page.bytes = length;
    } else page.bytes += needed;
    page.events.push(event);
    this.lastNs = event.ns;
  }

  /** Removes all events, and forgets that others were overwritten. */
  reset(): void {
    this.pages = [{ bytes: 0, events: [] }];
    this.overrun = 0;
  }

  /** Gives the ring another size, which empties it. */
  resize(nrPages: number): void {
    this.nrPages = nrPages;
    this.reset();
  }
}
