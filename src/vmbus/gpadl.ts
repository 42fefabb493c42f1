import type { Relid } from '../lib/brand.js';
import {
  CHANNELMSG,
  type GpadlBody,
  type GpadlHeader,
  GPADL_BODY_FIXED_BYTES,
  GPADL_HEADER_FIXED_BYTES,
  MAX_MESSAGE_BYTES,
  PFN_BYTES,
} from './protocol/channel-messages.js';

/** Bytes of a page that a GPADL names, whatever the guest's own page size (HV_HYP_PAGE_SIZE). */
export const GPADL_PAGE_BYTES = 4096;
/** Page numbers that fit into a GPADL_HEADER message: 26. */
export const HEADER_PFNS = Math.floor((MAX_MESSAGE_BYTES - GPADL_HEADER_FIXED_BYTES) / PFN_BYTES);
/** Page numbers that fit into a GPADL_BODY message: 28. */
export const BODY_PFNS = Math.floor((MAX_MESSAGE_BYTES - GPADL_BODY_FIXED_BYTES) / PFN_BYTES);
/** Largest GPADL: the bytes of its range are counted in a u16. */
export const MAX_GPADL_PAGES = Math.floor((0xffff - 8) / PFN_BYTES);

const FIRST_HANDLE = 0xe1e10;

/** Gives out GPADL handles, one number after the other (drivers/hv/connection.c next_gpadl_handle). */
export class GpadlHandles {
  private nextHandle = FIRST_HANDLE;

  next(): number {
    const handle = this.nextHandle;
    this.nextHandle = (handle + 1) >>> 0;
    return handle;
  }
}

/** A GPADL on its way: one header, and as many bodies as its other page numbers need. */
export type GpadlMessages = readonly [GpadlHeader, ...GpadlBody[]];

/**
 * The messages that tell the host of a buffer's pages, to be posted in order (drivers/hv/channel.c
 * create_gpadl_header).
 *
 * @param pfns numbers of the buffer's pages, in the buffer's order.
 * @throws RangeError if there are no pages, or more than a GPADL can name. Linux lets the u16 overflow.
 */
export function gpadlMessages(childRelid: Relid, gpadl: number, pfns: readonly number[]): GpadlMessages {
  if (pfns.length < 1 || pfns.length > MAX_GPADL_PAGES) {
    throw new RangeError(`a GPADL has 1 to ${MAX_GPADL_PAGES} pages, not ${pfns.length}`);
  }
  const header: GpadlHeader = {
    type: CHANNELMSG.GPADL_HEADER,
    childRelid,
    gpadl,
    rangeBufLen: rangeBytes(pfns.length),
    byteCount: pfns.length * GPADL_PAGE_BYTES,
    byteOffset: 0,
    pfns: pfns.slice(0, HEADER_PFNS),
  };
  const bodies: GpadlBody[] = [];
  for (let from = HEADER_PFNS; from < pfns.length; from += BODY_PFNS) {
    bodies.push({
      type: CHANNELMSG.GPADL_BODY,
      msgNumber: 0,
      gpadl,
      pfns: pfns.slice(from, from + BODY_PFNS),
    });
  }
  return [header, ...bodies];
}

/** Why a GPADL cannot be put together. */
export type GpadlError = 'range-length' | 'page-count' | 'too-many-pages' | 'wrong-handle';

interface PageRun {
  readonly first: number;
  count: number;
}

/** The receiving side: puts a GPADL together from its messages. */
export class GpadlAssembly {
  readonly childRelid: Relid;
  readonly gpadl: number;
  /** Pages that the header announced. */
  readonly pageCount: number;
  /** Set for good once a message did not fit. */
  error: GpadlError | undefined;
  /** Page numbers that have come, in order: a buffer's pages mostly lie in a row. */
  private readonly runs: PageRun[] = [];
  private received = 0;

  constructor(header: GpadlHeader) {
    this.childRelid = header.childRelid;
    this.gpadl = header.gpadl;
    this.pageCount = Math.ceil((header.byteOffset + header.byteCount) / GPADL_PAGE_BYTES);
    this.take(header.pfns);
    if (header.byteOffset >= GPADL_PAGE_BYTES || this.pageCount < 1) this.error = 'page-count';
    else if (header.rangeBufLen !== rangeBytes(this.pageCount)) this.error = 'range-length';
    else if (this.received > this.pageCount) this.error = 'too-many-pages';
  }

  /** Takes the page numbers of a body. */
  add(body: GpadlBody): void {
    if (this.error !== undefined) return;
    if (body.gpadl !== this.gpadl) this.error = 'wrong-handle';
    else if (this.received + body.pfns.length > this.pageCount) this.error = 'too-many-pages';
    else this.take(body.pfns);
  }

  /** All page numbers in order; undefined while some are missing, or after an error. */
  get pfns(): readonly number[] | undefined {
    if (!this.isComplete) return undefined;
    const pfns: number[] = [];
    for (const { first, count } of this.runs)
      for (let page = 0; page < count; page++) pfns.push(first + page);
    return pfns;
  }

  /** All page numbers have come, and nothing was wrong. */
  get isComplete(): boolean {
    return this.error === undefined && this.received === this.pageCount;
  }

  private take(pfns: readonly number[]): void {
    this.received += pfns.length;
    let run = this.runs.at(-1);
    for (const pfn of pfns) {
      if (run !== undefined && pfn === run.first + run.count) run.count += 1;
      else {
        run = { first: pfn, count: 1 };
        this.runs.push(run);
      }
    }
  }
}

/** Bytes of a range's head (byte count and offset) and its page numbers. */
function rangeBytes(pageCount: number): number {
  return 8 + pageCount * PFN_BYTES;
}
