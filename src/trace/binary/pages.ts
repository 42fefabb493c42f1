import type { TraceRecord } from '../record.js';
import { PAGE_BYTES } from '../ring.js';
import type { AddressSpace } from './address-space.js';
import { eventBytes } from './encode.js';

/** A page of a buffer with its header, where it is one page of memory. */
export const BUFFER_PAGE_BYTES = 4096;
/** Before the events of a page. */
export const HEADER_BYTES = 16;
/** The longest event whose length is in its header (RINGBUF_TYPE_DATA_TYPE_LEN_MAX words). */
const MAX_TYPE_LEN = 28;
const TYPE_TIME_EXTEND = 30;
const DELTA_BITS = 27;
const LONGEST_DELTA = 2 ** DELTA_BITS - 1;

/** What is needed besides the events themselves. */
export interface EncodedBy {
  readonly addresses: AddressSpace;
  /** The number of an event, as its format file has it. */
  idOf(record: TraceRecord): number;
  /** Bytes of a page that hold events; default: those of one page of memory. */
  readonly pageBytes?: number;
}

/**
 * One CPU's events as pages of its buffer (kernel/trace/ring_buffer.c, whose layout `events/header_page` and
 * `events/header_event` describe), the oldest first: what trace_pipe_raw gives, and trace.dat has.
 */
export function bufferPages(
  records: readonly TraceRecord[],
  { addresses, idOf, pageBytes = PAGE_BYTES }: EncodedBy,
): Uint8Array<ArrayBuffer>[] {
  const pages: Uint8Array<ArrayBuffer>[] = [];
  let view: DataView | undefined;
  let used = 0;
  let lastNs = 0;
  for (const record of records) {
    const data = eventBytes(record, idOf(record), addresses);
    const words = Math.ceil(data.length / 4);
    const headerBytes = words > MAX_TYPE_LEN ? 8 : 4;
    const length = headerBytes + 4 * words;
    const late = record.ns - lastNs > LONGEST_DELTA;
    if (view === undefined || used + length + (late ? 8 : 0) > pageBytes) {
      const page = new Uint8Array(HEADER_BYTES + pageBytes);
      pages.push(page);
      view = new DataView(page.buffer);
      view.setBigUint64(0, BigInt(record.ns), true);
      used = 0;
      lastNs = record.ns;
    }
    let delta = record.ns - lastNs;
    if (delta > LONGEST_DELTA) {
      view.setUint32(HEADER_BYTES + used, TYPE_TIME_EXTEND | ((delta % 2 ** DELTA_BITS) * 32), true);
      view.setUint32(HEADER_BYTES + used + 4, Math.floor(delta / 2 ** DELTA_BITS), true);
      used += 8;
      delta = 0;
    }
    const at = HEADER_BYTES + used;
    view.setUint32(at, delta * 32 + (headerBytes === 4 ? words : 0), true);
    if (headerBytes === 8) view.setUint32(at + 4, 4 * words + 4, true);
    new Uint8Array(view.buffer).set(data, at + headerBytes);
    used += length;
    lastNs = record.ns;
    view.setBigUint64(8, BigInt(used), true);
  }
  return pages;
}
