import { codeAddress, restBytes, restText, uint } from './c-type.js';
import { rec, TraceEvent, type TraceValues } from './event.js';

/** Its number (kernel/trace/trace.h enum trace_type). */
export const TRACE_PRINT = 5;
const fields = { ip: codeAddress, buf: restText };

/** A text that a process has written: shown up to a zero byte, with the newline that it has (trace_print_print). */
export class PrintEvent extends TraceEvent<typeof fields> {
  override lineOf(values: Marker): string {
    return this.textOf(values);
  }
}

/** ftrace's own event for texts (kernel/trace/trace_entries.h FTRACE_ENTRY(print)); it is always on. */
export const printEvent = new PrintEvent('ftrace', 'print', fields, '%ps: %s', [
  { source: '(void *)REC->ip', show: ({ ip }) => String(ip) },
  { source: 'REC->buf', show: ({ buf }) => printedText(String(buf)) },
]);

/** What of a marker's text is shown. */
export function printedText(buf: string): string {
  return buf.split('\0', 1)[0];
}

/** What a text in the trace is recorded as. */
export type Marker = TraceValues<typeof fields>;

const rawFields = { id: uint, buf: restBytes };

/** Bytes that a process has written, each shown as two digits (trace_raw_data). */
export class RawDataEvent extends TraceEvent<typeof rawFields> {
  override lineOf({ id, buf }: RawMarker): string {
    const bytes = Array.from(buf, (char) => ` ${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
    return `# ${id.toString(16)} buf:${bytes.join('')}\n`;
  }
}

/** ftrace's own event for bytes (FTRACE_ENTRY(raw_data)); always on, too. */
export const rawDataEvent = new RawDataEvent('ftrace', 'raw_data', rawFields, 'id:%04x %08x', [
  rec('id'),
  { source: '(int)REC->buf[0]', show: ({ buf }) => String(buf).charCodeAt(0) },
]);

/** What bytes in the trace are recorded as. */
export type RawMarker = TraceValues<typeof rawFields>;
