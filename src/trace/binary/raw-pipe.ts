import type { CpuId } from '../../lib/brand.js';
import type { TraceArray } from '../trace-array.js';
import { bufferPages, type EncodedBy, HEADER_BYTES } from './pages.js';

/** Flags in the commit word of a page: events before it are lost, and how many stands behind its events (ring_buffer.c). */
const MISSED_EVENTS = 1 << 31;
const MISSED_STORED = 1 << 30;
const COUNT_BYTES = 8;

/** How a page is asked for: read() takes what there is, splice() only pages in which nobody writes any more. */
export type RawRead = 'read' | 'splice';

/** `trace_pipe_raw` of a CPU, opened once: pages of its buffer, which are taken out (tracing_buffers_read and _splice_read). */
export class RawTracePipe {
  /** Of a page that did not fit into the last read. */
  private rest = new Uint8Array(0);

  constructor(
    private readonly array: TraceArray,
    private readonly cpu: CpuId,
  ) {}

  /** Whether a read would give something. */
  get isReadable(): boolean {
    return this.rest.length > 0 || !this.array.ringOf(this.cpu).isEmpty;
  }

  /** Whether who splices is woken: the buffer is full enough (`buffer_percent`), or has something where that is 0. */
  get isSpliceable(): boolean {
    const { wakePercent } = this.array;
    const ring = this.array.ringOf(this.cpu);
    return wakePercent === 0 ? !ring.isEmpty : ring.fullPercent >= wakePercent;
  }

  /** One read. @returns undefined while there is nothing to give. */
  read(bytes: number, by: RawRead): Uint8Array | undefined {
    if (this.rest.length === 0) {
      const whole = HEADER_BYTES + this.array.rings.pageBytes;
      const page = this.page(by === 'splice' ? whole : bytes, by === 'splice');
      if (page === undefined) return undefined;
      this.rest = page;
    }
    const given = this.rest.slice(0, bytes);
    this.rest = this.rest.slice(bytes);
    return given;
  }

  private page(bytes: number, full: boolean): Uint8Array<ArrayBuffer> | undefined {
    const { rings, system } = this.array;
    const { pageBytes } = rings;
    const taken = rings.of(this.cpu).takePage(Math.min(bytes - HEADER_BYTES, pageBytes), full);
    if (taken === undefined) return undefined;
    const by: EncodedBy = { addresses: system.addresses, idOf: ({ event }) => system.idOf(event), pageBytes };
    const [page] = bufferPages(taken.events, by);
    if (taken.missed > 0) markMissed(new DataView(page.buffer), taken.missed);
    return page;
  }
}

function markMissed(page: DataView, missed: number): void {
  const commit = page.getUint32(8, true);
  let flags = MISSED_EVENTS;
  if (page.byteLength - HEADER_BYTES - commit >= COUNT_BYTES) {
    page.setBigUint64(HEADER_BYTES + commit, BigInt(missed), true);
    flags |= MISSED_STORED;
  }
  page.setUint32(8, commit | flags, true);
}
