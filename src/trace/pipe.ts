import type { CpuId } from '../lib/brand.js';
import type { TraceRing } from './ring.js';
import { TracePrinter } from './trace-printer.js';
import type { TraceArray } from './trace-array.js';
import type { TraceRecord } from './record.js';
import { asRead } from './ring-set.js';

/** Most characters that are put together for one read: those of a trace_seq, but for the zero at its end. */
const SEQ_BYTES = 8192 - 4 * 8 - 1;

/** `trace_pipe`, opened once: what is read is taken out of the buffers (kernel/trace/trace.c tracing_read_pipe). */
export class TracePipe {
  /** Of lines that did not fit into the last read. */
  private rest = '';
  private hasRead = false;
  private readonly printer: TracePrinter;

  /** @param cpu whose events; default: all CPUs', in the order of their times. */
  constructor(
    private readonly array: TraceArray,
    private readonly cpu?: CpuId,
  ) {
    this.printer = new TracePrinter(array);
  }

  /** Whether a read would give something, or the end. */
  get isReadable(): boolean {
    return this.rest !== '' || this.isOver || this.oldest() !== undefined;
  }

  /** What was read once is at its end where nothing is written any more. */
  private get isOver(): boolean {
    return !this.array.on && this.hasRead;
  }

  /**
   * One read of up to `bytes` bytes, a byte per character: whole lines, as far as they fit.
   *
   * @returns undefined while there is nothing; empty at the end.
   */
  read(bytes: number): string | undefined {
    if (this.rest === '') {
      this.rest = this.lines(Math.min(bytes, SEQ_BYTES));
      if (this.rest === '') return this.isOver ? '' : undefined;
    }
    const text = this.rest.slice(0, bytes);
    this.rest = this.rest.slice(bytes);
    this.hasRead = true;
    return text;
  }

  /** Lines until there are `wanted` characters of them. */
  private lines(wanted: number): string {
    let text = '';
    for (let ring = this.oldest(); ring !== undefined && text.length < wanted; ring = this.oldest()) {
      const record = ring.peek();
      if (record === undefined) break;
      const line = this.printer.line(record);
      if (text !== '' && text.length + line.length > SEQ_BYTES) break;
      const missed = ring.consume();
      if (missed > 0) text += `CPU:${record.cpu} [LOST ${missed} EVENTS]\n`;
      text += line;
    }
    return text;
  }

  /** The buffer with the oldest event. */
  private oldest(): TraceRing<TraceRecord> | undefined {
    const { array, cpu } = this;
    if (cpu !== undefined) {
      const ring = array.ringOf(cpu);
      return ring.isEmpty ? undefined : ring;
    }
    let oldest: TraceRing<TraceRecord> | undefined;
    let least: TraceRecord | undefined;
    for (const ring of array.rings.used) {
      const first = ring.peek();
      if (first === undefined || (least !== undefined && asRead(least, first) < 0)) continue;
      oldest = ring;
      least = first;
    }
    return oldest;
  }
}
