import type { TraceEvent } from './event.js';
import { printEvent, printedText, rawDataEvent } from './print-event.js';
import type { TraceRecord } from './record.js';
import type { TraceArray } from './trace-array.js';
import { contextChars, timeText } from './trace-text.js';

/**
 * Events as `trace` and `trace_pipe` of an instance show them, by its options (kernel/trace/trace.c print_trace_line). A
 * byte per character.
 */
export class TracePrinter {
  constructor(private readonly array: TraceArray) {}

  /** One event, with its newline if it has one. */
  line(record: TraceRecord): string {
    const { flags } = this.array;
    if (record.event === printEvent.plain && flags.has('trace_printk') && flags.has('printk-msg-only'))
      return printedText(String((record.values as { buf?: unknown }).buf));
    if (flags.has('bin')) return this.context(record, binary) + this.type(record.event);
    if (flags.has('hex')) return `${this.context(record, hexadecimal) + this.type(record.event)}\n`;
    if (flags.has('raw')) return this.raw(record);
    return this.task(record) + record.event.lineOf(record.values);
  }

  /** Who, where and when (trace_print_context). */
  private task({ pid, cpu, ns, flags: at, preemptDepth }: TraceRecord): string {
    const { flags, system, clockInNs } = this.array;
    if (!flags.has('context-info')) return '';
    const group = flags.recordsTgids ? `${groupText(system.tgids.get(pid))} ` : '';
    const context = flags.has('irq-info') ? contextChars(at, preemptDepth) : '';
    const comm = system.cmdlines.find(pid).padStart(16);
    const place = `[${String(cpu).padStart(3, '0')}]`;
    return `${comm}-${String(pid).padEnd(7)} ${group}${place} ${context}${timeText(ns, clockInNs)}: `;
  }

  /** print_raw_fmt: numbers, and of most events their type only. */
  private raw(record: TraceRecord): string {
    const { pid, cpu, ns, event, values } = record;
    const context = this.array.flags.has('context-info') ? `${pid} ${cpu} ${ns} ` : '';
    if (event === rawDataEvent.plain) return context + event.lineOf(values);
    if (event !== printEvent.plain) return context + this.type(event);
    const { ip, buf } = values as { readonly ip?: string; readonly buf?: unknown };
    const address = this.array.system.addresses.addressOf(String(ip));
    return `${context}# ${address.toString(16)} ${printedText(String(buf))}`;
  }

  /** The three numbers before an event that is shown as bytes. */
  private context({ pid, cpu, ns }: TraceRecord, form: (value: number, bytes: number) => string): string {
    return this.array.flags.has('context-info') ? form(pid, 4) + form(cpu, 4) + form(ns, 8) : '';
  }

  /** What is shown of an event that has no other form (trace_nop_print). */
  private type(event: TraceEvent): string {
    return `type: ${this.array.system.idOf(event)}\n`;
  }
}

function groupText(tgid: number | undefined): string {
  return tgid === undefined ? '(-------)' : `(${String(tgid).padStart(7)})`;
}

/** SEQ_PUT_HEX_FIELD */
function hexadecimal(value: number, bytes: number): string {
  return `${BigInt(value)
    .toString(16)
    .padStart(2 * bytes, '0')} `;
}

/** SEQ_PUT_FIELD: little-endian. */
function binary(value: number, bytes: number): string {
  const codes = Array.from({ length: bytes }, (_, at) => Number((BigInt(value) >> BigInt(8 * at)) & 0xffn));
  return String.fromCharCode(...codes);
}
