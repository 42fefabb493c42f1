import { BUFFER_PAGE_BYTES } from './pages.js';
import { fileHead, type RecordedTrace, traceDatParts } from './trace-dat-parts.js';
import { Writer } from './writer.js';

/** Ids of sections, and of the options that say where each is (trace-cmd.dat.v7(5)). */
const id = {
  OPTIONS: 0,
  BUFFER: 3,
  TRACECLOCK: 4,
  CPUCOUNT: 8,
  STRINGS: 15,
  HEADER_INFO: 16,
  FTRACE_EVENTS: 17,
  EVENT_FORMATS: 18,
  KALLSYMS: 19,
  PRINTK: 20,
  CMDLINES: 21,
} as const;
const DONE = 0;
const HEAD_BYTES = 16;

export interface RecordedTrace7 extends RecordedTrace {
  /** What the events' times are of, and what `trace_clock` shows. */
  readonly clock: { readonly name: string; readonly text: string };
}

/** Names of sections, each told of by where its name begins. */
class Names {
  private readonly writer = new Writer();

  add(name: string): number {
    const at = this.writer.bytes;
    this.writer.text(name);
    return at;
  }

  get all(): Uint8Array {
    return this.writer.all;
  }
}

/** A file of trace-cmd, version 7, which it writes since 3.0, without compression. */
export function traceDat7({ clock, ...trace }: RecordedTrace7): Uint8Array {
  const parts = traceDatParts(trace);
  const names = new Names();
  const options = new Writer();
  const option = (kind: number, data: Writer): void => {
    options.number(kind, 2).number(data.bytes, 4).raw(data.all);
  };
  const sections = new Writer();
  const start = fileHead('7').text('none').text('').bytes + 8;
  const head = (kind: number, name: string, bytes: number): void => {
    sections.number(kind, 2).number(0, 2).number(names.add(name), 4).number(bytes, 8);
  };
  const section = (kind: number, name: string, body: Uint8Array): void => {
    option(kind, new Writer().number(start + sections.bytes, 8));
    head(kind, name, body.length);
    sections.raw(body);
  };
  section(id.HEADER_INFO, 'headers', parts.headerInfo);
  section(id.FTRACE_EVENTS, 'ftrace events', parts.ftraceEvents);
  section(id.EVENT_FORMATS, 'events format', parts.eventFormats);
  section(id.KALLSYMS, 'kallsyms', parts.kallsyms);
  section(id.PRINTK, 'printk', parts.printk);
  section(id.CMDLINES, 'command lines', parts.cmdlines);
  const buffer = new Writer()
    .number(start + sections.bytes, 8)
    .text('')
    .text(clock.name);
  buffer.number(BUFFER_PAGE_BYTES, 4).number(parts.buffers.length, 4);
  const from = start + sections.bytes + HEAD_BYTES;
  const first = Math.ceil(from / BUFFER_PAGE_BYTES) * BUFFER_PAGE_BYTES;
  let at = first;
  for (const [cpu, pages] of parts.buffers.entries()) {
    const size = pages.length * BUFFER_PAGE_BYTES;
    buffer.number(cpu, 4).number(at, 8).number(size, 8);
    at += size;
  }
  head(id.BUFFER, 'flyrecord', at - from);
  sections.raw(new Uint8Array(first - from));
  for (const page of parts.buffers.flat()) sections.raw(page);
  option(id.BUFFER, buffer);
  option(id.CPUCOUNT, new Writer().number(parts.buffers.length, 4));
  option(id.TRACECLOCK, new Writer().text(clock.text));
  const optionsName = names.add('options');
  option(id.STRINGS, new Writer().raw(names.all));
  option(DONE, new Writer().number(0, 8));
  const file = fileHead('7')
    .text('none')
    .text('')
    .number(start + sections.bytes, 8);
  file.raw(sections.all).number(id.OPTIONS, 2).number(0, 2).number(optionsName, 4).number(options.bytes, 8);
  return file.raw(options.all).all;
}
