import { BUFFER_PAGE_BYTES } from './pages.js';
import { fileHead, type RecordedTrace, traceDatParts } from './trace-dat-parts.js';

/** A file of trace-cmd, version 6 (trace-cmd.dat.v6(5)): any `trace-cmd report` and kernelshark reads it. */
export function traceDat(trace: RecordedTrace): Uint8Array {
  const { headerInfo, ftraceEvents, eventFormats, kallsyms, printk, cmdlines, buffers } =
    traceDatParts(trace);
  const file = fileHead('6');
  for (const part of [headerInfo, ftraceEvents, eventFormats, kallsyms, printk, cmdlines]) file.raw(part);
  file.number(buffers.length, 4).text('options  ').number(0, 2).text('flyrecord');
  let at = Math.ceil((file.bytes + 16 * buffers.length) / BUFFER_PAGE_BYTES) * BUFFER_PAGE_BYTES;
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
