import type { CpuId } from '../lib/brand.js';
import type { TraceRecord } from './record.js';
import { TraceRing } from './ring.js';

/** Size of each CPU's buffer once an event was on, in KiB (trace_buf_size). */
export const EXPANDED_KB = 1408;
/** A buffer's pages at least. */
const LEAST_PAGES = 2;
/** Of memory that buffers may have, which a guest does not say how much of it has: 4 GiB. */
const MOST_PAGES = 2 ** 20;
/** Bytes of a page's header. */
const HEADER_BYTES = 16;
/** Bytes that an event of the whole page's length has for its own header. */
const LONG_HEADER_BYTES = 8;

/** The buffers of all CPUs (struct trace_buffer); each is made when it is first used: machines have CPUs by the thousand. */
export class RingSet {
  private readonly byCpu = new Map<CpuId, TraceRing<TraceRecord>>();
  private pages = LEAST_PAGES;
  /** CPUs whose buffers have another size. */
  private readonly ownPages = new Map<CpuId, number>();
  private order = 0;
  private overwriting = true;

  constructor(private readonly nrCpus: number) {}

  /** Those that were used. */
  get used(): readonly TraceRing<TraceRecord>[] {
    return [...this.byCpu.values()];
  }

  of(cpu: CpuId): TraceRing<TraceRecord> {
    const known = this.byCpu.get(cpu);
    if (known !== undefined) return known;
    const ring = new TraceRing<TraceRecord>(this.pagesOf(cpu), this.pageBytes);
    ring.overwrites = this.overwriting;
    this.byCpu.set(cpu, ring);
    return ring;
  }

  set overwrites(value: boolean) {
    this.overwriting = value;
    for (const ring of this.used) ring.overwrites = value;
  }

  /** Bytes of a page that hold events (rb_subbuf_capacity). */
  get pageBytes(): number {
    return (4096 << this.order) - HEADER_BYTES;
  }

  /** Bytes of the longest event (ring_buffer_max_event_size). */
  get longestBytes(): number {
    return this.pageBytes - LONG_HEADER_BYTES;
  }

  /** Memory pages of a page of the buffers, as a power of two. Another one empties them; they keep their size in bytes. */
  get subbufOrder(): number {
    return this.order;
  }

  set subbufOrder(order: number) {
    if (order === this.order) return;
    const before = this.pageBytes;
    this.order = order;
    const converted = (pages: number): number =>
      Math.max(LEAST_PAGES, Math.ceil((pages * before) / this.pageBytes));
    this.pages = converted(this.pages);
    for (const [cpu, pages] of this.ownPages) this.ownPages.set(cpu, converted(pages));
    this.byCpu.clear();
  }

  /** Size of a CPU's buffer, in bytes. */
  bytesOf(cpu: CpuId): number {
    return this.pagesOf(cpu) * this.pageBytes;
  }

  /** The size of all buffers, in bytes; undefined: they differ. */
  get bytes(): number | undefined {
    const others = [...this.ownPages.values()];
    if (others.length < this.nrCpus)
      return others.every((pages) => pages === this.pages) ? this.pages * this.pageBytes : undefined;
    return others.every((pages) => pages === others[0]) ? others[0] * this.pageBytes : undefined;
  }

  /** Whether a guest has memory for all buffers of such a size, or for that of one CPU. */
  hasMemoryFor(bytes: number, cpu?: CpuId): boolean {
    const many = cpu === undefined ? this.nrCpus : 1;
    return Math.ceil(bytes / this.pageBytes) * many * 2 ** this.order <= MOST_PAGES;
  }

  /** Gives all buffers another size, or that of one CPU (ring_buffer_resize). In a smaller one the oldest events make room. */
  resize(bytes: number, cpu?: CpuId): void {
    const pages = Math.max(LEAST_PAGES, Math.ceil(bytes / this.pageBytes));
    if (cpu === undefined) {
      this.pages = pages;
      this.ownPages.clear();
    } else this.ownPages.set(cpu, pages);
    for (const [id, ring] of this.byCpu) if (cpu === undefined || id === cpu) ring.resize(pages);
  }

  /** Takes over the sizes of others, of all CPUs or of one (resize_buffer_duplicate_size). */
  resizeAs(other: RingSet): void {
    this.subbufOrder = other.order;
    this.pages = other.pages;
    this.ownPages.clear();
    for (const [cpu, pages] of other.ownPages) this.ownPages.set(cpu, pages);
    for (const [cpu, ring] of this.byCpu) ring.resize(this.pagesOf(cpu));
  }

  /** Empties the buffers, or one CPU's. */
  reset(cpu?: CpuId): void {
    for (const [id, ring] of this.byCpu) if (cpu === undefined || cpu === id) ring.reset();
  }

  /** All events, or those of one CPU, as a reader finds them: by their times, of those at one time the lowest CPU's first. */
  records(cpu?: CpuId): TraceRecord[] {
    if (cpu !== undefined) return [...this.of(cpu)];
    return this.used.flatMap((ring) => [...ring]).sort(asRead);
  }

  private pagesOf(cpu: CpuId): number {
    return this.ownPages.get(cpu) ?? this.pages;
  }
}

/** The order of events in `trace` (__find_next_entry); those of a CPU keep theirs. */
export function asRead(a: TraceRecord, b: TraceRecord): number {
  return a.ns - b.ns || a.cpu - b.cpu;
}
