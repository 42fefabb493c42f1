import type { Ns } from '../lib/brand.js';

/** What a buffer keeps of an event. */
export interface Recorded {
  readonly ns: Ns;
}

/** Bytes of a page that hold events, where it is one page of memory (BUF_PAGE_SIZE). */
export const PAGE_BYTES = 4080;
/** The longest event whose header is one word. */
const SHORT_BYTES = 28 * 4;
/** The longest time between two events that the header of one can say, in ns. */
const LONGEST_DELTA: Ns = 2 ** 27 - 1;
const TIME_EXTEND_BYTES = 8;

interface Page<T> {
  bytes: number;
  readonly events: T[];
  /** Bytes of each event, with its header. */
  readonly lengths: number[];
}

function emptyPage<T>(): Page<T> {
  return { bytes: 0, events: [], lengths: [] };
}

/** What a reader has taken out of a buffer. */
export interface TakenPage<T> {
  readonly events: readonly T[];
  /** How many events were overwritten before these, and after those that were taken last. */
  readonly missed: number;
}

/**
 * The buffer of one CPU (kernel/trace/ring_buffer.c): pages in a ring. What does not fit into the page goes into the
 * next one; where that has events still, they are overwritten, all of the page at once, or what is new is dropped.
 *
 * A reader takes the oldest page out of the ring, so that it is not overwritten, and takes its events one by one. Where
 * that was the only page the writer goes on in it.
 */
export class TraceRing<T extends Recorded> {
  /** Events that were overwritten. */
  overrun = 0;
  /** Events that found no room, in a ring that overwrites nothing. */
  dropped = 0;
  /** Events that readers have taken. */
  readEvents = 0;
  /** False: what is there stays, and what is new is dropped once the ring is full (option `overwrite`). */
  overwrites = true;
  private pages: Page<T>[] = [emptyPage()];
  private reader: Page<T> = emptyPage();
  /** How many events of the reader's page have been taken, and their bytes. */
  private taken = 0;
  private takenBytes = 0;
  private overrunTold = 0;
  private missed = 0;
  private lastNs: Ns = 0;

  constructor(
    private nrPages: number,
    /** Bytes of a page that hold events. */
    private readonly pageBytes = PAGE_BYTES,
  ) {}

  /** The events that are there, the oldest first. */
  *[Symbol.iterator](): Generator<T, void, void> {
    for (let at = this.taken; at < this.reader.events.length; at++) yield this.reader.events[at];
    for (const { events } of this.pages) yield* events;
  }

  /** How many there are. */
  get entries(): number {
    return this.pages.reduce(
      (sum, { events }) => sum + events.length,
      this.reader.events.length - this.taken,
    );
  }

  /** Bytes that they take. */
  get bytes(): number {
    return this.pages.reduce((sum, { bytes }) => sum + bytes, this.reader.bytes - this.takenBytes);
  }

  get isEmpty(): boolean {
    return this.entries === 0;
  }

  /** How much of the ring is full of events that nobody has read, in percent (ring_buffer_nr_dirty_pages). */
  get fullPercent(): number {
    return (100 * Math.max(0, this.pages.length - 1)) / this.nrPages;
  }

  /** Appends an event with so many bytes of data. */
  push(event: T, dataBytes: number): void {
    const header = dataBytes > SHORT_BYTES ? 8 : 4;
    const length = header + Math.ceil(dataBytes / 4) * 4;
    let page = this.pages.length > 0 ? this.pages[this.pages.length - 1] : this.reader;
    const late = page.events.length > 0 && event.ns - this.lastNs > LONGEST_DELTA;
    let needed = late ? length + TIME_EXTEND_BYTES : length;
    if (page.bytes + needed > this.pageBytes) {
      if (this.pages.length >= this.nrPages) {
        if (!this.overwrites) {
          this.dropped += 1;
          return;
        }
        this.overrun += this.pages.shift()?.events.length ?? 0;
      }
      page = emptyPage();
      this.pages.push(page);
      needed = length;
    }
    page.bytes += needed;
    page.events.push(event);
    page.lengths.push(needed);
    this.lastNs = event.ns;
  }

  /** The oldest event, which stays; undefined: there is none (ring_buffer_peek). */
  peek(): T | undefined {
    return this.hasReaderEvent() ? this.reader.events[this.taken] : undefined;
  }

  /** Takes the oldest event (ring_buffer_consume). @returns how many were overwritten before it. */
  consume(): number {
    if (!this.hasReaderEvent()) return 0;
    const { missed } = this;
    this.missed = 0;
    this.advance();
    return missed;
  }

  /**
   * Takes the events of the oldest page, or of what is left of it (ring_buffer_read_page).
   *
   * @param bytes room for events.
   * @param full only a whole page, in which the writer is no more.
   * @returns undefined if there are none, or no page that is full.
   */
  takePage(bytes: number, full: boolean): TakenPage<T> | undefined {
    if (!this.hasReaderEvent()) return undefined;
    const { reader, missed, taken } = this;
    const beingWritten = this.pages.length === 0;
    if (full && (beingWritten || bytes < reader.bytes - this.takenBytes)) return undefined;
    let room = bytes;
    while (this.taken < reader.events.length && reader.lengths[this.taken] <= room) {
      room -= reader.lengths[this.taken];
      this.advance();
    }
    if (this.taken === taken) return undefined;
    this.missed = 0;
    return { events: reader.events.slice(taken, this.taken), missed };
  }

  /** Removes all events, and forgets what became of others. */
  reset(): void {
    this.pages = [emptyPage()];
    this.reader = emptyPage();
    this.taken = 0;
    this.takenBytes = 0;
    this.overrun = 0;
    this.overrunTold = 0;
    this.missed = 0;
    this.dropped = 0;
    this.readEvents = 0;
  }

  /** Gives the ring another size; in a smaller one the oldest events make room (rb_remove_pages). */
  resize(nrPages: number): void {
    this.nrPages = nrPages;
    while (this.pages.length > nrPages) this.overrun += this.pages.shift()?.events.length ?? 0;
  }

  /** Has the reader's page be one with an event that was not taken; false if there is none (rb_get_reader_page). */
  private hasReaderEvent(): boolean {
    while (this.taken >= this.reader.events.length) {
      const next = this.pages.shift();
      if (next === undefined) return false;
      this.reader = next;
      this.taken = 0;
      this.takenBytes = 0;
      this.missed += this.overrun - this.overrunTold;
      this.overrunTold = this.overrun;
    }
    return true;
  }

  private advance(): void {
    this.takenBytes += this.reader.lengths[this.taken];
    this.taken += 1;
    this.readEvents += 1;
  }
}
