import type { CpuId } from '../../lib/brand.js';
import type { TraceEvent } from '../event.js';
import { headerEvent, headerPage } from '../format-files.js';
import type { TraceBehaviour } from '../kernel.js';
import { printEvent, TRACE_PRINT } from '../print-event.js';
import type { TraceRecord } from '../record.js';
import { AddressSpace } from './address-space.js';
import { BUFFER_PAGE_BYTES, bufferPages } from './pages.js';
import { utf8 } from './utf8.js';
import { Writer } from './writer.js';

// What files of trace-cmd are made of in all versions.

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

/** The parts of a file that are not the CPUs' buffers, and these. */
export interface TraceDatParts {
  readonly headerInfo: Uint8Array;
  readonly ftraceEvents: Uint8Array;
  readonly eventFormats: Uint8Array;
  readonly kallsyms: Uint8Array;
  readonly printk: Uint8Array;
  readonly cmdlines: Uint8Array;
  /** Pages of each CPU. */
  readonly buffers: readonly (readonly Uint8Array[])[];
}

export function traceDatParts({ records, events, cpus, behaviour, idOf }: RecordedTrace): TraceDatParts {
  const addresses = new AddressSpace();
  const by = { addresses, idOf: ({ event }: TraceRecord) => idOf(event) };
  const buffers = cpus.map((cpu) =>
    bufferPages(
      records.filter((record) => record.cpu === cpu),
      by,
    ),
  );
  const eventFormats = new Writer();
  const systems = [...new Set(events.map(({ system }) => system))];
  eventFormats.number(systems.length, 4);
  for (const system of systems) {
    const own = events.filter((event) => event.system === system);
    eventFormats.text(system).number(own.length, 4);
    for (const event of own) eventFormats.counted(event.format(idOf(event), behaviour), 8);
  }
  return {
    headerInfo: new Writer()
      .text('header_page')
      .counted(headerPage(behaviour), 8)
      .text('header_event')
      .counted(headerEvent, 8).all,
    ftraceEvents: new Writer().number(1, 4).counted(printEvent.format(TRACE_PRINT, behaviour), 8).all,
    eventFormats: eventFormats.all,
    // Behind the buffers: their events have named the functions.
    kallsyms: new Writer().counted(addresses.kallsyms(), 4).all,
    printk: new Writer().counted('', 4).all,
    cmdlines: new Writer().counted(savedCmdlines(records), 8).all,
    buffers,
  };
}

/** The begin of a file: magic number, version, little-endian, size of a long, size of a page. */
export function fileHead(version: string): Writer {
  return new Writer()
    .raw(Uint8Array.of(0x17, 0x08, 0x44))
    .raw(utf8('tracing'))
    .text(version)
    .number(0, 1)
    .number(8, 1)
    .number(BUFFER_PAGE_BYTES, 4);
}

/** `saved_cmdlines`: the names of tasks by their pids, of what events are of. */
export function savedCmdlines(records: readonly TraceRecord[]): string {
  const names = new Map<number, string>();
  for (const { pid, comm } of records) if (pid !== 0) names.set(pid, comm);
  return [...names].map(([pid, comm]) => `${pid} ${comm}\n`).join('');
}
