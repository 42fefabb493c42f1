import { type CType, codeAddress } from '../c-type.js';
import type { TraceRecord } from '../record.js';
import type { AddressSpace } from './address-space.js';
import { encodedText } from './dynamic-text.js';

/** The bytes of an event as they lie in a buffer, its header not among them (include/trace/trace_events.h). */
export function eventBytes(record: TraceRecord, id: number, addresses: AddressSpace): Uint8Array {
  const { event, flags, preemptDepth, pid } = record;
  const values: Readonly<Record<string, unknown>> = {
    common_type: id,
    common_flags: flags,
    common_preempt_count: preemptDepth,
    common_pid: pid,
    ...record.values,
  };
  const texts = event.fields.flatMap((field) =>
    field.type.dynamic ? [{ field, text: encodedText(field.type.dynamic, String(values[field.name])) }] : [],
  );
  const bytes = new Uint8Array(texts.reduce((sum, { text }) => sum + text.length, event.fixedBytes));
  const view = new DataView(bytes.buffer);
  for (const { name, type, offset } of event.fields)
    if (!type.dynamic) put(view, offset, type, values[name], addresses);
  let end = event.fixedBytes;
  for (const { field, text } of texts) {
    bytes.set(text, end);
    if (field.type.size > 0) view.setUint32(field.offset, (text.length << 16) | end, true);
    end += text.length;
  }
  return bytes;
}

function put(view: DataView, at: number, type: CType, value: unknown, addresses: AddressSpace): void {
  if (type.name === 'void *' || type === codeAddress)
    view.setBigUint64(at, addresses.addressOf(typeof value === 'number' ? value : String(value)), true);
  else if (type.name === 'char[16]') putGuid(view, at, String(value));
  else if (type.size === 8) view.setBigUint64(at, BigInt(Number(value)), true);
  else if (type.size === 4) view.setUint32(at, Number(value) >>> 0, true);
  else if (type.size === 2) view.setUint16(at, Number(value), true);
  else view.setUint8(at, Number(value));
}

/** The first three parts of a GUID are little-endian numbers (%pUl). */
function putGuid(view: DataView, at: number, text: string): void {
  const digits = text.replace(/[{}-]/g, '');
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  for (const [i, from] of order.entries())
    view.setUint8(at + i, Number.parseInt(digits.slice(2 * from, 2 * from + 2), 16));
}
