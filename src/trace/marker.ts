import { ErrnoError } from '../lib/errno.js';
import type { TraceArray } from './trace-array.js';

/** TRACE_MARKER_MAX_SIZE, and what older kernels take at most (TRACE_BUF_SIZE, RAW_DATA_MAX_SIZE). */
const MOST_BYTES = 4096;
const OLD_MOST_BYTES = 1024;
const OLD_MOST_RAW_BYTES = 3072;
/** Bytes of a marker's event besides its text: fields, a zero byte, and a newline perhaps. */
const META_BYTES = 16 + 2;
/** Bytes of the fields that all events have, and of raw data's id. */
const COMMON_BYTES = 8;
const ID_BYTES = 4;
/** What older kernels keep for raw data at least: room for `<faulted>` behind the id. */
const FAULTED_BYTES = 9 + ID_BYTES;

/**
 * One write to `trace_marker`: what fits into an event (kernel/trace/trace.c tracing_mark_write).
 *
 * @returns the bytes taken.
 * @throws ErrnoError EINVAL without the option markers, EBADF while nothing is written.
 */
export function writeMarker(array: TraceArray, data: string): number {
  mayMark(array);
  const { longMarkers } = array.system.behaviour;
  let written = 0;
  for (const target of targets(array)) {
    const most = longMarkers ? Math.min(MOST_BYTES, target.rings.longestBytes - META_BYTES) : OLD_MOST_BYTES;
    const text = data.slice(0, most);
    const buf = text.endsWith('\n') ? text : `${text}\n`;
    if (!target.mark({ ip: 'tracing_mark_write', buf })) throw notWritten();
    written = text.length;
  }
  return written;
}

/**
 * One write to `trace_marker_raw`: a number and bytes behind it, all of it or nothing (tracing_mark_raw_write). Older
 * kernels write more than they were given, of which nobody knows what it is; here that is zero.
 *
 * @returns the bytes taken.
 * @throws ErrnoError as writeMarker; EINVAL for too few or too many.
 */
export function writeRawMarker(array: TraceArray, data: string): number {
  mayMark(array);
  const { longMarkers, rawMarkersAreExact } = array.system.behaviour;
  const most = longMarkers ? MOST_BYTES : OLD_MOST_RAW_BYTES;
  if (data.length < ID_BYTES || data.length > most)
    throw new ErrnoError(
      'EINVAL',
      `raw data are ${ID_BYTES} to ${most} bytes, the first four a number, not ${data.length}`,
    );
  const given = longMarkers ? data : data.slice(0, OLD_MOST_BYTES);
  const idBytes = [3, 2, 1, 0].map((at) => given.charCodeAt(at));
  const id = idBytes.reduce((sum, byte) => sum * 256 + byte, 0);
  const bytes = rawMarkersAreExact
    ? COMMON_BYTES + given.length
    : COMMON_BYTES + ID_BYTES + Math.max(given.length, FAULTED_BYTES);
  const rest = Math.ceil(bytes / 4) * 4 - COMMON_BYTES - ID_BYTES;
  for (const target of targets(array)) {
    if (bytes > target.rings.longestBytes)
      throw new ErrnoError(
        'EINVAL',
        `an event has ${target.rings.longestBytes} bytes at most, this one ${bytes}`,
      );
    if (!target.markRaw({ id, buf: given.slice(ID_BYTES).padEnd(rest, '\0') })) throw notWritten();
  }
  return given.length;
}

function mayMark({ flags }: TraceArray): void {
  if (!flags.has('markers')) throw new ErrnoError('EINVAL', 'the option markers is off');
}

function targets({ marked }: TraceArray): readonly TraceArray[] {
  if (marked.length === 0) throw new ErrnoError('ENODEV', 'no instance has the option copy_trace_marker');
  return marked;
}

function notWritten(): ErrnoError {
  return new ErrnoError('EBADF', 'nothing is written: tracing_on is 0');
}
