import type { CpuId } from '../../lib/brand.js';
import { headerEvent, headerPage } from '../format-files.js';
import type { TraceEvent } from '../event.js';
import type { TraceBehaviour } from '../kernel.js';
import type { TraceRecord } from '../tracer.js';
import { printEvent, TRACE_PRINT } from '../print-event.js';
import { AddressSpace } from './address-space.js';
import { BUFFER_PAGE_BYTES, bufferPages } from './pages.js';
import { utf8 } from './utf8.js';

/** What a file is made of. */
export interface RecordedTrace {
  /** In the order in which they happened. */
  readonly records: readonly TraceRecord[];
  /** All events of the kernel, for their formats. */
  readonly events: readonly TraceEvent[];
  readonly cpus: readonly CpuId[];
  readonly behaviour: TraceBehaviour;
  idOf(event: TraceEvent): number;
}

/** Pieces of the file, whose numbers are little-endian. */
class Writer {
  private readonly parts: Uint8Array[] = [];
  bytes = 0;

  raw(bytes: Uint8Array): this {
    this.parts.push(bytes);
    this.bytes += bytes.length;
    return this;
  }

  number(value: number, size: 1 | 2 | 4 | 8): this {
    const bytes = new Uint8Array(size);
    for (let i = 0, rest = value; i < size; i++, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
    return this.raw(bytes);
  }

  /** A text with its NUL. */
  text(text: string): this {
    return this.raw(utf8(`${text}\0`));
  }

  /** A text behind its length. */
  counted(text: string, size: 4 | 8): this {
    const bytes = utf8(text);
    return this.number(bytes.length, size).raw(bytes);
  }

  padTo(size: number): this {
    return this.raw(new Uint8Array(size - this.bytes));
  }

  get all(): Uint8Array {
    const whole = new Uint8Array(this.bytes);
    let at = 0;
    for (const part of this.parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

/** A file of trace-cmd, version 6 (trace-cmd.dat.v6(5)): `trace-cmd report` and kernelshark read it. */
export function traceDat({ records, events, cpus, behaviour, idOf }: RecordedTrace): Uint8Array {
  const addresses = new AddressSpace();
  const by = { addresses, idOf: ({ event }: TraceRecord) => idOf(event) };
  const buffers = cpus.map((cpu) =>
    bufferPages(
      records.filter((record) => record.cpu === cpu),
      by,
    ),
  );
  const file = new Writer()
    .raw(Uint8Array.of(0x17, 0x08, 0x44))
    .raw(utf8('tracing'))
    .text('6');
  file.number(0, 1).number(8, 1).number(BUFFER_PAGE_BYTES, 4);
  file.text('header_page').counted(headerPage(behaviour), 8).text('header_event').counted(headerEvent, 8);
  file.number(1, 4).counted(printEvent.format(TRACE_PRINT, behaviour), 8);
  const systems = [...new Set(events.map(({ system }) => system))];
  file.number(systems.length, 4);
  for (const system of systems) {
    const own = events.filter((event) => event.system === system);
    file.text(system).number(own.length, 4);
    for (const event of own) file.counted(event.format(idOf(event), behaviour), 8);
  }
  file.counted(addresses.kallsyms(), 4).counted('', 4).counted(savedCmdlines(records), 8);
  file.number(cpus.length, 4).text('options  ').number(0, 2).text('flyrecord');
  let at = Math.ceil((file.bytes + 16 * cpus.length) / BUFFER_PAGE_BYTES) * BUFFER_PAGE_BYTES;
  const first = at;
  for (const pages of buffers) {
    const size = pages.length * BUFFER_PAGE_BYTES;
    file.number(at, 8).number(size, 8);
    at += size;
  }
  file.padTo(first);
  for (const page of buffers.flat()) file.raw(page);
  return file.all;
}

/** `saved_cmdlines`: the names of tasks by their pids, of what events are of. */
export function savedCmdlines(records: readonly TraceRecord[]): string {
  const names = new Map<number, string>();
  for (const { pid, comm } of records) if (pid !== 0) names.set(pid, comm);
  return [...names].map(([pid, comm]) => `${pid} ${comm}\n`).join('');
}
